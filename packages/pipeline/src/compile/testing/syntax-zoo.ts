import type { Files } from "./project.ts";

/** One of everything that the parser knows: its digests must not change with the parser. */
export const ZOO: Files = {
  "tsconfig.json": `{ "compilerOptions": { "experimentalDecorators": true, "emitDecoratorMetadata": true, "jsx": "react-jsx", "jsxImportSource": "lodash" } }`,
  "expressions.ts": `
import fs, { readFileSync as read } from "node:fs";
import * as path from "node:path";
import { chunk } from "lodash/fp";
export function zoo(this: void, a: any, { b, ["c" + 1]: c = 2, ...d }: any = {}, [e, , f = 3, ...g]: any[] = [], ...rest: unknown[]): unknown {
  const literals = [1_000, 0xff, 0b11, 0o7, 1e3, .5, "a\\n\\u0041\\ud800", 'q', true, null, undefined, 12n, /x\\/[/]+/giv, \`t\${a}\\u{41}\`, String.raw\`\\u\${b}\`];
  const operators = [a + b - c * d / e % f ** 2, a << 1 >> 2 >>> 3, a & b | c ^ ~d, a && b || c, a ?? b, !a, -a, +a, typeof a, void 0, a === b, a !== b, a == b, a != b, a < b, a <= b, a > b, a >= b, "x" in a, a instanceof Map, (a, b)];
  let x = a?.b?.[c]?.(d) ?? a.b!.c[0];
  x = 1; x += 1; x -= 1; x *= 1; x /= 1; x %= 1; x **= 1; x <<= 1; x >>= 1; x >>>= 1; x &= 1; x |= 1; x ^= 1; x &&= 1; x ||= 1; x ??= 1; x++; --x;
  [x, a.b] = [a, x]; ({ x, y: a.c = 1, ...a.r } = a); delete a.z;
  const object = { a, b: 1, "c-d": 2, 3: 4, [a]: 5, get g() { return 1; }, set g(v) {}, m() {}, async am() {}, *gm() { yield; yield* []; }, async *agm() { await 1; yield 2; }, ...a, __proto__: null };
  const functions = [function () { "use strict"; "other"; }, function named() { return named; }, async function () {}, function* () {}, () => 1, async (q: number) => { await q; }, <T,>(t: T) => t];
  if (a) b; else if (c) d; else { e; }
  for (let i = 0; i < 3; i++) continue;
  for (;;) break;
  for (const k in a) { for (const v of a) for (x of a) ; }
  label: while (a) { do { break label; } while (b); }
  switch (a) { case 1: case 2: b; break; default: c; }
  try { throw new Error("x", { cause: a }); } catch ({ message }) { message; } finally { debugger; }
  try { a; } catch { b; }
  class Inner extends (a as typeof Map) { constructor() { super(); new.target; super.get(1); } }
  return [literals, operators, object, functions, Inner, import("./classes.js"), import.meta.main, read, fs.constants, path.join, chunk, a as any, <any>a, a satisfies unknown, a!, rest, g];
}
async function later() { for await (const v of []) v; using r = null; await using s = null; return [r, s]; }
export { later as "string name" };
export default class { static { later(); } }
`,
  "classes.tsx": `
/** @jsxRuntime automatic */
import type { T } from "./expressions.ts";
const dec = (...args: unknown[]): any => args;
class Dep {}
@dec
export abstract class C<X> extends Dep implements PromiseLike<X> {
  static s = 1; static #p = 2; #q = 3; declare ghost: string; typed: T; opt?: number; readonly r = 4; accessor acc = 5; "quoted" = 6; 7 = 8; [Symbol.iterator] = 9;
  static { C.s = C.#p; }
  constructor(private a: number, protected readonly b = 2, @dec public c?: Dep) { super(); this.#q; }
  @dec() m(@dec p: Dep): string { return #q in this ? "y" : "n"; }
  get g(): number { return 1; } set g(v: number) {} static async *sm() {} private *gm() {}
  abstract am(): void; over(a: string): void; over(a: unknown): void {} [key: string]: unknown;
  then: any;
}
export const view = (name: string) => <><C.Sub attr="s&amp;" {...{ name }} flag key={1}>text {name}{/* none */}{...[1]}<a-b ns:x="1"/></C.Sub></>;
declare namespace C { const Sub: any; }
`,
  "typed.ts": `
export enum E { A, B = 5, "c d" = "x", D = B << 1, F = "a".length }
export const enum K { A = 1 }
export namespace N { export const v = 1; const hidden = 2; export namespace In.Deep { export function f() { return hidden; } } export type T = 1; }
namespace Types { export interface I {} }
export import Alias = N.In.Deep;
export declare const ambient: number;
export abstract class Abstract { abstract x: number; }
export function over(a: string): void;
export function over(a: unknown) { return a; }
export type { E as OnlyType };
export let unassigned: number, assigned: number = 1;
export const all = [E.A, K.A, N.v, Alias.f, over];
`,
  "merged.ts": `
export namespace M { export const v = 1; }
export namespace M { export class Q { w = M.v; } }
export function both() { return both.extra; }
export namespace both { export const extra = 1; }
export enum E { A = 1 }
export enum E { B = 2 }
`,
  "legacy.cjs": `"use strict";\nconst p = require("node:path"); exports.a = () => p.sep; module.exports.b = require("./data.json");\nif (exports.a) { var hoisted = 1; }\nlabel: { break label; }`,
  "data.json": `{ "b": [1, -0, 1e2, "\\u00e9", null, true], "a": {} }`,
  "all.ts": `
import { zoo, later, "string name" as named } from "./expressions.ts";
import Default from "./expressions.ts";
import * as typed from "./typed.ts";
import { C, view } from "./classes.tsx";
import legacy from "./legacy.cjs";
import "patcher";
export * from "./typed.ts";
export * as space from "./typed.ts";
export * as merged from "./merged.ts";
export { zoo as animals } from "./expressions.ts";
const { E, ...others } = typed;
var twice = 1; var twice = 2;
if (twice) { console.log("effect"); }
for (var i = 0; i < 1; ) break;
export const everything = () => [zoo, named, Default, typed.N, C, view, legacy, E, others, twice, i];
`,
};
