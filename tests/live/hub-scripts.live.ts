// Under every package manager: what is said before of install scripts is what comes along.
import { foretellScripts, openRegistry, planInstall, trustedCatalog, type PlanContext } from "@mlstack/hub";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MANAGERS } from "./servers/package-managers.ts";
import { managedProject } from "./testing/managed-project.ts";
import { integrationJson } from "./testing/packages.ts";
import { startRegistry, type TestRegistry } from "./testing/registry.ts";

const [X, Y] = ["@acme/mlstack-plugin-x", "@acme/mlstack-plugin-y"];
const scripts = { postinstall: "node build.js" };
let registry: TestRegistry;
beforeAll(async () => {
  registry = await startRegistry(
    { ...integrationJson(X, "1.0.0"), name: X, version: "1.0.0", peerDependencies: { peer: "^1.0.0" }, dependencies: { left: "^1.0.0", native: "^1.0.0", shared: "^1.0.0" }, optionalDependencies: { elsewhere: "^1.0.0" } },
    { ...integrationJson(Y, "1.0.0"), name: Y, version: "1.0.0", peerDependencies: {}, dependencies: { shared: "1.0.0" } },
    { name: "left", version: "1.0.0", dependencies: { renamed: "npm:native@^2.0.0" } },
    { name: "native", version: "1.0.0", scripts }, { name: "native", version: "1.4.0", scripts }, { name: "native", version: "2.0.0" }, { name: "native", version: "2.1.0", scripts },
    { name: "peer", version: "1.0.0", scripts },
    { name: "elsewhere", version: "1.0.0", scripts, os: [process.platform === "win32" ? "linux" : "win32"] },
    // where a lock has the one, npm, pnpm and bun take it again
    { name: "shared", version: "1.0.0" }, { name: "shared", version: "1.1.0", scripts },
  );
});
afterAll(async () => { await registry.close(); });

describe.each(MANAGERS.map((manager) => [manager.id, manager] as const))("%s", (_, manager) => {
  test.each([["into a project without a lock", false], ["into one whose lock has a version that fits", true]])("%s", async (__, isLocked) => {
    const p = await managedProject({ manager, registry: registry.url, files: { "package.json": '{ "name": "app", "version": "0.0.0", "private": true }' } });
    const m = await p.manager();
    if (isLocked) await m.add([{ name: Y, spec: "1.0.0" }], p.options());
    const asked = await openRegistry({ projectDir: p.dir, env: p.env, registry: registry.url, offline: false, cacheDir: `${p.dir}/../cache` });
    const context: PlanContext = { catalog: trustedCatalog({ catalogVersion: 1, core: "0.1.0", integrations: [], aliases: [] }), registry: asked, lock: undefined, installed: [], coreVersion: "0.1.0", nodeVersion: process.versions.node, policy: {}, now: new Date(), cwd: p.dir };
    const foretold = await foretellScripts(await planInstall({ specs: [X] }, context), { registry: asked, manager: m });
    await m.add([{ name: X, spec: "1.0.0" }], p.options());
    const { packages } = await m.subtree(X);
    const found = packages.filter(({ installScript }) => installScript === true).map(({ id }) => id);
    const isYarn = manager.program === "yarn";
    expect(foretold).toEqual({ scripts: ["elsewhere@1.0.0", "native@1.4.0", "native@2.1.0", ...(isYarn ? [] : ["peer@1.0.0"]), ...(isLocked && !isYarn ? [] : ["shared@1.1.0"])], unknown: [] });
    // of what this platform does without not every lock says it; a peer is in no tree, for it is the project's
    expect(found.filter((id) => id !== "elsewhere@1.0.0")).toEqual(foretold.scripts.filter((id) => !["elsewhere@1.0.0", "peer@1.0.0"].includes(id)));
    expect((await m.packages()).some(({ name }) => name === "peer")).toBe(!isYarn);
    expect(p.ran()).toEqual({});
  });
});
