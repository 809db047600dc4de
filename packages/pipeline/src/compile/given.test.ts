import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterEach, expect, test } from "vitest";
import { TestProject, type Files } from "./testing/project.ts";

/** A process that takes down the code of main.ts as it is, applies edits, and then runs it: what runs must be what was taken down. */
const here = (file: string) => JSON.stringify(pathToFileURL(join(dirname(fileURLToPath(import.meta.url)), file)).href);
const START = `import { mkdirSync, writeFileSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { codeAnalyzer } from ${here("analyzer.ts")};
import { CODE, SOURCES } from ${here("bundle.ts")};
import { givenCode } from ${here("given.ts")};
import { installSourceHooks } from ${here("hooks.ts")};
const { files } = codeAnalyzer({ projectDir: process.cwd() }).bundle(["main.ts"]);
const contents = new Map([...files].filter(([path]) => path.startsWith(SOURCES)).map(([path, bytes]) => [path.slice(SOURCES.length), bytes]));
const code = givenCode(process.cwd(), contents, JSON.parse(Buffer.from(files.get(CODE)).toString()));
for (const [path, text] of Object.entries(JSON.parse(process.argv[2]))) {
  if (text === null) { rmSync(path, { recursive: true }); continue; }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
installSourceHooks({ code: () => code });
await import(process.cwd() + "/main.ts").catch((e) => console.log(e.code, e.message));
`;

const open: TestProject[] = [];
afterEach(() => { for (const p of open.splice(0)) p[Symbol.dispose](); });

function run(files: Files, edits: Readonly<Record<string, string | null>>): string {
  const project = new TestProject({ ...files, "start.mjs": START });
  open.push(project);
  const { stdout, stderr } = spawnSync(process.execPath, ["start.mjs", JSON.stringify(edits)], { cwd: project.dir, encoding: "utf8", env: { ...process.env, NODE_OPTIONS: "" } });
  expect(stderr).toBe("");
  return stdout.trim();
}

const paths = (to: string) => JSON.stringify({ compilerOptions: { paths: { "@k": [to] } } });

test.each<[string, Files, Record<string, string | null>, string]>([
  ["texts", { "main.ts": `import { v } from "./v"; console.log(v);`, "v.ts": "export const v: number = 1;" }, { "main.ts": "throw 1;", "v.ts": "export const v = 2;" }, "1"],
  ["a module that is gone", { "main.ts": `import { v } from "./v"; console.log(v);`, "v.ts": "export const v: number = 1;" }, { "v.ts": null }, "1"],
  ["plain JavaScript, static and by import()", { "main.ts": `import { v } from "./v.mjs"; console.log(v, (await import("./w.js")).w);`, "v.mjs": "export const v = 1;", "w.js": "export const w = 1;" }, { "v.mjs": "export const v = 2;", "w.js": "export const w = 2;" }, "1 1"],
  ["a barrel", { "main.ts": `import { v } from "./barrel"; console.log(v);`, "barrel.ts": `export { v } from "./a";`, "a.ts": "export const v = 1;", "b.ts": "export const v = 2;" }, { "barrel.ts": `export { v } from "./b";` }, "1"],
  ["a path of tsconfig.json", { "tsconfig.json": paths("./a.ts"), "main.ts": `import { v } from "@k"; console.log(v);`, "a.ts": "export const v = 1;", "b.ts": "export const v = 2;" }, { "tsconfig.json": paths("./b.ts") }, "1"],
  ["a file that takes the place of another", { "main.ts": `import { v } from "./v.js"; console.log(v);`, "v.ts": "export const v = 1;" }, { "v.js": "export const v = 2;" }, "1"],
  ["a package that gets a path", { "main.ts": `import { sum } from "lodash"; console.log(sum(3));` }, { "tsconfig.json": JSON.stringify({ compilerOptions: { paths: { lodash: ["./own.ts"] } } }), "own.ts": "export const sum = () => 0;" }, "3"],
  ["a path into another copy of a package", { "tsconfig.json": paths("./vendor/node_modules/k/i.js"), "main.ts": `import { v } from "@k"; console.log(v);`, "vendor/node_modules/k/package.json": `{"name":"k","type":"module"}`, "vendor/node_modules/k/i.js": "export const v = 1;" }, { "tsconfig.json": paths("./b.ts"), "b.ts": "export const v = 2;" }, "1"],
  ["compiler settings", { "tsconfig.json": `{"compilerOptions":{"target":"es2020"}}`, "main.ts": `class A { set x(v: number) { console.log("set", v); } }\nclass B extends A { x = 1; }\nnew B();` }, { "tsconfig.json": "{}" }, "set 1"],
  ["the format", { "main.ts": `import c from "./c.js"; console.log(c.v);`, "package.json": `{}`, "c.js": "exports.v = typeof module;" }, { "package.json": `{"type":"module"}` }, "object"],
  ["CommonJS in a project of ES modules", { "main.ts": `import c from "./c.cjs"; import d = require("./d.cjs"); console.log(c.v, d.w);`, "c.cjs": `exports.v = require("./d.cjs").w + require("./e.cts") + require("./f.json").f;`, "d.cjs": "exports.w = 1;", "e.cts": `import d = require("./d.cjs"); export = d.w as number;`, "f.json": `{"f":1}` }, { "c.cjs": "", "d.cjs": "exports.w = 100;", "e.cts": "export = 200;", "f.json": `{"f":300}` }, "3 1"],
  ["JSON", { "main.ts": `import a, { n } from "./a.json"; import b from "./a.json" with { type: "json" }; console.log(a.n, n, b.n);`, "a.json": `{"n":1}` }, { "a.json": `{"n":2}` }, "1 1 1"],
  ["a linked package", { "main.ts": `import { v } from "@acme/shared"; console.log(v);`, "shared/package.json": `{"name":"@acme/shared","type":"module","exports":"./index.ts"}`, "shared/index.ts": "export enum E { A = 1 } export const v = E.A;", "node_modules/@acme/shared": { link: "../../shared" } }, { "shared/index.ts": "export const v = 2;", "shared/package.json": `{"name":"@acme/shared","type":"module","exports":"./other.ts"}`, "shared/other.ts": "export const v = 3;" }, "1"],
  ["helpers of the compiler", { "tsconfig.json": `{"compilerOptions":{"experimentalDecorators":true}}`, "main.ts": "const d = (c: any) => { c.v = 1; };\n@d class A { static v = 0; }\nconsole.log(A.v);" }, { "tsconfig.json": "{}" }, "1"],
  ["what is neither code nor JSON can't be given: it is refused", { "main.ts": `try { await import("./x.wasm"); } catch (e) { console.log(e.code); }`, "x.wasm": "\0asm\u0001\0\0\0" }, { "x.wasm": "\0asm\u0001\0\0\0 " }, "MLS4005"],
])("runs as it was: %s", (_, files, edits, expected) => { expect(run(files, edits)).toBe(expected); });
