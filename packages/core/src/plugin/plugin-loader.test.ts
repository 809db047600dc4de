import { expect, test } from "vitest";
import { z } from "zod";
import type { Component } from "../contracts/component.ts";
import { contractRegistry } from "../contracts/registry.ts";
import { MlstackError } from "../errors/mlstack-error.ts";
import { component, definePlugin } from "./define-plugin.ts";
import { manifestOf } from "./manifest.ts";
import type { PluginHost, PluginPackage } from "./plugin-host.ts";
import { pluginLoader } from "./plugin-loader.ts";

const tracker = (flavor: string, create: () => Component = () => ({ contract: "experiment_tracker@1" })) => definePlugin({
  name: `plugin-${flavor}`,
  components: [component({ type: "experiment_tracker", version: 1, flavor, aliases: [`${flavor}-alias`], description: "for tests", config: z.strictObject({ trackingUri: z.url() }), create: create as never })],
});
const config = { trackingUri: "http://localhost:5000" };
const context = { name: "t", projectDir: "/p", stateDir: "/p/.mlstack" };

function host(packages: readonly Partial<PluginPackage>[], loads: string[] = []): PluginHost {
  return {
    packages: async () => packages.map((p, i) => ({ name: `p${i}`, version: "1.2.0", dir: `/p${i}`, source: "installed", manifest: {}, load: async () => { loads.push(p.name ?? `p${i}`); return {}; }, ...p })),
    installCommand: (names) => `npm install ${names.join(" ")}`,
  };
}
const packaged = (plugin: ReturnType<typeof tracker>, core = ">=0.1.0 <1"): Partial<PluginPackage> => ({ name: plugin.name, dir: `/${plugin.name}`, manifest: manifestOf(plugin, "./plugin.js", core), load: async () => ({ default: plugin }) });
const loader = (packages: readonly Partial<PluginPackage>[], loads?: string[]) => pluginLoader({ host: host(packages, loads), coreVersion: "0.1.0" });
const failure = async (work: Promise<unknown>): Promise<MlstackError> => work.then(() => { throw new Error("did not fail"); }, (e: unknown) => { if (MlstackError.is(e)) return e; throw e; });

test("lists manifests without importing code", async () => {
  const loads: string[] = [];
  const l = loader([{ ...packaged(tracker("mlflow")), load: async () => { loads.push("x"); return {}; } }], loads);
  expect((await l.flavors()).map((f) => f.flavor)).toEqual(["mlflow"]);
  expect((await l.list())[0]!.manifest!.components[0]!.config).toMatchObject({ properties: { trackingUri: { type: "string" } }, additionalProperties: false });
  expect(loads).toEqual([]);
});

test("creates by flavor and by alias", async () => {
  const l = loader([packaged(tracker("mlflow"))]);
  expect((await l.create("experiment_tracker", "mlflow", config, context)).contract).toBe("experiment_tracker@1");
  expect((await l.create("experiment_tracker", "mlflow-alias", config, context)).contract).toBe("experiment_tracker@1");
});

test("a plugin that throws is broken, and the others go on", async () => {
  const l = loader([{ ...packaged(tracker("bad")), load: async () => { throw new Error("missing native library"); } }, packaged(tracker("good"))]);
  const e = await failure(l.create("experiment_tracker", "bad", config, context));
  expect(e.code).toBe("MLS2005");
  expect(e.message).toContain("plugin-bad@1.2.0");
  expect(e.message).toContain("missing native library");
  expect((await l.list()).map((r) => [r.package.name, r.broken?.code])).toEqual([["plugin-bad", "MLS2005"], ["plugin-good", undefined]]);
  await expect(l.create("experiment_tracker", "good", config, context)).resolves.toBeDefined();
});

test("an unknown contract version is refused with package, found, accepted and the command that mends it", async () => {
  const manifest = { ...manifestOf(tracker("next"), "./plugin.js", ">=0.1.0 <1") };
  manifest.components = manifest.components.map((c) => ({ ...c, contract: "experiment_tracker@2" }));
  const l = loader([{ name: "plugin-next", dir: "/next", manifest }, packaged(tracker("good"))]);
  const e = await failure(l.create("experiment_tracker", "next", config, context));
  expect(e).toMatchObject({ code: "MLS2003", details: { package: "plugin-next", found: "experiment_tracker@2", accepted: ["experiment_tracker@1"] } });
  expect(e.fix).toBe("npm install @mlstack/core@latest mlstack@latest");
  await expect(l.create("experiment_tracker", "good", config, context)).resolves.toBeDefined();
});

test("an unknown component type is refused", async () => {
  const manifest = manifestOf(tracker("odd"), "./plugin.js", ">=0.1.0 <1");
  manifest.components = manifest.components.map((c) => ({ ...c, contract: "experiment_trackr@1" }));
  const [record] = await loader([{ manifest }]).list();
  expect(record!.broken).toMatchObject({ code: "MLS2002" });
  expect(record!.broken!.why).toContain("experiment_tracker");
});

test("another range of core is refused", async () => {
  const [record] = await loader([packaged(tracker("future"), "^3.0.0")]).list();
  expect(record!.broken).toMatchObject({ code: "MLS2004", details: { found: "0.1.0", accepted: "^3.0.0" } });
});

test("a malformed manifest names the place", async () => {
  const [record] = await loader([{ manifest: { manifestVersion: 1, entry: "plugin.js", core: "*" } }]).list();
  expect(record!.broken).toMatchObject({ code: "MLS2001" });
  expect(record!.broken!.message).toContain("entry");
});

test("a flavor that nobody offers is answered with what there is", async () => {
  const e = await failure(loader([packaged(tracker("mlflow"))]).create("experiment_tracker", "mlflwo", config, context));
  expect(e).toMatchObject({ code: "MLS2007", fix: "write type: mlflow" });
});

test("a bad configuration names the key", async () => {
  const l = loader([packaged(tracker("mlflow"))]);
  expect((await failure(l.create("experiment_tracker", "mlflow", { trackingUri: "nonsense" }, context))).message).toContain("tracking_uri: Invalid URL");
  expect((await failure(l.create("experiment_tracker", "mlflow", { ...config, typo: 1 }, context))).code).toBe("MLS2008");
});

test("code that differs from its manifest is refused", async () => {
  const said = tracker("said");
  expect((await failure(loader([{ ...packaged(said), load: async () => ({ default: tracker("other") }) }]).create("experiment_tracker", "said", config, context))).code).toBe("MLS2006");
  expect((await failure(loader([{ ...packaged(said), load: async () => ({}) }]).create("experiment_tracker", "said", config, context))).code).toBe("MLS2006");
  const lying = tracker("lying", () => ({ contract: "experiment_tracker@7" }));
  expect((await failure(loader([packaged(lying)]).create("experiment_tracker", "lying", config, context))).code).toBe("MLS2006");
});

test("an older contract version is wrapped, explicitly, and keeps its private fields", async () => {
  class Old { readonly contract = "acme.index@1"; readonly #secret = 41; answer() { return this.#secret; } }
  const contracts = contractRegistry([{ type: "acme.index", accepts: [1, 2], stability: "stable", upgrade: { 1: (c) => ({ contract: "acme.index@2", answerPlusOne: () => (c as Old).answer() + 1 }) } }]);
  const plugin = definePlugin({ name: "acme", components: [{ contract: "acme.index@1", flavor: "acme", description: "", config: z.strictObject({}), create: () => new Old() }] });
  const l = pluginLoader({ host: host([{ name: "acme", manifest: manifestOf(plugin, "./p.js", "*"), load: async () => ({ default: plugin }) }]), coreVersion: "0.1.0", contracts });
  const made = (await l.create("acme.index", "acme", {}, context)) as Component & { answerPlusOne(): number };
  expect(made.contract).toBe("acme.index@2");
  expect(made.answerPlusOne()).toBe(42);
});

test("a plugin that brings its own component type makes it known", async () => {
  const plugin = definePlugin({ name: "acme", contracts: [{ type: "acme.index", accepts: [1], stability: "experimental" }], components: [{ contract: "acme.index@1", flavor: "acme", description: "", config: z.strictObject({}), create: () => ({ contract: "acme.index@1" }) }] });
  const l = pluginLoader({ host: host([{ name: "acme", manifest: manifestOf(plugin, "./p.js", "*"), load: async () => ({ default: plugin }) }]), coreVersion: "0.1.0" });
  expect((await l.create("acme.index", "acme", {}, context)).contract).toBe("acme.index@1");
});

test("definePlugin refuses what cannot work", () => {
  const twice = component({ type: "experiment_tracker", version: 1, flavor: "x", description: "", config: z.strictObject({}), create: () => ({ contract: "experiment_tracker@1" }) as never });
  expect(() => definePlugin({ name: "p", components: [twice, twice] })).toThrow(/twice/);
  expect(() => definePlugin({ name: "p", components: [{ ...twice, contract: "tracker" }] })).toThrow(/contract id/);
});

test("the exports that a plugin calls pure are in its manifest, by their names", () => {
  expect(manifestOf(definePlugin({ name: "frames", pure: ["dataframe", "$x"] }), "./plugin.js", "*").pure).toEqual(["dataframe", "$x"]);
  expect(manifestOf(definePlugin({ name: "frames" }), "./plugin.js", "*").pure).toEqual([]);
  for (const name of ["", "a.b", "1a", "a b"]) expect(() => definePlugin({ name: "frames", pure: [name] })).toThrow(expect.objectContaining({ code: "MLS2001" }));
});
