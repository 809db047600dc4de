// node mlflow-run.ts URL STATE: pipeline runs of the real engine against an MLflow server. Prints their ids.
import { openEngine } from "@mlstack/engine";
import { tracked } from "./mlflow-pipeline.ts";

const [trackingUri, stateDir] = process.argv.slice(2);
if (trackingUri === undefined || stateDir === undefined) throw new Error("usage: mlflow-run.ts URL STATE");
const engine = await openEngine({
  from: import.meta.dirname, env: { ...process.env, MLSTACK_STATE_DIR: stateDir },
  stack: {
    name: "mlflow",
    components: { artifact_store: { name: "store", flavor: "local" }, orchestrator: { name: "here", flavor: "local" }, experiment_tracker: { name: "mlflow", flavor: "mlflow", config: { trackingUri } } },
  },
});
try {
  const reports = [await engine.run(tracked), await engine.run(tracked), await engine.run(tracked, { fail: true })];
  console.log(JSON.stringify(reports.map((r) => ({ id: r.id, status: r.status, warnings: r.warnings }))));
} finally { await engine.close(); }
