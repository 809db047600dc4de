import { component, definePlugin, MlstackError, secret, type Component, type ExternalReader } from "@mlstack/core";
import { dataset, definePipeline, json, list, map, predictor, step, tensor } from "@mlstack/pipeline";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { LOCAL_STACK, openStack, type StackSpec } from "../stack/stack.ts";
import { harness, type Harness } from "../testing/harness.ts";
import { memoryStore } from "../testing/memory-store.ts";
import { refuseFindings } from "./preflight.ts";

const num = json(z.number());
const made: string[] = [];
const deployer = (accepts: readonly unknown[]) => ({ contract: "model_deployer@1", accepts }) as unknown as Component & never;
const plugin = definePlugin({
  name: "fakes",
  contracts: [{ type: "acme.index", accepts: [1], stability: "experimental" }],
  components: [
    component({ type: "artifact_store", version: 1, flavor: "remote", description: "Reads gs", config: z.strictObject({}), create: () => { made.push("store"); return memoryStore({ schemes: ["gs"] } as unknown as ExternalReader); } }),
    component({ type: "model_deployer", version: 1, flavor: "formats", description: "Serves ONNX", config: z.strictObject({}), create: () => deployer([{ kind: "format", formats: ["onnx/1"] }]) }),
    component({ type: "model_deployer", version: 1, flavor: "any", description: "Serves code", config: z.strictObject({ token: secret(z.string()).optional() }), create: () => deployer([{ kind: "predictor" }]) }),
  ],
});
let ran = 0;
const train = step({ name: "train", requires: { experimentTracker: "mlflow_tracker" }, output: num, run: () => ++ran });
const deploy = step({ name: "deploy", inputs: { model: num }, requires: { modelDeployer: true }, output: num, run: () => ++ran });
const search = step({ name: "search", requires: { "acme.index": true }, output: num, run: () => ++ran });
const read = step({ name: "read", params: { rows: dataset() }, output: num, run: () => ++ran });

const open: Harness[] = [];
afterEach(async () => { for (const h of open.splice(0)) await h.close(); ran = 0; });
async function on(more: StackSpec["components"]): Promise<Harness> {
  const h = await harness({ plugins: [plugin], stack: { name: "s", components: { ...LOCAL_STACK.components, ...more } } });
  open.push(h);
  return h;
}
const refusal = async (work: Promise<unknown>): Promise<MlstackError> => work.then(() => { throw new Error("it ran"); }, (e: unknown) => { if (MlstackError.is(e)) return e; throw e; });

test("one error names everything that does not fit, and nothing has run or is recorded", async () => {
  const h = await on({ model_deployer: { name: "d", flavor: "formats" } });
  const p = definePipeline({ name: "p", build: () => { deploy({ model: train() }); search(); read({ rows: "s3://bucket/rows.csv" }); read({ rows: "gs://bucket/rows.csv" }); } });
  const e = await refusal(h.run(p));
  expect([e.code, e.exitCode, e.message]).toEqual(["MLS4020", 2, 'the stack "s" does not fit the pipeline "p" in 5 ways']);
  const findings = e.details?.["findings"] as { code: string; message: string; fix?: string }[];
  expect(findings.map((f) => `${f.code} ${f.message}`).toSorted()).toEqual([
    'MLS3010 nothing in the active stack reads gs:// ("gs://bucket/rows.csv")', 'MLS3010 nothing in the active stack reads s3:// ("s3://bucket/rows.csv")',
    'MLS4004 the step "deploy" may deploy, and the deployer "d" (formats) serves nothing that it is given', 'MLS4004 the step "search" requires acme.index, the stack "s" has none',
    'MLS4004 the step "train" requires the experimentTracker "mlflow_tracker", the stack "s" has "local_tracker"',
  ]);
  for (const f of findings) expect(e.why).toContain(f.message);
  expect([ran, await h.records.runs({ limit: 5 })]).toEqual([0, []]);
});

test("one finding is its own error: a missing component says what the stack has, a name what mends it", async () => {
  const h = await on({});
  const missing = await refusal(h.run(definePipeline({ name: "p", build: () => { search(); } })));
  expect([missing.code, missing.why]).toEqual(["MLS4004", 'it has artifactStore "local_artifact_store", orchestrator "local_orchestrator", experimentTracker "local_tracker"']);
  const named = await refusal(h.run(definePipeline({ name: "p", build: () => { train(); } })));
  expect([named.code, named.fix]).toEqual(["MLS4004", "add aliases: [mlflow_tracker] to local_tracker, or require it by true"]);
});

test("aliases, stores that read a scheme and deployers that take code are no findings; steps in a map are looked at, too", async () => {
  const fits = await on({ experiment_tracker: { name: "t", flavor: "local", aliases: ["mlflow_tracker"] }, model_deployer: { name: "d", flavor: "any" } });
  expect((await fits.run(definePipeline({ name: "p", build: () => { deploy({ model: train() }); } }))).status).toBe("completed");
  const xs = step({ name: "xs", output: list(num), run: () => [1] });
  const inMap = definePipeline({ name: "m", build: () => { map(xs(), (x) => deploy({ model: x })); } });
  const h = await on({ model_deployer: { name: "d", flavor: "formats" } });
  expect((await refusal(h.run(inMap))).message).toMatch(/"deploy" may deploy/);
  expect((await fits.run(inMap)).status).toBe("completed");
  const remote = await on({ artifact_store: { name: "r", flavor: "remote" } });
  expect((await refusal(remote.run(definePipeline({ name: "p", build: () => { read({ rows: "s3://b/x" }); } })))).why).toBe("its artifact store reads gs://");
});

test("what a step says that it serves is compared with the deployer, kind by kind and format by format, before anything runs", async () => {
  const text = json(z.string());
  const old = { ...json(z.number()), codec: { ...json(z.number()).codec, reads: ["json/1", "onnx/1"] } };
  const reads = (...formats: string[]) => predictor({ model: { ...old, codec: { ...old.codec, reads: formats } }, inputs: { x: tensor("FP64", [-1]) }, outputs: { y: tensor("FP64", [-1]) }, predict: () => ({ y: [1] }) });
  const source = step({ name: "source", output: num, run: () => ++ran });
  const note = step({ name: "note", output: text, run: () => "x" });
  const serving = (serves: { model?: "predictor" | "format" | "image" | ReturnType<typeof reads> }) => {
    const one = step({ name: "serving", inputs: { model: old, note: text }, uses: { modelDeployer: "optional" }, serves, output: num, run: () => ++ran });
    return definePipeline({ name: "p", build: () => { one({ model: source(), note: note() }); } });
  };
  const [formats, any] = [await on({ model_deployer: { name: "d", flavor: "formats" } }), await on({ model_deployer: { name: "d", flavor: "any" } })];
  const refused = async (h: Harness, serves: Parameters<typeof serving>[0]) => { const { code, why } = await refusal(h.run(serving(serves))); return `${code} ${why}`; };
  // the input may be onnx/1, and is json/1 here
  expect(await refused(formats, { model: "format" })).toBe("MLS4004 it takes models of format onnx/1, not a model of format json/1 by itself");
  expect(await refused(formats, { model: reads("json/1") })).toBe("MLS4004 it takes models of format onnx/1, not a predictor");
  expect(await refused(any, { model: "format" })).toBe("MLS4004 it takes predictors, not a model of format json/1 by itself");
  expect(await refused(any, { model: "image" })).toBe("MLS4004 it takes predictors, not an image");
  expect(await refused(any, { model: reads("onnx/1") })).toBe("MLS4004 the predictor reads onnx/1, and the model is json/1");
  expect([ran, await formats.records.runs({ limit: 5 }), await any.records.runs({ limit: 5 })]).toEqual([0, [], []]);
  for (const serves of [{ model: "predictor" as const }, { model: reads("json/1", "onnx/1") }]) expect((await any.run(serving(serves))).status).toBe("completed");
  // where there is no deployer, nothing is deployed
  expect((await (await on({})).run(serving({ model: "image" }))).status).toBe("completed");
});

test("a step that has said what it serves deploys nothing else", async () => {
  const h = await on({ model_deployer: { name: "d", flavor: "any" } });
  const says = step({ name: "says", inputs: { model: num }, uses: { modelDeployer: "optional" }, serves: { model: "predictor" }, run: async ({ deployer, artifacts }) => { await deployer?.deploy({ name: "m", model: artifacts.model, servable: { kind: "image", reference: "x" } }); } });
  const source = step({ name: "source", output: num, run: () => 1 });
  const ended = await h.run(definePipeline({ name: "p", build: () => { says({ model: source() }); } }));
  expect(JSON.stringify(ended)).toContain("the step deploys by image, and has said that it serves by predictor");
});

test("what is wrong with the stack itself is found without creating anything", async () => {
  made.length = 0;
  const h = await on({});
  const spec: StackSpec = { name: "x", components: {
    artifact_store: { name: "a", flavor: "remote", config: { nope: 1 } }, experiment_trackr: { name: "t", flavor: "local" }, model_deployer: { name: "d", flavor: "any", config: { token: "${env:NOT_SET}" } }, container_registry: { name: "c", flavor: "gcp" },
    experiment_tracker: { name: "m", flavor: "mlflow" },
  } };
  const stack = openStack(spec, h.stack.loader, { projectDir: h.project.dir, stateDir: h.project.stateDir });
  const findings = await stack.findings();
  expect(findings.map((f) => `${f.type} ${f.error.code}`).toSorted()).toEqual(["artifact_store MLS2008", "experiment_tracker MLS2007", "experiment_trackr MLS7004", "model_deployer MLS2010", "orchestrator MLS4004"]);
  expect(findings.find((f) => f.error.code === "MLS2007")?.error.fix).toBe("npm install @mlstack/plugin-mlflow");
  expect(made).toEqual([]);
  expect(() => { refuseFindings(findings.map((f) => f.error), "x", "p"); }).toThrow(/in 5 ways/);
});
