import { describe, expect, it } from "vitest";
import { rules } from "./rules/index.ts";
import { changed, sampleRepo } from "./sample-repo.ts";

const core = "packages/core/package.json";
const plugin = "packages/plugin-x/package.json";

interface Violation {
  /** A rule's name. */
  readonly rule: string;
  readonly planted: string;
  readonly files: Readonly<Record<string, string>>;
  /** How often the rule must speak. */
  readonly problems?: number;
}

const imports = "imports follow the layers and are declared";
const traces = "no registry host and no path of one machine";
const table = "what tables of docs promise has its tests";
const links = "links of Markdown files lead somewhere";
const complete = "published packages are complete";

const proof = (cell: string): Record<string, string> => ({ "docs/hub.md": `| what | shown by |\n|---|---|\n| it is | ${cell} |\n` });

// Put together at run time, so that this file has no trace itself.
const url = (host: string): string => ["https:", "", host, "x.tgz"].join("/");
const path = (...parts: string[]): string => ["", ...parts].join("/");

const example = {
  ...changed("package.json", { workspaces: ["packages/*", "examples/*"] }),
  "examples/e/package.json": '{ "name": "e", "private": true, "engines": { "node": ">=24" }, "dependencies": { "@mlstack/plugin-x": "^0.1.0" } }',
};

const violations: readonly Violation[] = [
  { rule: "ranges of workspace packages fit their versions", planted: "a core outside the plugin's ranges", files: changed(core, { version: "1.0.0" }), problems: 2 },
  { rule: "a plugin has @mlstack/core as its only peer", planted: "a second peer", files: changed(plugin, { peerDependencies: { "@mlstack/core": ">=0.1.0 <1", zod: "^4.0.0" } }) },
  { rule: "a plugin has @mlstack/core as its only peer", planted: "a dependency on the workspace", files: changed(plugin, { dependencies: { "@mlstack/core": "^0.1.0" } }) },
  { rule: "tools are pinned, run-time dependencies are caret ranges", planted: "a tool by range", files: changed("package.json", { devDependencies: { vitest: "^5.1.1" } }) },
  { rule: "tools are pinned, run-time dependencies are caret ranges", planted: "a dependency pinned", files: changed(core, { dependencies: { zod: "4.0.0" } }) },
  { rule: "tools are pinned, run-time dependencies are caret ranges", planted: "oxc by range", files: changed(core, { dependencies: { "oxc-parser": "^0.1.0" } }) },
  { rule: "packages agree on the range of a shared dependency", planted: "another zod", files: changed(plugin, { dependencies: { zod: "^4.1.0" } }) },
  { rule: complete, planted: "no side effect note", files: changed(core, { sideEffects: undefined }) },
  { rule: complete, planted: "no types", files: changed(core, { exports: { ".": { default: "./dist/index.js" }, "./package.json": "./package.json" } }) },
  { rule: complete, planted: "tests in the tarball", files: changed(core, { files: ["dist", "src"] }) },
  { rule: complete, planted: "no provenance", files: changed(core, { publishConfig: { access: "public" } }) },
  { rule: complete, planted: "a plugin without its keyword", files: changed(plugin, { keywords: [] }) },
  { rule: complete, planted: "no README, LICENSE, build or source", files: { "packages/y/package.json": changed(core, { repository: { directory: "packages/y" } })[core] ?? "" }, problems: 4 },
  { rule: complete, planted: "data without provenance", files: changed(core, { exports: { ".": "./index.json", "./package.json": "./package.json" }, publishConfig: {} }) },
  { rule: "all packages name the same Node versions", planted: "older engines", files: changed(core, { engines: { node: ">=20" } }) },
  { rule: imports, planted: "an import upwards", files: { "packages/core/src/a.ts": 'export * from "@mlstack/plugin-x";' } },
  { rule: imports, planted: "a dynamic import upwards", files: { "packages/core/src/a.ts": 'await import("@mlstack/plugin-x");' } },
  { rule: imports, planted: "a type import upwards", files: { "packages/core/src/a.ts": 'export type A = import("@mlstack/plugin-x").A;' } },
  { rule: imports, planted: "a path into another package", files: { "packages/plugin-x/src/a.ts": 'import "../../core/src/index.ts";' } },
  { rule: imports, planted: "an entry that does not exist", files: { "packages/plugin-x/src/a.ts": 'import "@mlstack/core/src/index.ts";' } },
  { rule: imports, planted: "an undeclared dependency", files: { "packages/plugin-x/src/a.ts": 'import "left-pad";' } },
  { rule: imports, planted: "a test tool outside a test", files: { "packages/plugin-x/src/a.ts": 'import "vitest";' } },
  { rule: imports, planted: "a declared dependency of core besides zod", files: { ...changed(core, { dependencies: { kysely: "^1.0.0" } }), "packages/core/src/index.ts": 'import "kysely";' } },
  { rule: imports, planted: "an example that uses what it does not declare", files: { ...example, "examples/e/a.ts": 'import "zod"; import "@mlstack/plugin-x";' } },
  { rule: imports, planted: "an example that reaches into a package", files: { ...example, "examples/e/a.ts": 'import "../../packages/core/src/index.ts";' } },
  { rule: imports, planted: "Node in core", files: { "packages/core/src/a.ts": 'import "node:fs";' } },
  { rule: imports, planted: "a relative import without its extension", files: { "packages/core/src/a.ts": 'import "./index";' } },
  { rule: "tsconfig.base.json maps every entry to its source", planted: "a missing and a surplus path", files: { "tsconfig.base.json": '{"compilerOptions":{"paths":{"x":["./x.ts"]}}}' }, problems: 3 },
  { rule: "tsconfig.base.json maps every entry to its source", planted: "an entry without a source", files: changed(core, { exports: { ".": { default: "./dist/other.js" } } }), problems: 2 },
  { rule: traces, planted: "a registry host", files: { "a.yaml": `registry: ${url("registry.example.org")}` } },
  { rule: traces, planted: "a resolved URL", files: { "package-lock.json": `{ "resolved": "${url("host.test")}" }` } },
  { rule: traces, planted: "a home folder", files: { "a.ts": `export const a = "${path("home", "someone", "x")}";` } },
  { rule: traces, planted: "a work folder", files: { "a.md": `see ${path("work", "x")}` } },
  { rule: "no source file over 400 lines", planted: "401 lines", files: { "scripts/a.mjs": "\n".repeat(400) + "x" } },
  { rule: "the commands of README.md exist", planted: "a script that is not there", files: { "README.md": "`npm test`, `npm run quickstart`, `npm run nothing`" } },
  { rule: "the commands of README.md exist", planted: "a README without the commands", files: { "README.md": "Hello" }, problems: 2 },
  { rule: links, planted: "a file that is not there", files: { "docs/a.md": "See [b](b.md), and [up](../README.md)." } },
  { rule: links, planted: "a heading that is not there", files: { "docs/a.md": "## Here\n[here](#here) [there](#there)" } },
  { rule: links, planted: "a heading of another page that is not there", files: { "docs/a.md": "[b](b.md#b-or-c)", "docs/b.md": "# B or d\n```md\n# B or C\n```\n" } },
  { rule: links, planted: "an image, a folder and a definition that are not there", files: { "docs/a.md": "![a](a.png)\n[b](../src)\n\n[c]: c.md\n" }, problems: 3 },
  { rule: table, planted: "no table", files: { "docs/hub.md": "Soon.\n" } },
  { rule: table, planted: "a table that does not say what it is shown by", files: { "docs/hub.md": "| what | why |\n|---|---|\n| it is | so |\n" } },
  { rule: table, planted: "a second table of another page without a test", files: { "docs/plugins/versioning.md": "| what | shown by |\n|---|---|\n| it is | planned |\n\n| what | who |\n|---|---|\n| it | I |\n\n| what | shown by |\n|---|---|\n| it was | yes |\n" } },
  { rule: table, planted: "a promise without a test", files: proof("yes") },
  { rule: table, planted: "a test file that is not there", files: proof("`packages/core/src/gone.test.ts › is there`") },
  { rule: table, planted: "a test that is not there, beside one that is", files: proof("`packages/core/src/index.test.ts › is there`<br>`packages/core/src/index.test.ts › is not there`") },
  { rule: table, planted: "a test of another group", files: proof("`packages/core/src/index.test.ts › plugin › is there`") },
  { rule: table, planted: "a file without a title", files: proof("`packages/core/src/index.test.ts`") },
  { rule: table, planted: "a test that is switched off", files: { "packages/core/src/index.test.ts": 'import { it } from "vitest";\nit.skip("is there", () => {});\n' } },
  { rule: table, planted: "a title that stands in a comment only", files: { "packages/core/src/index.test.ts": '// describe("core", () => { it("is there") })\n' } },
];

describe("rules of the repository", () => {
  it.each(rules)("has no complaint about a clean repository: $name", ({ check }) => {
    expect(check(sampleRepo())).toEqual([]);
  });

  it.each(violations)("$rule: finds $planted", ({ rule: name, files, problems = 1 }) => {
    const rule = rules.find((candidate) => candidate.name === name);
    expect(rule?.check(sampleRepo(files))).toHaveLength(problems);
  });

  it("has a planted violation for every rule", () => {
    expect(new Set(violations.map(({ rule }) => rule))).toEqual(new Set(rules.map(({ name }) => name)));
  });

  it("asks no build and no source of a package that is data", () => {
    const data = { "packages/y/package.json": changed(core, { name: "y", exports: { ".": "./y.json", "./package.json": "./package.json" }, files: ["y.json"], repository: { directory: "packages/y" } })[core] ?? "", "packages/y/README.md": "", "packages/y/LICENSE": "" };
    expect(rules.find((r) => r.name === complete)?.check(sampleRepo(data))).toEqual([]);
  });

  it("allows a test what the code under test may not import", () => {
    const repo = sampleRepo({ "packages/core/src/a.test.ts": 'import "vitest"; import "node:fs"; import "@mlstack/core";' });
    expect(rules.flatMap((rule) => rule.check(repo))).toEqual([]);
  });
});
