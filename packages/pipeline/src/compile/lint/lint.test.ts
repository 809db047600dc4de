import { afterEach, expect, test } from "vitest";
import { TestProject, type Files } from "../testing/project.ts";
import { lint } from "./lint.ts";

let project: TestProject | undefined;
afterEach(() => { project?.[Symbol.dispose](); project = undefined; });

const HEAD = `import { json, step } from "mlstack";\nimport { z } from "zod";\n`;
/** Findings of one module with a step, as `severity rule line: message`; the head has two lines. */
function found(source: string, files: Files = {}, file: string | undefined = "src/steps.ts"): string[] {
  project?.[Symbol.dispose]();
  project = new TestProject({ "src/steps.ts": HEAD + source, ...files });
  return lint({ projectDir: project.dir, file: file === "" ? undefined : `${project.dir}/${file}` }).findings.map((f) => `${f.severity} ${f.rule} ${f.at} [${f.steps.join(",")}]`);
}
const stepOf = (body: string, more = "output: json(z.number())") => `export const train = step({ name: "train", ${more}, ${body} });`;

test("code that is as it should be has no finding", () => {
  expect(found(stepOf("run: () => 1"))).toEqual([]);
  expect(found(stepOf("run: ({ params }) => ({ a: params.n, b: 2 })", "params: { n: z.number() }, outputs: { a: json(z.number()), b: json(z.number()) }"))).toEqual([]);
  expect(found(stepOf("run({ log }) { log('x'); }", "tags: []"))).toEqual([]);
});

test("a vendor's SDK that a step reaches, wherever it is imported, and no other", () => {
  const packages = { "node_modules/@aws-sdk/client-s3/package.json": JSON.stringify({ name: "@aws-sdk/client-s3", version: "3.0.0", main: "index.js" }), "node_modules/@aws-sdk/client-s3/index.js": "export class S3Client {}", "node_modules/plain/package.json": JSON.stringify({ name: "plain", version: "1.0.0", main: "index.js" }), "node_modules/plain/index.js": "" };
  const helper = `import { S3Client } from "@aws-sdk/client-s3";\nimport plain from "plain";\nexport const upload = () => new S3Client(plain);\nexport const clean = () => plain;\n`;
  expect(found(`import { upload } from "./helper";\n${stepOf("run: () => upload()")}\nexport const b = step({ name: "b", output: json(z.number()), run: () => upload() });`, { ...packages, "src/helper.ts": helper })).toEqual(["error vendor-sdk src/helper.ts:3:33 [train,b]"]);
  // what the step does not reach is not its business, nor are types
  expect(found(`import { clean } from "./helper";\n${stepOf("run: () => clean()")}`, { ...packages, "src/helper.ts": helper })).toEqual([]);
  expect(found(`import type { S3Client } from "@aws-sdk/client-s3";\n${stepOf("run: (c) => (c as unknown as S3Client)")}`, packages)).toEqual([]);
  expect(found(`import "@aws-sdk/client-s3";\n${stepOf("run: () => 1")}`, packages)).toEqual(["error vendor-sdk src/steps.ts:3:8 [train]"]);
  expect(found(stepOf("run: async () => (await import('@aws-sdk/client-s3')).S3Client"), packages)).toEqual([expect.stringMatching(/^error vendor-sdk src\/steps.ts:3:\d+ \[train\]$/)]);
});

test("a vendor's SDK that is not installed is told as such, and not to be installed", () => {
  expect(found(`import { Storage } from "@google-cloud/storage";\n${stepOf("run: () => new Storage()")}`)).toEqual([expect.stringMatching(/^error vendor-sdk src\/steps.ts:\d+:\d+ \[train\]$/)]);
  expect(found(stepOf("run: async () => (await import('@aws-sdk/client-s3')).S3Client"))).toEqual([expect.stringMatching(/^error vendor-sdk/)]);
  expect(found(`import x from "@google-cloud-like/storage";\n${stepOf("run: () => x")}`)).toEqual([expect.stringMatching(/^error unresolved-package/)]);
});

test("the clock and the network, which give something else each time; not durations, nor a date that is given", () => {
  const rules = (body: string, more?: string) => found(stepOf(body, more)).map((f) => f.split(" ")[1]);
  expect(rules("run: () => Date.now()")).toEqual(["clock"]);
  expect(rules("run: () => new Date().toISOString()")).toEqual(["clock"]);
  expect(rules("run: () => Date()")).toEqual(["clock"]);
  expect(rules("run: async () => (await fetch('https://example.com')).json()")).toEqual(["network"]);
  expect(found(`const stamp = () => Date.now();\n${stepOf("run: () => stamp()")}`)).toEqual([expect.stringMatching(/^warning clock src\/steps.ts:3:\d+ \[train\]$/)]);
  expect(rules("run: ({ params, log }) => { const t = performance.now(); log(String(performance.now() - t)); return new Date(params.at).getTime() + Date.UTC(2026, 1); }", "params: { at: z.number() }, output: json(z.number())")).toEqual([]);
  expect(rules("run: async () => Date.now() + (await fetch('https://example.com')).status", "cache: false, output: json(z.any())")).toEqual([]);
});

test("what a step with effects takes from the clock is served to nobody", () => {
  const rules = (more: string) => found(stepOf("run: () => Date.now() + Math.random()", `output: json(z.number()), ${more}`)).map((f) => f.split(" ")[1]);
  for (const more of ['uses: { modelDeployer: "optional" }', "requires: { modelDeployer: true }", 'requires: { experimentTracker: true, "acme.index": "main" }']) expect(rules(more), more).toEqual([]);
  for (const more of ['uses: { modelDeployer: { cache: "by-component" } }', "requires: { experimentTracker: true }", 'requires: { modelDeployer: true }, uses: { modelDeployer: { cache: "by-component" } }', "uses: {}"]) expect(rules(more), more).toEqual(["clock", "random-without-seed"]);
});

test.each([
  ["a missing output", "outputs: { a: json(z.number()), b: json(z.number()) }", "run: () => ({ a: 1 })", 1],
  ["one too many, in a branch", "outputs: { a: json(z.number()) }", "run({ params }) { if (params) return { a: 1 }; return params ? { a: 1 } : { a: 1, c: 2 }; }", 1],
  ["both", "outputs: { a: json(z.number()) }", "run: () => ({ c: 1 })", 2],
  ["a value in place of outputs", "outputs: { a: json(z.number()) }", "run: () => 5", 1],
  ["a result without an output", "tags: []", "run: () => ({ a: 1 })", 1],
  ["nothing", "output: json(z.number())", "run() { 1 + 1; }", 1],
  ["what can't be told", "outputs: { a: json(z.number()) }", "run: (c) => ({ ...c })", 0],
  ["a call", "outputs: { a: json(z.number()) }", "run: (c) => c.make()", 0],
  ["a function inside", "outputs: { a: json(z.number()) }", "run() { const f = () => { return { x: 1 }; }; f(); return { a: 1 }; }", 0],
  ["only a throw", "output: json(z.number())", "run() { throw new Error('later'); }", 0],
])("results: %s", (_, declared, body, n) => {
  expect(found(stepOf(body, declared)).filter((f) => f.startsWith("error undeclared-result"))).toHaveLength(n);
});

test("steps that have no identity, what a key can't hold, and chance", () => {
  expect(found(`export function make() { return step({ name: "made", output: json(z.number()), run: () => 1 }); }\nconst hidden = step({ name: "hidden", output: json(z.number()), run: () => 1 });\nexport const uses = () => hidden;`)).toEqual(["warning run-time-step src/steps.ts:3:33 [made]", "warning run-time-step src/steps.ts:4:16 [hidden]"]);
  const one = (body: string, more?: string) => found(stepOf(body, more)).map((f) => f.split(" ")[1]);
  expect(one("run: () => process.env.TOKEN")).toEqual(["undeclared-env"]);
  expect(one("run: () => process.env.TOKEN", 'env: ["TOKEN"], output: json(z.any())')).toEqual([]);
  expect(one("run: () => Math.random()")).toEqual(["random-without-seed"]);
  expect(one("run: () => crypto.randomUUID()")).toEqual(["random-without-seed"]);
  expect(one("run: () => Math.random() + eval('1')", "cache: false, output: json(z.any())")).toEqual([]);
  expect(found(`import { readFileSync } from "node:fs";\n${stepOf("run: () => readFileSync('model.yaml', 'utf8')")}`, { "model.yaml": "a: 1" }).map((f) => f.split(" ")[1])).toEqual(["undeclared-file"]);
  expect(found(`import { readFileSync } from "node:fs";\n${stepOf("run: () => readFileSync('model.yaml', 'utf8')", 'files: ["model.yaml"], output: json(z.any())')}`, { "model.yaml": "a: 1" })).toEqual([]);
});

test("what can't be read or found is an error, and nothing of it keeps the rest from being looked at", () => {
  const all = found(stepOf("run: () => Math.random()"), { "src/broken.ts": "import { step } from 'mlstack'; export const = 1;" }, "");
  expect(all).toEqual([expect.stringMatching(/^error unreadable-module src\/broken.ts:1:\d+ \[\]$/), expect.stringMatching(/^warning random-without-seed/)]);
  expect(found(`import { x } from "not-installed";\n${stepOf("run: () => x")}`)).toEqual([expect.stringMatching(/^error unresolved-package/)]);
});

test("the whole project is looked at, without tests and what is built; of a file what is loaded with it", () => {
  const bad = HEAD + stepOf("run: () => Math.random()");
  const files = { "src/other.ts": bad, "src/other.test.ts": bad, "dist/other.js": bad, ".hidden/other.ts": bad, "src/pipeline.ts": `import { train } from "./steps";\nexport const t = train;` };
  expect(found(stepOf("run: () => Math.random()"), files, "").map((f) => f.split(" ")[2]!.split(":")[0])).toEqual(["src/other.ts", "src/steps.ts"]);
  expect(found(stepOf("run: () => Math.random()"), files, "src/pipeline.ts").map((f) => f.split(" ")[2]!.split(":")[0])).toEqual(["src/steps.ts"]);
});
