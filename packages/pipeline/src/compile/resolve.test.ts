import { realpathSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { modulePaths } from "./paths.ts";
import { sourceResolver } from "./resolve.ts";
import { parseFile } from "./source.ts";
import { TestProject } from "./testing/project.ts";

let project: TestProject;
beforeEach(() => {
  project = new TestProject({
    "app/package.json": `{"name":"app","type":"module","imports":{"#own":"./src/own.ts","#lodash":"lodash"}}`,
    "app/tsconfig.json": `{ "extends": ["./base.json"], "compilerOptions": { "paths": { "@/*": ["./src/*", "./gen/*"], "alias": ["./node_modules/plain/deep.js"], "mlstack": ["./src/own.ts"] } } }`,
    "app/base.json": "{}",
    "app/src/own.ts": "", "app/src/own.js": "", "app/src/dir/index.tsx": "", "app/src/data.json": "{}", "app/src/text.txt": "", "app/src/types.d.ts": "", "app/gen/made.ts": "", "app/src/common.cts": "",
    "app/node_modules/plain/package.json": `{"name":"plain","exports":{".":{"import":"./i.mjs","require":"./r.cjs"},"./sub":"./sub.js"}}`,
    "app/node_modules/plain/i.mjs": "", "app/node_modules/plain/r.cjs": "", "app/node_modules/plain/sub.js": "", "app/node_modules/plain/deep.js": "",
    "shared/package.json": `{"name":"@acme/shared","exports":{".":"./src/index.ts","./sub":"./src/sub.ts"}}`, "shared/src/index.ts": "", "shared/src/sub.ts": "",
    "app/node_modules/@acme/shared": { link: "../../../shared" },
    "plugin/package.json": `{"name":"plugin","mlstack":{"manifestVersion":1,"pure":["format"]},"exports":"./index.ts"}`, "plugin/index.ts": "", "app/node_modules/plugin": { link: "../../plugin" },
    "core/package.json": `{"name":"@mlstack/core","exports":"./index.ts"}`, "core/index.ts": "", "app/node_modules/@mlstack/core": { link: "../../../core" },
  });
});
afterEach(() => { project[Symbol.dispose](); });

const ask = (specifier: string, mode: "import" | "require" = "import", from = "src/own.ts") => sourceResolver(join(project.dir, "app")).resolve(join(project.dir, "app", from), specifier, mode);

describe("what a specifier stands for", () => {
  test.each([
    ["./own", "src/own.ts"], ["./own.ts", "src/own.ts"], ["./own.js", "src/own.js"], ["./dir", "src/dir/index.tsx"], ["./dir/index.js", "src/dir/index.tsx"], ["@/own", "src/own.ts"], ["@/made", "gen/made.ts"], ["#own", "src/own.ts"], ["./own.ts?again", "src/own.ts"], ["./common.cjs", "src/common.cts"],
  ])("%s is own code", (specifier, file) => { expect(ask(specifier)).toMatchObject({ kind: "own", file: join(project.dir, "app", file), trust: undefined }); });

  test("CommonJS takes JavaScript first, as Node does", () => { expect(ask("./own", "require")).toMatchObject({ kind: "own", file: join(project.dir, "app/src/own.js") }); });
  test.each([["./data.json", "src/data.json"], ["./text.txt", "src/text.txt"]])("%s is data", (specifier, file) => { expect(ask(specifier)).toEqual({ kind: "data", file: join(project.dir, "app", file) }); });
  test.each([
    ["plain", "plain"], ["plain/sub", "plain/sub"], ["alias", "plain//deep.js"], ["#lodash", "lodash//index.js"], ["zod", "zod"],
  ])("%s is a package", (specifier, full) => { expect(ask(specifier)).toMatchObject({ kind: "package", specifier: full }); });
  test("packages may answer import and require differently", () => {
    expect([ask("plain"), ask("plain", "require")]).toMatchObject([{ file: expect.stringContaining("i.mjs") as string }, { file: expect.stringContaining("r.cjs") as string }]);
  });
  test.each(["fs", "node:fs"])("%s is built in", (specifier) => { expect(ask(specifier)).toEqual({ kind: "builtin", name: "node:fs" }); });
  test.each([["./types", false], ["./nothing", false], ["plain/hidden", true], ["nowhere", true], ["#nothing", false]])("%s is not there", (specifier, isPackage) => { expect(ask(specifier)).toMatchObject({ kind: "missing", isPackage }); });

  test("a linked workspace package is own code, mlstack's are not, plugins are trusted", () => {
    expect(ask("@acme/shared")).toMatchObject({ kind: "own", file: join(project.dir, "shared/src/index.ts"), trust: undefined });
    expect(ask("@mlstack/core")).toMatchObject({ kind: "package", trust: "mlstack" });
    expect(ask("@mlstack/engine")).toMatchObject({ kind: "package", trust: "mlstack" });
    expect(ask("plugin")).toMatchObject({ kind: "own", trust: { pure: new Set(["format"]) } });
    expect(ask("zod")).toMatchObject({ trust: "zod" });
  });

  test("a name of mlstack that leads to the project's own code is own code", () => { expect(ask("mlstack")).toMatchObject({ kind: "own", trust: undefined }); });
});

test("modules have names that do not depend on the machine, and are found by them", () => {
  const dir = join(project.dir, "app");
  const paths = modulePaths(dir, sourceResolver(dir).manifests);
  const files = { "src/own.ts": "app/src/own.ts", "_linked/@acme/shared/src/sub.ts": "shared/src/sub.ts", "_linked/plugin/index.ts": "plugin/index.ts", "_outside/1/package.json": "package.json" };
  for (const [path, file] of Object.entries(files)) {
    expect(paths.pathOf(join(project.dir, file))).toBe(path);
    expect(paths.fileOf(path)).toBe(realpathSync.native(join(project.dir, file)));
  }
  expect(paths.fileOf("src/nothing.ts")).toBeUndefined();
});

test.each([
  ["a.ts", "export {};", "commonjs", "module"], ["a.ts", "const x = 1;", "commonjs", "commonjs"], ["a.ts", "const x = 1;", "module", "module"], ["a.ts", "await 1;", undefined, "module"], ["a.ts", "export = 1;", "module", "commonjs"],
  ["a.mts", "const x = 1;", "commonjs", "module"], ["a.cts", "const x = 1; return;", "module", "commonjs"], ["a.cts", "import x from './y';", "commonjs", "module"],
  ["a.js", "const x = 1; return;", undefined, "commonjs"], ["a.js", "export {};", undefined, "module"], ["a.js", "const x = 1;", "module", "module"], ["a.cjs", "return;", "module", "commonjs"], ["a.mjs", "await 1;", "commonjs", "module"],
] as const)("%s with %j in a package of type %s is read as %4$s", (file, text, type, format) => {
  const source = parseFile(file, { dir: "/", name: undefined, type, pure: new Set() }, text);
  expect([source.format, source.fault]).toEqual([format, undefined]);
});
