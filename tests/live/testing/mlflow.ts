import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { manifestOf, pluginLoader, type ExperimentTracker, type PluginHost, type TrackerEvent, type TrackerEventBody } from "@mlstack/core";
import plugin from "@mlstack/plugin-mlflow";

const host: PluginHost = {
  packages: async () => [{ name: plugin.name, version: "0.1.0", dir: "/plugin-mlflow", manifest: manifestOf(plugin, "./dist/index.js", ">=0.1.0 <1"), source: "installed", load: async () => ({ default: plugin }) }],
  installCommand: (names) => `npm install ${names.join(" ")}`,
};

/** A tracker as a stack makes it: found, checked and created by core's loader. */
export async function trackerOf(config: Readonly<Record<string, unknown>>): Promise<ExperimentTracker> {
  const loader = pluginLoader({ host, coreVersion: "0.1.0" });
  return (await loader.create("experiment_tracker", "mlflow", config, { name: "mlflow", projectDir: tmpdir(), stateDir: tmpdir() })) as ExperimentTracker;
}

export interface Point { readonly value: number | string; readonly timestamp: number; readonly step: number }
interface RunAnswer {
  readonly run: {
    readonly info: { readonly run_id: string; readonly run_name: string; readonly status: string; readonly start_time: number; readonly end_time?: number; readonly experiment_id: string };
    readonly data: { readonly params?: readonly { readonly key: string; readonly value?: string }[]; readonly tags?: readonly { readonly key: string; readonly value?: string }[]; readonly metrics?: readonly { readonly key: string }[] };
  };
}

/** Reads an MLflow server by plain REST, without the code under test. */
export function mlflowRest(url: string, headers: Readonly<Record<string, string>> = {}) {
  async function call<T>(path: string, body?: unknown): Promise<T> {
    for (let n = 1; ; n++) {
      const response = await fetch(`${url}/api/2.0/mlflow${path}`, { method: body === undefined ? "GET" : "POST", headers: { ...headers, "content-type": "application/json" }, ...(body !== undefined && { body: JSON.stringify(body) }) });
      const text = await response.text();
      if (response.ok) return JSON.parse(text) as T;
      // the file store answers 500 to who reads what is just being written
      if (response.status < 500 || n === 5) throw new Error(`${path}: ${response.status} ${text}`);
      await new Promise((go) => { setTimeout(go, 200 * n); });
    }
  }
  return {
    call,
    async run(id: string) {
      const { info, data } = (await call<RunAnswer>(`/runs/get?run_id=${id}`)).run;
      const map = (list: readonly { readonly key: string; readonly value?: string }[] = []): Record<string, string> => Object.fromEntries(list.map((p) => [p.key, p.value ?? ""]));
      return { info, params: map(data.params), tags: map(data.tags), metrics: (data.metrics ?? []).map((m) => m.key).sort() };
    },
    /** In the order in which they are drawn. */
    async history(id: string, key: string): Promise<Point[]> {
      const { metrics = [] } = await call<{ metrics?: (Omit<Point, "step"> & { readonly step?: number })[] }>(`/metrics/get-history?run_id=${id}&metric_key=${encodeURIComponent(key)}`);
      return metrics.map((m) => ({ value: m.value, timestamp: Number(m.timestamp), step: Number(m.step ?? 0) })).sort((a, b) => a.step - b.step || a.timestamp - b.timestamp);
    },
    async experiment(name: string): Promise<string> {
      return (await call<{ experiment: { experiment_id: string } }>(`/experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`)).experiment.experiment_id;
    },
    /** All experiments of a name: the file store can have several. */
    async experiments(name: string): Promise<string[]> {
      const { experiments = [] } = await call<{ experiments?: { experiment_id: string; name: string }[] }>("/experiments/search", { max_results: 1000 });
      return experiments.filter((e) => e.name === name).map((e) => e.experiment_id);
    },
    /** Runs of ours, by their ids. */
    async runsOf(experiments: readonly string[], runId: string): Promise<string[]> {
      const { runs = [] } = await call<{ runs?: RunAnswer["run"][] }>("/runs/search", { experiment_ids: experiments, filter: `tags.\`mlstack.run\` = '${runId}'` });
      return runs.map((r) => r.info.run_id);
    },
    /** Runs of an experiment that are not deleted. */
    async runs(experiment: string): Promise<string[]> {
      const { runs = [] } = await call<{ runs?: RunAnswer["run"][] }>("/runs/search", { experiment_ids: [experiment], max_results: 1000 });
      return runs.map((r) => r.info.run_id);
    },
    async file(experiment: string, id: string, path: string): Promise<Buffer> {
      const response = await fetch(`${url}/api/2.0/mlflow-artifacts/artifacts/${experiment}/${id}/artifacts/${path.split("/").map(encodeURIComponent).join("/")}`, { headers });
      if (!response.ok) throw new Error(`${path}: ${response.status}`);
      return Buffer.from(await response.arrayBuffer());
    },
  };
}

/** Events of one step, numbered as the engine numbers them. */
export function stepEvents(node: string, attempt = 1, cachedFrom?: string) {
  let ordinal = 0;
  return (body: TrackerEventBody, time = 1_700_000_000_000 + ordinal): TrackerEvent =>
    ({ ...body, id: `${node}/${attempt}/${ordinal++}`, node, attempt, time, ...(cachedFrom !== undefined && { cachedFrom }) });
}

/** Contents that are opened by their digests, in two pieces. */
export function contents() {
  const known = new Map<string, Uint8Array>();
  return {
    file(key: string, text: string): Extract<TrackerEventBody, { kind: "file" }> {
      const bytes = Buffer.from(text);
      const value = createHash("sha256").update(bytes).digest("hex");
      known.set(value, bytes);
      return { kind: "file", key, value, size: bytes.byteLength };
    },
    async *open(sha256: string): AsyncIterable<Uint8Array> {
      const bytes = known.get(sha256)!;
      yield bytes.subarray(0, bytes.byteLength >> 1);
      yield bytes.subarray(bytes.byteLength >> 1);
    },
  };
}
