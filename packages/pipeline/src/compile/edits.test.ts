import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestProject, type Files } from "./testing/project.ts";
import { TRAINING } from "./testing/training-project.ts";
import type { UncachedReason } from "./types.ts";

/**
 * Edits of a realistic project, and what they must do to the digest of its step `train`. "different" where results may change,
 * "same" where they cannot, "uncached" where it can't be known. A wrong "same" is a stale result; a wrong "different" a needless run.
 */
const FILE = "pipelines/training.ts";

interface Edit {
  readonly what: string;
  readonly expect: "same" | "different" | `uncached:${UncachedReason["rule"]}`;
  /** Replacements by file: [what stands there, what is to stand there]. */
  readonly change?: Readonly<Record<string, readonly (readonly [string, string])[]>>;
  readonly files?: Files;
  /** Changes made to the project beforehand, on both sides of the comparison. */
  readonly before?: Readonly<Record<string, readonly (readonly [string, string])[]>>;
  readonly beforeFiles?: Files;
  readonly declared?: { readonly env?: readonly string[]; readonly files?: readonly string[] };
}

const at = (file: string, from: string, to: string) => ({ [file]: [[from, to] as const] });
/** Text that is put in front of the steps: top-level code of their module. */
const top = (code: string) => at(FILE, "const SEED", `${code}\nconst SEED`);
/** Several changes, also of one file. */
function both(...changes: readonly NonNullable<Edit["change"]>[]): NonNullable<Edit["change"]> {
  const all: Record<string, (readonly [string, string])[]> = {};
  for (const change of changes) for (const [path, list] of Object.entries(change)) (all[path] ??= []).push(...list);
  return all;
}
/** Code at the beginning of the step's run function. */
const inRun = (code: string) => at(FILE, "const forest = new", `${code}\n    const forest = new`);

const EDITS: readonly Edit[] = [
  // the step itself
  { what: "the body of run", expect: "different", change: at(FILE, "+ depth + found", "- depth + found") },
  { what: "a default of its parameters", expect: "different", change: at(FILE, "z.number().default(0.1)", "z.number().default(0.2)") },
  { what: "its output's format", expect: "different", change: at(FILE, "output: json(Metrics),\n  retry", "output: dataframe(),\n  retry") },
  { what: "its retries", expect: "same", change: at(FILE, "attempts: 2", "attempts: 5") },
  { what: "its name, tags and timeout", expect: "same", change: at(FILE, `name: "train",`, `name: "train_2", tags: ["x"], timeoutMs: 1000,`) },
  { what: "its hooks", expect: "same", change: at(FILE, "retry: { attempts: 2 },", "retry: { attempts: 2 }, hooks: { onSuccess: ({ node }) => console.error(node, process.env.WHO) },") },
  { what: "a helper that only its hooks call", expect: "same", before: both(top("const told = (node: string) => node;"), at(FILE, "retry: { attempts: 2 },", "retry: { attempts: 2 }, hooks: { onFailure: ({ node }) => { console.error(told(node)); } },")), change: at(FILE, "=> node;", '=> `${node}!`;') },
  { what: "a call of it with other options, at the top of a module", expect: "same", beforeFiles: { "pipelines/calls.ts": 'import { train } from "./training.ts";\nexport const patient = train.with({ retry: { attempts: 9 } });\n' }, change: { "pipelines/calls.ts": [["attempts: 9", "attempts: 10"]] } },
  { what: "a call of it with other options, at the top of its own module", expect: "same", before: at(FILE, "export const evaluate", "export const patient = train.with({ retry: { attempts: 9 } });\nexport const evaluate"), change: at(FILE, "attempts: 9", "attempts: 10") },
  { what: "an unknown option", expect: "different", change: at(FILE, "retry: { attempts: 2 },", "retry: { attempts: 2 }, novelty: 3,") },
  { what: "its name, where its code reads it", expect: "different", before: inRun("const me = train.stepName;"), change: at(FILE, `name: "train",`, `name: "train_2",`) },
  { what: "what it requires", expect: "different", change: at(FILE, "retry: { attempts: 2 },", "retry: { attempts: 2 }, requires: { modelDeployer: true },") },

  // constants and helpers, near and far
  { what: "a constant", expect: "different", change: at(FILE, "SEED = 42", "SEED = 43") },
  { what: "the other constant of a list", expect: "different", change: at(FILE, "ROUNDS = 1_000", "ROUNDS = 1_001") },
  { what: "a helper in the same file", expect: "different", change: at(FILE, "Math.max(x, low)", "Math.max(low, x, 0)") },
  { what: "a default parameter of a helper", expect: "different", change: at(FILE, "low = 0, high = 1", "low = 0, high = 2") },
  { what: "a helper one module away, through a barrel", expect: "different", change: at("src/features/scale.ts", "r - m", "r + m") },
  { what: "a helper behind export *", expect: "different", change: at("src/features/encode.ts", "r * FACTOR", "r + FACTOR") },
  { what: "a helper three modules away", expect: "different", change: at("src/lib/math.ts", "/ xs.length", "/ (xs.length || 1)") },
  { what: "a constant four modules away", expect: "different", change: at("src/lib/base.ts", "0x10", "0x11") },
  { what: "a default export", expect: "different", change: at("src/format.ts", `"] "`, `"]: "`) },
  { what: "a destructured constant", expect: "different", change: at(FILE, "learningRate: 0.1", "learningRate: 0.3") },
  { what: "the default of a destructured constant", expect: "different", change: at(FILE, "depth = 3", "depth = 4") },
  { what: "a blank in a template string", expect: "different", change: at(FILE, "Hello ${", "Hello  ${") },
  { what: "a regular expression", expect: "different", change: at(FILE, "/^a+b/i", "/^a*b/i") },
  { what: "a regular expression's flags", expect: "different", change: at(FILE, "/^a+b/i", "/^a+b/") },
  { what: "a bigint", expect: "different", change: at(FILE, "10n", "11n") },
  { what: "JSON data", expect: "different", change: at("config/model.json", "100", "101") },
  { what: "the order of keys in JSON", expect: "different", files: { "config/model.json": `{ "names": ["a", "b"], "trees": 100 }` } },
  { what: "the layout of JSON", expect: "same", files: { "config/model.json": `{"trees":1e2,\n"names":["a","b"]}` } },
  { what: "the sign of zero in JSON", expect: "different", beforeFiles: { "config/model.json": `{"trees":0}` }, files: { "config/model.json": `{"trees":-0}` } },
  { what: "a zod schema", expect: "different", change: at("src/schemas.ts", "min(0)", "min(1)") },
  { what: "a schema it does not use", expect: "same", change: at("src/schemas.ts", "note: z.string()", "note: z.number()") },
  { what: "a file of a linked workspace package", expect: "different", before: inRun("slug('x');"), change: at("shared/src/slug.ts", "toLowerCase", "toLocaleLowerCase") },
  { what: "another function of a linked workspace package", expect: "same", before: inRun("slug('x');"), change: at("shared/src/slug.ts", "toUpperCase", "toLowerCase") },

  // where names lead to
  { what: "a re-export that is redirected", expect: "different", change: at("src/lib/constants.ts", `"./base"`, `"./base2"`), files: { "src/lib/base2.ts": "export const BASE = 0x10;\n" } },
  { what: "a barrel that renames", expect: "different", change: at("src/features/index.ts", "{ scale }", "{ scale2 as scale }"), files: { "src/features/scale.ts": "export const scale2 = (x) => x;\nexport const scale = (x) => x;" } },
  { what: "a barrel in between that changes nothing", expect: "same", change: at(FILE, "../src/features/index.ts", "../src/features/all.ts"), files: { "src/features/all.ts": `export * from "./index.ts";` } },
  { what: "an explicit export that hides one of export *", expect: "different", change: at("src/features/index.ts", "export { scale }", "export const encode = (x: unknown) => x;\nexport { scale }") },
  { what: "another name behind the same local one", expect: "different", change: at(FILE, "{ scale, encode }", "{ scale, decode as encode }") },
  { what: "two imports that swap their local names", expect: "different", change: at(FILE, "{ scale, encode }", "{ scale as encode, encode as scale }") },
  { what: "a path alias that is redirected", expect: "different", change: at("tsconfig.json", `["./src/*"]`, `["./src2/*"]`), files: { "src2/schemas.ts": TRAINING["src/schemas.ts"] } },
  { what: "an alias in place of a relative path", expect: "same", change: at(FILE, `"../src/format"`, `"@/format"`) },
  { what: "an extension that is written out", expect: "same", change: at(FILE, `"../src/format"`, `"../src/format.ts"`) },
  { what: "another export of a namespace import", expect: "same", change: at("src/kinds.ts", `"kind"`, `"sort"`) },
  { what: "a member of a namespace import", expect: "different", change: at("src/kinds.ts", "Fast = 1", "Fast = 3") },
  { what: "another export of a namespace that is handed on", expect: "different", before: inRun("log(Object.keys(kinds));"), change: at("src/kinds.ts", `"kind"`, `"sort"`) },
  { what: "a new export of a namespace that is handed on", expect: "different", before: inRun("log(Object.keys(kinds));"), change: at("src/kinds.ts", "export const unusedKind", "export const more = 1;\nexport const unusedKind") },
  { what: "a module that is imported dynamically", expect: "different", before: inRun(`await import("../src/extra");`), beforeFiles: { "src/extra.ts": "export const e = 1;" }, files: { "src/extra.ts": "export const e = 2;" } },
  { what: "an effect in a module that is imported dynamically", expect: "different", before: inRun(`await import("../src/extra");`), beforeFiles: { "src/extra.ts": "export {};" }, files: { "src/extra.ts": "Object.prototype.x = 1; export {};" } },

  // TypeScript that runs
  { what: "an enum's member", expect: "different", change: at("src/kinds.ts", "Slow = 2", "Slow = 3") },
  { what: "a const enum's member", expect: "different", change: at("src/kinds.ts", "High = 10", "High = 11") },
  { what: "a namespace's constant", expect: "different", change: at("src/kinds.ts", "max = 10", "max = 11") },
  { what: "a method", expect: "different", change: at("src/models/forest.ts", "this.trees * seed", "this.trees + seed") },
  { what: "a method that is not called by name", expect: "different", change: at("src/models/forest.ts", "return x + this.size", "return x - this.size") },
  { what: "a private field", expect: "different", change: at("src/models/forest.ts", "#weights: number[] = []", "#weights: number[] = [1]") },
  { what: "a static field", expect: "different", change: at("src/models/forest.ts", `kind = "forest"`, `kind = "woods"`) },
  { what: "a parameter property that becomes a plain parameter", expect: "different", change: at("src/models/forest.ts", "private readonly trees", "trees") },
  { what: "the accessibility of a parameter property", expect: "same", change: at("src/models/forest.ts", "private readonly trees", "protected trees") },
  { what: "a decorator", expect: "different", change: at("src/models/forest.ts", "{ return target; }", "{ Object.freeze(target); return target; }") },
  { what: "a decorator that is taken away", expect: "different", change: at("src/models/forest.ts", "@counted", "") },
  { what: "how class fields are set", expect: "different", change: at("tsconfig.json", `"target": "esnext"`, `"target": "esnext", "useDefineForClassFields": false`) },
  { what: "a setting that changes no code", expect: "same", change: at("tsconfig.json", `"target": "esnext"`, `"target": "esnext", "strict": true, "noEmit": true`) },

  // effects
  { what: "an effect at a module's top", expect: "different", change: at("src/patch.ts", "this.length - 1", "this.length - 2") },
  { what: "an import for its effects that is added", expect: "different", change: at(FILE, `import "../src/patch";`, `import "../src/patch";\nimport "../src/more";`), files: { "src/more.ts": "Object.prototype.more = 1;" } },
  { what: "an import of a package for its effects", expect: "different", change: at(FILE, `import "../src/patch";`, `import "../src/patch";\nimport "patcher";`) },
  { what: "the order of two imports for their effects", expect: "different", before: at(FILE, `import "../src/patch";`, `import "../src/patch";\nimport "../src/more";`), beforeFiles: { "src/more.ts": "Object.prototype.more = 1;" }, change: at(FILE, `import "../src/patch";\nimport "../src/more";`, `import "../src/more";\nimport "../src/patch";`) },
  { what: "the order of an effect and a package", expect: "different", before: at(FILE, `import "../src/patch";`, `import "../src/patch";\nimport "patcher";`), change: at(FILE, `import "../src/patch";\nimport "patcher";`, `import "patcher";\nimport "../src/patch";`) },
  { what: "the order of two effects", expect: "different", before: top("Object.prototype.one = 1;\nObject.prototype.two = 2;"), change: at(FILE, "Object.prototype.one = 1;\nObject.prototype.two = 2;", "Object.prototype.two = 2;\nObject.prototype.one = 1;") },
  { what: "a constant that moves across an effect", expect: "different", before: both(top("const box = { n: 1 };\nbox.n = 2;\nconst seen = box.n;"), at(FILE, "log(formatName", "log(seen, formatName")), change: at(FILE, "box.n = 2;\nconst seen = box.n;", "const seen = box.n;\nbox.n = 2;") },
  { what: "an effect on an object that it uses", expect: "different", before: both(top("const box = { n: 1 };\nbox.n = 2;"), at(FILE, "log(formatName", "log(box, formatName")), change: at(FILE, "box.n = 2;", "box.n = 3;") },
  { what: "an import that only has an effect inside of another module", expect: "different", change: at("src/features/unrelated.ts", "export const util", "Object.prototype.u = 1;\nexport const util") },

  // what has nothing to do with it
  { what: "another step's body", expect: "same", change: at(FILE, "return { raw: slug(text) }", "return { raw: text }") },
  { what: "another step's helper", expect: "same", change: at(FILE, "x * 2", "x * 3") },
  { what: "a new step with an import from npm", expect: "same", change: { [FILE]: [[`import { slug }`, `import { chunk } from "lodash";\nimport { slug }`], ["export const evaluate", `export const more = step({ name: "more", output: json(z.number()), run: () => chunk([1]).length });\n\nexport const evaluate`]] } },
  { what: "another step's constant from a pure call", expect: "same", change: top(`const now = Date.now();\nconst cfg = JSON.parse("{}");`) },
  { what: "the pipeline", expect: "same", change: at(FILE, `name: "training",\n  build() {`, `name: "training", tags: ["x"],\n  build() { void 0;`) },
  { what: "how the pipeline is started", expect: "same", change: at(FILE, "const run = await training.run({});", "const run = await training.run({ retries: Number(process.argv[2]) });") },
  { what: "arguments of the command line, with which the pipeline is started", expect: "same", change: { [FILE]: [["const SEED", `import { parseArgs } from "node:util";\nconst { values } = parseArgs({ options: { n: { type: "string" } } });\nconst SEED`], ["const run = await training.run({});", "if (import.meta.main) for (const seed of [1, 2]) await training.run({ seed, n: Number(values.n ?? 3) });\nconst run = await training.run({});"]] } },
  { what: "a main function that starts the pipeline", expect: "same", change: at(FILE, "const run = await training.run({});\nconsole.log(`finished ${run.id}`);", "async function main() { const run = await training.run({}); console.log(run.id); }\nmain().catch((e) => { console.error(e); process.exit(1); });") },
  { what: "an unused helper", expect: "same", change: at(FILE, "export const load", "function extra() { return fetch('x'); }\nexport const load") },
  { what: "an unused constant", expect: "same", change: top("const extra = { a: [1, 2, { b: `x` }] };") },
  { what: "an unused export of a module it uses", expect: "same", change: at("src/lib/math.ts", "xs.length >> 1", "xs.length >> 2") },
  { what: "an unrelated symbol of another module that is renamed", expect: "same", change: at("src/features/unrelated.ts", "util = 1", "util2 = 1") },
  { what: "an unrelated local name", expect: "same", change: { [FILE]: [["const text = await", "const words = await"], ["slug(text)", "slug(words)"]] } },
  { what: "a local name of another step like one of its own names", expect: "same", change: { [FILE]: [["const text = await", "const SEED = await"], ["slug(text)", "slug(SEED)"]] } },
  { what: "a top-level name like a local one of it", expect: "same", change: top("const rows = [1], forest = 2, params = 3;") },
  { what: "comments", expect: "same", change: { [FILE]: [["const SEED", "// the seed\nconst SEED"], ["async run({ inputs, params, log }) {", "async run({ inputs, params, log }) { /* hi */"]] } },
  { what: "layout", expect: "same", change: { [FILE]: [["const rows = scale(encode(inputs.raw));", "const rows =\n      scale(\n        encode(inputs.raw),\n      )"], ["? 1 : 0;", "? (1) : (0)"]] } },
  { what: "Windows line ends", expect: "same", files: Object.fromEntries(Object.entries(TRAINING).map(([p, c]) => [p, typeof c === "string" && p.endsWith(".ts") ? c.replaceAll("\n", "\r\n") : undefined]).filter(([, c]) => c !== undefined)) },
  { what: "quotes", expect: "same", change: at(FILE, `formatName("train")`, `formatName('train')`) },
  { what: "quotes of a key", expect: "same", change: at(FILE, "return { accuracy:", `return { "accuracy":`) },
  { what: "how numbers are written", expect: "same", change: { [FILE]: [["1_000", "1000"], ["42", "0x2a"]], "src/lib/base.ts": [["0x10", "16"]] } },
  { what: "let in place of const", expect: "same", change: at(FILE, "const greeting", "let greeting") },
  { what: "an interface", expect: "same", change: at("src/schemas.ts", "id: number; label", "id: string; label") },
  { what: "a type annotation", expect: "same", change: { [FILE]: [["const double = (x: number) => x", "const double = (x: number): number => x"], ["x: number, low = 0", "this: void, x: any, low: number = 0"]] } },
  { what: "as, satisfies and !", expect: "same", change: at(FILE, "scale(encode(inputs.raw))", "scale(encode(inputs.raw as any)!) satisfies unknown") },
  { what: "a type import", expect: "same", change: at(FILE, `import { slug }`, `import type { Rows } from "@/schemas";\nimport { slug }`) },
  { what: "a type import of something that is not there", expect: "same", change: at(FILE, `import { slug }`, `import type { Nope } from "./nope";\nimport { slug }`) },
  { what: "generics", expect: "same", change: at("src/features/scale.ts", "scale(rows: number[])", "scale<T extends number>(rows: T[])") },
  { what: "overloads, declare and abstract members", expect: "same", change: { "src/features/scale.ts": [["export function scale", "declare const g: string;\nexport function scale(rows: number[]): number[];\nexport function scale"]], "src/models/forest.ts": [["export class Forest {", "export class Forest implements Iterable<never> {\n  declare ghost: string;"]] } },
  { what: "the order of functions", expect: "same", change: { "src/lib/math.ts": [["export function median(xs: number[]): number {\n  return xs[xs.length >> 1] ?? 0;\n}\n", ""], ["export const FACTOR", "export function median(xs: number[]): number {\n  return xs[xs.length >> 1] ?? 0;\n}\nexport const FACTOR"]] } },
  { what: "the order of imports", expect: "same", change: { [FILE]: [[`import { z } from "zod";\n`, ""], [`import { slug }`, `import { z } from "zod";\nimport { slug }`], [`import { scale, encode } from "../src/features/index.ts";\n`, ""], [`import "../src/patch"`, `import { encode, scale } from "../src/features/index.ts";\nimport "../src/patch"`]] } },
  { what: "the order of steps", expect: "same", files: { [FILE]: reorderSteps(typeof TRAINING[FILE] === "string" ? TRAINING[FILE] : "") } },
  { what: "an empty statement", expect: "same", change: at(FILE, "const SEED", ";;\nconst SEED") },

  // what can't be known
  { what: "import of a computed name", expect: "uncached:dynamic-import", change: inRun("await import(`../src/${params.split}.ts`);") },
  { what: "import of a computed name in a helper", expect: "uncached:dynamic-import", change: at("src/lib/math.ts", "return xs.reduce", "void import(String(xs[0]));\n  return xs.reduce") },
  { what: "createRequire", expect: "uncached:dynamic-require", change: { [FILE]: [["const SEED", `import { createRequire } from "node:module";\nconst SEED`], ["const forest = new", `createRequire("/")("x");\n    const forest = new`]] } },
  { what: "require of a computed name", expect: "uncached:dynamic-require", change: inRun("require(params.split);") },
  { what: "eval", expect: "uncached:eval", change: inRun("eval('1');") },
  { what: "indirect eval", expect: "uncached:eval", change: inRun("(0, globalThis.eval)('1');") },
  { what: "new Function", expect: "uncached:eval", change: inRun("new Function('return 1')();") },
  { what: "Function by another name", expect: "uncached:eval", change: inRun("const F = Function; F('return 1')();") },
  { what: "a function's constructor", expect: "uncached:eval", change: inRun("(async () => {}).constructor('return 1')();") },
  { what: "node:vm", expect: "uncached:eval", change: { [FILE]: [["const SEED", `import vm from "node:vm";\nconst SEED`], ["const forest = new", `vm.runInThisContext("1");\n    const forest = new`]] } },
  { what: "globalThis as a value", expect: "uncached:eval", change: inRun("const g = globalThis as any; g[params.split];") },
  { what: "process.env, not declared", expect: "uncached:undeclared-env", change: inRun("process.env.RATE;") },
  { what: "process.env, another one declared", expect: "uncached:undeclared-env", change: inRun("process.env.RATE;"), declared: { env: ["OTHER"] } },
  { what: "process.env, declared", expect: "different", change: inRun("process.env.RATE;"), declared: { env: ["RATE"] } },
  { what: "process.env by a text, declared", expect: "different", change: inRun("process.env['RATE']; process['env'][`RATE`]; 'RATE' in process.env;"), declared: { env: ["RATE"] } },
  { what: "process.env by a computed name", expect: "uncached:undeclared-env", change: inRun("process.env[params.split];"), declared: { env: ["RATE"] } },
  { what: "process.env taken apart, not declared", expect: "uncached:undeclared-env", change: inRun("const { env: { RATE } } = process;") },
  { what: "process.env taken apart, declared", expect: "different", change: inRun("const { env: { RATE } } = process;"), declared: { env: ["RATE"] } },
  { what: "env taken from process", expect: "uncached:undeclared-env", change: inRun("const { env } = process; env.RATE;"), declared: { env: ["RATE"] } },
  { what: "globalThis.process.env", expect: "uncached:undeclared-env", change: inRun("globalThis.process.env.RATE;") },
  { what: "process as a value", expect: "uncached:undeclared-env", change: inRun("const p = process; p.env.RATE;") },
  { what: "process imported", expect: "uncached:undeclared-env", change: { [FILE]: [["const SEED", `import proc from "node:process";\nconst SEED`], ["const forest = new", `proc.env.RATE;\n    const forest = new`]] } },
  { what: "env imported", expect: "uncached:undeclared-env", change: { [FILE]: [["const SEED", `import { env as vars } from "process";\nconst SEED`], ["const forest = new", `vars.RATE;\n    const forest = new`]] } },
  { what: "env imported, declared", expect: "different", change: { [FILE]: [["const SEED", `import { env as vars } from "process";\nconst SEED`], ["const forest = new", `vars.RATE;\n    const forest = new`]] }, declared: { env: ["RATE"] } },
  { what: "env behind a module of the project", expect: "uncached:undeclared-env", change: { [FILE]: [["const SEED", `import { env as vars } from "../src/env";\nconst SEED`], ["const forest = new", `vars.RATE;\n    const forest = new`]] }, files: { "src/env.ts": `export { env } from "node:process";` } },
  { what: "process imported dynamically", expect: "uncached:undeclared-env", change: inRun(`(await import("node:process")).env.RATE;`) },
  { what: "import.meta.env", expect: "uncached:undeclared-env", change: inRun("(import.meta as any).env.RATE;") },
  { what: "env declared and read at the top", expect: "different", change: both(top("const RATE = process.env.RATE;"), at(FILE, "log(formatName", "log(RATE + formatName")), declared: { env: ["RATE"] } },
  { what: "env not declared, read at the top by another step", expect: "same", change: top("const RATE = process.env.RATE;") },
  { what: "import.meta.url", expect: "uncached:own-file-location", change: inRun("import.meta.url;") },
  { what: "import.meta.dirname with files declared", expect: "different", change: inRun("import.meta.dirname;"), declared: { files: ["pipelines"] } },
  { what: "import.meta as a value", expect: "uncached:own-file-location", change: inRun("const m = import.meta;") },
  { what: "a worker", expect: "uncached:own-file-location", change: { [FILE]: [["const SEED", `import { Worker } from "node:worker_threads";\nconst SEED`], ["const forest = new", `new Worker("./src/worker.js");\n    const forest = new`]] } },
  { what: "a worker whose file is declared", expect: "different", change: { [FILE]: [["const SEED", `import * as threads from "worker_threads";\nconst SEED`], ["const forest = new", `new threads.Worker("./src/worker.js");\n    const forest = new`]] }, declared: { files: ["src/worker.js"] } },
  { what: "a module of the project as a process", expect: "uncached:own-file-location", change: { [FILE]: [["const SEED", `import cp from "node:child_process";\nconst SEED`], ["const forest = new", `cp.fork("./src/worker.js");\n    const forest = new`]] } },
  { what: "another program as a process", expect: "different", change: { [FILE]: [["const SEED", `import cp from "node:child_process";\nconst SEED`], ["const forest = new", `cp.execFileSync("ls");\n    const forest = new`]] } },
  { what: "zod from mlstack", expect: "different", change: { [FILE]: [["const SEED", `import { z as zz } from "mlstack";\nconst Limit = zz.number().min(1).default(() => Date.now());\nconst SEED`], ["rate: z.number()", "limit: Limit, rate: z.number()"]] } },
  { what: "a parameter that is refined", expect: "same", change: at(FILE, "dataset().default", `dataset().columns(["a"]).default`) },
  { what: "__dirname", expect: "uncached:own-file-location", change: inRun("__dirname;") },
  { what: "a path beside the file, at the top", expect: "uncached:own-file-location", change: both(top(`import { join } from "node:path";\nconst DATA = join(import.meta.dirname, "data");`), at(FILE, "log(formatName", "log(DATA + formatName")) },
  { what: "a path beside the file, at the top, declared", expect: "different", change: both(top(`import { join } from "node:path";\nconst DATA = join(import.meta.dirname, "data");`), at(FILE, "log(formatName", "log(DATA + formatName")), declared: { files: ["pipelines/data"] } },
  { what: "a let that is assigned again", expect: "uncached:reassigned-binding", change: inRunAnd("count++;", "let count = 0;") },
  { what: "a let that only others assign", expect: "same", change: inRunAnd("", "let count = 0;\nfunction bump() { count += 1; }") },
  { what: "an exported let that its module assigns", expect: "uncached:reassigned-binding", change: { [FILE]: [["const SEED", `import { current } from "../src/state";\nconst SEED`], ["const forest = new", `current;\n    const forest = new`]] }, files: { "src/state.ts": "export let current = 1;\nexport function set(x: number) { ({ current } = { current: x }); }" } },
  { what: "a function that is assigned", expect: "uncached:reassigned-binding", change: { [FILE]: [["const SEED", "function f() { return 1; }\nexport const swap = () => { f = () => 2; };\nconst SEED"], ["const forest = new", "f();\n    const forest = new"]] } },
  { what: "a file that is read at the top", expect: "uncached:module-level-read", change: both(top(`import { readFileSync } from "node:fs";\nconst cfg = JSON.parse(readFileSync("x.json", "utf8"));`), at(FILE, "log(formatName", "log(cfg.x + formatName")) },
  { what: "a file that another step reads at the top", expect: "same", change: top(`import { readFileSync } from "node:fs";\nconst cfg = JSON.parse(readFileSync("x.json", "utf8"));`) },
  { what: "a clock that is read at the top", expect: "uncached:module-level-read", change: both(top("const now = Date.now();"), at(FILE, "log(formatName", "log(now + formatName")) },
  { what: "chance at the top", expect: "uncached:module-level-read", change: both(top("const rnd = Math.random();"), at(FILE, "log(formatName", "log(rnd + formatName")) },
  { what: "a fixed date at the top", expect: "different", change: both(top("const start = new Date('2024-01-01').getTime();"), at(FILE, "log(formatName", "log(start + formatName")) },
  { what: "a date without its zone at the top", expect: "different", change: both(top("const start = new Date('2024-01-01T00:00:00');"), at(FILE, "log(formatName", "log(start + formatName")) },
  { what: "a package that is called at the top", expect: "uncached:module-level-read", change: both(top(`import { chunk } from "lodash";\nconst parts = chunk([1]);`), at(FILE, "log(formatName", "log(parts + formatName")) },
  { what: "a package that is named at the top", expect: "different", change: both(top(`import { chunk } from "lodash";\nconst parts = chunk;`), at(FILE, "log(formatName", "log(parts + formatName")) },
  { what: "a package that is called in run", expect: "different", change: { [FILE]: [["const SEED", `import { chunk } from "lodash";\nconst SEED`], ["const forest = new", "chunk([1]);\n    const forest = new"]] } },
  { what: "a helper two modules away that reads a file at the top", expect: "uncached:module-level-read", change: at("src/lib/math.ts", "export const FACTOR = BASE * 2;", `import { read } from "./read";\nexport const FACTOR = BASE * read();`), files: { "src/lib/read.ts": `import { deep } from "./deep";\nexport const read = () => deep();`, "src/lib/deep.ts": `import { readFileSync } from "node:fs";\nexport function deep() { return readFileSync("x").length; }` } },
  { what: "an own helper that is called at the top", expect: "different", change: at("src/lib/math.ts", "export const FACTOR = BASE * 2;", `const twice = (x: number) => x * 2;\nexport const FACTOR = twice(BASE);`) },
  { what: "a getter that reads the clock, at the top", expect: "uncached:module-level-read", change: both(top("const clock = { get now() { return Date.now(); } };\nconst t = clock.now;"), at(FILE, "log(formatName", "log(t + formatName")) },
  { what: "the language, at the top", expect: "different", change: both(top("const n = (1234.5).toLocaleString();"), at(FILE, "log(formatName", "log(n + formatName")) },
  { what: "the platform, at the top", expect: "different", change: both(top("const n = process.platform;"), at(FILE, "log(formatName", "log(n + formatName")) },
  { what: "a run's result, at the top", expect: "uncached:module-level-read", change: at(FILE, "log(formatName", "log(run.id + formatName") },
  { what: "the clock behind a function that is stored and called at the top", expect: "uncached:module-level-read", change: both(top("const box: any = {};\nbox.now = () => Date.now();\nconst t = box.now();"), at(FILE, "log(formatName", "log(t + formatName")) },
  { what: "a function with the clock that is stored and not called", expect: "different", change: both(top("const box: any = {};\nbox.now = () => Date.now();"), at(FILE, "log(formatName", "log(box + formatName")) },
  { what: "Math by another name, at the top", expect: "uncached:module-level-read", change: both(top("const M = Math;\nconst r = M.random();"), at(FILE, "log(formatName", "log(r + formatName")) },
  { what: "a member of Math taken out, at the top", expect: "uncached:module-level-read", change: both(top("const { random } = Math;\nconst r = random();"), at(FILE, "log(formatName", "log(r + formatName")) },
  { what: "the result of a pipeline that a function starts, at the top", expect: "uncached:module-level-read", change: { [FILE]: [["const run = await", "async function start(p: any) { return (await p.run({})).id; }\nconst id = await start(training);\nconst run = await"], ["log(formatName", "log(id + formatName"]] } },
  { what: "comparing constructors", expect: "different", change: inRun("const plain = inputs.constructor === Object;") },
  { what: "the constructor of a function with a name", expect: "uncached:eval", change: inRun("const make = clamp.constructor; make('return 1')();") },
  { what: "the clock in run", expect: "different", change: inRun("Date.now();") },
  { what: "the clock in a schema's default", expect: "different", change: at(FILE, "z.number().default(0.1)", "z.number().default(() => Date.now())") },
  { what: "the clock in a schema that is used at the top", expect: "uncached:module-level-read", change: both(top("const Stamp = z.number().default(() => Date.now());\nconst stamp = Stamp.parse(undefined);"), at(FILE, "log(formatName", "log(stamp + formatName")) },
  { what: "a function called step that is not mlstack's", expect: "uncached:module-level-read", change: { [FILE]: [["const SEED", `const local = (f: () => number) => f();\nconst value = local(() => Date.now());\nconst SEED`], ["log(formatName", "log(value + formatName"]] } },
  { what: "syntax that can't be parsed", expect: "uncached:unreadable-module", files: { "src/lib/math.ts": "export const = 1" } },
  { what: "an import that leads nowhere", expect: "uncached:unreadable-module", change: at("src/lib/math.ts", `"./constants"`, `"./constant"`) },
  { what: "a package that is not installed", expect: "uncached:unresolved-package", change: { [FILE]: [["const SEED", `import { nope } from "nope";\nconst SEED`], ["const forest = new", "nope();\n    const forest = new"]] } },
];

function inRunAnd(run: string, declaration: string) {
  return { [FILE]: [["const SEED", `${declaration}\nconst SEED`], ["const forest = new", `${run}\n    const forest = new`]] as const };
}

function reorderSteps(source: string): string {
  const [head = "", ...steps] = source.split(/(?=^export const )/m);
  const last = steps.pop() ?? "";
  return [head, ...steps.toReversed(), last].join("");
}

function changed(files: Files, change: Edit["change"] = {}, more: Files = {}): Files {
  const result: Record<string, Files[string]> = { ...files, ...more };
  for (const [path, replacements] of Object.entries(change)) {
    let text = result[path];
    for (const [from, to] of replacements) {
      if (typeof text !== "string" || !text.includes(from)) throw new Error(`${path} does not hold ${from}`);
      text = text.replace(from, () => to);
    }
    result[path] = text;
  }
  return result;
}

/** What differs between two projects: only that is written again. */
const difference = (from: Files, to: Files): Files => Object.fromEntries([...new Set([...Object.keys(from), ...Object.keys(to)])].filter((p) => from[p] !== to[p]).map((p) => [p, to[p]]));

describe("edits of a project", () => {
  let project: TestProject;
  beforeAll(() => { project = new TestProject(TRAINING); });
  afterAll(() => { project[Symbol.dispose](); });

  test("the project itself can be cached", () => {
    for (const name of ["load", "train", "evaluate"]) expect(project.fingerprint(FILE, name).uncached).toEqual([]);
  });

  test.each(EDITS)("$what: $expect", (edit) => {
    const before = changed(TRAINING, edit.before, edit.beforeFiles);
    const after = changed(before, edit.change, edit.files);
    try {
      project.write(difference(TRAINING, before));
      const old = project.fingerprint(FILE, "train", edit.declared);
      expect(old.uncached).toEqual([]);
      project.write(difference(before, after));
      const now = project.fingerprint(FILE, "train", edit.declared);
      const rules = [...new Set(now.uncached.map((r) => r.rule))];
      if (edit.expect.startsWith("uncached:")) {
        expect(rules).toEqual([edit.expect.slice("uncached:".length)]);
        for (const reason of now.uncached) expect(reason.at).toMatch(/^\S+\.\w+:\d+:\d+$/);
      } else {
        expect(rules).toEqual([]);
        expect(now.digest === old.digest ? "same" : "different").toBe(edit.expect);
      }
    } finally { project.write(difference(after, TRAINING)); }
  });
});
