import { describe, expect, test } from "vitest";
import { TestProject, type Files } from "./testing/project.ts";

/** Small programs side by side: what is exported as `it` must have the same digest, or another. */
type Case = readonly [what: string, expected: "same" | "different", before: Files, after: Files];

const IT = "export const it = () => x;";
const LOG = "export const log: unknown[] = [];";
/** A file a.ts with something else in it on either side. */
const code = (before: string, after: string, rest = IT, more: Files = {}): [Files, Files] => [{ "a.ts": `${before}\n${rest}`, ...more }, { "a.ts": `${after}\n${rest}`, ...more }];

const both = <T>([before, after]: readonly [T, T], make: (value: T) => Files): [Files, Files] => [make(before), make(after)];

const CASES: readonly Case[] = [
  // where names come from
  ["the same name of another package", "different", ...code(`import { x } from "lodash";`, `import { x } from "frames";`)],
  ["another name of a package", "different", ...code(`import { chunk as x } from "lodash";`, `import { sum as x } from "lodash";`)],
  ["the default of a package in place of a name", "different", ...code(`import { x } from "lodash";`, `import x from "lodash";`)],
  ["another entry of a package", "different", ...code(`import { x } from "lodash";`, `import { x } from "lodash/fp";`)],
  ["another built-in module", "different", ...code(`import { readFile as x } from "node:fs";`, `import { readFile as x } from "node:fs/promises";`)],
  ["a built-in module with its prefix", "same", ...code(`import { readFile as x } from "fs";`, `import { readFile as x } from "node:fs";`)],
  ["another name of mlstack", "different", ...code(`import { json as x } from "mlstack";`, `import { text as x } from "mlstack";`)],
  ["an import in place of a global", "different", ...code(`export const q = 1;`, `import { x } from "lodash";`)],
  ["a declaration in place of a global", "different", ...code(`export const q = 1;`, `const x = 1;`)],
  ["code in a specifier", "different", ...code(`import x from "data:text/javascript,export default 1";`, `import x from "data:text/javascript,export default 2";`)],
  ["a text file", "different", { "a.ts": `import x from "./t.txt"; ${IT}`, "t.txt": "1" }, { "a.ts": `import x from "./t.txt"; ${IT}`, "t.txt": "1 " }],
  ["a name that two export * give", "different", { "a.ts": `export * from "./b"; export * from "./c"; import * as self from "./a"; export const it = () => self.x;`, "b.ts": "export const x = 1;", "c.ts": "export const x = 2;" }, { "a.ts": `export * from "./b"; export * from "./c"; import * as self from "./a"; export const it = () => self.x;`, "b.ts": "export const x = 1;", "c.ts": "export const x = 3;" }],
  ["an export that is not found", "different", { "a.ts": `import { x } from "./b"; ${IT}`, "b.ts": "export const y = 1;" }, { "a.ts": `import { x } from "./b"; ${IT}`, "b.ts": "export const y = 2;" }],
  ["which of two names that hold each other is meant", "different", ...both(["x", "y"], (n) => ({ "a.ts": `export const x = () => y; export const y = () => x; export { ${n} as it };` }))],
  ["the name of the export", "same", { "a.ts": "const x = 1; export { x as it, x as that };" }, { "a.ts": "const x = 1; export { x as this_, x as it };" }],
  ["a barrel that is turned into a direct import", "same", { "a.ts": `import { x } from "./b"; ${IT}`, "b.ts": `export * from "./c";`, "c.ts": "export const x = 1;" }, { "a.ts": `import { x } from "./c"; ${IT}`, "b.ts": `export * from "./c";`, "c.ts": "export const x = 1;" }],
  ["what a barrel renames", "different", ...both([1, 2], (n) => ({ "a.ts": `import { x } from "./b"; ${IT}`, "b.ts": `export { y as x } from "./c";`, "c.ts": `export const y = ${n}; export const x = 1;` }))],
  ["what an import renames", "different", ...both([1, 2], (n) => ({ "a.ts": `import { y as x } from "./c"; ${IT}`, "c.ts": `export const y = ${n}; export const x = 1;` }))],
  ["what an export list renames", "different", ...both([1, 2], (n) => ({ "a.ts": `import { x } from "./c"; ${IT}`, "c.ts": `const y = ${n}; const x = 1; export { y as x, x as y };` }))],
  ["a namespace behind a namespace", "different", ...both([1, 2], (n) => ({ "a.ts": `import * as b from "./b"; export const it = () => b.c.x;`, "b.ts": `export * as c from "./c";`, "c.ts": `export const x = ${n}; export const y = 1;` }))],
  ["another member of a namespace behind a namespace", "same", ...both([1, 2], (n) => ({ "a.ts": `import * as b from "./b"; export const it = () => b.c.x;`, "b.ts": `export * as c from "./c";`, "c.ts": `export const x = 1; export const y = ${n};` }))],
  ["the code of a plugin that is linked", "different", ...both([1, 2], (n) => ({ "a.ts": `import { x } from "plugin"; ${IT}`, "plugin/package.json": `{"name":"plugin","mlstack":{},"exports":"./index.ts"}`, "plugin/index.ts": `export const x = ${n};`, "node_modules/plugin": { link: "../plugin" } }))],

  // effects and their order
  ["an effect in a barrel", "different", ...both([1, 2], (n) => ({ "a.ts": `import { x } from "./b"; ${IT}`, "b.ts": `export { x } from "./c"; Object.prototype.b = ${n};`, "c.ts": "export const x = 1;" }))],
  ["an effect behind export *", "different", ...both([1, 2], (n) => ({ "a.ts": `import { x } from "./b"; ${IT}`, "b.ts": `export * from "./c"; export const x = 1;`, "c.ts": `Object.prototype.b = ${n}; export {};` }))],
  ["an effect behind export * as", "different", ...both([1, 2], (n) => ({ "a.ts": `import { x } from "./b"; ${IT}`, "b.ts": `export * as ns from "./c"; export const x = 1;`, "c.ts": `Object.prototype.b = ${n}; export {};` }))],
  ["an effect behind a type import", "same", ...both([1, 2], (n) => ({ "a.ts": `import type { T } from "./b"; const x: T = 1; ${IT}`, "b.ts": `export type T = 1; Object.prototype.b = ${n};` }))],
  ["an effect behind an import whose names are types only: plain Node runs it", "different", ...both([1, 2], (n) => ({ "a.ts": `import { type T } from "./b"; const x: T = 1; ${IT}`, "b.ts": `export type T = 1; Object.prototype.b = ${n};` }))],
  ["an effect behind an import that is not used", "different", ...both([1, 2], (n) => ({ "a.ts": `import { T } from "./b"; const x: T = 1; ${IT}`, "b.ts": `export class T {} Object.prototype.b = ${n};` }))],
  ["a second import, for its effects, of what is imported and not used", "different", ...both(["", `import "./c";`], (more) => ({ "a.ts": `import { c } from "./c"; import "./b"; ${more} export const it = 1;`, "b.ts": "Object.prototype.q = 1;", "c.ts": "export const c = 1; Object.prototype.q = 2;" }))],
  ["an import with effects that is not used and then is, by a statement without effects", "different", ...both(["", "void c;"], (use) => ({ "a.ts": `import "./b"; import { c } from "./c"; ${use} export const it = 1;`, "b.ts": "Object.prototype.q = 1;", "c.ts": "export const c = 1; Object.prototype.q = 2;" }))],
  ["an import without effects that is not used and then is", "same", ...both(["", "void c;"], (use) => ({ "a.ts": `import "./b"; import { c } from "./c"; ${use} export const it = 1;`, "b.ts": "Object.prototype.q = 1;", "c.ts": "export const c = 1;" }))],
  ["an effect behind a module that is imported dynamically", "different", ...both([1, 2], (n) => ({ "a.ts": `export const it = () => import("./b");`, "b.ts": `import "./c";`, "c.ts": `Object.prototype.b = ${n};` }))],
  ["the order of two imports with effects", "different", ...both([["b", "c"], ["c", "b"]], (order) => ({ "a.ts": `${order.map((m) => `import { ${m} } from "./${m}";`).join("")} export const it = () => b + c;`, "b.ts": "export const b = 1; Object.prototype.q = 1;", "c.ts": "export const c = 1; Object.prototype.q = 2;" }))],
  ["the order of two imports, one of which has effects", "same", ...both([["b", "c"], ["c", "b"]], (order) => ({ "a.ts": `${order.map((m) => `import { ${m} } from "./${m}";`).join("")} export const it = () => b + c;`, "b.ts": "export const b = 1; Object.prototype.q = 1;", "c.ts": "export const c = 1;" }))],
  ["the order of an import with effects and one that reads what they change", "different", ...both([["b", "c"], ["c", "b"]], (order) => ({ "a.ts": `${order.map((m) => `import { ${m} } from "./${m}";`).join("")} export const it = () => b + c;`, "state.ts": "export const state = { n: 1 };", "b.ts": `import { state } from "./state"; export const b = 1; state.n = 2;`, "c.ts": `import { state } from "./state"; export const c = state.n;` }))],
  ["the order of imports in a circle", "different", ...both([["b", "c"], ["c", "b"]], (order) => ({ "a.ts": `${order.map((m) => `import { ${m} } from "./${m}";`).join("")} export const it = () => b + c;`, "b.ts": `import { c } from "./c"; export const b = typeof c; export function hoisted() { return 1; }`, "c.ts": `import { hoisted } from "./b"; export const c = hoisted;` }))],
  ["the order of two imports through others with effects", "different", ...both([["b", "c"], ["c", "b"]], (order) => ({ "a.ts": `${order.map((m) => `import "./${m}";`).join("")} export const it = 1;`, "b.ts": `import "./b2";`, "b2.ts": "Object.prototype.q = 1;", "c.ts": `import "./c2";`, "c2.ts": "Object.prototype.q = 2;" }))],
  ["a var that is read before it is set", "different", ...code("const x = y; var y = 1;", "var y = 1; const x = y;")],
  ["a var that a function reads before it is set", "different", ...code("const f = () => y; const x = f(); var y = 1;", "const f = () => y; var y = 1; const x = f();")],
  ["an enum that is read before it is set", "different", ...code("const x = typeof y; enum y { A }", "enum y { A } const x = typeof y;")],
  ["a constant whose absence is caught", "different", ...code("try { log.push(y); } catch {} const y = 1;", "const y = 1; try { log.push(y); } catch {}", `import { log } from "./log"; export const it = () => log;`, { "log.ts": LOG })],
  ["a class that is used before it is there, and caught", "different", ...code("try { log.push(new y()); } catch {} class y {}", "class y {} try { log.push(new y()); } catch {}", `import { log } from "./log"; export const it = () => log;`, { "log.ts": LOG })],
  ["a constant that only a function uses before it is there", "same", ...code("const x = () => y; const y = 1;", "const y = 1; const x = () => y;")],
  ["two declarations of one var", "different", ...code("var x = 1; var x = 2;", "var x = 2; var x = 1;")],
  ["two halves of an enum", "different", ...code("enum x { A = 1 } enum x { B = x.A }", "enum x { B = x.A } enum x { A = 1 }")],
  ["two halves of a namespace", "different", ...code("namespace x { export const a = 1; } namespace x { export const b = x.a; }", "namespace x { export const b = x.a; } namespace x { export const a = 1; }")],
  ["a namespace that a function is merged with", "different", ...code("function x() {} namespace x { export const a = 1; }", "function x() {} namespace x { export const a = 2; }")],
  ["a getter with an effect, which nothing else uses", "different", ...code("class K { static get v() { log.push(1); return 1; } } const unused = K.v;", "class K { static get v() { log.push(2); return 1; } } const unused = K.v;", `import { log } from "./log"; export const it = () => log;`, { "log.ts": LOG })],
  ["a getter with an effect, read once more", "different", ...code("", "const unused = o.v;", `import { log } from "./log"; class K { get v() { log.push(1); return 1; } } const o = new K(); export const it = () => log;`, { "log.ts": LOG })],
  ["a getter with an effect, taken apart", "different", ...code("const o = { get v() { log.push(1); return 1; } }; const { v } = o;", "const o = { get v() { log.push(2); return 1; } }; const { v } = o;", `import { log } from "./log"; export const it = () => log;`, { "log.ts": LOG })],
  ["a getter with an effect, spread", "different", ...code("const o = { get v() { log.push(1); return 1; } }; const q = { ...o };", "const o = { get v() { log.push(2); return 1; } }; const q = { ...o };", `import { log } from "./log"; export const it = () => log;`, { "log.ts": LOG })],
  ["a conversion with an effect", "different", ...code("const o = { toString() { log.push(1); return ''; } }; const q = `${o}`;", "const o = { toString() { log.push(2); return ''; } }; const q = `${o}`;", `import { log } from "./log"; export const it = () => log;`, { "log.ts": LOG })],
  ["an iterator with an effect", "different", ...code("const o = { *[Symbol.iterator]() { log.push(1); } }; const q = [...o];", "const o = { *[Symbol.iterator]() { log.push(2); } }; const q = [...o];", `import { log } from "./log"; export const it = () => log;`, { "log.ts": LOG })],
  ["a static block", "different", ...code("class K { static { log.push(1); } }", "class K { static { log.push(2); } }", `import { log } from "./log"; export const it = () => log;`, { "log.ts": LOG })],
  ["a setter that a static field runs into", "different", ...code("class B { static set v(x) { log.push(1); } } class K extends B { static v = 1; }", "class B { static set v(x) { log.push(2); } } class K extends B { static v = 1; }", `import { log } from "./log"; export const it = () => log;`, { "log.ts": LOG, "tsconfig.json": `{"compilerOptions":{"useDefineForClassFields":false}}` })],
  ["a setter that an assignment runs into", "different", ...code("const o = { set v(x) { log.push(1); } }; o.v = 1;", "const o = { set v(x) { log.push(2); } }; o.v = 1;", `import { log } from "./log"; export const it = () => log;`, { "log.ts": LOG })],
  ["a key with an effect", "different", ...code("const k = { toString() { log.push(1); return 'k'; } }; const q = { [k]: 1 };", "const k = { toString() { log.push(2); return 'k'; } }; const q = { [k]: 1 };", `import { log } from "./log"; export const it = () => log;`, { "log.ts": LOG })],
  ["a callback that is called at once", "different", ...code("const q = [1].map(() => log.push(1));", "const q = [1].map(() => log.push(2));", `import { log } from "./log"; export const it = () => log;`, { "log.ts": LOG })],
  ["a function that is called at once", "different", ...code("(() => { log.push(1); })();", "(() => { log.push(2); })();", `import { log } from "./log"; export const it = () => log;`, { "log.ts": LOG })],
  ["a loop", "different", ...code("while (log.length < 1) log.push(1);", "while (log.length < 2) log.push(1);", `import { log } from "./log"; export const it = () => log;`, { "log.ts": LOG })],
  ["a schema that is registered", "different", ...code("z.string().register(reg, { a: 1 });", "z.string().register(reg, { a: 2 });", `import { z } from "zod"; export const reg = z.registry(); export const it = () => reg;`)],
  ["using at the top", "different", ...code("using q = { [Symbol.dispose]() { log.push(1); } };", "using q = { [Symbol.dispose]() { log.push(2); } };", `import { log } from "./log"; export const it = () => log;`, { "log.ts": LOG })],

  // what mlstack and zod make has no effect, and what only looks like it has
  ["a step that is not used", "same", ...code(`export const s = step({ name: "s", run: () => 1 });`, `export const s = step({ name: "t", run: () => 2 });`, `import { step } from "mlstack"; export const it = 1;`)],
  ["a step behind a namespace and a barrel", "same", ...both(["1", "2"], (n) => ({ "a.ts": `import * as ml from "./ml"; export const s = ml.define({ run: () => ${n} }); export const it = 1;`, "ml.ts": `export { step as define } from "@mlstack/pipeline";` }))],
  ["a step whose maker is hidden by another", "different", ...code("const s = step(() => log.push(1));", "const s = step(() => log.push(2));", `import { log } from "./log"; const step = (f: () => void) => f(); export const it = () => log;`, { "log.ts": LOG })],
  ["a schema that is not used", "same", ...code("const A = z.object({ a: z.string().transform((s) => s + 1) }); const B = A.extend({}).partial();", "const A = z.object({ a: z.string().transform((s) => s + 2) }); const B = A.extend({});", `import { z } from "zod"; export const it = 1;`)],
  ["a schema that is parsed with", "different", ...code("const A = z.string().transform((s) => log.push(1)); A.parse('');", "const A = z.string().transform((s) => log.push(2)); A.parse('');", `import { z } from "zod"; import { log } from "./log"; export const it = () => log;`, { "log.ts": LOG })],
  ["a function of a plugin that its manifest does not call pure", "different", ...code("const t = load('x');", "const t = load('y');", `import { load } from "frames"; export const it = 1;`)],
  ["a pure export of a plugin, by another name and by its namespace", "same", ...code("const f = df(1); const g = ns.dataframe(1);", "const f = df(2); const g = ns.dataframe(2);", `import { dataframe as df } from "frames"; import * as ns from "frames"; export const it = 1;`)],
  ["a method of what a pure export makes, and one that acts", "different", ...code("const f = dataframe(1).load();", "const f = dataframe(2).load();", `import { dataframe } from "frames"; export const it = 1;`)],
  ["zod's own registry, by a constant that nobody uses", "different", ...code(`const q = z.globalRegistry.add(S, { title: "1" });`, `const q = z.globalRegistry.add(S, { title: "2" });`, `import { z } from "zod"; const S = z.string(); export const it = 1;`)],
  ["a registry, by a constant that nobody uses", "different", ...code("const q = z.string().register(reg, { a: 1 });", "const q = z.string().register(reg, { a: 2 });", `import { z } from "zod"; export const reg = z.registry(); export const it = () => reg;`)],
  ["zod's messages, by a constant that nobody uses", "different", ...code(`const q = z.setErrorMap(() => ({ message: "1" }));`, `const q = z.setErrorMap(() => ({ message: "2" }));`, `import { z } from "zod"; export const it = () => z.string();`)],
  ["a plugin's format", "same", ...code("const f = dataframe(1);", "const f = dataframe(2);", `import { dataframe } from "frames"; export const it = 1;`)],
  ["a call of a plain package", "different", ...code("const f = chunk([1]);", "const f = chunk([2]);", `import { chunk } from "lodash"; export const it = 1;`)],
  ["an argument with an effect", "different", ...code("const f = dataframe(log.push(1));", "const f = dataframe(log.push(2));", `import { dataframe } from "frames"; import { log } from "./log"; export const it = () => log;`, { "log.ts": LOG })],
  ["the name of a plugin's step, which may mean something to it", "different", ...code(`export const it = pythonStep({ name: "a" });`, `export const it = pythonStep({ name: "b" });`, `import { pythonStep } from "frames";`)],
  ["the name in a call of something else", "different", ...code(`export const it = json({ name: "a" });`, `export const it = json({ name: "b" });`, `import { json } from "mlstack";`)],
  ["a constant that is only read", "same", ...code("const K = { a: 1, b: [2] }; const L = K.a * 2 + K.b[0]; const M = `${L}`; const N = [...K.b]; const { a } = K; enum E { A = L } const S = new Set([1]); const F = Object.freeze({ a: 1 });", "const K = { a: 2, b: [3] }; const L = K.a * 3 + K.b[0]; const M = `${L}!`; const N = [...K.b, 1]; const { b } = K; enum E { A = L + 1 } const S = new Set([2]); const F = Object.freeze({ a: 2 });", "export const it = 1;")],
  ["a factory's step", "same", ...code(`export const a = make(1);`, `export const a = make(2);`, `import { step } from "mlstack"; const make = (n: number) => step({ name: "s" + n, run: () => n }); export const it = 1;`)],

  // other syntax
  ["the argument of a decorator on a field that is only declared", "different", ...code(`export class it { @d("a") declare q: string; }`, `export class it { @d("b") declare q: string; }`, "const d = (s: string) => (t: any, k: string) => { t[k] = s; };", { "tsconfig.json": `{"compilerOptions":{"experimentalDecorators":true}}` })],
  ["types of a decorated member, with their metadata", "different", ...code("export class it { @d m(a: string) {} }", "export class it { @d m(a: number) {} }", "const d = (...a: any[]) => {};", { "tsconfig.json": `{"compilerOptions":{"experimentalDecorators":true,"emitDecoratorMetadata":true}}` })],
  ["types of a decorated member, without", "same", ...code("export class it { @d m(a: string) {} }", "export class it { @d m(a: number) {} }", "const d = (...a: any[]) => {};", { "tsconfig.json": `{"compilerOptions":{"experimentalDecorators":true}}` })],
  ["whether metadata is emitted", "different", ...both(["true", "false"], (v) => ({ "a.ts": "const d = (...a: any[]) => {}; export class it { @d m() {} }", "tsconfig.json": `{"compilerOptions":{"experimentalDecorators":true,"emitDecoratorMetadata":${v}}}` }))],
  ["how class fields are set, for a class without fields", "same", ...both(["true", "false"], (v) => ({ "a.ts": "export class it { m() {} }", "tsconfig.json": `{"compilerOptions":{"useDefineForClassFields":${v}}}` }))],
  ["where JSX comes from", "different", ...both(["react", "preact"], (v) => ({ "a.ts": `export { it } from "./b";`, "b.tsx": "export const it = () => <a/>;", "tsconfig.json": `{"compilerOptions":{"jsx":"react-jsx","jsxImportSource":"${v}"}}` }))],
  ["where JSX comes from, by a comment", "different", ...both(["react", "preact"], (v) => ({ "a.ts": `export { it } from "./b";`, "b.tsx": `/** @jsxImportSource ${v} */ export const it = () => <a/>;` }))],
  ["JSX's factory in a comment, which the automatic runtime does not look at", "same", ...both([1, 2], (n) => ({ "a.ts": `export { it } from "./b";`, "b.tsx": `/** @jsx h */ const h = () => ${n}; export const it = () => <a/>;` }))],
  ["JSX's factory in a comment that asks for it", "different", ...both([1, 2], (n) => ({ "a.ts": `export { it } from "./b";`, "b.tsx": `/** @jsxRuntime classic @jsx h */ const h = () => ${n}; export const it = () => <a/>;` }))],
  ["the spelling of a property's key, where it is __proto__", "different", ...code("const __proto__ = {}; const x = { __proto__ };", "const __proto__ = {}; const x = { __proto__: __proto__ };")],
  ["a private field in place of a public one", "different", ...code("class x { #a = 1; }", "class x { a = 1; }")],
  ["a private name in place of a text", "different", ...code("class x { #a = 1; static is = (o: any) => #a in o; }", `class x { "#a" = 1; static is = (o: any) => "#a" in o; }`)],
  ["an optional call", "different", ...code("const x = (f?: any) => f();", "const x = (f?: any) => f?.();")],
  ["where an optional chain ends", "different", ...code("const x = (f?: any) => f?.a.b;", "const x = (f?: any) => (f?.a).b;")],
  ["which link of a chain is optional", "different", ...code("const x = (f?: any) => f?.a.b;", "const x = (f?: any) => f.a?.b;")],
  ["an optional parameter", "same", ...code("const x = (f?: any) => f;", "const x = (f: any) => f;")],
  ["async", "different", ...code("const x = () => 1;", "const x = async () => 1;")],
  ["a generator", "different", ...code("const x = function () {};", "const x = function* () {};")],
  ["lone surrogates", "different", ...code(`const x = "\\ud800";`, `const x = "\\ud801";`)],
  ["a directive", "different", ...code(`function x() { "use strict"; }`, `function x() { ("use strict"); }`)],
  ["a hole in a list", "different", ...code("const x = [1, , 2];", "const x = [1, undefined, 2];")],
  ["an empty body", "different", ...code("const x = (a: any) => { for (;;) ; };", "const x = (a: any) => { for (;;) a; };")],
  ["a label", "different", ...code("const x = () => { a: for (;;) b: for (;;) break a; };", "const x = () => { a: for (;;) b: for (;;) break b; };")],
  ["var in place of let", "different", ...code("let x = 1;", "var x = 1;")],

  // CommonJS
  ["a module that is required", "different", ...both([1, 2], (n) => ({ "a.ts": `import b from "./b.cjs"; export const it = () => b;`, "b.cjs": `exports.c = require("./c.cjs");`, "c.cjs": `exports.n = ${n};` }))],
  ["the order of statements in CommonJS", "different", ...both(["exports.a = 1; exports.b = 2;", "exports.b = 2; exports.a = 1;"], (b) => ({ "a.ts": `import b from "./b.cjs"; export const it = () => b;`, "b.cjs": b }))],
  ["import = require", "different", ...both([1, 2], (n) => ({ "a.ts": `import b = require("./b.cjs"); export const it = () => b;`, "b.cjs": `exports.n = ${n};` }))],
  ["what import = require finds, as require does", "different", ...both([1, 2], (n) => ({ "a.ts": `import b = require("./b"); export const it = () => b;`, "b.js": `export const n = ${n};`, "b.ts": "export const n = 0;" }))],
  ["what import = require passes over", "same", ...both([1, 2], (n) => ({ "a.ts": `import b = require("./b"); export const it = () => b;`, "b.js": "export const n = 0;", "b.ts": `export const n = ${n};` }))],
  ["whether a script is strict", "different", ...both(["module", "commonjs"], (type) => ({ "a.mts": `import "./b.js"; export const it = 1;`, "b.js": "globalThis.q = function () { return this; };", "package.json": `{"type":"${type}"}`, "a.ts": undefined }))],
];

describe("small programs", () => {
  test.each(CASES)("%s: %s", (_, expected, before, after) => {
    const digests = [before, after].map((files) => {
      using project = new TestProject(files);
      const { digest, uncached } = project.fingerprint("a.ts" in files && files["a.ts"] !== undefined ? "a.ts" : "a.mts", "it");
      expect(uncached.filter((r) => r.rule === "unreadable-module")).toEqual([]);
      return digest;
    });
    expect(digests[0] === digests[1] ? "same" : "different").toBe(expected);
  });
});
