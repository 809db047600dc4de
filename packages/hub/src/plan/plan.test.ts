import { realpathSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { integration, sample } from "../catalog/testing/sample.ts";
import { lockEntry } from "../lock/lock-entry.ts";
import type { Lock } from "../lock/lock.ts";
import { checkTarball } from "../tarball/check-tarball.ts";
import { hubProject, type HubProject } from "../testing/hub-project.ts";
import { madePlugin, type MadePlugin, type PluginOptions } from "../testing/plugins.ts";
import { versionOf, type ChangePlan } from "./change-plan.ts";
import type { PlanContext } from "./context.ts";
import { outdated } from "./outdated.ts";
import { planInstall, planUninstall, planUpgrade } from "./plan-install.ts";

const S3 = "@mlstack/plugin-s3";
const NOW = new Date("2026-06-01T00:00:00.000Z");
let p: HubProject;
beforeEach(async () => { p = await hubProject(); });
afterEach(async () => { await p.stop(); });

const context = (more: Partial<PlanContext> = {}): PlanContext => ({
  catalog: { ...sample, integrations: [...sample.integrations, integration("azure-blob")], aliases: [...sample.aliases, { name: "clouds", title: "Clouds", integrations: ["s3", "azure-blob"] }] },
  registry: p.registry, lock: undefined, installed: [], coreVersion: "0.1.0", nodeVersion: "24.11.0", policy: {}, now: NOW, cwd: p.dir, ...more,
});
const versions = ({ changes }: ChangePlan) => Object.fromEntries(changes.map((c) => [c.name, c.target === undefined ? null : versionOf(c.target)]));

/** A lock with plugins, and the same installed. */
async function having(...plugins: readonly MadePlugin[]): Promise<Pick<PlanContext, "lock" | "installed">> {
  const entries = await Promise.all(plugins.map(async ({ tarball, version: v }) => {
    const checked = await checkTarball(tarball, v.name, undefined);
    return [v.name, lockEntry({ package: checked.package, source: "registry", tarball: checked, trust: { provenance: v.provenance } })] as const;
  }));
  const lock: Lock = { plugins: Object.fromEntries(entries) };
  for (const { version: v, files } of plugins) p.folder.put(Object.fromEntries(Object.entries(files).map(([path, text]) => [`project/node_modules/${v.name}/${path}`, text])));
  return { lock, installed: plugins.map(({ version: v }) => ({ name: v.name, version: v.version, dir: join(p.dir, "node_modules", v.name), manifest: v.manifest, source: "installed" as const, load: async () => ({}) })) };
}

describe("an installation", () => {
  test("takes the newest version that fits, and says why no newer one and what it may reach", async () => {
    p.publish({ name: S3, version: "1.0.0" });
    p.publish({ name: S3, version: "1.1.0", permissions: { hosts: ["*"], env: ["AWS_REGION"] } });
    p.publish({ name: S3, version: "1.2.0", core: "^3.0.0" });
    p.publish({ name: S3, version: "1.3.0", publishedAt: "2026-05-31T12:00:00.000Z" });
    const plan = await planInstall({ specs: ["s3"] }, context());
    expect(versions(plan)).toEqual({ [S3]: "1.1.0" });
    expect(plan.changes[0]).toMatchObject({ kind: "add", why: "the newest that fits", widened: ["env: AWS_REGION", "hosts: *"], exceptions: [], passedOver: [{ version: "1.3.0", kind: "cooldown" }, { version: "1.2.0", kind: "core" }] });
    const fresh = await planInstall({ specs: ["s3"] }, context({ policy: { allowFresh: [S3] } }));
    expect(fresh.changes[0]).toMatchObject({ target: { version: { version: "1.3.0" } }, exceptions: ["cooldown"] });
    expect(p.text("package.json")).not.toContain(S3);
  });

  test("of ranges, tags, packages of others and aliases; twice the same is once", async () => {
    for (const version of ["1.0.0", "1.4.0", "2.0.0"]) p.publish({ name: S3, version });
    p.publish({ name: "@acme/x", version: "3.0.0" });
    expect(versions(await planInstall({ specs: ["s3@^1.2", "@acme/x"] }, context()))).toEqual({ [S3]: "1.4.0", "@acme/x": "3.0.0" });
    expect(versions(await planInstall({ specs: [`${S3}@1.0.0`, "s3"] }, context()))).toEqual({ [S3]: "1.0.0" });
    expect(versions(await planInstall({ specs: ["s3@latest"] }, context()))).toEqual({ [S3]: "2.0.0" });
    await expect(planInstall({ specs: ["s3@1.0.0", "s3@2.0.0"] }, context())).rejects.toMatchObject({ code: "MLS8401" });
    await expect(planInstall({ specs: ["clouds@1.0.0"] }, context())).rejects.toMatchObject({ code: "MLS8401", fix: "name the one that is meant: s3@VERSION" });
  });

  test("names what is planned, and leaves it out where it is told to", async () => {
    p.publish({ name: S3, version: "1.0.0" });
    await expect(planInstall({ specs: ["aws"] }, context())).rejects.toMatchObject({ code: "MLS8422", details: { planned: ["vertex"] } });
    const plan = await planInstall({ specs: ["aws"], available: true }, context());
    expect([versions(plan), plan.builtIn, plan.planned]).toEqual([{ [S3]: "1.0.0" }, ["local"], ["vertex"]]);
  });

  test("of a word that nobody knows is refused, and asks no registry: it might be somebody's who waits for that", async () => {
    p.publish({ name: "s4", version: "9.0.0" });
    const before = p.server.seen.length;
    await expect(planInstall({ specs: ["s4"] }, context())).rejects.toMatchObject({ code: "MLS8421" });
    await expect(planInstall({ specs: ["@mlstack/plugin-s4"] }, context())).rejects.toMatchObject({ code: "MLS8421" });
    expect(p.server.seen).toHaveLength(before);
    expect(versions(await planInstall({ specs: ["s4@9.0.0"] }, context()))).toEqual({ s4: "9.0.0" });
  });

  test("of what is pinned and fits changes nothing, and asks no registry", async () => {
    const there = await having(p.publish({ name: S3, version: "1.0.0" }));
    p.publish({ name: S3, version: "1.1.0" });
    const before = p.server.seen.length;
    const plan = await planInstall({ specs: ["s3@^1"] }, context(there));
    expect([plan.changes, plan.kept]).toEqual([[], [{ name: S3, version: "1.0.0" }]]);
    expect(p.server.seen).toHaveLength(before);
    expect(versions(await planInstall({ specs: ["s3@^1.1"] }, context(there)))).toEqual({ [S3]: "1.1.0" });
    expect(versions(await planInstall({ specs: ["s3"] }, context({ ...there, installed: [] })))).toEqual({ [S3]: "1.1.0" });
  });

  test("of what is pinned, and was changed on disk: that very version once more, by the exceptions that it had", async () => {
    const there = await having(p.publish({ name: S3, version: "1.0.0", publishedAt: "2026-05-31T12:00:00.000Z" }));
    p.publish({ name: S3, version: "1.1.0" });
    p.folder.put({ [`project/node_modules/${S3}/index.js`]: "changed" });
    await expect(planInstall({ specs: ["s3"] }, context(there))).rejects.toMatchObject({ code: "MLS8405" });
    const entry = there.lock!.plugins[S3]!;
    const lock: Lock = { plugins: { [S3]: { ...entry, trust: { ...entry.trust, cooldown: "excepted" } } } };
    const plan = await planInstall({ specs: ["s3"] }, context({ ...there, lock }));
    expect([versions(plan), plan.kept, plan.changes[0]!.why]).toEqual([{ [S3]: "1.0.0" }, [], "as pinned: what is installed is not that any more"]);
  });

  test("of a tarball: its bytes are its own, and its name is known by them", async () => {
    p.folder.put({ "project/x-1.0.0.tgz": madePlugin({ name: "@acme/x" }).tarball });
    const plan = await planInstall({ specs: ["./x-1.0.0.tgz"] }, context());
    expect(plan.changes).toMatchObject([{ name: "@acme/x", target: { source: "tarball", path: join(realpathSync(p.dir), "x-1.0.0.tgz") } }]);
    await expect(planInstall({ specs: ["./x-1.0.0.tgz"] }, context({ policy: { allowed: ["@other"] } }))).rejects.toMatchObject({ code: "MLS8404" });
    await expect(planInstall({ specs: ["."] }, context())).rejects.toMatchObject({ code: "MLS8401" });
  });

  describe("of a folder", () => {
    const put = (name: string, more: PluginOptions["more"] = {}, at = "packages/x"): void => { for (const [path, text] of Object.entries(madePlugin({ name, more }).files)) p.folder.put({ [`project/${at}/${path}`]: text }); };
    const overrides = async (more: Partial<PlanContext> = {}) => (await planInstall({ specs: ["./packages/x"] }, context(more))).changes.map(({ target, why }) => [target?.source === "workspace" && target.override, why]);
    beforeEach(() => { p.folder.put({ "project/package.json": '{ "name": "project", "private": true, "workspaces": ["packages/*"] }' }); });

    test("of the workspace: linked; what it is and where is said", async () => {
      put("@acme/x");
      expect((await planInstall({ specs: ["./packages/x"] }, context())).changes).toMatchObject([{ kind: "add", name: "@acme/x", target: { source: "workspace", path: join(realpathSync(p.dir), "packages", "x"), override: false } }]);
      await expect(planInstall({ specs: ["./packages/x"] }, context({ policy: { allowed: ["@other"] } }))).rejects.toMatchObject({ code: "MLS8404" });
      put("@acme/x", {}, "elsewhere");
      await expect(planInstall({ specs: ["./elsewhere"] }, context())).rejects.toMatchObject({ code: "MLS8401", message: expect.stringContaining("not in this project's workspace") as string });
      await expect(planInstall({ specs: ["."] }, context())).rejects.toMatchObject({ code: "MLS8401" });
    });

    test("is in the place of a published one: of one that was pinned, is in the catalog, or is in the registry", async () => {
      put("@acme/x");
      expect(await overrides()).toEqual([[false, "the folder's"]]);
      const x = p.publish({ name: "@acme/x" });
      expect(await overrides({ registry: await p.reopen() })).toEqual([[true, "the folder's"]]);
      const asked = p.server.seen.length;
      expect(await overrides(await having(x))).toEqual([[true, "the folder's"]]);
      put("@acme/x", { private: true });
      expect(await overrides()).toEqual([[false, "the folder's"]]);
      expect(await overrides(await having(x))).toEqual([[true, "the folder's"]]);
      put(S3, { private: true });
      expect(await overrides()).toEqual([[true, "the folder's"]]);
      expect(p.server.seen.length).toBe(asked);
    });

    test("whether there is a published one is not known where the registry is away: that is said", async () => {
      put("@acme/x");
      await p.server.stop();
      expect(await overrides({ registry: await p.reopen() })).toEqual([[false, "the folder's; the registry could not be asked whether there is a published one of this name"]]);
    });
  });

  test.each([["first", ["@acme/user", "@acme/types"]], ["last", ["@acme/types", "@acme/user"]]])("finds the contract that another one brings, whoever is named %s", async (_, specs) => {
    p.publish({ name: "@acme/user", contract: "acme.index@1" });
    p.publish({ name: "@acme/types", more: { mlstack: { manifestVersion: 1, entry: "./index.js", core: "^0.1.0", components: [], contracts: [{ type: "acme.index", accepts: [1], stability: "experimental" }] } } });
    expect(versions(await planInstall({ specs }, context()))).toEqual({ "@acme/types": "1.0.0", "@acme/user": "1.0.0" });
    await expect(planInstall({ specs: ["@acme/user"] }, context())).rejects.toMatchObject({ code: "MLS2002" });
  });
});

describe("an upgrade", () => {
  test("stays compatible, goes further where it is told to, and never goes back by itself", async () => {
    const there = await having(p.publish({ name: S3, version: "1.1.0" }));
    for (const version of ["1.0.0", "1.2.0", "2.0.0"]) p.publish({ name: S3, version });
    const c = context(there);
    expect(versions(await planUpgrade({ names: [] }, c))).toEqual({ [S3]: "1.2.0" });
    expect(versions(await planUpgrade({ names: ["s3"], major: true }, c))).toEqual({ [S3]: "2.0.0" });
    expect(versions(await planUpgrade({ names: ["s3"], to: { kind: "version", version: "1.0.0" } }, c))).toEqual({ [S3]: "1.0.0" });
    expect(await planUpgrade({ names: ["s3"], to: { kind: "version", version: "1.1.0" } }, c)).toMatchObject({ changes: [], kept: [{ name: S3, version: "1.1.0" }] });
    await expect(planUpgrade({ names: ["mlflow"] }, c)).rejects.toMatchObject({ code: "MLS8421" });
  });

  test("says which permissions are wider than what was granted, and refuses lost provenance", async () => {
    const there = await having(p.publish({ name: S3, version: "1.0.0", permissions: { hosts: ["*"] }, provenance: true }));
    p.publish({ name: S3, version: "1.1.0", permissions: { hosts: ["*"], files: ["*"] } });
    await expect(planUpgrade({ names: [], to: { kind: "version", version: "1.1.0" } }, context(there))).rejects.toMatchObject({ code: "MLS8406" });
    expect((await planUpgrade({ names: [] }, context({ ...there, policy: { allowLostProvenance: [S3] } }))).changes).toMatchObject([{ widened: ["files: *"], exceptions: ["lostProvenance"], contracts: { gained: [], lost: [], moved: [] }, configChanged: false }]);
    p.publish({ name: S3, version: "1.2.0", contract: "orchestrator@1", provenance: true });
    expect((await planUpgrade({ names: [] }, context({ ...there, registry: await p.reopen() }))).changes).toMatchObject([{ contracts: { gained: ["orchestrator@1"], lost: ["artifact_store@1"], moved: [] }, configChanged: true }]);
  });

  test("that is foretold: current, wanted, latest, and why the latest is not taken", async () => {
    const there = await having(p.publish({ name: S3, version: "1.0.0" }), p.publish({ name: "@acme/x", version: "1.0.0" }));
    p.publish({ name: S3, version: "1.1.0" });
    p.publish({ name: S3, version: "1.2.0", core: "^3.0.0" });
    expect(await outdated(context(there))).toEqual([
      { name: "@acme/x", current: "1.0.0", wanted: "1.0.0", latest: "1.0.0", blocked: undefined, deprecated: undefined },
      { name: S3, current: "1.0.0", wanted: "1.1.0", latest: "1.2.0", blocked: expect.objectContaining({ version: "1.2.0", kind: "core", code: "MLS2004" }) as unknown, deprecated: undefined },
    ]);
  });
});

test("what is uninstalled must be there, by whatever name", async () => {
  const there = await having(p.publish({ name: S3, version: "1.0.0" }), p.publish({ name: "@acme/x", version: "1.0.0" }));
  expect(versions(await planUninstall(["s3", "@acme/x", S3], context(there)))).toEqual({ [S3]: null, "@acme/x": null });
  await expect(planUninstall(["mlflow"], context(there))).rejects.toMatchObject({ code: "MLS8421", why: `this project has @acme/x, ${S3}` });
});
