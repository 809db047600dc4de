import { MlstackError } from "@mlstack/core";
import type { MlflowClient, Options } from "../rest/client.ts";
import type { MetricPoint, Run } from "../rest/wire.ts";

/** What a run of the server holds, as far as new events are compared with it. Changed by planning. */
export interface RunState {
  readonly params: Map<string, string>;
  readonly tags: Map<string, string>;
  /** Keys of metrics. */
  readonly metrics: Set<string>;
  /** Metric keys → points, by {@link pointId}; of those keys only whose histories were read, and what was planned since. */
  readonly points: Map<string, Set<string>>;
}

export function emptyState(): RunState {
  return { params: new Map(), tags: new Map(), metrics: new Set(), points: new Map() };
}

export function stateOf(run: Run): RunState {
  return { params: pairs(run.data.params), tags: pairs(run.data.tags), metrics: new Set(run.data.metrics.map((m) => m.key)), points: new Map() };
}

/** A state to plan with, so that the one it is made of stays what the server said. Histories are not remembered: they can be long. */
export function copyOf({ params, tags, metrics, points }: RunState): RunState {
  return { params: new Map(params), tags: new Map(tags), metrics: new Set(metrics), points: new Map([...points].map(([key, known]) => [key, new Set(known)])) };
}

/**
 * Reads the run, and histories of its metrics.
 *
 * @param histories the keys whose histories are read; those that the run does not have are left out
 * @throws MLS6003 when the run was deleted
 */
export async function readState(client: MlflowClient, runId: string, histories: (state: RunState) => ReadonlySet<string>, options: Options): Promise<RunState> {
  const run = await client.getRun(runId, options);
  if (run.info.lifecycle_stage !== "active") {
    throw new MlstackError("MLS6003", `the MLflow run ${runId} was deleted`, { fix: "restore it in MLflow, or start the pipeline's run again", details: { service: "mlflow", server: client.server, operation: "logging" } });
  }
  const state = stateOf(run);
  for (const key of histories(state)) {
    if (!state.metrics.has(key)) continue;
    const history = await client.metricHistory(runId, key, options);
    state.points.set(key, new Set(history.map(pointId)));
  }
  return state;
}

/**
 * What makes a point the same: MLflow's SQL store has these as its primary key. It keeps infinities as the largest doubles, and steps
 * beyond 2^53 are compared as doubles.
 */
export function pointId(point: Pick<MetricPoint, "value" | "timestamp"> & { readonly step: string | number }): string {
  const value = Number.isNaN(point.value) ? "NaN" : String(Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, point.value)) + 0);
  return `${point.timestamp} ${Number(point.step) + 0} ${value}`;
}

const pairs = (list: readonly { readonly key: string; readonly value: string }[]): Map<string, string> => new Map(list.map(({ key, value }) => [key, value]));
