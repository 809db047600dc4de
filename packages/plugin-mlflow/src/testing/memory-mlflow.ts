import { MlstackError } from "@mlstack/core";
import type { MlflowClient } from "../rest/client.ts";
import type { Batch, KeyValue, MetricPoint, Run } from "../rest/wire.ts";
import { pointId } from "../tracker/run-state.ts";

/** What becomes of a call: done and answered, done with its answer lost, or not done with no answer; `late` is done some time after its client has given up. */
export type Fate = "done" | "lost" | "never" | "late";

interface Stored { readonly id: string; deleted: boolean; status: string; readonly params: Map<string, string>; readonly tags: Map<string, string>; readonly points: MetricPoint[] }

/** MLflow's two stores in memory, as far as runs go: SQL has each point once, the file store appends. */
export class MemoryMlflow {
  readonly runs = new Map<string, Stored>();
  readonly #kind: "sql" | "file";
  readonly #ids: readonly number[];

  /** @param ids of the runs in the order in which they are made; MLflow's are random, so their order says nothing */
  constructor(kind: "sql" | "file", ids: readonly number[] = []) { this.#kind = kind; this.#ids = ids; }

  /** @param turn waits for the moment at which the server gets a call, and says what becomes of it */
  client(turn: (call: string) => Promise<Fate>, later: (work: () => void) => void): MlflowClient {
    const call = async <T>(name: string, work: () => T): Promise<T> => {
      const fate = await turn(name);
      if (fate === "late") later(() => { try { work(); } catch { /* nobody is told */ } });
      const result = fate === "done" || fate === "lost" ? work() : undefined;
      if (fate !== "done") throw new MlstackError("MLS6001", `${name}: no answer`, { details: { outcome: "unknown" } });
      return result as T;
    };
    const unused = () => { throw new Error("not in this test"); };
    return {
      server: "memory", version: unused, probe: unused, experimentByName: async (name) => ({ experiment_id: "1", name, lifecycle_stage: "active" }), createExperiment: unused, putArtifact: unused, getArtifact: unused, listArtifacts: unused, close: async () => undefined,
      createRun: ({ tags }) => call("create", () => this.#create(tags)),
      getRun: (id) => call("get", () => view(this.#find(id))),
      searchRuns: () => call("search", () => [...this.runs.values()].filter((r) => !r.deleted).map(view)),
      updateRun: (id, { status }) => call("update", () => { this.#active(id).status = status; }),
      deleteRun: (id) => call("delete", () => { this.#find(id).deleted = true; }),
      setTag: (id, { key, value }) => call("set-tag", () => { this.#active(id).tags.set(key, value); }),
      logBatch: (id, batch) => call("log", () => this.#log(id, batch)),
      metricHistory: (id, key) => call("history", () => this.#find(id).points.filter((p) => p.key === key).map((p) => ({ ...p, step: Number(p.step) }))),
    };
  }

  #create(tags: readonly KeyValue[]): Run {
    const id = String(this.#ids[this.runs.size] ?? 1000 + this.runs.size);
    const run: Stored = { id, deleted: false, status: "RUNNING", params: new Map(), tags: new Map(tags.map((t) => [t.key, t.value])), points: [] };
    this.runs.set(id, run);
    return view(run);
  }

  #log(id: string, { params, metrics, tags }: Batch): void {
    const run = this.#active(id);
    if (params.some((p) => run.params.has(p.key) && run.params.get(p.key) !== p.value)) throw refused("INVALID_PARAMETER_VALUE", "Changing param values is not allowed");
    for (const { key, value } of params) run.params.set(key, value);
    for (const m of metrics) if (this.#kind === "file" || !run.points.some((p) => p.key === m.key && pointId(p) === pointId(m))) run.points.push(m);
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

const refused = (errorCode: string, message: string): MlstackError => new MlstackError("MLS6003", message, { details: { outcome: "refused", errorCode } });

function view(run: Stored): Run {
  const list = (m: Map<string, string>): KeyValue[] => [...m].map(([key, value]) => ({ key, value }));
  return {
    info: { run_id: run.id, experiment_id: "1", status: run.status, artifact_uri: "", lifecycle_stage: run.deleted ? "deleted" : "active" },
    data: { params: list(run.params), tags: list(run.tags), metrics: [...new Map(run.points.map((p) => [p.key, { ...p, step: Number(p.step) }])).values()] },
  };
}
