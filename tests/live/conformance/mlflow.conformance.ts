import { conformanceTests, experimentTrackerSuite, type ExperimentTrackerSubject, type ShownPoint } from "@mlstack/testkit/conformance";
import { afterAll, beforeAll, test } from "vitest";
import { freePort } from "../servers/process.ts";
import { startMlflow, type MlflowServer } from "../servers/mlflow.ts";
import { mlflowRest, trackerOf } from "../testing/mlflow.ts";

const STATUS: Readonly<Record<string, "running" | "completed" | "failed" | "cancelled">> = { RUNNING: "running", FINISHED: "completed", FAILED: "failed", KILLED: "cancelled" };
let server: MlflowServer;
let subject: ExperimentTrackerSubject;

beforeAll(async () => {
  server = await startMlflow({ version: "3" });
  const rest = mlflowRest(server.url);
  subject = {
    // what is refused is in mlflow-access.live.ts: with users, MLflow takes a second for each request
    open: () => trackerOf({ trackingUri: server.url }),
    openUnreachable: async () => trackerOf({ trackingUri: `http://127.0.0.1:${await freePort()}` }),
    runsOf: async (runId) => rest.experiment("mlstack-conformance").then((experiment) => rest.runsOf([experiment], runId), () => []),
    remove: async (id) => { await rest.call("/runs/delete", { run_id: id }); },
    async show(id) {
      const { info, params, tags, metrics } = await rest.run(id);
      // of the numbers that JSON has not
      const point = ({ value, step, timestamp }: { readonly value: number | string; readonly step: number; readonly timestamp: number }): ShownPoint => ({ value: Number(value), step, time: timestamp });
      const histories = await Promise.all(metrics.map(async (key) => [key, (await rest.history(id, key)).map(point)] as const));
      return {
        status: STATUS[info.status]!, ...(info.end_time !== undefined && { endedAt: new Date(info.end_time) }), params, tags, metrics: Object.fromEntries(histories),
        file: (path) => rest.file(info.experiment_id, id, path).catch(() => undefined),
      };
    },
  };
});
afterAll(async () => { await server?.stop(); });

conformanceTests(test, experimentTrackerSuite, () => subject);
