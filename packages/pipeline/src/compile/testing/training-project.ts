import type { Files } from "./project.ts";

/** A project as a team might have it: steps in one file, helpers behind a barrel, a linked workspace package, path aliases. */
export const TRAINING: Files = {
  "tsconfig.json": `{
    // a comment, as tsconfig files have them
    "compilerOptions": { "target": "esnext", "module": "nodenext", "paths": { "@/*": ["./src/*"] }, "experimentalDecorators": true, },
  }`,
  "pipelines/training.ts": `
import { z } from "zod";
import { step, pipeline, json, dataset } from "mlstack";
import { dataframe } from "frames";
import { scale, encode } from "../src/features/index.ts";
import { Metrics, Split } from "@/schemas";
import formatName from "../src/format";
import * as kinds from "../src/kinds";
import { Forest } from "../src/models/forest.js";
import settings from "../config/model.json" with { type: "json" };
import { slug } from "@acme/shared";
import "../src/patch";

const SEED = 42, ROUNDS = 1_000;
const { learningRate, depth = 3 } = { learningRate: 0.1, depth: 6 };
const greeting = \`Hello \${"x"} world\`;
const pattern = /^a+b/i;
const big = 10n;
let unusedCounter = 0;

function clamp(x: number, low = 0, high = 1): number {
  return Math.min(Math.max(x, low), high);
}
const double = (x: number) => x * 2;

export const load = step({
  name: "load",
  params: { source: dataset().default("data.parquet") },
  outputs: { raw: dataframe() },
  async run({ params }) {
    const text = await params.source.path();
    return { raw: slug(text) };
  },
});

export const train = step({
  name: "train",
  inputs: { raw: dataframe() },
  params: { rate: z.number().default(0.1), split: Split },
  output: json(Metrics),
  retry: { attempts: 2 },
  async run({ inputs, params, log }) {
    const forest = new Forest(settings.trees, kinds.Mode.Fast);
    const rows = scale(encode(inputs.raw));
    log(formatName("train") + greeting);
    const found = pattern.test(String(rows)) ? 1 : 0;
    return { accuracy: clamp(forest.fit(rows, SEED, ROUNDS) * params.rate * learningRate + depth + found + Number(big)) };
  },
});

export const evaluate = step({
  name: "evaluate",
  inputs: { metrics: json(Metrics) },
  output: json(z.number()),
  run: ({ inputs }) => double(inputs.metrics.accuracy),
});

export const training = pipeline({
  name: "training",
  build() {
    const { raw } = load();
    return evaluate({ metrics: train({ raw }) });
  },
});

const run = await training.run({});
console.log(\`finished \${run.id}\`);
`,
  "src/features/index.ts": `
export { scale } from "./scale";
export * from "./encode";
export { unrelated } from "./unrelated";
`,
  "src/features/scale.ts": `
import { mean } from "../lib/math";
export function scale(rows: number[]): number[] {
  const m = mean(rows);
  return rows.map((r) => r - m);
}
export const scaleName = "scale";
`,
  "src/features/encode.ts": `
import { FACTOR } from "../lib/math";
export const encode = (rows: any) => rows.map((r: number) => r * FACTOR);
export const decode = (rows: number[]) => rows.map((r) => r / FACTOR);
`,
  "src/features/unrelated.ts": `export const unrelated = () => 7;\nexport const util = 1;\n`,
  "src/lib/math.ts": `
import { BASE } from "./constants";
export const FACTOR = BASE * 2;
export function mean(xs: number[]): number {
  return xs.reduce((a, b) => a + b, 0) / xs.length;
}
export function median(xs: number[]): number {
  return xs[xs.length >> 1] ?? 0;
}
`,
  "src/lib/constants.ts": `export { BASE } from "./base";\nexport const OTHER = 5;\n`,
  "src/lib/base.ts": `export const BASE = 0x10;\n`,
  "src/schemas.ts": `
import { z } from "zod";
export interface Row { id: number; label: string }
export type Rows = readonly Row[];
export const Metrics = z.object({ accuracy: z.number().min(0) });
export const Split = z.enum(["train", "test"]).default("train");
export const Report = Metrics.extend({ note: z.string() });
`,
  "src/format.ts": `export default function formatName(name: string) { return "[" + name + "] "; }\n`,
  "src/kinds.ts": `
export enum Mode { Fast = 1, Slow = 2 }
export const enum Level { Low = 1, High = 10 }
export namespace Limits { export const max = 10; export const min = 1; }
export const unusedKind = "kind";
`,
  "src/models/forest.ts": `
import { Level, Limits, Mode } from "../kinds";
function counted<T extends abstract new (...args: any[]) => any>(target: T): T | void { return target; }
@counted
export class Forest {
  static kind = "forest";
  #weights: number[] = [];
  seen = 0;
  constructor(private readonly trees: number, readonly mode: Mode) {}
  get size(): number { return this.#weights.length; }
  fit(rows: number[], seed: number, rounds: number): number {
    this.#weights = rows;
    return this.trees * seed + rounds * Level.High + Limits.max + (this.mode === Mode.Fast ? 1 : 0);
  }
  predict(x: number): number { return x + this.size; }
}
`,
  "config/model.json": `{ "trees": 100, "names": ["a", "b"] }\n`,
  "src/patch.ts": `
declare global { interface Array<T> { lastItem(): T | undefined } }
Object.defineProperty(Array.prototype, "lastItem", { value() { return this[this.length - 1]; } });
export {};
`,
  "shared/package.json": `{"name":"@acme/shared","version":"0.0.0","type":"module","exports":{".":"./src/index.ts"}}`,
  "shared/src/index.ts": `export { slug } from "./slug.ts";\n`,
  "shared/src/slug.ts": `export const slug = (s: string) => s.toLowerCase();\nexport const shout = (s: string) => s.toUpperCase();\n`,
  "node_modules/@acme/shared": { link: "../../shared" },
};
