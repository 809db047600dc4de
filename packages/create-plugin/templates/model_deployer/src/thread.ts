// A thread that answers requests to one version of a model; its data is the version's folder.
import { createReadStream, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import { predictorDefinitionOf, type InferRequest, type InputDir, type PredictorDefinition, type Tensor } from "@mlstack/core";
import type { VersionRecord } from "./records.ts";
import type { Answered, FromThread, ToThread } from "./version.ts";

const dir = workerData as string;
const say = (said: FromThread): void => { parentPort?.postMessage(said); };
const { entry, exported, format, files } = JSON.parse(readFileSync(join(dir, "version.json"), "utf8")) as VersionRecord;
const at = (name: string): string => join(dir, "model", name);
const input: InputDir = {
  files, read: (name) => readFile(at(name)), stream: (name) => createReadStream(at(name)) as AsyncIterable<Uint8Array>, file: async (name) => at(name), path: async () => join(dir, "model"),
};

try {
  const module = (await import(pathToFileURL(join(dir, "code", entry)).href)) as Record<string, unknown>;
  const predictor = predictorDefinitionOf(module[exported]);
  if (predictor === undefined) throw new Error(`the export ${exported} is no predictor`);
  if (!predictor.model.codec.reads.includes(format)) throw new Error(`the predictor reads ${predictor.model.codec.reads.join(", ")}, and the model is ${format}`);
  const model = await predictor.model.codec.load(input, format);
  parentPort?.on("message", ({ call, request }: ToThread) => { void (async () => { say({ call, ...await answer(predictor, model, request) }); })(); });
  say({ ready: true });
} catch (e) { say({ failed: e instanceof Error ? (e.stack ?? e.message) : String(e) }); }

async function answer(predictor: PredictorDefinition, model: unknown, { inputs, outputs }: InferRequest): Promise<Answered> {
  const wrong = mismatch(predictor, inputs) ?? outputs?.filter((name) => predictor.outputs[name] === undefined).map((name) => `the model has no output ${JSON.stringify(name)}`)[0];
  if (wrong !== undefined) return { fault: { reason: "invalid", message: wrong } };
  try {
    const found = await predictor.invoke({ model, inputs });
    return { outputs: outputs === undefined ? found : found.filter(({ name }) => outputs.includes(name)) };
  } catch (e) { return { fault: { reason: "failed", message: e instanceof Error ? e.message : String(e) } }; }
}

/** Why a request does not fit what the predictor declares. */
function mismatch({ inputs }: PredictorDefinition, given: readonly Tensor[]): string | undefined {
  for (const { name, datatype, shape } of given) {
    const declared = inputs[name];
    if (declared === undefined) return `the model has no input ${JSON.stringify(name)}`;
    if (datatype !== declared.datatype) return `${name} is ${datatype}, and the model takes ${declared.datatype}`;
    if (shape.length !== declared.shape.length || declared.shape.some((size, n) => size !== -1 && size !== shape[n])) return `${name} has the shape [${shape.join(", ")}], and the model takes [${declared.shape.join(", ")}]`;
  }
  const missing = Object.keys(inputs).find((name) => given.filter((one) => one.name === name).length !== 1);
  return missing === undefined ? undefined : `the input ${missing} is not given once`;
}
