import { MlstackError, type PluginPackage } from "@mlstack/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { sample } from "../catalog/testing/sample.ts";
import { lockEntry } from "../lock/lock-entry.ts";
import type { Lock } from "../lock/lock.ts";
import { checkTarball } from "../tarball/check-tarball.ts";
import { hubProject, type HubProject } from "../testing/hub-project.ts";
import type { MadePlugin, PluginOptions } from "../testing/plugins.ts";
import type { PlanContext } from "./context.ts";
import { lockWidenings, refuseInUse, refuseInvalidConfig, refuseWidened, widenings } from "./guards.ts";
import { impactOf, type ImpactContext } from "./impact.ts";
import { planInstall, planUninstall, planUpgrade } from "./plan-install.ts";
import { plannedLock } from "./planned-lock.ts";
import type { SavedComponent } from "./saved-components.ts";

const X = "@acme/x";
let p: HubProject;
beforeEach(async () => { p = await hubProject(); });
afterEach(async () => { await p.stop(); });

const plugin = (more: PluginOptions = {}): MadePlugin => p.publish({ name: X, ...more });
const schema = (properties: Readonly<Record<string, unknown>>, ...required: readonly string[]) => ({ type: "object", properties, required, additionalProperties: false });
const text = { type: "string" };
const installed = ({ version: v }: MadePlugin): PluginPackage => ({ name: v.name, version: v.version, dir: "/", manifest: v.manifest, source: "installed", load: async () => ({}) });
const saved = (more: Partial<SavedComponent> = {}): SavedComponent => ({ type: "artifact_store", name: "main", flavor: "x", config: { bucket: "b" }, file: "stacks/prod.yaml", line: 3, stacks: ["prod"], ...more });

/** A project that has these, of which the first is pinned. */
async function project(first: MadePlugin, others: readonly MadePlugin[] = []): Promise<PlanContext> {
  const tarball = await checkTarball(first.tarball, X, undefined);
  const lock: Lock = { plugins: { [X]: lockEntry({ package: tarball.package, source: "registry", tarball, trust: { provenance: false } }) } };
  return { catalog: sample, registry: await p.reopen(), lock, installed: [first, ...others].map(installed), coreVersion: "0.1.0", nodeVersion: "24.11.0", policy: {}, now: new Date("2026-06-01"), cwd: p.dir };
}
const around = ({ registry, installed: all }: PlanContext, components: readonly SavedComponent[] = [], more: Partial<ImpactContext> = {}): ImpactContext => ({ registry, installed: all, saved: components, keyed: async () => [], ...more });
const thrown = (work: () => void): MlstackError => { try { work(); } catch (e) { if (MlstackError.is(e)) return e; throw e; } throw new Error("nothing was refused"); };

describe("what an upgrade means for a project", () => {
  test("semver, contracts, flavors, and the schema of each component key by key", async () => {
    const first = plugin({ version: "1.0.0", config: schema({ bucket: text, old: text }) });
    plugin({ version: "1.1.0", config: schema({ bucket: text, region: { ...text, default: "eu" } }, "bucket") });
    plugin({ version: "2.0.0", flavor: "y" });
    const c = await project(first);
    const [minor] = await impactOf(await planUpgrade({ names: [] }, c), around(c));
    expect(minor).toMatchObject({ name: X, step: "minor", compatible: true, flavors: { gained: [], lost: [] }, refused: [], lostResults: [] });
    expect(minor!.config).toEqual({ "artifact_store x": [
      { key: "bucket", kind: "required", before: undefined, after: undefined }, { key: "old", kind: "removed", before: "string, optional", after: undefined }, { key: "region", kind: "added", before: undefined, after: 'string, "eu" by default' },
    ] });
    const [major] = await impactOf(await planUpgrade({ names: [], major: true }, c), around(c));
    expect(major).toMatchObject({ step: "major", compatible: false, flavors: { gained: ["artifact_store y"], lost: ["artifact_store x"] }, config: {} });
    expect((await planUpgrade({ names: [], major: true }, c)).changes[0]!.contracts).toEqual({ gained: [], lost: [], moved: [] });
  });

  test("going back is said as such, and below 1.0 a minor step is not compatible", async () => {
    const first = plugin({ version: "0.2.0" });
    for (const version of ["0.1.0", "0.3.0", "0.2.1"]) plugin({ version });
    const c = await project(first);
    const to = async (version: string) => (await impactOf(await planUpgrade({ names: [X], to: { kind: "version", version } }, c), around(c))).map(({ step, compatible }) => [step, compatible]);
    expect([await to("0.1.0"), await to("0.3.0"), await to("0.2.1")]).toEqual([[["back", false]], [["minor", false]], [["patch", true]]]);
  });

  test("a contract that goes to another version has moved", async () => {
    const types = { manifestVersion: 1, entry: "./index.js", core: "^0.1.0", contracts: [{ type: "acme.index", accepts: [1, 2], stability: "experimental" }] };
    const of = (contract: string) => ({ mlstack: { ...types, components: [{ contract, flavor: "x", description: "", config: {} }] } });
    const first = plugin({ more: of("acme.index@1") });
    plugin({ version: "1.1.0", more: of("acme.index@2") });
    const c = await project(first);
    expect((await planUpgrade({ names: [] }, c)).changes[0]!.contracts).toEqual({ gained: [], lost: [], moved: [{ from: "acme.index@1", to: "acme.index@2" }] });
  });

  test("where what is pinned is not installed its manifest is the registry's", async () => {
    const first = plugin({ config: schema({ bucket: text }) });
    plugin({ version: "1.1.0", config: schema({ bucket: text, region: text }) });
    const c = { ...await project(first), installed: [] };
    expect((await impactOf(await planUpgrade({ names: [] }, c), around(c)))[0]!.config).toEqual({ "artifact_store x": [expect.objectContaining({ key: "region", kind: "added" })] });
  });

  test("recorded results with the version that goes away in their keys are asked for, and named", async () => {
    const first = plugin();
    plugin({ version: "1.1.0" });
    const c = await project(first);
    const keyed = async (name: string, version: string) => (name === X && version === "1.0.0" ? [{ pipeline: "p", step: "train", results: 2 }] : []);
    expect((await impactOf(await planUpgrade({ names: [] }, c), around(c, [], { keyed })))[0]!.lostResults).toEqual([{ pipeline: "p", step: "train", results: 2 }]);
  });
});

describe("configurations that are saved", () => {
  const newer = { version: "1.1.0", config: schema({ bucket: text, region: text }, "region") };

  test("are held against the new schema: each that it refuses is named with place, component, key and why", async () => {
    const first = plugin({ config: schema({ bucket: text }) });
    plugin(newer);
    const c = await project(first);
    const plan = await planUpgrade({ names: [] }, c);
    const impacts = await impactOf(plan, around(c, [saved(), saved({ name: "good", config: { bucket: "b", region: "${env:REGION}" }, line: 9 }), saved({ name: "other", flavor: "local" })]));
    expect(impacts[0]!.refused).toMatchObject([{ component: { name: "main" }, already: false, error: { code: "MLS2008", message: 'the configuration of the artifact_store "main" (x) is invalid: region is missing' } }]);
    expect(thrown(() => { refuseInvalidConfig(impacts, []); })).toMatchObject({
      code: "MLS8408", exitCode: 4, message: expect.stringContaining("stacks/prod.yaml, line 3: ") as string, fix: `add region in stacks/prod.yaml, or mend it afterwards: --allow-invalid-config ${X}`,
      details: { refused: [{ package: X, type: "artifact_store", component: "main", file: "stacks/prod.yaml", line: 3, code: "MLS2008" }] },
    });
    refuseInvalidConfig(impacts, [X]);
  });

  test("of before fit the new version where nothing is lost: old configurations are tried, and what was refused already stops nothing", async () => {
    const first = plugin({ config: schema({ bucket: text }) });
    plugin({ version: "1.1.0", config: schema({ bucket: text, region: text }) });
    const c = await project(first);
    const impacts = await impactOf(await planUpgrade({ names: [] }, c), around(c, [saved(), saved({ name: "wrong", config: { buckt: "b" } })]));
    expect(impacts[0]!.refused).toMatchObject([{ component: { name: "wrong" }, already: true }]);
    refuseInvalidConfig(impacts, []);
  });

  test("of a flavor that is not offered any more are refused, unless another integration has it", async () => {
    const first = plugin({ name: X });
    plugin({ version: "1.1.0", flavor: "y" });
    const other = p.publish({ name: "@acme/z" });
    const c = await project(first);
    const [impact] = await impactOf(await planUpgrade({ names: [] }, c), around(c, [saved()]));
    expect(impact!.refused).toMatchObject([{ error: { code: "MLS2007", message: `${X}@1.1.0 does not offer the artifact_store flavor "x" any more` } }]);
    const two = await project(first, [other]);
    expect((await impactOf(await planUpgrade({ names: [] }, two), around(two, [saved()])))[0]).toMatchObject({ refused: [], users: [] });
  });

  test("a secret that is written as text is refused where the new schema says that it is one", async () => {
    const first = plugin({ config: schema({ key: text }) });
    plugin({ version: "1.1.0", config: schema({ key: { ...text, secret: true } }) });
    const c = await project(first);
    const [impact] = await impactOf(await planUpgrade({ names: [] }, c), around(c, [saved({ config: { key: "AKIA" } }), saved({ name: "good", config: { key: "${secret:k}" } })]));
    expect(impact!.refused.map(({ component, error }) => [component.name, error.code])).toEqual([["main", "MLS2008"]]);
  });
});

describe("what may reach more", () => {
  test("stops where nobody is asked: what is new, by integration; a first installation does not, nor what was allowed by name", async () => {
    const first = plugin({ permissions: { hosts: ["a.example"] } });
    plugin({ version: "1.1.0", permissions: { hosts: ["a.example", "b.example"], env: ["TOKEN"] } });
    const c = await project(first);
    const plan = await planUpgrade({ names: [] }, c);
    expect(thrown(() => { refuseWidened(widenings(plan), []); })).toMatchObject({ code: "MLS8409", exitCode: 4, message: `${X}@1.1.0 may reach env: TOKEN, hosts: b.example, and could not before`, fix: `look at it, then add --allow-permissions ${X}` });
    refuseWidened(widenings(plan), [X]);
    refuseWidened(widenings(await planInstall({ specs: [X] }, { ...c, lock: undefined, installed: [] })), []);
    const narrower = await project(p.publish({ name: X, version: "1.0.5", permissions: { hosts: ["*", "a.example", "b.example"], env: ["TOKEN"] } }));
    refuseWidened(widenings(await planUpgrade({ names: [] }, narrower)), []);
  });

  test("is so of a lock that is written anew, of what was in it before", async () => {
    const { lock: narrow } = await project(plugin({ permissions: { hosts: ["a.example"] } }));
    const { lock: wide } = await project(plugin({ version: "1.1.0", permissions: { hosts: ["a.example"], files: ["*"] } }));
    expect(lockWidenings(narrow, wide!)).toEqual([{ name: X, version: "1.1.0", permissions: ["files: *"] }]);
    expect([lockWidenings(wide, narrow!), lockWidenings(undefined, wide!), lockWidenings({ plugins: {} }, wide!)]).toEqual([[], [], []]);
  });
});

test("what is used is not removed: its components and their stacks are named; what another one offers, too, is not used", async () => {
  const first = plugin();
  const c = await project(first);
  const plan = await planUninstall([X], c);
  const impacts = await impactOf(plan, around(c, [saved(), saved({ name: "spare", stacks: [], file: "stacks/components.yaml", line: 8 })]));
  expect(thrown(() => { refuseInUse(plan, impacts, []); })).toMatchObject({
    code: "MLS8410", exitCode: 4, message: `${X} is used: the artifact_store "main" (stacks/prod.yaml, line 3, in the stack prod); the artifact_store "spare" (stacks/components.yaml, line 8)`, fix: expect.stringContaining(`--allow-in-use ${X}`) as string,
  });
  refuseInUse(plan, impacts, [X]);
  refuseInUse(plan, await impactOf(plan, around(c, [saved({ flavor: "local" }), saved({ type: "orchestrator" })])), []);
  const two = await project(first, [p.publish({ name: "@acme/z" })]);
  refuseInUse(plan, await impactOf(plan, around(two, [saved()])), []);
});

test("the lock that comes of a plan is known but for files and trees: what is applied has the rest", async () => {
  const first = plugin();
  const newer = plugin({ version: "1.1.0", permissions: { hosts: ["a.example"] } });
  const c = await project(first);
  const checked = await checkTarball(newer.tarball, X, undefined);
  const { files: _, ...known } = lockEntry({ package: checked.package, source: "registry", tarball: checked, trust: { provenance: false } });
  expect(plannedLock(await planUpgrade({ names: [] }, c))).toEqual({ [X]: known });
  expect(plannedLock(await planUninstall([X], c))).toEqual({});
  expect(plannedLock({ changes: [], lock: c.lock })).toEqual(c.lock!.plugins);
});
