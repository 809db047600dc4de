import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { Component } from "../contracts/component.ts";
import type { ContractDescriptor } from "../contracts/registry.ts";
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

/** A plugin of somebody else's type, at some version of its contract; it answers 41, from a private field. */
const flavorOf = (version: number, more: object = {}) => {
  class Index { readonly contract = `acme.index@${version}`; readonly #secret = 41; answer() { return this.#secret; } }
  return definePlugin({ name: "flavor", components: [{ contract: `acme.index@${version}`, contractPackage: "acme", flavor: "flat", description: "", config: z.strictObject({}), create: () => new Index(), ...more }] });
};
const acme = (accepts: readonly number[], { name = "acme", ...more }: { name?: string; upgrade?: ContractDescriptor["upgrade"] } = {}) => definePlugin({
  name, contracts: [{ type: "acme.index", accepts, stability: "stable", upgrade: Object.fromEntries(accepts.slice(0, -1).map((v) => [v, (c) => ({ contract: `acme.index@${v + 1}`, answer: () => (c as Component & { answer(): number }).answer() + 1 })])), ...more }],
});
const answerOf = async (l: ReturnType<typeof loader>) => { const made = (await l.create("acme.index", "flat", {}, context)) as Component & { answer(): number }; return [made.contract, made.answer()]; };

describe("a type that another plugin brings", () => {
  test("is known, and its code is not loaded where there is nothing to wrap", async () => {
    const loads: string[] = [];
    const l = loader([{ ...packaged(acme([1])), load: async () => { loads.push("acme"); return {}; } }, packaged(flavorOf(1))]);
    expect(await answerOf(l)).toEqual(["acme.index@1", 41]);
    expect([loads, l.contracts.get("acme.index")]).toEqual([[], expect.objectContaining({ accepts: [1], broughtBy: { name: "acme", version: "1.2.0" } })]);
  });

  test.each([[1, 43], [2, 42], [3, 41]])("wraps a component of version %i by its own code, version by version, private fields and all", async (version, answer) => {
    expect(await answerOf(loader([packaged(acme([1, 2, 3])), packaged(flavorOf(version))]))).toEqual(["acme.index@3", answer]);
  });

  test("refuses the next version, and names the package that brings the type", async () => {
    const e = await failure(answerOf(loader([packaged(acme([1, 2])), packaged(flavorOf(3))])));
    expect(e).toMatchObject({ code: "MLS2003", message: "flavor@1.2.0 implements acme.index@3, acme@1.2.0 accepts acme.index@1, acme.index@2", why: "the plugin is newer than acme@1.2.0, which brings the component type", fix: "npm install acme@latest", details: { contractPackage: "acme" } });
    const dropped = await failure(answerOf(loader([packaged(acme([2, 3])), packaged(flavorOf(1))])));
    expect(dropped).toMatchObject({ code: "MLS2003", why: "acme@1.2.0 no longer accepts that version", fix: "npm install flavor@latest" });
  });

  test("is named by the flavor's manifest where it is missing", async () => {
    const l = loader([packaged(flavorOf(1)), packaged(tracker("good"))]);
    expect(await failure(answerOf(l))).toMatchObject({ code: "MLS2002", message: expect.stringContaining("acme, which brings that component type, is not among") as string, fix: "npm install acme", details: { package: "flavor", version: "1.2.0", contractPackage: "acme" } });
    await expect(l.create("experiment_tracker", "good", config, context)).resolves.toBeDefined();
  });

  test("is refused where two bring it, to both and to whoever implements it; the others go on", async () => {
    const l = loader([packaged(acme([1])), packaged(acme([1, 2], { name: "other" })), packaged(flavorOf(1)), packaged(tracker("good"))]);
    expect((await l.list()).map((r) => [r.package.name, r.broken?.code])).toEqual([["acme", "MLS2011"], ["other", "MLS2011"], ["flavor", "MLS2011"], ["plugin-good", undefined]]);
    expect(await failure(answerOf(l))).toMatchObject({ message: "acme@1.2.0 and other@1.2.0 both bring the component type acme.index", details: { type: "acme.index", packages: ["acme@1.2.0", "other@1.2.0"] } });
    await expect(l.create("experiment_tracker", "good", config, context)).resolves.toBeDefined();
  });

  test("is core's alone where core has it", async () => {
    const [record] = await loader([{ name: "greedy", manifest: { ...manifestOf(acme([1]), "./p.js", "*"), contracts: [{ type: "artifact_store", accepts: [9], stability: "stable" }] } }]).list();
    expect(record!.broken).toMatchObject({ code: "MLS2001", message: expect.stringContaining("one of @mlstack/core's") as string });
  });

  test("is not wrapped by code that is not what its manifest says, or can't be loaded", async () => {
    expect(await failure(answerOf(loader([{ ...packaged(acme([1, 2])), load: async () => ({ default: acme([1, 2, 3]) }) }, packaged(flavorOf(1))])))).toMatchObject({ code: "MLS2006" });
    const l = loader([{ ...packaged(acme([1, 2])), load: async () => { throw new Error("no luck"); } }, packaged(flavorOf(1))]);
    expect(await failure(answerOf(l))).toMatchObject({ code: "MLS2005", message: expect.stringContaining("acme@1.2.0") as string });
    await expect(l.check("acme.index", "flat", {}, "i")).rejects.toMatchObject({ code: "MLS2005" });
    expect(await failure(answerOf(loader([packaged(acme([1, 2]), "^7.0.0"), packaged(flavorOf(1))])))).toMatchObject({ code: "MLS2004" });
  });

  test("may come with the plugin that implements it", async () => {
    const plugin = definePlugin({ name: "acme", contracts: [{ type: "acme.index", accepts: [1], stability: "experimental" }], components: [{ contract: "acme.index@1", flavor: "acme", description: "", config: z.strictObject({}), create: () => ({ contract: "acme.index@1" }) }] });
    expect((await loader([packaged(plugin)]).create("acme.index", "acme", {}, context)).contract).toBe("acme.index@1");
  });
});

test("definePlugin refuses a component type that can't work", () => {
  const brings = (contract: object) => () => definePlugin({ name: "p", contracts: [{ type: "acme.index", accepts: [1], stability: "stable", ...contract } as never] });
  expect(brings({})).not.toThrow();
  expect(brings({ type: "Acme Index" })).toThrow(/is not a type's id/);
  expect(brings({ type: "orchestrator" })).toThrow(/one of @mlstack\/core's/);
  expect(brings({ accepts: [] })).toThrow(/accepts \[\]/);
  expect(brings({ accepts: [2, 1] })).toThrow(/accepts \[2, 1\]/);
  expect(brings({ accepts: [1, 2] })).toThrow(/nothing wraps version 1 into 2/);
  expect(() => flavorOf(1, { contractPackage: undefined })).toThrow(/this plugin does not bring it/);
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
