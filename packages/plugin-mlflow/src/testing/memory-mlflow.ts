import { MlstackError } from "@mlstack/core";
import type { MlflowClient } from "../rest/client.ts";
import type { Batch, Experiment, KeyValue, MetricPoint, Run } from "../rest/wire.ts";
import { pointId } from "../tracker/run-state.ts";

/** What becomes of a call: done and answered, done with its answer lost, or not done with no answer; `late` is done some time after its client has given up. */
export type Fate = "done" | "lost" | "never" | "late";

/** `sql2`: the one of MLflow 2, which drops repeated points with two exceptions. `file` appends, and keeps keys as paths. */
export type StoreKind = "sql" | "sql2" | "file";

interface Stored { readonly id: string; readonly experiment: string; deleted: boolean; status: string; readonly params: Map<string, string>; readonly tags: Map<string, string>; readonly points: MetricPoint[] }

/** MLflow's stores in memory, as far as runs go. */
export class MemoryMlflow {
  readonly runs = new Map<string, Stored>();
  readonly experiments: Experiment[] = [];
  /** Names of the calls so far. */
  readonly calls: string[] = [];
  readonly #kind: StoreKind;
  readonly #ids: readonly number[];

  /** @param ids of the runs in the order in which they are made; MLflow's are random, so their order says nothing */
  constructor(kind: StoreKind, ids: readonly number[] = []) { this.#kind = kind; this.#ids = ids; }

  /** @param turn waits for the moment at which the server gets a call, and says what becomes of it */
  client(turn: (call: string) => Promise<Fate>, later: (work: () => void) => void): MlflowClient {
    const call = async <T>(name: string, work: () => T): Promise<T> => {
      this.calls.push(name);
      const fate = await turn(name);
      if (fate === "late") later(() => { try { work(); } catch { /* nobody is told */ } });
      const result = fate === "done" || fate === "lost" ? work() : undefined;
      if (fate !== "done") throw new MlstackError("MLS6001", `${name}: no answer`, { details: { outcome: "unknown" } });
      return result as T;
    };
    const unused = () => { throw new Error("not in this test"); };
    return {
      server: "memory", version: unused, probe: unused, putArtifact: unused, getArtifact: unused, listArtifacts: unused, close: async () => undefined,
      isSql: async () => this.#kind !== "file",
      experimentByName: (name) => call("experiment", () => this.experiments.find((e) => e.name === name)),
      experimentsByName: (name) => call("experiments", () => this.experiments.filter((e) => e.name === name)),
      createExperiment: (name) => this.#createExperiment(name, call),
      createRun: ({ experimentId, tags }) => call("create", () => this.#create(experimentId, tags)),
      getRun: (id) => call("get", () => view(this.#find(id))),
      searchRuns: (experiments) => call("search", () => [...this.runs.values()].filter((r) => !r.deleted && experiments.includes(r.experiment)).map(view)),
      updateRun: (id, { status }) => call("update", () => { this.#active(id).status = status; }),
      deleteRun: (id) => call("delete", () => { this.#find(id).deleted = true; }),
      setTag: (id, { key, value }) => call("set-tag", () => { this.#active(id).tags.set(key, value); }),
      logBatch: (id, batch) => call("log", () => this.#log(id, batch)),
      metricHistory: (id, key) => call("history", () => this.#find(id).points.filter((p) => p.key === key).map((p) => ({ ...p, step: Number(p.step) }))),
    };
  }

  /** The file store looks, and writes afterwards; the others do both at once. */
  async #createExperiment(name: string, call: <T>(name: string, work: () => T) => Promise<T>): Promise<string> {
    const look = (): void => { if (this.experiments.some((e) => e.name === name)) throw refused("RESOURCE_ALREADY_EXISTS", "exists"); };
    const write = (): string => {
      // ids of the file store are drawn by lot
      const id = String(this.#kind === "file" ? 900 - this.experiments.length : 1 + this.experiments.length);
      this.experiments.push({ experiment_id: id, name, lifecycle_stage: "active", creation_time: this.experiments.length });
      return id;
    };
    if (this.#kind !== "file") return call("create-experiment", () => { look(); return write(); });
    await call("look for the experiment", look);
    return call("create-experiment", write);
  }

  #create(experiment: string, tags: readonly KeyValue[]): Run {
    const id = String(this.#ids[this.runs.size] ?? 1000 + this.runs.size);
    const run: Stored = { id, experiment, deleted: false, status: "RUNNING", params: new Map(), tags: new Map(tags.map((t) => [t.key, t.value])), points: [] };
    this.runs.set(id, run);
    return view(run);
  }

  #log(id: string, { params, metrics, tags }: Batch): void {
    const run = this.#active(id);
    if (params.some((p) => run.params.has(p.key) && run.params.get(p.key) !== p.value)) throw refused("INVALID_PARAMETER_VALUE", "Changing param values is not allowed");
    const isThere = (m: MetricPoint): boolean => run.points.some((p) => p.key === m.key && pointId(p) === pointId(m));
    // NaN is no number that equals itself; and the keys are compared a hundred at a time, but all points written each time
    if (this.#kind === "sql2" && metrics.some((m) => isThere(m) && (Number.isNaN(m.value) || new Set(metrics.map((o) => o.key)).size > 100))) throw refused("BAD_REQUEST", "UNIQUE constraint failed");
    for (const { key, value } of params) run.params.set(key, value);
    for (const m of metrics) {
      if (this.#kind === "file" && run.points.some((p) => p.key.startsWith(`${m.key}/`) || m.key.startsWith(`${p.key}/`))) throw broken();
      if (this.#kind === "file" || !isThere(m)) run.points.push(m);
    }
    for (const { key, value } of tags) run.tags.set(key, value);
  }

  #find(id: string): Stored {
    const run = this.runs.get(id);
    if (run === undefined) throw refused("RESOURCE_DOES_NOT_EXIST", "no such run");
    return run;
  }

  #active(id: string): Stored {
    const run = this.#find(id);
    if (run.deleted) throw refused("INVALID_PARAMETER_VALUE", "The run must be in the 'active' state");
    return run;
  }
}

/** What MLflow's file store says where a file should be a folder. What came before is written. */
const broken = (): MlstackError => new MlstackError("MLS6001", "Not a directory", { details: { outcome: "unknown", errorCode: "INTERNAL_ERROR", status: 500 } });
const refused = (errorCode: string, message: string): MlstackError => new MlstackError("MLS6003", message, { details: { outcome: "refused", errorCode } });

function view(run: Stored): Run {
  const list = (m: Map<string, string>): KeyValue[] => [...m].map(([key, value]) => ({ key, value }));
  return {
    info: { run_id: run.id, experiment_id: run.experiment, status: run.status, artifact_uri: "", lifecycle_stage: run.deleted ? "deleted" : "active" },
    data: { params: list(run.params), tags: list(run.tags), metrics: [...new Map(run.points.map((p) => [p.key, { ...p, step: Number(p.step) }])).values()] },
  };
}
