import { describe, expect, test } from "vitest";
import { codeAnalyzer } from "./analyzer.ts";
import { TestProject, type Files } from "./testing/project.ts";

/** The step `it` of steps.ts, in a process that has loaded flow.ts besides. */
function rules(files: Files, loaded: readonly string[] = ["flow.ts"]): string[] {
  using project = new TestProject(files);
  const { uncached } = codeAnalyzer({ projectDir: project.dir }).fingerprint({ module: "steps.ts", export: "it" }, { env: [], files: [] }, loaded);
  for (const { message, at } of uncached) { expect(message).toMatch(/\S/); expect(at).toMatch(/^\S+\.ts:\d+:\d+$/); }
  return [...new Set(uncached.map((r) => r.rule))];
}

const CONFIG = "export const config: any = { k: 1, list: [] };\nexport const setK = (k: number) => { config.k = k; };\nexport const read = () => config.k;\n";
const STEPS = `import { config } from "./config"; export const it = () => config.k;`;
/** A pipeline's file beside a step that reads config. */
const flow = (code: string, steps = STEPS, config = CONFIG): Files => ({ "config.ts": config, "steps.ts": steps, "flow.ts": `import { it } from "./steps"; import { config, setK } from "./config"; ${code}` });

describe("what may be changed before a step runs", () => {
  test.each<[string, Files]>([
    ["a member, in build", flow("export const build = (p: any) => { config.k = p.k; };")],
    ["a member of a member", flow("export const build = (p: any) => { config.a.b = p.k; };")],
    ["a member by a computed name", flow("export const build = (p: any) => { config[p.n] = p.k; };")],
    ["a member that is counted up", flow("export const build = () => { config.k++; };")],
    ["a member that is taken away", flow("export const build = () => { delete config.k; };")],
    ["by Object.assign", flow("export const build = (p: any) => { Object.assign(config, p); };")],
    ["a list", flow("export const build = (p: any) => { config.list.push(p); };")],
    ["through a setter, in build", flow("export const build = (p: any) => { setK(p.k); };")],
    ["through a setter and a helper", flow("const helper = (k: number) => setK(k); export const build = (p: any) => { helper(p.k); };")],
    ["through a setter of a namespace", flow(`import * as c from "./config"; export const build = (p: any) => { c.setK(p.k); };`)],
    ["through a setter that is handed on", flow("export const setters = [setK];")],
    ["through a setter that nobody calls here: it is there for somebody", flow("")],
    ["at the top of the pipeline's file", flow("config.k = 77;", STEPS, "export const config: any = {};")],
    ["at the top of the pipeline's file, by a setter", flow("setK(77);", STEPS, `export const config: any = {}; export function setK(k: number) { config.k = k; }`)],
    ["at the top of a module behind the pipeline's file", { ...flow(`import "./more";`, STEPS, "export const config: any = {};"), "more.ts": `import { config } from "./config"; config.k = 77;` }],
    ["at the top of a module that the pipeline's file loads later", { ...flow(`export const go = () => import("./more");`, STEPS, "export const config: any = {};"), "more.ts": `import { config } from "./config"; config.k = 77;` }],
    ["by an async function that is called at the top", flow("async function main() { await 1; config.k = 5; } main();", STEPS, "export const config: any = {};")],
    ["by another step", { "steps.ts": `const config = { k: 1 }; export const it = () => config.k; export const other = (f: any) => f; export const s = other({ run: () => { config.k = 2; } });` }],
    ["by the step itself", { "steps.ts": "const config = { k: 1 }; export const it = () => config.k++;" }],
    ["in the same file, in build", { "steps.ts": "const config = { k: 1 }; export const it = () => config.k; export const f = { build(p: any) { config.k = p.k; } };" }],
    ["a static member of a class", { "steps.ts": "class C { static k = 1; } export const it = () => C.k; export const set = (k: number) => { C.k = k; };" }],
    ["a member of a namespace", { "steps.ts": "namespace N { export let k = 1; } export const it = () => N.k; export const set = (k: number) => { N.k = k; };" }],
    ["a member of a function", { "steps.ts": "function f() {} f.k = 1; export const it = () => (f as any).k; export const set = (k: number) => { (f as any).k = k; };" }],
    ["JSON", { "c.json": `{"k":1}`, "steps.ts": `import c from "./c.json"; export const it = () => c.k;`, "flow.ts": `import c from "./c.json"; export const build = (p: any) => { c.k = p.k; };` }],
    ["a package", { "steps.ts": `import lodash from "lodash"; export const it = () => lodash.k;`, "flow.ts": `import lodash from "lodash"; lodash.defaults.k = 1;` }],
    ["a default export", { "c.ts": "export default { k: 1 };", "steps.ts": `import c from "./c"; export const it = () => c.k;`, "flow.ts": `import c from "./c"; export const build = (p: any) => { c.k = p.k; };` }],
    ["a global that the step's own graph sets as well", { "steps.ts": "(globalThis as any).LIMIT = 1; declare const LIMIT: number; export const it = () => LIMIT;", "flow.ts": "(globalThis as any).LIMIT = 2;" }],
  ])("%s: uncached", (_, files) => { expect(rules(files)).toEqual(["reassigned-binding"]); });

  test.each<[string, Files]>([
    ["what the step does not read", flow("export const build = (p: any) => { config.k = p.k; };", "export const it = () => 1;")],
    ["another export of the same module", flow("export const build = (p: any) => { config.k = p.k; };", `import { other } from "./config"; export const it = () => other;`, `${CONFIG} export const other = 1;`)],
    ["a parameter of that name", flow("export const build = (config: any) => { config.k = 1; };", STEPS, "export const config = { k: 1 };")],
    ["a local of that name", flow("export const build = (p: any) => { const config: any = {}; config.k = p.k; };", STEPS, "export const config = { k: 1 };")],
    ["this", { "steps.ts": "class Model { k = 1; fit() { this.k = 2; return this.k; } } export const it = () => new Model().fit();" }],
    ["a member of a local object", { "steps.ts": "const make = () => ({ k: 1 }); export const it = () => { const o = make(); o.k = 2; return o; };" }],
    ["a registry that modules of the step fill at their top", { "reg.ts": "export const reg: any = {}; export function add(k: string, f: unknown) { put(k, f); } function put(k: string, f: unknown) { reg[k] = f; }", "c.ts": `import { add } from "./reg"; add("x", () => 1);`, "steps.ts": `import { reg } from "./reg"; import "./c"; export const it = () => reg.x();` }],
    ["a registry that a decorator fills", { "tsconfig.json": `{"compilerOptions":{"experimentalDecorators":true}}`, "reg.ts": "export const reg: any = {}; export const keep = (c: any) => { reg[c.name] = c; };", "c.ts": `import { keep } from "./reg"; @keep class C { m() { return 1; } }`, "steps.ts": `import { reg } from "./reg"; import "./c"; export const it = () => new reg.C().m();` }],
    ["a registry that is filled in a loop", { "steps.ts": `const reg: any = {}; ["a", "b"].forEach((k) => { reg[k] = 1; }); export const it = () => reg;` }],
    ["a map that helpers of the step remember in", { "steps.ts": "const seen = new Map(); const memo = (k: number) => { if (!seen.has(k)) seen.set(k, k * 2); return seen.get(k); }; export const it = () => memo(2);" }],
    ["a collection that something clears which nobody calls", { "steps.ts": "const seen = new Map(); export const clear = () => { seen.clear(); }; export const it = () => seen.get(1);" }],
    ["reading", flow("export const build = () => { console.log(config.k, Object.keys(config)); };", STEPS, "export const config = { k: 1 };")],
    ["exit codes and variables of the process", { "steps.ts": "export const it = () => 1;", "flow.ts": "process.exitCode = 1; process.env.X = '1'; export const f = () => { process.exitCode = 2; };" }],
    ["how many lines a stack trace has", { "steps.ts": "export const it = () => new Error('x').message;", "flow.ts": "Error.stackTraceLimit = 50;" }],
  ])("%s: cached", (_, files) => { expect(rules(files)).toEqual([]); });

  test("what is only loaded elsewhere does not count", () => {
    expect(rules(flow("config.k = 77;", STEPS, "export const config: any = {};"), [])).toEqual([]);
  });
});

describe("globals", () => {
  test.each([["THRESH"], ["globalThis.THRESH"], ["(globalThis as any).THRESH.x"], ["new Thing()"], ["global.THRESH"]])("%s, which Node does not have: uncached", (expression) => {
    expect(rules({ "steps.ts": `export const it = () => ${expression};` })).toEqual(["unknown-global"]);
    expect(rules({ "steps.ts": `export const it = () => ${expression};`, "flow.ts": "(globalThis as any).OTHER = 10;" })).toEqual(["unknown-global"]);
  });
  test.each([
    ["typeof THRESH"], ["typeof window === 'undefined' ? 1 : window.x"], ["fetch('x')"], ["structuredClone(1)"], ["new WebSocket('ws://x')"], ["queueMicrotask(() => {})"], ["globalThis.fetch('x')"], ["new URLPattern()"], ["setTimeout(() => {}, 1)"], ["Promise.resolve()"], ["undefined"], ["new Float16Array(1)"],
  ])("%s: cached", (expression) => { expect(rules({ "steps.ts": `export const it = () => ${expression};` })).toEqual([]); });
  test("one that the step's own modules set when they are loaded", () => {
    expect(rules({ "steps.ts": `import "./set"; declare const LIMIT: number; export const it = () => LIMIT;`, "set.ts": "(globalThis as any).LIMIT = 1;" })).toEqual([]);
    expect(rules({ "steps.ts": `declare const LIMIT: number; export const it = () => LIMIT;`, "flow.ts": `import "./set"; import "./steps";`, "set.ts": "(globalThis as any).LIMIT = 1;" })).toEqual(["reassigned-binding"]);
  });
});
