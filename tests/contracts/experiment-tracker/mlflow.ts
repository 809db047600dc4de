import { MlstackError, type ExperimentTracker, type TrackedRun, type TrackedStatus, type TrackerEvent } from "@mlstack/core";
import { LostAnswer, patiently, unreachable, vendorError, type Answer, type Transport } from "../testing/tape.ts";

interface Metric { readonly key: string; readonly value: number | string; readonly timestamp: number; readonly step: number }
interface KeyValue { readonly key: string; readonly value: string }
interface MlflowRun { readonly info: { readonly run_id: string; readonly start_time: number }; readonly data?: { readonly params?: readonly KeyValue[] } }

const LIMITS = { metrics: 1000, params: 100, tags: 100, all: 1000, paramLength: 6000, tagLength: 8000 };
const STATUS: Readonly<Record<TrackedStatus, string>> = { completed: "FINISHED", failed: "FAILED", cancelled: "KILLED" };
const errorCode = (a: Answer): string => (a.body as { error_code?: string } | undefined)?.error_code ?? "";
const json = (value: number): number | string => (Number.isFinite(value) ? value : String(value));

/** Names of MLflow: letters, digits, `_-. :/`, up to 250. A map item's node has `@`, which is none of them. */
const nameOf = (e: TrackerEvent): string => `${e.node.includes("@") ? `${e.node.replace("@", ":")}/` : ""}${e.key.replace(/[^A-Za-z0-9_\-. :/]/g, "_")}`.slice(0, 250);

/**
 * MLflow's REST API on paper. `readBack`: the server keeps its runs in files, where a metric that is sent twice is there twice; in a
 * database (key, time, step, value) is the primary key, and a resend changes nothing.
 */
export function mlflowTracker(send: Transport, experiment: string, readBack: boolean): ExperimentTracker {
  const call = async (path: string, body: object): Promise<Answer> => (await patiently(send, { method: "POST", url: `/api/2.0/mlflow/${path}`, body })).answer;
  const get = async (path: string): Promise<Answer> => (await patiently(send, { method: "GET", url: `/api/2.0/mlflow/${path}` })).answer;
  const ok = (what: string, answer: Answer): unknown => {
    if (answer.status !== 200) throw vendorError(`${what}: ${errorCode(answer)}`, answer);
    return answer.body;
  };

  async function experimentId(): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      const found = await get(`experiments/get-by-name?experiment_name=${encodeURIComponent(experiment)}`);
      if (found.status === 200) return (found.body as { experiment: { experiment_id: string } }).experiment.experiment_id;
      if (errorCode(found) !== "RESOURCE_DOES_NOT_EXIST") throw vendorError(experiment, found);
      const made = await call("experiments/create", { name: experiment });
      if (made.status === 200) return (made.body as { experiment_id: string }).experiment_id;
      // Somebody was faster, once; an experiment in the trash also has the name, and is not found by it for ever.
      if (errorCode(made) !== "RESOURCE_ALREADY_EXISTS" || attempt === 2) throw new MlstackError("MLS6003", `the experiment ${experiment} can't be made`, { fix: "restore it, or choose another name" });
    }
  }
  /** The oldest one with our tag: should two processes ever have made two, both find the same. */
  async function find(experiment_id: string, runId: string): Promise<MlflowRun | undefined> {
    const filter = `tags.\`mlstack.run_id\` = '${runId}'`;
    const { runs = [] } = ok("search", await call("runs/search", { experiment_ids: [experiment_id], filter, order_by: ["attributes.start_time ASC"], max_results: 1 })) as { runs?: MlflowRun[] };
    return runs[0];
  }

  return {
    contract: "experiment_tracker@1",

    async startRun(run: TrackedRun) {
      const experiment_id = await experimentId();
      const create = { experiment_id, run_name: run.pipeline, start_time: run.startedAt.getTime(), tags: [{ key: "mlstack.run_id", value: run.runId }, ...Object.entries(run.tags).map(([key, value]) => ({ key, value }))] };
      for (let attempt = 1; ; attempt++) {
        const found = await find(experiment_id, run.runId);
        if (found !== undefined) {
          ok("update", await call("runs/update", { run_id: found.info.run_id, status: "RUNNING" }));
          return { externalId: found.info.run_id };
        }
        try {
          // Creating is not idempotent: after a lost answer it is looked for, never just sent again.
          const answer = await send({ method: "POST", url: "/api/2.0/mlflow/runs/create", body: create });
          return { externalId: (ok("create", answer) as { run: MlflowRun }).run.info.run_id };
        } catch (e) {
          if (!(e instanceof LostAnswer)) throw e;
          if (attempt === 3) throw unreachable("runs/create", e);
        }
      }
    },

    async log(run_id, events) {
      const metrics = events.filter((e) => e.kind === "metric").map((e): Metric => ({ key: nameOf(e), value: json(e.value), timestamp: e.time, step: e.step }));
      const params = new Map(events.filter((e) => e.kind === "param").map((e) => [nameOf(e), { event: e, value: String(e.value).slice(0, LIMITS.paramLength) }]));
      const tags = new Map(events.filter((e) => e.kind === "tag").map((e) => [nameOf(e), e.value.slice(0, LIMITS.tagLength)]));
      const left = { metrics: readBack ? await unsent(run_id, metrics) : metrics, params: [...params].map(([key, { value }]) => ({ key, value })), tags: [...tags].map(([key, value]) => ({ key, value })) };
      while (left.metrics.length + left.params.length + left.tags.length > 0) {
        const batch = { run_id, params: left.params.splice(0, LIMITS.params), tags: left.tags.splice(0, LIMITS.tags), metrics: [] as Metric[] };
        batch.metrics = left.metrics.splice(0, Math.min(LIMITS.metrics, LIMITS.all - batch.params.length - batch.tags.length));
        let answer = await logBatch(batch);
        if (errorCode(answer) === "INVALID_PARAMETER_VALUE" && batch.params.length > 0) {
          // Parameters never change once they are set, and one that would change fails its whole batch: another value goes by another name.
          const { run } = ok("get", await get(`runs/get?run_id=${run_id}`)) as { run: MlflowRun };
          const set = new Map((run.data?.params ?? []).map((p) => [p.key, p.value]));
          batch.params = batch.params.map((p) => {
            const { node, attempt } = params.get(p.key)!.event;
            return set.get(p.key) === undefined || set.get(p.key) === p.value ? p : { key: `${node.replace("@", ":")}.${attempt}/${p.key}`.slice(0, 250), value: p.value };
          });
          answer = await logBatch(batch);
        }
        ok("log-batch", answer);
      }
    },

    async finishRun(run_id, status, endedAt) {
      ok("update", await call("runs/update", { run_id, status: STATUS[status], end_time: endedAt.getTime() }));
    },
  };

  /** Sends a batch; a file store keeps a repeated metric twice, so there what has arrived is taken out before it is sent again. */
  async function logBatch(batch: { readonly run_id: string; readonly metrics: Metric[] }): Promise<Answer> {
    if (!readBack) return await call("runs/log-batch", batch);
    for (let attempt = 1, rest = batch; ; attempt++) {
      try { return await send({ method: "POST", url: "/api/2.0/mlflow/runs/log-batch", body: rest }); } catch (e) {
        if (!(e instanceof LostAnswer)) throw e;
        if (attempt === 3) throw unreachable("log-batch", e);
        rest = { ...batch, metrics: await unsent(batch.run_id, batch.metrics) };
      }
    }
  }
  async function unsent(run_id: string, metrics: readonly Metric[]): Promise<Metric[]> {
    const there = new Set<string>();
    const id = (m: Metric) => JSON.stringify([m.key, Number(m.timestamp), Number(m.step), String(m.value)]);
    for (const key of new Set(metrics.map((m) => m.key))) {
      for (let page = ""; ;) {
        const body = ok("history", await get(`metrics/get-history?run_id=${run_id}&metric_key=${encodeURIComponent(key)}&max_results=25000${page}`)) as { metrics?: Metric[]; next_page_token?: string };
        for (const m of body.metrics ?? []) there.add(id(m));
        if (body.next_page_token === undefined || body.next_page_token === "") break;
        page = `&page_token=${encodeURIComponent(body.next_page_token)}`;
      }
    }
    return metrics.filter((m) => !there.has(id(m)));
  }
}
