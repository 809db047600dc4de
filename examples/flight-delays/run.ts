// node --import mlstack/register run.ts: the same pipeline from a script, and its results read back.
import { Client } from "mlstack";
import { flightDelays } from "./src/pipeline.ts";

await flightDelays.run({ rows: 100_000 });

const client = new Client();
const latest = await client.lastRun(flightDelays);
const metrics = await latest.outputs.evaluation_metrics.load();
console.log(`Latest model AUC: ${metrics.roc_auc.toFixed(4)}`);
