import { MlstackError } from "@mlstack/core";
import type { z } from "zod";
import { artifactCalls, type ArtifactCalls } from "./artifacts.ts";
import { errorCodeOf } from "./failure.ts";
import type { Call, Http } from "./http.ts";
import { doubleOf, experimentAnswer, experimentIdAnswer, experimentsAnswer, historyAnswer, nothing, runAnswer, runsAnswer, type Batch, type Experiment, type KeyValue, type Metric, type Run, type RunStatus } from "./wire.ts";

/** Calls of one operation take the caller's signal. */
export interface Options { readonly signal?: AbortSignal | undefined }

/**
 * MLflow's REST API 2.0, as far as it is used here (https://mlflow.org/docs/latest/rest-api.html). Errors are those of {@link Http};
 * MLflow's own code is in `details.errorCode`. Calls that can't be repeated say so: they may have been done when they reject with
 * `details.outcome` "unknown".
 */
export interface MlflowClient extends ArtifactCalls {
  readonly server: string;
  /** The server's version, such as `3.17.2`. */
  version(options?: Options): Promise<string>;
  /** Answers when the API can be used with these credentials. */
  probe(options?: Options): Promise<void>;
  /**
   * Whether the server's store has each point of a metric once, by its primary key, and each experiment's name: its SQL stores. False also
   * for a store that is not known; undefined where the server does not tell this user.
   */
  isSql(options?: Options): Promise<boolean | undefined>;
  experimentByName(name: string, options?: Options): Promise<Experiment | undefined>;
  /** All of that name that are not deleted: MLflow's file store can have several. */
  experimentsByName(name: string, options?: Options): Promise<readonly Experiment[]>;
  /** Names are unique but in the file store, so that it can be repeated. @throws MLS6003 with RESOURCE_ALREADY_EXISTS */
  createExperiment(name: string, options?: Options): Promise<string>;
  /** Not repeatable: each call makes a run. */
  createRun(run: { readonly experimentId: string; readonly name: string; readonly startTime: number; readonly tags: readonly KeyValue[] }, options?: Options): Promise<Run>;
  getRun(runId: string, options?: Options): Promise<Run>;
  /** All runs that are not deleted and fit the filter, such as ``tags.`a.b` = 'c'``. */
  searchRuns(experimentIds: readonly string[], filter: string, options?: Options): Promise<readonly Run[]>;
  /** `endTime` in milliseconds. Without one, that of an earlier call stays. */
  updateRun(runId: string, change: { readonly status: RunStatus; readonly endTime?: number | undefined }, options?: Options): Promise<void>;
  /** Moves the run to MLflow's trash. */
  deleteRun(runId: string, options?: Options): Promise<void>;
  /** Not repeatable: the file store appends points that it has already. At most 100 params, 100 tags and 1000 entries in all. */
  logBatch(runId: string, batch: Batch, options?: Options): Promise<void>;
  /** Sets one tag over what is there. */
  setTag(runId: string, tag: KeyValue, options?: Options): Promise<void>;
  /** All points of a metric. */
  metricHistory(runId: string, key: string, options?: Options): Promise<readonly Metric[]>;
  close(): Promise<void>;
}

const API = "/api/2.0/mlflow";
const PAGE = 25_000;
/** An id that no run has. */
const NO_RUN = "0".repeat(32);

export function mlflowClient(http: Http): MlflowClient {
  const get = <S extends z.ZodType>(path: string, query: Call["query"], operation: string, answer: S, options?: Options) =>
    http.json({ method: "GET", path: API + path, query, operation, repeatable: true, signal: options?.signal }, answer);
  const post = <S extends z.ZodType>(path: string, json: unknown, operation: string, repeatable: boolean, answer: S, options?: Options) =>
    http.json({ method: "POST", path: API + path, json, operation, repeatable, signal: options?.signal }, answer);

  return {
    server: http.server,
    ...artifactCalls(http),
    version: async (options) => (await http.text({ method: "GET", path: "/version", operation: "asking for the version", repeatable: true, signal: options?.signal })).trim(),
    async probe(options) { await post("/experiments/search", { max_results: 1 }, "listing experiments", true, experimentsAnswer, options); },
    async experimentByName(name, options) {
      try {
        return (await get("/experiments/get-by-name", { experiment_name: name }, "finding the experiment", experimentAnswer, options)).experiment;
      } catch (e) {
        if (errorCodeOf(e) === "RESOURCE_DOES_NOT_EXIST") return undefined;
        throw e;
      }
    },
    async isSql(options) {
      // nothing says which store a server has; but each has words of its own for a run that is not there
      try { await get("/runs/get", { run_id: NO_RUN }, "asking which store it has", runAnswer, options); } catch (e) {
        if (!MlstackError.is(e)) throw e;
        if (errorCodeOf(e) === "RESOURCE_DOES_NOT_EXIST") return e.message.includes(`Run with id=${NO_RUN} not found`);
        // who may not look at it, and a server that fails at it, say nothing of the store
        const status = e.details?.["status"];
        if (status === 403 || status === 500) return undefined;
        if (!MlstackError.is(e, "MLS6003")) throw e;
      }
      return false;
    },
    async experimentsByName(name, options) {
      const found: Experiment[] = [];
      // filters have no escape for quotes: a name with both kinds is looked for among all
      const quote = name.includes("'") ? '"' : "'";
      const filter = name.includes(quote) ? {} : { filter: `name = ${quote}${name}${quote}` };
      for (let token: string | undefined; ;) {
        const page = await post("/experiments/search", { view_type: "ACTIVE_ONLY", max_results: 1000, ...filter, ...(token !== undefined && { page_token: token }) }, "finding the experiment", true, experimentsAnswer, options);
        found.push(...page.experiments.filter((e) => e.name === name && e.lifecycle_stage === "active"));
        token = page.next_page_token || undefined;
        if (token === undefined) return found;
      }
    },
    createExperiment: async (name, options) => (await post("/experiments/create", { name }, "creating the experiment", true, experimentIdAnswer, options)).experiment_id,
    createRun: async ({ experimentId, name, startTime, tags }, options) =>
      (await post("/runs/create", { experiment_id: experimentId, run_name: name, start_time: startTime, tags }, "creating the run", false, runAnswer, options)).run,
    getRun: async (runId, options) => (await get("/runs/get", { run_id: runId }, "reading the run", runAnswer, options)).run,
    async searchRuns(experimentIds, filter, options) {
      const found: Run[] = [];
      let token: string | undefined;
      do {
        const page = await post("/runs/search", { experiment_ids: experimentIds, filter, run_view_type: "ACTIVE_ONLY", max_results: 100, ...(token !== undefined && { page_token: token }) }, "finding the run", true, runsAnswer, options);
        found.push(...page.runs);
        token = page.next_page_token || undefined;
      } while (token !== undefined);
      return found;
    },
    async updateRun(runId, { status, endTime }, options) {
      await post("/runs/update", { run_id: runId, status, ...(endTime !== undefined && { end_time: endTime }) }, "setting the run's status", true, nothing, options);
    },
    async deleteRun(runId, options) { await post("/runs/delete", { run_id: runId }, "deleting the run", true, nothing, options); },
    async logBatch(runId, { params, metrics, tags }, options) {
      const json = { run_id: runId, params, tags, metrics: metrics.map((m) => ({ ...m, value: doubleOf(m.value) })) };
      await post("/runs/log-batch", json, "logging", false, nothing, options);
    },
    async setTag(runId, { key, value }, options) { await post("/runs/set-tag", { run_id: runId, key, value }, "setting a tag", true, nothing, options); },
    async metricHistory(runId, key, options) {
      const points: Metric[] = [];
      // MLflow 2 has no pages here: it ignores the size and sends all
      for (let token: string | undefined; ;) {
        const page = await get("/metrics/get-history", { run_id: runId, metric_key: key, max_results: String(PAGE), page_token: token }, "reading the metric's history", historyAnswer, options);
        points.push(...page.metrics);
        if (!page.next_page_token || page.next_page_token === token) return points;
        token = page.next_page_token;
      }
    },
    close: () => http.close(),
  };
}
