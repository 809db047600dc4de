import { MlstackError } from "@mlstack/core";
import type { MlflowClient, Options } from "../rest/client.ts";
import type { MetricPoint, Run } from "../rest/wire.ts";

/** What a run of the server holds, as far as new events are compared with it. Changed by planning. */
export interface RunState {
  readonly params: Map<string, string>;
  readonly tags: Map<string, string>;
  /** Metric keys → points, by {@link pointId}. */
  readonly points: Map<string, Set<string>>;
}

export function emptyState(): RunState {
  return { params: new Map(), tags: new Map(), points: new Map() };
}

export function stateOf(run: Run): RunState {
  return { params: pairs(run.data.params), tags: pairs(run.data.tags), points: new Map() };
}

/**
 * Reads the run, and the histories of those metrics that have points already. That is two calls for what a step usually logs: keys that
 * the run does not have need no history.
 */
export async function readState(client: MlflowClient, runId: string, metricKeys: ReadonlySet<string>, options: Options): Promise<RunState> {
  const run = await client.getRun(runId, options);
  if (run.info.lifecycle_stage !== "active") {
    throw new MlstackError("MLS6003", `the MLflow run ${runId} was deleted`, { fix: "restore it in MLflow, or start the pipeline's run again", details: { service: "mlflow", server: client.server, operation: "logging" } });
  }
  const state = stateOf(run);
  for (const { key } of run.data.metrics) {
    if (!metricKeys.has(key)) continue;
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
