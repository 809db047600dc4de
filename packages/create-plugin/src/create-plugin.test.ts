import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isPluginDefinition, manifestOf } from "@mlstack/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createPlugin, type PluginPlan } from "./create-plugin.ts";
import { PLUGIN_TYPES, type PluginType } from "./plugin-types.ts";
import { ownPackage } from "./templates.ts";

let dir: string;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "create-plugin-")); });
afterEach(() => { rmSync(dir, { recursive: true, force: true }); });

const types = Object.keys(PLUGIN_TYPES) as PluginType[];
const planOf = (type: PluginType, more: Partial<PluginPlan> = {}): PluginPlan => ({ folder: join(dir, "made"), type, flavor: "my-cloud", package: "@me/mlstack-plugin-x", ...(type === "component_type" && { componentType: "tree.leaf_store" }), ...more });
const read = (path: string): string => readFileSync(join(dir, "made", path), "utf8");
interface PackageJson { readonly [field: string]: unknown; readonly mlstack: { readonly components: readonly { readonly contract: string; readonly flavor: string }[]; readonly core: string } }
const packageJson = (): PackageJson => JSON.parse(read("package.json")) as PackageJson;

describe.each(types)("%s", (type) => {
  test("has what a plugin needs, and none of the template's names", () => {
    const { files } = createPlugin(planOf(type));
    for (const path of [".github/workflows/ci.yml", ".github/workflows/release.yml", ".gitignore", ".oxlintrc.json", "CHANGELOG.md", "LICENSE", "README.md", "conformance.ts", "package.json", "src/index.ts", "test/plugin.test.ts", "tsconfig.build.json", "tsconfig.json"]) expect(files).toContain(path);
    expect(readdirSync(join(dir, "made"), { recursive: true, withFileTypes: true }).filter((one) => one.isFile())).toHaveLength(files.length);
    for (const path of files) {
      expect(path).not.toMatch(/(?:^|\/)_|acme/);
      expect(read(path), path).not.toMatch(/acme|\{\{[a-z]|vector.?index/i);
    }
    for (const section of ["# @me/mlstack-plugin-x", "## Install", "## Use", "## Permissions", "## Develop", "## License"]) expect(read("README.md").split("\n")).toContain(section);
  });

  test("has the versions that this package is made with, and a core that is a peer", () => {
    createPlugin(planOf(type));
    const { devDependencies: known, engines } = ownPackage();
    const { name, dependencies, devDependencies, peerDependencies, ...json } = packageJson();
    expect([name, json["engines"], dependencies, json["license"]]).toEqual(["@me/mlstack-plugin-x", engines, { zod: known["zod"] }, "Apache-2.0"]);
    const { zod: _, ...tools } = known;
    expect(devDependencies).toEqual(tools);
    expect(peerDependencies).toMatchObject({ "@mlstack/core": ">=0.1.0 <1" });
    expect(json["keywords"]).toContain("mlstack-plugin");
    expect(Object.keys(json["exports"] as object).at(-1)).toBe("./package.json");
  });

  test("has a manifest, which is what the template's code says: npm run manifest", async () => {
    createPlugin(planOf(type, { flavor: "acme", package: "@acme/mlstack-plugin", componentType: "acme.vector_index" }));
    const { default: plugin } = (await import(`../templates/${type}/src/index.ts`)) as { readonly default?: unknown };
    if (!isPluginDefinition(plugin)) throw new Error("the template has no plugin");
    expect(packageJson().mlstack).toEqual(manifestOf(plugin, "./dist/index.js", ">=0.1.0 <1"));
    // in the order in which it is written, so that a build changes nothing
    expect(JSON.stringify(packageJson().mlstack)).toBe(JSON.stringify(manifestOf(plugin, "./dist/index.js", ">=0.1.0 <1")));
  });
});

test("a component type of one's own brings its suite, and names itself everywhere", () => {
  createPlugin(planOf("component_type"));
  expect(packageJson()).toMatchObject({ peerDependencies: { "@mlstack/testkit": ">=0.1.0 <1" }, peerDependenciesMeta: { "@mlstack/testkit": { optional: true } }, mlstack: { components: [{ contract: "tree.leaf_store@1", flavor: "my-cloud" }], contracts: [{ type: "tree.leaf_store" }] } });
  expect(read("src/conformance.ts")).toContain("export const leafStoreSuite: ConformanceSuite<LeafStoreSubject");
});

test("what is built is what is tested, of a format too, which no manifest opens", () => {
  createPlugin(planOf("format"));
  expect(read("conformance.ts")).toContain(`import { myCloudRows } from "@me/mlstack-plugin-x";`);
  expect(read("conformance.ts")).not.toContain("./src/");
  expect(packageJson()["scripts"]).toMatchObject({ pretest: "npm run build" });
});

test("author, licence and repository are where they are looked for", () => {
  createPlugin(planOf("format", { author: "Ann $& Co", license: "MIT", repository: "git+https://example.org/x.git", year: 2031 }));
  expect(packageJson()).toMatchObject({ author: "Ann $& Co", license: "MIT", repository: { type: "git", url: "git+https://example.org/x.git" } });
  expect(read("LICENSE")).toContain("Copyright (c) 2031 Ann $& Co\n");
  expect(read("README.md").trimEnd().endsWith("MIT")).toBe(true);
});

test("the text of Apache-2.0 names nobody: the author is in package.json", () => {
  createPlugin(planOf("format", { author: "Ann" }));
  expect([packageJson()["author"], read("LICENSE").includes("Ann")]).toEqual(["Ann", false]);
});

test("what is in the folder is not overwritten, and nothing is added to it", () => {
  mkdirSync(join(dir, "made"));
  writeFileSync(join(dir, "made", "notes.txt"), "mine");
  expect(() => createPlugin(planOf("format"))).toThrow(expect.objectContaining({ code: "MLS8723", why: "it has notes.txt, and nothing is overwritten" }) as Error);
  expect(readdirSync(join(dir, "made"))).toEqual(["notes.txt"]);
  writeFileSync(join(dir, "file"), "");
  expect(() => createPlugin(planOf("format", { folder: join(dir, "file") }))).toThrow(expect.objectContaining({ code: "MLS8723" }) as Error);
});

test("an empty folder, and one with a new repository, are taken", () => {
  mkdirSync(join(dir, "made", ".git"), { recursive: true });
  createPlugin(planOf("format"));
  expect(existsSync(join(dir, "made", "package.json"))).toBe(true);
});

test("what can't be is refused before anything is written", () => {
  const wrong: readonly (readonly [Partial<PluginPlan>, string])[] = [[{ type: "artifact_store", flavor: "s3" }, "MLS8722"], [{ flavor: "Up" }, "MLS8722"], [{ package: "No" }, "MLS8722"], [{ license: "WTFPL" }, "MLS8721"], [{ type: "thing" as PluginType }, "MLS8721"], [{ type: "component_type", componentType: "vectors" }, "MLS8722"], [{ type: "component_type", componentType: undefined }, "MLS8722"]];
  for (const [more, code] of wrong) expect(() => createPlugin(planOf("format", more)), JSON.stringify(more)).toThrow(expect.objectContaining({ code }) as Error);
  expect(readdirSync(dir)).toEqual([]);
});
