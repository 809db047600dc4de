import { createServer, type AddressInfo } from "node:net";
import { conformanceTarget, experimentTrackerSuite, type ShownPoint } from "@mlstack/testkit/conformance";

// MLFLOW_TEST_URI: the address of an MLflow server that serves artifacts, without users. Runs are made in the experiment `mlstack-conformance`, and deleted.
const url = process.env["MLFLOW_TEST_URI"]?.replace(/\/$/, "");

export default [
  conformanceTarget(experimentTrackerSuite, {
    flavor: "mlflow",
    start({ open, skip }) {
      if (url === undefined) return skip("MLFLOW_TEST_URI is not set: there is no server to test against");
      const server = mlflow(url);
      return {
        subject: {
          open: () => open({ trackingUri: url }),
          openUnreachable: async () => open({ trackingUri: await silentAddress() }),
          runsOf: (runId) => server.runsOf(runId),
          remove: async (id) => { await server.call("runs/delete", { run_id: id }); },
          show: (id) => server.show(id),
        },
      };
    },
  }),
];

interface KeyValue { readonly key: string; readonly value?: string }
interface Run {
  readonly info: { readonly run_id: string; readonly status: string; readonly end_time?: number; readonly experiment_id: string };
  readonly data: { readonly params?: readonly KeyValue[]; readonly tags?: readonly KeyValue[]; readonly metrics?: readonly { readonly key: string }[] };
}

const STATUS: Readonly<Record<string, "running" | "completed" | "failed" | "cancelled">> = { RUNNING: "running", FINISHED: "completed", FAILED: "failed", KILLED: "cancelled" };

/** What the server shows, read by plain REST, without the code under test. */
function mlflow(base: string) {
  async function call<T>(path: string, body?: object): Promise<T> {
    const response = await fetch(`${base}/api/2.0/mlflow/${path}`, body === undefined ? {} : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return await response.json() as T;
  }
  const map = (list: readonly KeyValue[] = []) => Object.fromEntries(list.map(({ key, value = "" }) => [key, value]));
  return {
    call,
    async runsOf(runId: string): Promise<string[]> {
      const found = await call<{ readonly experiment: { readonly experiment_id: string } }>("experiments/get-by-name?experiment_name=mlstack-conformance").catch(() => undefined);
      if (found === undefined) return [];
      const { runs = [] } = await call<{ readonly runs?: readonly Run[] }>("runs/search", { experiment_ids: [found.experiment.experiment_id], filter: `tags.\`mlstack.run\` = '${runId}'` });
      return runs.map(({ info }) => info.run_id);
    },
    async show(id: string) {
      const { run: { info, data } } = await call<{ readonly run: Run }>(`runs/get?run_id=${id}`);
      const histories = await Promise.all((data.metrics ?? []).map(async ({ key }) => [key, await pointsOf(id, key)] as const));
      return {
        status: STATUS[info.status]!, ...(info.end_time !== undefined && { endedAt: new Date(info.end_time) }), params: map(data.params), tags: map(data.tags), metrics: Object.fromEntries(histories),
        async file(path: string): Promise<Uint8Array | undefined> {
          const response = await fetch(`${base}/api/2.0/mlflow-artifacts/artifacts/${info.experiment_id}/${id}/artifacts/${path.split("/").map(encodeURIComponent).join("/")}`);
          return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
        },
      };
    },
  };

  async function pointsOf(id: string, key: string): Promise<ShownPoint[]> {
    const { metrics = [] } = await call<{ readonly metrics?: readonly { readonly value: number | string; readonly timestamp: number; readonly step?: number }[] }>(`metrics/get-history?run_id=${id}&metric_key=${encodeURIComponent(key)}`);
    // numbers that JSON has not come as texts
    return metrics.map(({ value, timestamp, step = 0 }) => ({ value: Number(value), time: Number(timestamp), step: Number(step) })).sort((a, b) => a.step - b.step || a.time - b.time);
  }
}

/** An address of this machine where nothing answers. */
async function silentAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((done) => { server.listen(0, "127.0.0.1", done); });
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => { server.close(done); });
  return `http://127.0.0.1:${port}`;
}
