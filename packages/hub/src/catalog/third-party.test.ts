import { MlstackError } from "@mlstack/core";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openRegistry } from "../registry/index.ts";
import { fakeRegistry, type FakeRegistry } from "../testing/fake-registry.ts";
import { madePlugin } from "../testing/plugins.ts";
import { scratch, type Scratch } from "../testing/scratch.ts";
import { CATALOG_PACKAGE, newestCatalog } from "./read.ts";
import { searchEverywhere, withRegistry, withRegistryFacts, type PackageFacts, type SearchedRegistry } from "./third-party.ts";
import { catalogSchema } from "./schema.ts";
import { sample } from "./testing/sample.ts";

const manifest = (type: string, flavor: string): unknown => ({ manifestVersion: 1, entry: "./dist/index.js", core: "^0.1.0", components: [{ contract: `${type}@1`, flavor, description: "d", config: { type: "object" } }] });
const facts = (name: string, newest: unknown, more: Partial<PackageFacts["versions"][number]> = {}): PackageFacts => {
  const common = { engines: { node: ">=22" }, provenance: false, deprecated: undefined, unpackedSize: 10, ...more };
  return { name, distTags: { latest: "1.1.0" }, versions: [{ ...common, version: "1.0.0", manifest: undefined, publishedAt: "2026-01-01T00:00:00Z" }, { ...common, version: "1.1.0", manifest: newest, publishedAt: "2026-02-01T00:00:00Z", provenance: true }] };
};
function registry(documents: readonly (PackageFacts | { readonly name: string; readonly fails: string })[]): SearchedRegistry & { readonly asked: string[]; most: number } {
  let now = 0;
  const self = {
    asked: [] as string[], most: 0,
    search: async (keyword: string) => documents.map(({ name }) => ({ name, version: "1.1.0", description: `of ${name}`, keywords: [keyword, "vector"], publishedAt: undefined })),
    async document(name: string) {
      self.asked.push(name);
      self.most = Math.max(self.most, ++now);
      await Promise.resolve();
      now--;
      const found = documents.find((d) => d.name === name)!;
      if ("fails" in found) throw new Error(found.fails);
      return found;
    },
  };
  return self;
}

describe("searchEverywhere", () => {
  test("third parties come after ours, marked, by their whole names, with what the registry knows", async () => {
    const { integrations, ignored } = await searchEverywhere(sample, registry([facts("@acme/mlstack-plugin-vec", manifest("acme.vector_index", "vec"))]), "");
    const theirs = integrations.at(-1)!;
    expect(integrations.slice(0, -1).every((i) => i.source === "mlstack")).toBe(true);
    expect(theirs).toMatchObject({
      name: "acme-mlstack-plugin-vec", title: "@acme/mlstack-plugin-vec", source: "third-party", state: "available", package: "@acme/mlstack-plugin-vec", types: ["acme.vector_index"], keywords: ["vector"], core: "^0.1.0", node: ">=22", version: "1.1.0",
      evidence: { conformance: null, testedAgainst: null, provenance: true, publishedAt: "2026-02-01T00:00:00.000Z", firstPublishedAt: "2026-01-01T00:00:00.000Z", unpackedSize: 10, weeklyDownloads: null },
    });
    expect(theirs.versions.map((v) => [v.version, v.contracts])).toEqual([["1.1.0", ["acme.vector_index@1"]], ["1.0.0", []]]);
    expect(theirs).not.toHaveProperty("resembles");
    expect(ignored).toEqual([]);
    expect(catalogSchema.safeParse({ ...sample, integrations }).success).toBe(true);
  });

  test("packages that are no plugins are named with the reason, and one that can't be read takes nothing else along", async () => {
    const { integrations, ignored } = await searchEverywhere(sample, registry([
      facts("empty", undefined), facts("wrong", { manifestVersion: 7 }), { name: "gone", fails: "not there" }, { ...facts("untagged", manifest("artifact_store", "x")), distTags: {} }, facts("good", manifest("artifact_store", "good")),
    ]), "");
    expect(integrations.filter((i) => i.source === "third-party").map((i) => i.package)).toEqual(["good"]);
    expect(ignored).toEqual([
      { package: "empty", why: '1.1.0 has no "mlstack" field' }, { package: "gone", why: "not there" }, { package: "untagged", why: "its dist-tag latest names no version of it" }, { package: "wrong", why: expect.stringMatching(/is no manifest: manifestVersion /) as string },
    ]);
  });

  test("our own packages are not asked for again, a package is asked for once, and six at a time", async () => {
    const many = Array.from({ length: 20 }, (_, n) => facts(`p${n}`, manifest("artifact_store", `f${n}`)));
    const of = registry([facts("@mlstack/plugin-s3", manifest("artifact_store", "s3")), ...many, many[0]!]);
    await searchEverywhere(sample, of, "");
    expect(of.asked.toSorted()).toEqual(many.map((m) => m.name).toSorted());
    expect(of.most).toBe(6);
  });

  test("a hit without the keyword is none, whatever the registry's search thinks", async () => {
    const of = registry([facts("x", manifest("artifact_store", "x"))]);
    const { integrations } = await searchEverywhere(sample, { ...of, search: async () => [{ name: "x", version: "1.1.0", description: "", keywords: [], publishedAt: undefined }] }, "");
    expect(integrations.every((i) => i.source === "mlstack")).toBe(true);
  });

  test("filters count for third parties, too", async () => {
    const of = registry([facts("a", manifest("artifact_store", "a")), facts("b", manifest("orchestrator", "b"))]);
    const theirs = async (filter: object) => (await searchEverywhere(sample, of, "", filter)).integrations.filter((i) => i.source === "third-party").map((i) => i.package);
    expect(await theirs({ type: "orchestrator" })).toEqual(["b"]);
    expect(await theirs({ state: "planned" })).toEqual([]);
  });

  test.each([["@mlstak/plugin-s3", "@mlstack/plugin-s3"], ["@evil/plugin-mlflow", "@mlstack/plugin-mlflow"], ["mlstack-plugin-s3", "@mlstack/plugin-s3"], ["plugin-mlflow", "@mlstack/plugin-mlflow"], ["@acme/mlstack-plugin-vectors", undefined]])("%s is marked as looking like %s", async (name, like) => {
    const { integrations } = await searchEverywhere(sample, registry([facts(name, manifest("artifact_store", "x"))]), "");
    expect(integrations.find((i) => i.package === name)!.resembles).toBe(like);
  });

  test.each(["s3", "gcp", "@g/cp", "@gcs/.", "mlflow", "@ac-me/x", "@ac/me-x", "---", "Ünïcode"])("%s takes the name of nobody else", async (name) => {
    const { integrations } = await searchEverywhere(sample, registry([facts(name, manifest("artifact_store", "x")), facts("@ac/me-x-y", manifest("artifact_store", "x"))]), "");
    const names = [...integrations.map((i) => i.name), ...sample.aliases.map((a) => a.name)];
    expect(new Set(names).size).toBe(names.length);
    expect(catalogSchema.safeParse({ ...sample, integrations }).success).toBe(true);
  });

  test.each(["../../x@1", "artifact_store", "Artifact_Store@1", "a/b@1", "<script>@1"])("a manifest that names the contract %s is none", async (contract) => {
    const { ignored } = await searchEverywhere(sample, registry([facts("x", { manifestVersion: 1, entry: "./x", core: "*", components: [{ contract, flavor: "f", description: "d", config: {} }] })]), "");
    expect(ignored).toEqual([{ package: "x", why: `1.1.0 names the contract ${JSON.stringify(contract)}, which is none` }]);
  });

  test("a search that fails is the caller's to say", async () => {
    await expect(searchEverywhere(sample, { ...registry([]), search: async () => { throw new Error("no network"); } }, "")).rejects.toThrow("no network");
  });
});

test("withRegistryFacts adds to ours what a registry knows, and leaves the rest", () => {
  const own = sample.integrations[0]!;
  const conformance = [{ package: "@mlstack/plugin-s3", contract: "artifact_store@1", flavor: "s3", suite: "s", version: "1", files: "sha256:x", core: "0.1.0", passed: 1, failed: 0, skipped: [] }];
  const more = withRegistryFacts({ ...own, evidence: { ...own.evidence, conformance } }, facts("@mlstack/plugin-s3", manifest("artifact_store", "s3"), { publishedAt: "not a time" }));
  expect(more.evidence).toMatchObject({ conformance, provenance: true });
  expect(more.versions.map((v) => v.version)).toEqual(["1.1.0", "1.0.0"]);
  expect(more.description).toBe(own.description);
  // what can be installed is what the registry has
  expect(more).toMatchObject({ version: "1.1.0", core: "^0.1.0", node: ">=22", components: [{ flavor: "s3", description: "d" }] });
  expect(withRegistryFacts(own, facts("@mlstack/plugin-s3", { manifestVersion: 9 }))).toMatchObject({ version: own.version, components: own.components });
});

describe("withRegistry", () => {
  test("knows more of ours that it serves, leaves the others as they are, and adds third parties", async () => {
    const of = registry([facts("@mlstack/plugin-s3", manifest("artifact_store", "s3")), facts("@acme/mlstack-plugin-vec", manifest("acme.vector_index", "vec")), facts("empty", undefined)]);
    const document = async (name: string): Promise<PackageFacts> => { if (["@mlstack/plugin-mlflow", "@mlstack/plugin-polars"].includes(name)) throw new MlstackError("MLS8102", "no such package"); return of.document(name); };
    const { catalog, ignored } = await withRegistry(sample, { ...of, document });
    expect(catalog.integrations.find((i) => i.name === "s3")!.evidence).toMatchObject({ provenance: true, publishedAt: "2026-02-01T00:00:00.000Z" });
    for (const name of ["mlflow", "polars", "gcs", "local"]) expect(catalog.integrations.find((i) => i.name === name)).toBe(sample.integrations.find((i) => i.name === name));
    expect(catalog.integrations.filter((i) => i.source === "third-party").map((i) => i.package)).toEqual(["@acme/mlstack-plugin-vec"]);
    expect(ignored.map((i) => i.package)).toEqual(["empty"]);
    expect(catalogSchema.safeParse(catalog).success).toBe(true);
  });
  test("a registry in trouble is not one that lacks the package", async () => {
    const document = async (): Promise<PackageFacts> => { throw new MlstackError("MLS8101", "not reached"); };
    await expect(withRegistry(sample, { ...registry([]), document })).rejects.toMatchObject({ code: "MLS8101" });
  });
});

describe("a registry that is one", () => {
  let server: FakeRegistry;
  let folder: Scratch;
  beforeEach(async () => { folder = scratch(); server = await fakeRegistry(); folder.put({ "project/package.json": "{}", "project/.npmrc": `registry=${server.url}\n` }); });
  afterEach(async () => { await server.stop(); folder.remove(); });
  test("is searched, asked for the manifests, and serves the newest catalog", async () => {
    server.add(madePlugin({ name: "@acme/mlstack-plugin-x", provenance: true, node: ">=22" }));
    server.add(madePlugin({ name: "no-plugin", more: { mlstack: undefined } }));
    const made = madePlugin({ name: CATALOG_PACKAGE, version: "0.3.0", more: { keywords: [], mlstack: undefined }, files: { "catalog.json": JSON.stringify(sample) } });
    server.add(made);
    const registryOf = await openRegistry({ projectDir: join(folder.dir, "project"), cacheDir: join(folder.dir, "cache"), offline: false, env: { HOME: join(folder.dir, "home"), USERPROFILE: join(folder.dir, "home"), PREFIX: join(folder.dir, "prefix"), NPM_CONFIG_FETCH_RETRIES: "0" } });
    const { integrations, ignored } = await searchEverywhere(sample, registryOf, "");
    expect(integrations.at(-1)).toMatchObject({ package: "@acme/mlstack-plugin-x", types: ["artifact_store"], node: ">=22", evidence: { provenance: true, unpackedSize: 1234, publishedAt: "2026-01-01T00:00:00.000Z" } });
    expect(ignored).toEqual([{ package: "no-plugin", why: '1.0.0 has no "mlstack" field' }]);
    expect(await newestCatalog(registryOf)).toEqual({ catalog: sample, version: "0.3.0" });
  });
});
