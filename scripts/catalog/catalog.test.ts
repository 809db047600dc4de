import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { root } from "../bootstrap/install.mjs";
import { buildCatalog, type Conformance, type Sources } from "./build-catalog.ts";
import { generated, sourcesIn } from "./generated.ts";
import { knownPlugins } from "./known-plugins.ts";

const manifest = (...components: readonly (readonly [contract: string, flavor: string])[]): unknown =>
  ({ manifestVersion: 1, entry: "./dist/index.js", core: "^0.1.0", components: components.map(([contract, flavor]) => ({ contract, flavor, description: "d", config: { type: "object" } })) });
const sources: Sources = {
  definitions: {
    s3: { title: "S3", description: "d" }, local: { title: "Local", description: "d", builtIn: "@mlstack/engine" },
    gcs: { title: "GCS", description: "d", planned: { artifact_store: [["gcs", "gcp"]] }, paper: { artifact_store: "a.test.ts" } },
  },
  aliases: { gcp: { title: "Google", integrations: ["gcs"] } }, core: "0.1.0", read: () => "pinned@1",
  packages: [{ name: "@mlstack/plugin-s3", version: "0.3.0", engines: { node: ">=22" }, mlstack: manifest(["artifact_store@1", "s3"]) }, { name: "@mlstack/engine", version: "0.1.0", mlstack: manifest(["artifact_store@1", "local"]) }],
};
const of = (name: string, more: Partial<Sources> = {}) => buildCatalog({ ...sources, ...more }).integrations.find((i) => i.name === name)!;

describe("the committed files", () => {
  test.each(Object.entries(generated(root)))("%s is what scripts/catalog says: npm run catalog", (path, text) => { expect(readFileSync(join(root, path), "utf8")).toBe(text); });
  test("the catalog is valid by its JSON Schema", () => {
    const files = generated(root);
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(JSON.parse(files["packages/catalog/catalog.schema.json"]!) as object);
    const catalog = JSON.parse(files["packages/catalog/catalog.json"]!) as { integrations: object[] };
    expect(validate(catalog)).toBe(true);
    expect(validate({ ...catalog, integrations: [{ ...catalog.integrations[0], state: "maybe" }] })).toBe(false);
  });
});

// The table of the tutorial that the project came from, and its install commands: what people who come from there will type.
const TABLE: Readonly<Record<string, readonly string[]>> = {
  orchestrator: ["local", "airflow", "prefect", "kubeflow", "vertex", "sagemaker", "kubernetes"], artifact_store: ["local", "s3", "gcs", "azure"], experiment_tracker: ["mlflow", "wandb", "comet", "neptune"],
  model_deployer: ["mlflow", "seldon", "bentoml", "vertex", "huggingface"], feature_store: ["feast", "tecton"], container_registry: ["dockerhub", "ecr", "gcr", "acr"], data_validator: ["great_expectations", "evidently", "deepchecks"],
};

describe("this repository's catalog", () => {
  const catalog = buildCatalog(sourcesIn(root));
  test.each(Object.entries(TABLE).flatMap(([type, flavors]) => flavors.map((flavor) => [type, flavor] as const)))("has the %s %s, once", (type, flavor) => {
    const owners = catalog.integrations.filter((i) => [...i.components, ...i.planned].some((c) => c.type === type && (c.flavor === flavor || c.aliases.includes(flavor))));
    expect(owners).toHaveLength(1);
  });
  test.each(["mlflow", "vertex", "aws", "gcp", "azure", "bentoml", "wandb"])("%s is a name that can be typed", (name) => {
    expect([...catalog.integrations.map((i) => i.name), ...catalog.aliases.map((a) => a.name)]).toContain(name);
  });
  test("servers that plugins are tested against are named with the tests that do it", () => {
    expect(Object.fromEntries(catalog.integrations.flatMap((i) => (i.evidence.testedAgainst === null ? [] : [[i.name, i.evidence.testedAgainst.map((t) => t.server)]])))).toEqual({ s3: ["versitygw 1.8.0"], mlflow: ["MLflow 3.17.2", "MLflow 2.22.5"] });
  });
  test("nothing is claimed that nobody has measured", () => {
    for (const { evidence, versions } of catalog.integrations) {
      const { testedAgainst: _, ...rest } = evidence;
      expect(Object.values(rest)).toEqual(Object.values(rest).map(() => null));
      for (const v of versions) expect([v.provenance, v.publishedAt, v.unpackedSize]).toEqual([null, null, null]);
    }
  });
});

describe("buildCatalog", () => {
  test("what has a package is available and offers what its manifest says; the rest is planned", () => {
    expect(of("s3")).toMatchObject({ state: "available", package: "@mlstack/plugin-s3", version: "0.3.0", core: "^0.1.0", node: ">=22", types: ["artifact_store"], components: [{ contract: "artifact_store@1", flavor: "s3" }], versions: [{ version: "0.3.0", contracts: ["artifact_store@1"] }] });
    expect(of("local")).toMatchObject({ state: "built-in", package: "@mlstack/engine" });
    expect(of("gcs")).toMatchObject({ state: "planned", package: null, version: null, types: ["artifact_store"], planned: [{ flavor: "gcs", aliases: ["gcp"], paper: true }] });
  });
  test("the order of the sources does not count", () => {
    const turned = { ...sources, definitions: Object.fromEntries(Object.entries(sources.definitions).toReversed()), packages: sources.packages.toReversed() };
    expect(JSON.stringify(buildCatalog(turned))).toBe(JSON.stringify(buildCatalog(sources)));
  });
  test("a suite's report counts for the version, core and contract that it names, and for no other", () => {
    const report: Conformance = { package: "@mlstack/plugin-s3", contract: "artifact_store@1", flavor: "s3", suite: "@mlstack/testkit@1.0.0", version: "0.3.0", files: "sha256:x", core: "0.1.0", passed: 9, failed: 0, skipped: [] };
    expect(of("s3", { reports: [report] }).evidence.conformance).toEqual([report]);
    for (const other of [{ package: "@mlstack/engine" }, { version: "0.2.0" }, { core: "0.2.0" }, { contract: "orchestrator@1" }, { flavor: "local" }]) expect(of("s3", { reports: [{ ...report, ...other }] }).evidence.conformance).toBeNull();
  });
  const definitions = sources.definitions;
  test.each([
    ["a plugin that is no integration", { packages: [...sources.packages, { name: "@mlstack/plugin-new", version: "1.0.0", mlstack: manifest() }] }, /plugin-new offers something and is no integration/],
    ["an integration without anything", { definitions: { ...definitions, nothing: { title: "t", description: "d" } } }, /nothing has no package and is to bring nothing/],
    ["what is planned and there", { definitions: { ...definitions, s3: { title: "t", description: "d", planned: { artifact_store: ["s3"] } } } }, /artifact_store s3 is offered by s3 and by s3 again: is it still planned/],
    ["a flavor of two", { definitions: { ...definitions, x: { title: "t", description: "d", planned: { artifact_store: [["x", "gcp"]] } } } }, /artifact_store gcp is offered by gcs and by x/],
    ["an unknown type", { definitions: { ...definitions, x: { title: "t", description: "d", planned: { artefact_store: ["x"] } } } }, /x names the component type artefact_store/],
    ["an alias to nowhere", { aliases: { gcp: { title: "t", integrations: ["nope"] } } }, /alias gcp leads to nope/],
    ["an alias that is an integration", { aliases: { s3: { title: "t", integrations: ["gcs"] } } }, /s3 is an integration and an alias/],
    ["a proof that is not there", { read: () => undefined }, /played on paper by a\.test\.ts, which is not there/],
    ["a proof of nothing", { definitions: { ...definitions, gcs: { ...definitions["gcs"]!, paper: { orchestrator: "a.test.ts" } } } }, /played on paper as orchestrator, which it is not to bring/],
    ["a server that is no longer pinned", { definitions: { ...definitions, s3: { title: "t", description: "d", live: [{ server: "x 2", test: "a.live.ts", pin: ["servers.ts", "pinned@2"] as const }] } } }, /tested against x 2, and servers\.ts does not pin pinned@2/],
    ["something built in that is not", { definitions: { ...definitions, x: { title: "t", description: "d", builtIn: "@mlstack/none" } } }, /x is said to come with @mlstack\/none/],
    ["a homepage that runs", { definitions: { ...definitions, s3: { title: "t", description: "d", homepage: "javascript:alert(1)" } } }, /homepage/],
    ["a name that is none", { definitions: { ...definitions, "../x": { title: "t", description: "d", planned: { artifact_store: ["x"] } } } }, /lower case letters/],
  ])("refuses %s", (_, more, message) => { expect(() => buildCatalog({ ...sources, ...more })).toThrow(message); });
});

test("core's table of flavors is written from the catalog, and quotes what must be quoted", () => {
  const text = knownPlugins(buildCatalog({ ...sources, definitions: { ...sources.definitions, x: { title: "t", description: "d", planned: { feature_store: ["a-b"] } } } }));
  expect(text).toContain('  artifact_store: { s3: "@mlstack/plugin-s3" },');
  expect(text).toContain('  artifact_store: { gcp: "gcs", gcs: "gcs" },');
  expect(text).toContain('  feature_store: { "a-b": "x" },');
});
