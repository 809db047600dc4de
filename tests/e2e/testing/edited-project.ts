/** The project that is edited: a step whose result depends on code in many places, a step beside it, and a step that reads a file. */
export const BASE: Readonly<Record<string, string>> = {
  "tsconfig.json": JSON.stringify({ compilerOptions: { target: "esnext", module: "preserve", strict: true, noEmit: true, paths: { "@lib/*": ["./src/lib/*"] } } }),
  "node_modules/tiny-lib/package.json": JSON.stringify({ name: "tiny-lib", version: "1.0.0", type: "module", exports: "./index.js" }),
  "node_modules/tiny-lib/index.js": "export const tiny = (n) => n + 1;\n",
  "data/rows.txt": "one\ntwo\n",
  "config.json": JSON.stringify({ weight: 3 }),
  "src/lib/deep.ts": "import { LIMIT } from './limits';\nexport function deep(n: number) { return Math.min(n * 2, LIMIT); }\nexport function unrelated() { return 'nobody calls this'; }\n",
  "src/lib/limits.ts": "export const LIMIT = 1000;\n",
  "src/lib/middle.ts": "import { deep } from './deep';\nexport const middle = (n: number) => deep(n) + 1;\n",
  "src/lib/index.ts": "export { middle } from './middle';\nexport * from './other';\n",
  "src/lib/other.ts": "export const other = (n: number) => n * 10;\nexport const spare = 7;\n",
  "src/schema.ts": "import { z } from 'zod';\nexport const Row = z.object({ n: z.number().max(100000) });\nexport enum Mode { Fast = 1, Slow = 2 }\n",
  "src/steps.ts": `import { file, json, step } from "mlstack";
import { tiny } from "tiny-lib";
import { z } from "zod";
import { middle, other } from "@lib/index";
import config from "../config.json";
import { Mode, Row } from "./schema";

interface Shape { readonly n: number }
const FACTOR = 5;
function local(n: number): number { return n + FACTOR; }

/** The step under test. */
export const score = step({
  name: "score",
  params: { n: z.number().default(2) },
  output: json(Row),
  run({ params }) {
    const shape: Shape = { n: middle(params.n) + other(1) + local(1) * config.weight + tiny(1) + Mode.Slow };
    return shape;
  },
});

export const sibling = step({ name: "sibling", output: json(z.string()), run: () => "sibling" });

export const lines = step({ name: "lines", params: { rows: file() }, output: json(z.number()), async run({ params }) {
  let n = 0;
  for await (const chunk of params.rows.stream()) n += chunk.reduce((sum, byte) => sum + byte, 0);
  return n;
} });

export const greet = step({ name: "greet", env: ["GREETING"], output: json(z.string()), run: () => \`hello \${process.env.GREETING ?? "nobody"}\` });
`,
  "src/pipeline.ts": `import { file, pipeline } from "mlstack";
import { greet, lines, score, sibling } from "./steps";
export const edited = pipeline({ name: "edited", params: { rows: file().default("data/rows.txt") }, build(p) { score({}); sibling(); lines({ rows: p.rows }); greet(); } });
`,
};

/**
 * Runs the project's pipeline once for each state folder that is named, in the driver's process or in workers, and foretells each run before
 * by an engine that only looks.
 */
export const RUN_EACH = `import { openEngine } from "@mlstack/engine";
import { join } from "node:path";
import { edited } from "./src/pipeline.ts";
const [mode, ...states] = process.argv.slice(2);
const all = [];
for (const state of states) {
  const options = { env: { ...process.env, MLSTACK_STATE_DIR: join(process.cwd(), state) }, ...(mode === "workers" && { concurrency: 2 }) };
  const looking = await openEngine({ ...options, readOnly: true });
  const foretold = Object.fromEntries((await looking.foresee(edited)).steps.map((s) => [s.node, s.verdict]));
  await looking.close();
  const engine = await openEngine(options);
  const report = await engine.run(edited);
  if (report.error !== undefined) throw new Error(JSON.stringify(report.error));
  all.push(Object.fromEntries([...report.nodes].map(([id, n]) => [id, { status: n.status, identity: n.outputs.output?.identity, foretold: foretold[id] }])));
  await engine.close();
}
console.log(JSON.stringify(all));
`;

/** What an edit does to a step. `run`: it must run again. `cached`: it must not. `never`: it ran, and says that it is never cached. */
export type Effects<S extends string> = Readonly<Partial<Record<S, "run" | "cached" | "never">>>;

/** One class of edit, and what it must do to a step. */
export interface EditClass<S extends string = string> {
  readonly name: string;
  /** File → text to look for → text to put there; or a whole new file. */
  readonly edits?: readonly (readonly [file: string, from: string, to: string])[];
  readonly files?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly expect: Effects<S>;
  /** The same of one mode alone. The first project's classes are tried in workers where there is such an entry. */
  readonly inline?: Effects<S>;
  readonly workers?: Effects<S>;
  /** Nodes that the edit gives other names. */
  readonly renamed?: Readonly<Record<string, string>>;
  /** A false miss that is known and accepted: a step that runs again though it need not. */
  readonly falseMiss?: string;
  /** Done in place of text edits. */
  readonly special?: "overwrite-data-keeping-times";
}

const steps = "src/steps.ts";

export const EDITS: readonly EditClass<"score" | "sibling" | "lines" | "greet">[] = [
  { name: "helper three modules away", edits: [["src/lib/deep.ts", "n * 2", "n * 3"]], expect: { score: "run", sibling: "cached", lines: "cached" }, workers: {} },
  { name: "helper one module away, through a barrel", edits: [["src/lib/middle.ts", "deep(n) + 1", "deep(n) + 2"]], expect: { score: "run", sibling: "cached" } },
  { name: "constant four modules away", edits: [["src/lib/limits.ts", "1000", "3"]], expect: { score: "run", sibling: "cached" } },
  { name: "constant in the same file", edits: [[steps, "FACTOR = 5", "FACTOR = 6"]], expect: { score: "run", sibling: "cached" } },
  { name: "JSON", edits: [["config.json", "3", "4"]], expect: { score: "run", sibling: "cached" }, workers: {} },
  { name: "JSON, formatting only", files: { "config.json": "{\n  \"weight\": 3\n}\n" }, expect: { score: "cached" } },
  { name: "re-export points elsewhere", edits: [["src/lib/index.ts", "export { middle } from './middle';", "export { spare2 as middle } from './second';"]], files: { "src/lib/second.ts": "export const spare2 = (n: number) => n;\n" }, expect: { score: "run", sibling: "cached" } },
  { name: "schema", edits: [["src/schema.ts", "max(100000)", "max(200000)"]], expect: { score: "run", sibling: "cached" } },
  { name: "enum member", edits: [["src/schema.ts", "Slow = 2", "Slow = 9"]], expect: { score: "run", sibling: "cached" } },
  { name: "own body", edits: [[steps, "middle(params.n) +", "middle(params.n) -"]], expect: { score: "run", sibling: "cached" } },
  { name: "default of a parameter", edits: [[steps, "default(2)", "default(4)"]], expect: { score: "run", sibling: "cached" }, workers: {} },
  { name: "sibling step in the same file", edits: [[steps, "\"sibling\", output", "\"sibling\", retry: { attempts: 2 }, output"], [steps, "() => \"sibling\"", "() => \"brother\""]], expect: { score: "cached", sibling: "run", lines: "cached", greet: "cached" } },
  { name: "a new step in the same file, with an import of its own", edits: [[steps, "interface Shape", "import { basename } from 'node:path';\nexport const added = step({ name: 'added', output: json(z.string()), run: () => basename('/a/b') });\ninterface Shape"]], expect: { score: "cached", sibling: "cached", lines: "cached" } },
  { name: "rename of an unrelated symbol in another module", edits: [["src/lib/deep.ts", "function unrelated", "function renamed"]], expect: { score: "cached" } },
  { name: "unrelated function's body", edits: [["src/lib/deep.ts", "nobody calls this", "still nobody"]], expect: { score: "cached" } },
  { name: "unused export added", edits: [["src/lib/other.ts", "export const spare = 7;", "export const spare = 8;\nexport const more = 9;"]], expect: { score: "cached" } },
  { name: "comment", edits: [[steps, "const FACTOR = 5;", "// how much\nconst FACTOR = 5; /* five */"], ["src/lib/deep.ts", "return Math", "// smaller one\n  return Math"]], expect: { score: "cached", sibling: "cached" } },
  { name: "formatting", edits: [[steps, "{ return n + FACTOR; }", "{\n    return (n + FACTOR)\n}"], ["src/lib/index.ts", "'./middle'", "\"./middle\""]], expect: { score: "cached" } },
  { name: "types only", edits: [[steps, "interface Shape { readonly n: number }", "type Shape = { n: number; more?: string };"], ["src/lib/deep.ts", "deep(n: number)", "deep(n: number): number"]], expect: { score: "cached" } },
  { name: "order of declarations", edits: [[steps, "const FACTOR = 5;\nfunction local(n: number): number { return n + FACTOR; }", "function local(n: number): number { return n + FACTOR; }\nconst FACTOR = 5;"]], expect: { score: "cached" } },
  { name: "order of imports", edits: [[steps, "import { tiny } from \"tiny-lib\";\nimport { z } from \"zod\";", "import { z } from \"zod\";\nimport { tiny } from \"tiny-lib\";"]], expect: { score: "cached" } },
  { name: "side effect at a module's top", edits: [["src/lib/other.ts", "export const spare", "Object.defineProperty(Number, \"mlstackTest\", { value: 1, configurable: true });\nexport const spare"]], expect: { score: "run" }, workers: {} },
  { name: "rename of a local variable", edits: [[steps, "const shape: Shape = {", "const figure: Shape = {"], [steps, "return shape;", "return figure;"]], expect: { score: "run" }, falseMiss: "names of local variables count" },
  { name: "data file overwritten in place with the same size and times", special: "overwrite-data-keeping-times", expect: { lines: "run", score: "cached" }, workers: {} },
  { name: "data file touched", files: { "data/rows.txt": "one\ntwo\n" }, expect: { lines: "cached" } },
  { name: "package version", files: { "node_modules/tiny-lib/package.json": JSON.stringify({ name: "tiny-lib", version: "1.0.1", type: "module", exports: "./index.js" }) }, expect: { score: "run", sibling: "cached" }, workers: {} },
  { name: "patched file in node_modules", edits: [["node_modules/tiny-lib/index.js", "n + 1", "n + 2"]], expect: { score: "run", sibling: "cached" } },
  { name: "declared environment variable", env: { GREETING: "you" }, expect: { greet: "run", score: "cached" }, workers: {} },
  { name: "undeclared environment variable", edits: [[steps, "env: [\"GREETING\"], ", ""]], expect: { greet: "never", score: "cached" }, workers: {} },
  { name: "step made by a factory", edits: [[steps, "export const sibling = step({ name: \"sibling\", output: json(z.string()), run: () => \"sibling\" });", "const make = (text: string) => step({ name: \"sibling\", output: json(z.string()), run: () => text });\nexport const sibling = make(\"made\");"]], expect: { sibling: "never", score: "cached" }, workers: {} },
  { name: "step that is not exported", edits: [["src/pipeline.ts", "import { greet, lines, score, sibling } from \"./steps\";", "import { json, step } from \"mlstack\";\nimport { greet, lines, score } from \"./steps\";\nlet captured = 1;\nconst sibling = step({ name: \"sibling\", output: json(), run: () => `closure ${captured}` });"]], expect: { sibling: "never" } },
  { name: "closure over a value of build", edits: [["src/pipeline.ts", "sibling();", "const text = `closure ${p.rows.uri}`; step({ name: \"sibling\", output: json(), run: () => text })();"], ["src/pipeline.ts", "import { file, pipeline }", "import { file, json, pipeline, step }"], ["src/pipeline.ts", "score, sibling }", "score }"]], expect: { sibling: "never" } },
  { name: "dynamic import of a variable", edits: [[steps, "run: () => \"sibling\"", "run: async () => String((await import(String(\"./lib/\" + \"other.ts\"))).spare)"]], expect: { sibling: "never", score: "cached" } },
  { name: "dynamic import of a literal", edits: [[steps, "run: () => \"sibling\"", "run: async () => String((await import(\"./lib/other\")).spare)"]], expect: { sibling: "run", score: "cached" } },
  { name: "eval", edits: [[steps, "run: () => \"sibling\"", "run: () => String(eval(\"1+1\"))"]], expect: { sibling: "never", score: "cached" } },
  { name: "module-level read of a file", edits: [[steps, "run: () => \"sibling\"", "run: () => TEXT"], [steps, "interface Shape", "import { readFileSync } from 'node:fs';\nconst TEXT = readFileSync('data/rows.txt', 'utf8');\ninterface Shape"]], expect: { sibling: "never" } },
  { name: "module-level clock", edits: [[steps, "run: () => \"sibling\"", "run: () => String(STARTED)"], [steps, "interface Shape", "const STARTED = Date.now();\ninterface Shape"]], expect: { sibling: "never" }, workers: {} },
  { name: "module-level binding that is assigned again", edits: [[steps, "run: () => \"sibling\"", "run: () => String(++counter)"], [steps, "interface Shape", "let counter = 0;\ninterface Shape"]], expect: { sibling: "never" }, workers: {} },
  { name: "file next to the module, by import.meta", edits: [[steps, "run: () => \"sibling\"", "run: () => import.meta.url"]], expect: { sibling: "never" } },
  { name: "path alias redirected", edits: [["tsconfig.json", "./src/lib/*", "./src/lib2/*"]], files: { "src/lib2/index.ts": "export const middle = (n: number) => n;\nexport const other = (n: number) => n;\n" }, expect: { score: "run", sibling: "cached" }, workers: {} },
];
