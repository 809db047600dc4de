import { describe, expect, test } from "vitest";
import { TestProject } from "./testing/project.ts";

/** Every place where a name can be read, and every place where the same letters are no reference. The name is X, a constant beside it. */
const names = (code: string, { file = "a.tsx", tsconfig = "{}" } = {}): string[] => {
  using project = new TestProject({ [file]: `export const X: any = 1;\n${code}\n`, "tsconfig.json": tsconfig });
  const { modules, uncached } = project.fingerprint(file, "it");
  expect(uncached.filter((r) => r.rule === "unreadable-module" || r.rule === "unresolved-package")).toEqual([]);
  return Object.keys(modules[file]?.symbols ?? {});
};

const inFunction = (body: string) => `export function it(this: any, p: any) { ${body} }`;
const LEGACY = { tsconfig: `{ "compilerOptions": { "experimentalDecorators": true, "emitDecoratorMetadata": true } }` };
const CLASSIC = { tsconfig: `{ "compilerOptions": { "jsx": "react", "jsxFactory": "h", "jsxFragmentFactory": "F.G" } }` };

describe("references", () => {
  test.each([
    "return X;", "X();", "new X();", "new (X.a.b)();", "X`a`;", "`${X}`;", "X.y;", "p[X];", "p?.[X];", "X?.();", "({ X });", "({ a: X });", "({ [X]: 1 });", "({ ...X });", "({ [X]() {} });", "({ get [X]() { return 1; } });",
    "({ a() { return X; } });", "({ get a() { return X; } });", "[X];", "[...X];", "p(...X);", "X ? 1 : 2;", "p ? X : 2;", "p && X;", "p ?? X;", "!X;", "typeof X;", "void X;", "delete X.a;", "p + X;", "X in p;", "p instanceof X;", "(p, X);",
    "p = X;", "p += X;", "p.a = X;", "X.a = p;", "X.a++;", "[p] = X;", "[p = X] = [];", "({ a: p = X } = p);", "({ [X]: p } = p);", "({ a: p } = X);", "[X.a] = p;", "for (X.a of p);", "for (const q of X) q;", "for (const q in X) q;", "for (let q = X; ; ) q;", "for (; X; );", "for (;; X);",
    "while (X);", "do {} while (X);", "if (X) p;", "switch (X) {}", "switch (p) { case X: }", "switch (p) { case 1: X; }", "throw X;", "try { X; } catch {}", "try {} catch { X; }", "try {} finally { X; }", "label: X;", "{ X; }",
    "const q = X;", "let q = X;", "var q = X;", "const { a = X } = p;", "const { [X]: a } = p;", "const [a = X] = p;", "const { ...a } = X;", "const { a: { b } } = X;", "function f(a = X) {}", "function f({ a = X }) {}", "function f(...[a = X]) {}", "(a = X) => a;", "() => X;", "async () => await X;", "function* g() { yield X; yield* X; }",
    "function f() { return X; }", "(function X2() { return X; });", "class A extends X {}", "class A { a = X; }", "class A { static a = X; }", "class A { static { X; } }", "class A { [X] = 1; }", "class A { [X]() {} }", "class A { get [X]() { return 1; } }", "class A { m() { return X; } }", "class A { m(a = X) {} }", "class A { constructor(private a = X) {} }", "class A { #a = X; }", "class A { accessor a = X; }",
    "enum E { A = X }", "namespace N { export const a = X; }", "namespace N { export import b = X.c; }", "import.meta.resolve(X);", "import(X);", "import('./a.tsx', X);", "X as any;", "<any>X;", "X!;", "X satisfies any;", "X<string>;", "(X as any).b;", "(X);", "await X;", "using q = X;", "new.target === X;", "super_: X;",
    "<X/>;", "<X.Y/>;", "<X></X>;", "<a b={X}/>;", "<a {...X}/>;", "<a>{X}</a>;", "<a>{...X}</a>;", "<><X/></>;", "<a b=<X/>/>;",
    // where it is hidden elsewhere, and not here
    "{ const X = 1; } return X;", "{ let X; } X;", "{ class X {} } X;", "{ function f(X) { return X; } } X;", "((X) => X)(X);", "(function X() {}); X;", "(class X {}); X;", "try {} catch (X) { X; } X;", "for (const X of X) ;", "for (let X = 1;;) { break; } X;", "switch (X) { case 1: let X; }", "const f = ({ X }, q = () => X) => q; X;", "{ enum X { A } } X;", "{ namespace X { export const a = 1; } } X;", "const g = (q = X) => { var X = 1; return [q, X]; };", "class A { X = X; }", "class A { static X = X; }", "enum E { Y = X }", "type X = 1; return X;", "interface X {} return X;", "{ type X = 1; X; }",
  ])("in: %s", (body) => {
    const isAsync = /await|using/.test(body);
    expect(names(isAsync ? `export async function it(p: any) { ${body} }` : inFunction(body), { file: /<any>|<string>/.test(body) ? "a.ts" : "a.tsx", tsconfig: `{ "compilerOptions": { "jsx": "preserve", "jsxImportSource": "lodash" } }` })).toContain("X");
  });

  test.each([
    "p.X;", "p?.X;", "({ X: 1 });", "({ X() {} });", "({ get X() { return 1; } });", "class A { X = 1; }", "class A { X() {} }", "class A { static X = 1; }", "class A { #X = 1; m() { return this.#X; } }", "X: for (;;) break X;", "X: for (;;) continue X;", "'X'; `X`;", "/X/;", "// X", "/* X */",
    "const X = 1; X;", "let X; X;", "var X; X;", "X; var X;", "{ { var X; } } X;", "if (p) { var X = 1; } X;", "for (var X of p) {} X;", "try { var X; } catch {} X;", "function X() {} X;", "X(); function X() {}", "class X {} X;", "enum X { A } X;", "namespace X { export const a = 1; } X;", "const { X } = p; X;", "const { a: X } = p; X;", "const { a: [X] } = p; X;", "const [X] = p; X;", "const { ...X } = p; X;", "const { a = 1, X = a } = p; X;",
    "(X) => X;", "({ X }) => X;", "([X]) => X;", "(...X) => X;", "(X, y = X) => y;", "function f(X) { return X; }", "(function X() { return X; });", "(class X { m() { return X; } });", "try {} catch (X) { X; }", "try {} catch ({ X }) { X; }", "for (const X of p) X;", "for (let X = 0; X < 1; X++) X;", "switch (p) { case 1: const X = 1; X; }", "class A { m(X) { return X; } }", "class A { static { const X = 1; X; } }", "class A { static { var X = 1; X; } }", "enum E { X = 1, Y = X }", "namespace N { const X = 1; X; }", "namespace N { export function X() {} X(); }",
    "const f = () => { X(); function X() {} };", "const q = (function () { return X; var X; })();",
    // types
    "const q: X = 1;", "const q = p as X;", "const q = <T extends X,>(t: T) => t;", "p satisfies X;", "type Y = X;", "type Y = typeof X;", "interface Y extends X {}", "class A implements X {}", "function f(this: X) {}", "function f(a: X): X;", "p<X>();", "let q: import('./a.tsx').X;", "declare const X: 1;", "class A { declare a: X; }", "abstract class A { abstract X: number; abstract m(a: X): void; }", "const q = (a): a is X => true;",
    "<x-X/>;", "<p X={1}/>;", "<p.X/>;", "<a>X</a>;", "<a X:b='1'/>;",
  ])("none in: %s", (body) => {
    const source = inFunction(body).replace("{ // X }", "{ // X\n}");
    const isHiddenType = body === "declare const X: 1;"; // it says that a global X is there: X itself is not read
    expect(names(source, { tsconfig: `{ "compilerOptions": { "jsx": "preserve", "jsxImportSource": "lodash" } }` }).includes("X"), isHiddenType ? "declare" : body).toBe(false);
  });

  test.each([
    ["a decorator of a class", "const it = 1; export { it }; @X class A {}", LEGACY],
    ["a decorator of a method", "@(() => {}) class B { @X m() {} } export { B as it };", LEGACY],
    ["a decorator of a parameter", "export class it { m(@X p: any) {} }", LEGACY],
    ["a decorator of a constructor's parameter", "export class it { constructor(@X private p: any) {} }", LEGACY],
    ["a decorator of a field that is only declared", "export class it { @X declare p: any; }", LEGACY],
    ["a decorator of an abstract member", "export abstract class it { @X abstract p: any; }", LEGACY],
    ["the type of a decorated member", "const d: any = 1; export class it { @d m(p: X): void {} }", LEGACY],
    ["the type of a decorated class's constructor", "const d: any = 1; @d export class it { constructor(p: X.Y) {} }", LEGACY],
    ["JSX's factory", "const h = X; const F: any = 1; export const it = () => <a/>;", CLASSIC],
    ["JSX's fragment", "const h = 1; const F: any = X; export const it = () => <><a/></>;", CLASSIC],
    ["JSX's factory by a comment", "/** @jsx j */\nconst j = X; export const it = () => <a/>;", CLASSIC],
    ["an alias", "import Y = X.Z; export const it = () => Y;", {}],
    ["an export list", "const q = () => X; export { q as it };", {}],
    ["export default", "const q = () => X; export default q; export { default as it } from './a.tsx';", {}],
    ["export default of a name", "export default X; export { default as it } from './a.tsx';", {}],
    ["an import of itself", "import { X as Y } from './a.tsx'; export const it = () => Y;", {}],
    ["its own namespace", "import * as self from './a.tsx'; export const it = () => self.X;", {}],
    ["its own namespace, handed on", "import * as self from './a.tsx'; export const it = () => self;", {}],
    ["a dynamic import of itself", "export const it = () => import('./a.tsx');", {}],
    ["a merged namespace", "export function it() {} export namespace it { export const a = X; }", {}],
    ["the base of a class", "class A { a = X; } export class it extends A {}", {}],
    ["this of a namespace", "export function self(this: any) { return this.X; } import * as ns from './a.tsx'; export const it = () => ns.self();", {}],
  ])("%s", (_, code, options) => {
    expect(names(code, options)).toContain("X");
  });

  test("decorators of types that are not emitted do not count", () => {
    expect(names("const d: any = 1; export class it { @d m(p: X): void {} }", { tsconfig: `{ "compilerOptions": { "experimentalDecorators": true } }` })).not.toContain("X");
  });
});
