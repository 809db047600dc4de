// node --import mlstack/register run.ts: the same pipeline from a script, and its results read back. With STACK=NAME on another stack.
import { Client } from "mlstack";
import { flightDelays } from "./src/pipeline.ts";

const client = new Client();
if (process.env["STACK"] !== undefined) await client.activateStack(process.env["STACK"]);
await flightDelays.run({ rows: 100_000 });

const latest = await client.getPipeline(flightDelays).lastRun();
const model = await latest.outputs.trained_model.load();
const metrics = await latest.outputs.evaluation_metrics.load();
console.log(`Latest model AUC: ${metrics.roc_auc.toFixed(4)}`);
console.log(`Model type: ${latest.outputs.trained_model.format}, ${model.trees.length} trees`);
await client.close();
