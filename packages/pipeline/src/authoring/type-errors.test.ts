import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const HEAD = `import { definePipeline, json, list, map, optional, settled, step, when } from "@mlstack/pipeline";
import { z } from "zod";
const rows = step({ name: "rows", params: { n: z.number() }, outputs: { xs: json(z.array(z.object({ id: z.string(), values: z.array(z.number()) }))), note: json(z.string()) }, run: () => ({ xs: [], note: "" }) });
const train = step({ name: "train", inputs: { xs: json(z.array(z.object({ id: z.string(), values: z.array(z.number()) }))) }, params: { depth: z.number().default(3) }, output: json(z.number()), run: () => 1 });
`;
const inBuild = (body: string) => `${HEAD}export const p = definePipeline({ name: "p", build() { ${body} } });\n`;
const inFlow = (body: string) => inBuild(`const xs = items(); ${body}`).replace(HEAD, `${HEAD}
const Item = z.object({ id: z.string(), values: z.array(z.number()) });
const items = step({ name: "items", output: list(json(Item)), run: () => [] });
const score = step({ name: "score", inputs: { item: json(Item) }, outputs: { low: json(z.number()), good: json(z.boolean()) }, run: () => ({ low: 1, good: true }) });
const sum = step({ name: "sum", inputs: { all: list(json(z.number())) }, output: json(z.number()), run: () => 1 });
const tally = step({ name: "tally", inputs: { all: list(settled(json(z.number()))), from: optional(json(Item)) }, output: json(z.number()), run: () => 1 });
const isGood = step({ name: "isGood", output: json(z.boolean()), run: () => true });
const first = step({ name: "first", inputs: { xs: list(json(Item)) }, output: json(Item), run: ({ inputs }) => inputs.xs[0]! });
`);

/** One file per mistake, each with the place and the words that its message must hold. */
const MISTAKES: Readonly<Record<string, { source: string; says: RegExp }>> = {
  "wrong-wiring": { source: inBuild("const { note } = rows({ n: 1 }); train({ xs: note });"), says: /not assignable/ },
  "missing-input": { source: inBuild("train({ depth: 3 });"), says: /'xs' is missing/ },
  "unknown-output": { source: inBuild("rows({ n: 1 }).nope;"), says: /'nope' does not exist/ },
  "wrong-parameter": { source: inBuild('rows({ n: "1" });'), says: /'string' is not assignable to type 'number'/ },
  "unknown-argument": { source: inBuild("rows({ n: 1, m: 2 });"), says: /'m' does not exist/ },
  "wrong-result": { source: `${HEAD}export const bad = step({ name: "bad", outputs: { a: json(z.number()) }, run: () => ({ a: "x" }) });\n`, says: /'string' is not assignable to type 'number'/ },
  "missing-result": { source: `${HEAD}export const bad = step({ name: "bad", outputs: { a: json(z.number()), b: json(z.string()) }, run: () => ({ a: 1 }) });\n`, says: /'b' is missing/ },
  "output-and-outputs": { source: `${HEAD}export const bad = step({ name: "bad", output: json(z.number()), outputs: { a: json(z.number()) }, run: () => 1 });\n`, says: /outputs/ },
  "argument-where-none-is-declared": { source: inBuild("step({ name: 'none', run() {} })({ n: 3 });"), says: /'number' is not assignable to type 'undefined'/ },
  "misspelt-key-of-a-step": { source: `${HEAD}export const bad = step({ name: "bad", inptus: { a: json(z.number()) }, output: json(z.number()), run: () => 1 });\n`, says: /'inptus' does not exist/ },
  "component-not-required": { source: `${HEAD}export const bad = step({ name: "bad", output: json(z.number()), run: ({ deployer }) => deployer.accepts.length });\n`, says: /'deployer' does not exist/ },
  "serves-no-input": { source: `${HEAD}export const bad = step({ name: "bad", inputs: { model: json(z.number()) }, uses: { modelDeployer: "optional" }, serves: { modle: "format" }, run() {} });\n`, says: /'modle' does not exist/ },
  "serves-as-nothing-known": { source: `${HEAD}export const bad = step({ name: "bad", inputs: { model: json(z.number()) }, uses: { modelDeployer: "optional" }, serves: { model: "onnx" }, run() {} });\n`, says: /'"onnx"' is not assignable/ },
  "may-be-missing": { source: inFlow("const item = when(isGood(), () => first({ xs })); score({ item });"), says: /'undefined' is not assignable/ },
  "wrong-item": { source: inFlow("map(map(xs, (item) => score({ item })).low, (item) => score({ item }));"), says: /'number' is not assignable/ },
  "settled-into-plain": { source: inFlow('sum({ all: map(xs, (item) => score({ item }), { onFailure: "collect" }).low });'), says: /Settled<number>/ },
  "plain-into-settled": { source: inFlow("tally({ from: first({ xs }), all: map(xs, (item) => score({ item })).low });"), says: /Settled<number>/ },
  "map-over-no-list": { source: inFlow("map(isGood(), () => first({ xs }));"), says: /'boolean' is not assignable/ },
  "no-condition": { source: inFlow("when(first({ xs }), () => first({ xs }));"), says: /'boolean'/ },
  "different-branches": { source: inFlow("when(isGood(), () => ({ a: first({ xs }) }), () => ({ b: first({ xs }) }));"), says: /'a' is missing/ },
  "asynchronous-body": { source: inFlow("map(xs, async (item) => score({ item }));"), says: /Promise/ },
  "pipeline-parameter": { source: `${HEAD}import type { PipelineDefinition } from "@mlstack/pipeline";\nconst p = definePipeline({ name: "p", params: { n: z.number() }, build: (q) => { rows({ n: q.m }); } });\nexport const q: PipelineDefinition = p as never;\n`, says: /'m' does not exist/ },
};

let folder: string;
let output: string;
beforeAll(async () => {
  // inside of the package, so that the compiler finds its dependencies as a user's project would
  const here = join(import.meta.dirname, "..", "..");
  mkdirSync(join(here, "node_modules"), { recursive: true });
  folder = mkdtempSync(join(here, "node_modules", ".type-errors-"));
  for (const [name, { source }] of Object.entries(MISTAKES)) writeFileSync(join(folder, `${name}.ts`), source);
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ extends: "../../../../tsconfig.base.json", compilerOptions: { noEmit: true }, include: ["*.ts"] }));
  const tsc = join(here, "..", "..", "node_modules", "typescript", "bin", "tsc");
  output = await new Promise((done) => { execFile(process.execPath, [tsc, "-p", folder, "--pretty", "false"], { cwd: folder }, (_e, stdout) => done(stdout)); });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(Object.keys(MISTAKES))("%s: a compiler error of at most six lines that names the mistake", (name) => {
  const errors = output.split(/\n(?=\S)/).filter((e) => e.startsWith(`${name}.ts(`));
  expect(errors, output).toHaveLength(1);
  expect(errors[0]!.trimEnd().split("\n").length).toBeLessThanOrEqual(6);
  expect(errors[0]).toMatch(MISTAKES[name]!.says);
});
