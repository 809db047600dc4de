import type { PluginPackage } from "@mlstack/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sample } from "../catalog/testing/sample.ts";
import { thirdParty } from "../catalog/third-party.ts";
import { lockEntry } from "../lock/lock-entry.ts";
import { checkTarball } from "../tarball/check-tarball.ts";
import { hubProject, type HubProject } from "../testing/hub-project.ts";
import { madePlugin, type MadePlugin, type PluginOptions } from "../testing/plugins.ts";
import { versionOf, type ChangePlan } from "./change-plan.ts";
import type { PlanContext } from "./context.ts";
import { orphansOf, refuseOrphans } from "./orphans.ts";
import { planInstall, planUninstall, planUpgrade } from "./plan-install.ts";

const [INDEX, FLAT] = ["@acme/mlstack-vector-index", "@other/mlstack-plugin-flat"];
let p: HubProject;
beforeEach(async () => { p = await hubProject(); });
afterEach(async () => { await p.stop(); });

const context = (more: Partial<PlanContext> = {}): PlanContext => ({ catalog: sample, registry: p.registry, lock: undefined, installed: [], coreVersion: "0.1.0", nodeVersion: "24.11.0", policy: {}, now: new Date("2026-06-01T00:00:00.000Z"), cwd: p.dir, ...more });
const versions = ({ changes }: ChangePlan) => Object.fromEntries(changes.map((c) => [c.name, c.target === undefined ? null : versionOf(c.target)]));
/** The package that brings acme.index, and one that implements it. */
const index = (version: string, ...accepts: readonly number[]): PluginOptions => ({ name: INDEX, version, contract: null, brings: [{ type: "acme.index", accepts }] });
const flat = (version: string, contract: number): PluginOptions => ({ name: FLAT, version, contract: `acme.index@${contract}`, contractPackage: INDEX, flavor: "flat" });

async function having(...options: readonly PluginOptions[]): Promise<Pick<PlanContext, "lock" | "installed">> {
  const plugins = options.map((o): MadePlugin => madePlugin(o));
  const entries = await Promise.all(plugins.map(async ({ tarball, version: v }) => {
    const checked = await checkTarball(tarball, v.name, undefined);
    return [v.name, lockEntry({ package: checked.package, source: "registry", tarball: checked, trust: { provenance: v.provenance } })] as const;
  }));
  return { lock: { plugins: Object.fromEntries(entries) }, installed: plugins.map(({ version: v }): PluginPackage => ({ name: v.name, version: v.version, dir: `/${v.name}`, manifest: v.manifest, source: "installed", load: async () => ({}) })) };
}

describe("an installation", () => {
  test("of a flavor alone is refused, naming the package that brings its type; both together go, in any order", async () => {
    p.publish(index("1.0.0", 1));
    p.publish(flat("1.0.0", 1));
    await expect(planInstall({ specs: [FLAT] }, context())).rejects.toMatchObject({ code: "MLS2002", message: expect.stringContaining(INDEX) as string, fix: `mlstack integration install ${INDEX} ${FLAT}` });
    for (const specs of [[FLAT, INDEX], [INDEX, FLAT]]) expect(versions(await planInstall({ specs }, context()))).toEqual({ [INDEX]: "1.0.0", [FLAT]: "1.0.0" });
    expect(versions(await planInstall({ specs: [FLAT] }, context(await having(index("1.0.0", 1)))))).toEqual({ [FLAT]: "1.0.0" });
  });

  test("takes the flavor's newest version that the type's package accepts, and an older one that it wraps", async () => {
    p.publish(index("2.0.0", 1, 2));
    for (const [version, contract] of [["1.0.0", 1], ["2.0.0", 2], ["3.0.0", 3]] as const) p.publish(flat(version, contract));
    for (const specs of [[FLAT, INDEX], [INDEX, FLAT]]) expect(versions(await planInstall({ specs }, context()))).toEqual({ [INDEX]: "2.0.0", [FLAT]: "2.0.0" });
    expect(versions(await planInstall({ specs: [`${FLAT}@1.0.0`, INDEX] }, context()))).toMatchObject({ [FLAT]: "1.0.0" });
    const installed = await having(index("1.0.0", 1));
    const plan = await planInstall({ specs: [FLAT] }, context(installed));
    expect([versions(plan), plan.changes[0]!.passedOver.map(({ version, code }) => [version, code])]).toEqual([{ [FLAT]: "1.0.0" }, [["3.0.0", "MLS2003"], ["2.0.0", "MLS2003"]]]);
    await expect(planInstall({ specs: [`${FLAT}@3.0.0`] }, context(installed))).rejects.toMatchObject({ code: "MLS2003", message: expect.stringContaining(`${INDEX}@1.0.0 accepts acme.index@1`) as string });
  });

  test("of the next version alone says to install the newest of the type's package with it, and that goes", async () => {
    p.publish(flat("2.0.0", 2));
    const installed = await having(index("1.0.0", 1));
    await expect(planInstall({ specs: [FLAT] }, context(installed))).rejects.toMatchObject({ code: "MLS2003", fix: `mlstack integration install ${INDEX}@latest ${FLAT}` });
    p.publish(index("2.0.0", 1, 2));
    expect(versions(await planInstall({ specs: [`${INDEX}@latest`, FLAT] }, context(installed)))).toEqual({ [INDEX]: "2.0.0", [FLAT]: "2.0.0" });
  });

  test("of a second package that brings the type, or of one that brings core's, is refused", async () => {
    p.publish({ ...index("1.0.0", 1), name: "@copy/mlstack-vector-index" });
    p.publish({ ...index("1.0.0", 1), name: "@greedy/mlstack-store", brings: [{ type: "artifact_store", accepts: [1] }] });
    await expect(planInstall({ specs: ["@copy/mlstack-vector-index"] }, context(await having(index("1.0.0", 1))))).rejects.toMatchObject({ code: "MLS2011", fix: `keep one of them: mlstack integration uninstall ${INDEX}` });
    await expect(planInstall({ specs: ["@greedy/mlstack-store"] }, context())).rejects.toMatchObject({ code: "MLS2001" });
  });
});

describe("what stays", () => {
  const refusal = (plan: ChangePlan, c: PlanContext, allowed: readonly string[] = []) => { refuseOrphans(orphansOf(plan, c), plan, allowed); };

  test("keeps the package that brings its type, unless that is removed all the same, or together", async () => {
    const c = context(await having(index("1.0.0", 1), flat("1.0.0", 1)));
    const plan = await planUninstall([INDEX], c);
    expect(() => { refusal(plan, c); }).toThrow(expect.objectContaining({ code: "MLS8410", message: `${INDEX} brings a component type that ${FLAT}@1.0.0 implements` }));
    expect(() => { refusal(plan, c, [INDEX]); }).not.toThrow();
    const both = await planUninstall([INDEX, FLAT], c);
    expect(orphansOf(both, c)).toEqual([]);
  });

  test("is not left behind by an upgrade that drops its version; one that wraps it may go", async () => {
    const c = context(await having(index("1.0.0", 1), flat("1.0.0", 1)));
    p.publish(index("1.1.0", 1, 2));
    p.publish(index("2.0.0", 2));
    p.publish(flat("2.0.0", 2));
    const minor = await planUpgrade({ names: [INDEX] }, c);
    expect([versions(minor), orphansOf(minor, c)]).toEqual([{ [INDEX]: "1.1.0" }, []]);
    const plan = await planUpgrade({ names: [INDEX], major: true }, c);
    expect(() => { refusal(plan, c); }).toThrow(expect.objectContaining({ code: "MLS2003", fix: `change them together: mlstack integration upgrade ${INDEX} ${FLAT} --major` }));
    const both = await planUpgrade({ names: [FLAT, INDEX], major: true }, c);
    expect([versions(both), orphansOf(both, c)]).toEqual([{ [INDEX]: "2.0.0", [FLAT]: "2.0.0" }, []]);
  });

  test("that was broken before is no reason", async () => {
    const c = context(await having(flat("1.0.0", 1), { name: "@acme/mlstack-plugin-x" }));
    expect(orphansOf(await planUninstall(["@acme/mlstack-plugin-x"], c), c)).toEqual([]);
  });
});

test("a package that only brings a type is found by it", () => {
  const { version } = madePlugin(index("1.0.0", 1, 2));
  const found = thirdParty(sample, { name: INDEX, distTags: { latest: "1.0.0" }, versions: [version] }, { description: "", keywords: [] });
  expect(found).toMatchObject({ types: ["acme.index"], components: [], contracts: [{ type: "acme.index", accepts: [1, 2], stability: "stable" }] });
});
