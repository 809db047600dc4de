import { join } from "node:path";
import { expect, test } from "vitest";
import { codeAnalyzer } from "../compile/analyzer.ts";
import { packageFingerprinter } from "./fingerprint.ts";
import { installed, printOf, projectWith, write, type Files } from "./testing/project.ts";

const lib = (at: string, n: number): Files => installed(at, "lib", "1.0.0", { type: "module", exports: { ".": "./index.js" } }, `export const x = ${n};`);

/** What the packages that `it` of src/a.ts reaches add to its key. */
function reached(files: Files) {
  const dir = projectWith({ "package.json": { name: "project", type: "module" }, ...files });
  const { packages, uncached } = codeAnalyzer({ projectDir: dir }).fingerprint({ module: "src/a.ts", export: "it" }, { env: [], files: [] });
  expect(uncached).toEqual([]);
  const { digest, roots, uncached: missing } = packageFingerprinter({ projectDir: dir, stateDir: join(dir, ".state") }).fingerprint(packages);
  return { dir, digest, roots, missing };
}
const imports = (specifier: string) => ({ "src/a.ts": `import { x } from ${JSON.stringify(specifier)}; export const it = () => x;` });
const paths = (target: string) => ({ "tsconfig.json": { compilerOptions: { paths: { "@lib": [target] } } } });

test.each<[string, (n: number) => Files, string | undefined]>([
  ["by a relative path, where the name leads to another copy", (n) => ({ ...imports("../vendor/node_modules/lib/index.js"), ...lib("vendor/node_modules/lib", n), ...lib("node_modules/lib", 0) }), "vendor/node_modules/lib"],
  ["by a relative path, where the name leads nowhere", (n) => ({ ...imports("../vendor/node_modules/lib/index.js"), ...lib("vendor/node_modules/lib", n) }), "vendor/node_modules/lib"],
  ["by an alias", (n) => ({ ...imports("@lib"), ...paths("./vendor/node_modules/lib/index.js"), ...lib("vendor/node_modules/lib", n), ...lib("node_modules/lib", 0) }), "vendor/node_modules/lib"],
  ["nested in a package", (n) => ({ ...imports("../node_modules/foo/node_modules/lib/index.js"), ...installed("node_modules/foo", "foo", "1.0.0"), ...lib("node_modules/foo/node_modules/lib", n), ...lib("node_modules/lib", 0) }), "node_modules/foo/node_modules/lib"],
  ["by its name", (n) => ({ ...imports("lib"), ...lib("node_modules/lib", n), ...lib("vendor/node_modules/lib", 0) }), undefined],
])("the copy that is imported counts: %s", (_, files, folder) => {
  const [one, same, other] = [reached(files(1)), reached(files(1)), reached(files(2))];
  expect(one.missing).toEqual([]);
  expect([same.digest === one.digest, other.digest === one.digest]).toEqual([true, false]);
  expect(one.roots).toEqual([{ name: "lib", from: "src", ...(folder !== undefined && { folder }) }]);
  // what a step process elsewhere computes from the plan, which has no files of this machine
  const again = packageFingerprinter({ projectDir: one.dir, stateDir: join(one.dir, ".other") }).fingerprint(one.roots.map((r) => ({ name: r.name, from: join(one.dir, r.from), ...(r.folder !== undefined && { folder: join(one.dir, r.folder) }) })));
  expect(again.digest).toBe(one.digest);
});

test("an alias that is turned from one copy to another", () => {
  const files = (n: number) => ({ ...imports("@lib"), ...paths(`./apps/v${n}/node_modules/lib/index.js`), ...lib("apps/v1/node_modules/lib", 1), ...lib("apps/v2/node_modules/lib", 2) });
  expect(reached(files(1)).digest).not.toBe(reached(files(2)).digest);
});

test.each([
  ["export { x } from \"lib\";"], ["import{x}from'lib';export{x}"], ["import \"lib\";"], ["import * as all from \"lib/sub.js\"; export { all };"], ["module.exports = require(\"lib\");"], ["export const x = () => import(\"lib\");"],
  ["import {\n  a,\n  b,\n} from \"lib\";"],
])("what a package imports and does not declare: %s", (code) => {
  const dir = projectWith({ ...installed("node_modules/foo", "foo", "1.0.0", {}, code), ...lib("node_modules/lib", 1) });
  const before = printOf(dir, ["foo"]);
  expect(Object.keys(before.entries)).toEqual(["foo@1.0.0", "lib@1.0.0"]);
  write(dir, lib("node_modules/lib", 2));
  expect(printOf(dir, ["foo"]).digest).not.toBe(before.digest);
  // remembered, and found again
  expect(Object.keys(printOf(dir, ["foo"]).entries)).toEqual(["foo@1.0.0", "lib@1.0.0"]);
});

test("what it only mentions, has in its tests, or is not there", () => {
  const dir = projectWith({
    ...installed("node_modules/foo", "foo", "1.0.0", {}, "export const text = \"import lib\"; // from lib\nimport 'node:fs'; import './lib.js'; import 'absent'; import 'foo';"),
    "node_modules/foo/a.test.js": "import 'lib';", "node_modules/foo/__tests__/a.js": "import 'lib';", "node_modules/foo/types.d.ts": "import 'lib';", ...lib("node_modules/lib", 1),
  });
  expect(Object.keys(printOf(dir, ["foo"]).entries)).toEqual(["foo@1.0.0"]);
});
