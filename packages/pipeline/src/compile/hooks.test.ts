import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { TestProject, type Files } from "./testing/project.ts";

/** These run real Node processes: hooks can't be tried inside of a test runner that has its own. */
const HOOKS = pathToFileURL(join(dirname(fileURLToPath(import.meta.url)), "hooks.ts")).href;
const REGISTER = `data:text/javascript,${encodeURIComponent(`import { installSourceHooks } from ${JSON.stringify(HOOKS)}; installSourceHooks();`)}`;

const open: TestProject[] = [];
afterEach(() => { for (const p of open.splice(0)) p[Symbol.dispose](); });

function node(files: Files, args: readonly string[] = ["--import", REGISTER, "main.ts"]) {
  const project = new TestProject(files);
  open.push(project);
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: project.dir, encoding: "utf8", env: { ...process.env, NODE_OPTIONS: "" } });
  return { status, out: stdout.trim(), err: stderr.trim() };
}

/** Runs main.ts and gives what it logged. */
function output(files: Files): string {
  const { status, out, err } = node(files);
  expect(err).toBe("");
  expect(status).toBe(0);
  return out;
}

describe("source as it is written", () => {
  test.each<[string, Files, string]>([
    ["an enum, a const enum, a namespace and a parameter property", { "main.ts": `enum E { A = 2, B = A * 2 } const enum F { X = "x" } namespace N { export const v = 3; } class P { constructor(readonly n: number) {} }\nconsole.log(E.B, E[2], F.X, N.v, new P(5).n);` }, "4 A x 3 5"],
    ["a path alias", { "tsconfig.json": `{ "compilerOptions": { "paths": { "@/*": ["./src/*"] } } }`, "main.ts": `import { v } from "@/lib/v"; console.log(v);`, "src/lib/v.ts": "export const v: number = 1;" }, "1"],
    ["a path alias of the nearest tsconfig", { "tsconfig.json": `{ "compilerOptions": { "paths": { "@/*": ["./wrong/*"] } } }`, "pkg/tsconfig.base.json": `{ "compilerOptions": { "paths": { "@/*": ["./src/*"] } } }`, "pkg/tsconfig.json": `{ "extends": "./tsconfig.base.json" }`, "main.ts": `import "./pkg/a";`, "pkg/a.ts": `import { v } from "@/v"; console.log(v);`, "pkg/src/v.ts": "export const v = 2;" }, "2"],
    ["imports without extension, of folders, and .js for .ts", { "main.ts": `import { a } from "./a"; import { b } from "./b"; import { c } from "./c.js"; import { d } from "./d.mjs"; console.log(a, b, c, d);`, "a.ts": "export const a = 1;", "b/index.ts": "export const b = 2;", "c.ts": "export const c = 3;", "d.mts": "export const d = 4;" }, "1 2 3 4"],
    ["an exact file before one that is meant", { "main.ts": `import { c } from "./c.js"; console.log(c);`, "c.js": "export const c = 'js';", "c.ts": "export const c = 'ts';" }, "js"],
    ["JSON without attributes", { "main.ts": `import data, { n } from "./data.json"; import same from "./data.json" with { type: "json" }; console.log(data.n, n, same.n);`, "data.json": `{ "n": 1, "__proto__": 2 }` }, "1 1 1"],
    ["numbers of JSON that JSON.stringify would not give back", { "main.ts": `import { zero, large } from "./data.json"; console.log(Object.is(zero, -0), large);`, "data.json": `{ "zero": -0, "large": 1e999 }` }, "true Infinity"],
    ["types that are imported without saying so", { "main.ts": `import { T, v } from "./t"; const x: T = v; console.log(x);`, "t.ts": "export interface T {}\nexport const v = 1;" }, "1"],
    ["TSX", { "tsconfig.json": `{ "compilerOptions": { "jsx": "react", "jsxFactory": "h" } }`, "main.ts": `import "./view";`, "view.tsx": `const h = (tag: string, props: object | null, ...rest: unknown[]) => [tag, props, ...rest].join();\nconsole.log(<b>x{1}</b>);` }, "b,,x,1"],
    ["decorators with metadata", { "tsconfig.json": `{ "compilerOptions": { "experimentalDecorators": true, "emitDecoratorMetadata": true } }`, "main.ts": `const seen: unknown[] = [];\n(Reflect as any).metadata = (k: string, v: any) => () => { seen.push(k, v?.name ?? v?.map((x: any) => x.name)); };\nconst tag = (t: any, k?: string, d?: PropertyDescriptor): any => { seen.push(k ?? t.name); return d; };\nconst param = (_: any, k: string, i: number) => { seen.push(k + i); };\nclass Dep {}\n@tag class C { @tag m(@param d: Dep): string { return ""; } }\nconsole.log(seen.join(" "));` }, "design:returntype String design:paramtypes Dep design:type Function m0 m C"],
    ["class fields that are assigned", { "tsconfig.json": `{ "compilerOptions": { "target": "es2020" } }`, "main.ts": `class A { set x(v: number) { console.log("set", v); } }\nclass B extends A { x = 1; declare y: number; z: number; }\nconsole.log(Object.keys(new B()).join());` }, "set 1"],
    ["class fields that are defined", { "main.ts": `class A { set x(v: number) { console.log("set", v); } }\nclass B extends A { x = 1; declare y: number; z: number; }\nconsole.log(Object.keys(new B()).join());` }, "x,z"],
    ["using", { "main.ts": `function f() { using a = { [Symbol.dispose]() { console.log("gone"); } }; console.log("here"); }\nf();` }, "here\ngone"],
    ["CommonJS in both directions", { "main.ts": `import c from "./c.cts"; import d = require("./d.cjs"); console.log(c.v, d.w);`, "c.cts": `enum E { A = 1 }\nimport d = require("./d.cjs");\nexport = { v: E.A + d.w };`, "d.cjs": "exports.w = 5;" }, "6 5"],
    ["CommonJS that requires CommonJS and JSON", { "main.ts": `import c from "./c.cjs"; console.log(c.v);`, "c.cjs": `exports.v = require("./d.cjs").v + require("./e.json").v;`, "d.cjs": "exports.v = 1;", "e.json": `{"v":2}` }, "3"],
    ["a require of its own beside an import by require, and in a comment", { "main.ts": `import { createRequire } from "node:module";\nconst require = createRequire(import.meta.url);\nimport d = require("./d.cjs");\nimport "./e";\nconsole.log(d.v);`, "d.cjs": "exports.v = 1;", "e.ts": `// import x = require("./x")\nimport { createRequire } from "node:module"; const require = createRequire(import.meta.url); console.log(require("./d.cjs").v);` }, "1\n1"],
    ["a path alias with the name of a package", { "tsconfig.json": `{ "compilerOptions": { "paths": { "lodash": ["./own.ts"], "zod": ["./vendor/node_modules/zod/index.js"] } } }`, "main.ts": `import { v } from "lodash"; import { w } from "zod"; console.log(v, w);`, "own.ts": "export const v: string = 'own';", "vendor/node_modules/zod/package.json": `{"name":"zod","type":"module"}`, "vendor/node_modules/zod/index.js": "export const w = 'vendored';" }, "own vendored"],
    ["TypeScript of a linked workspace package", { "main.ts": `import { E } from "@acme/shared"; import { sub } from "@acme/shared/sub"; console.log(E.A, sub);`, "shared/package.json": `{"name":"@acme/shared","type":"module","exports":{".":"./src/index.ts","./sub":"./src/sub.ts"}}`, "shared/src/index.ts": `export { E } from "./e";`, "shared/src/e.ts": "export enum E { A = 9 }", "shared/src/sub.ts": "export const sub: number = 1;", "node_modules/@acme/shared": { link: "../../shared" } }, "9 1"],
    ["import maps of package.json", { "package.json": `{"type":"module","imports":{"#v":"./v.ts"}}`, "main.ts": `import { v } from "#v"; console.log(v);`, "v.ts": "export enum V { A } export const v = V.A;" }, "0"],
    ["import() of what is known only then", { "main.ts": `const name = "v"; console.log((await import("./" + name)).v);`, "v.ts": "export const v: number = 3;" }, "3"],
  ])("%s", (_, files, expected) => { expect(output(files)).toBe(expected); });

  test("stack traces and call sites show the source", () => {
    const out = output({ "main.ts": `import { getCallSites } from "node:util";\ninterface Long {\n  a: 1;\n}\nenum E { A }\nfunction here() { const [, s] = getCallSites(2, { sourceMap: true }); return s!.lineNumber; }\nconsole.log(here());\ntry { null!.x; } catch (e) { console.log((e as Error).stack!.split("\\n")[1]); }\n` });
    const [line, stack] = out.split("\n");
    expect(line).toBe("7");
    expect(stack).toMatch(/main\.ts:8:1\d\)?$/);
  });

  test("installed packages are left alone", () => {
    const { status, err } = node({ "main.ts": `import "loose";`, "node_modules/loose/package.json": `{"name":"loose","type":"module","exports":"./index.js"}`, "node_modules/loose/index.js": `import "./other";`, "node_modules/loose/other.js": "" });
    expect(status).toBe(1);
    expect(err).toContain("ERR_MODULE_NOT_FOUND");
  });

  test("nothing is loaded before it is needed, and the hooks can be taken away", () => {
    const oxc = dirname(createRequire(import.meta.url).resolve("oxc-parser/package.json"));
    expect(existsSync(oxc)).toBe(true);
    const script = `import { installSourceHooks } from ${JSON.stringify(HOOKS)};\nconst remove = installSourceHooks();\nconst loaded = () => process.report.getReport().sharedObjects.some((o) => o.includes("oxc"));\nawait import("./plain.mjs").catch(() => 0);\nconst before = loaded();\nremove();\nconst failed = await import("./e.ts").then(() => false, () => true);\nconsole.log(before, failed);`;
    expect(node({ "main.mjs": script, "plain.mjs": "", "e.ts": "enum E { A }" }, ["main.mjs"]).out).toBe("false true");
  });
});

describe("mistakes", () => {
  const failing = (files: Files) => {
    const { status, err } = node({ ...files, "start.mjs": `await import("./main.ts").catch((e) => { console.error(JSON.stringify({ code: e.code, message: e.message, fix: e.fix })); process.exit(1); });` }, ["--import", REGISTER, "start.mjs"]);
    expect(status).toBe(1);
    return JSON.parse(err.split("\n").at(-1) ?? "") as { code: string; message: string; fix: string };
  };

  test("a syntax error has its place and its line", () => {
    const { code, message } = failing({ "main.ts": `import "./bad";`, "bad.ts": "const ok = 1;\nconst broken: = 2;\n" });
    expect(code).toBe("MLS1013");
    expect(message.split("\n")).toEqual(["bad.ts:2:15: Unexpected token", "  2 | const broken: = 2;", "    |               ^"]);
  });

  test("decorators that Node does not run say which setting is missing", () => {
    const { code, message, fix } = failing({ "main.ts": "const d = (x: unknown) => x as any;\n@d class C {}\n" });
    expect([code, fix]).toEqual(["MLS1013", `set "experimentalDecorators": true in tsconfig.json`]);
    expect(message).toContain("main.ts:2:1");
  });

  test.each([
    ["./helpr", `did you mean "./helper"?`], ["./helper.jsx", `did you mean "./helper.ts"?`], ["./sub/indx.ts", `did you mean "./sub/index.ts"?`], ["./nothing-like-it", "correct the path"],
    ["lodahs", "install it (npm install lodahs), or add it to paths in tsconfig.json"],
  ])("an import of %s names the importer and what is near", (specifier, fix) => {
    const found = failing({ "main.ts": `import "./a";`, "a.ts": `import ${JSON.stringify(specifier)};`, "helper.ts": "", "sub/index.ts": "" });
    expect(found).toMatchObject({ code: "MLS1014", message: `a.ts imports ${JSON.stringify(specifier)}, which cannot be found`, fix });
  });
});
