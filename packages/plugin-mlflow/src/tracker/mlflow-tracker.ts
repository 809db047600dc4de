import type { CallOptions, ExperimentTracker, LogOptions, TrackedRun, TrackedStatus, TrackerEvent } from "@mlstack/core";
import type { MlflowClient } from "../rest/client.ts";
import type { KeyValue, RunStatus } from "../rest/wire.ts";
import { check } from "./check.ts";
import { findExperiment } from "./experiment.ts";
import { uploadFiles } from "./files.ts";
import { logEvents } from "./log-events.ts";
import { fitting, legalKey, MAX_PARAM_VALUE, MAX_TAG_VALUE } from "./names.ts";
import { deleteTwins, openRun } from "./open-run.ts";
import { sendPlan } from "./send-plan.ts";
import { TAG, userTagKey } from "./tags.ts";

export interface TrackerOptions {
  /** By default the pipeline's name. */
  readonly experiment?: string | undefined;
  /** With {pipeline} and {run}. */
  readonly runName?: string | undefined;
  /** Shown as the run's user. */
  readonly user?: string | undefined;
  /** The wait before what may have been done is looked at again, in milliseconds. */
  readonly pauseMs: number;
}

const STATUS: Readonly<Record<TrackedStatus, RunStatus>> = { completed: "FINISHED", failed: "FAILED", cancelled: "KILLED" };

/** Shows pipeline runs as runs of an MLflow server. README.md says what is shown how. */
export function mlflowTracker(client: MlflowClient, config: TrackerOptions): ExperimentTracker {
  // the file store would take both of two calls that find the same point missing
  const queues = new Map<string, Promise<unknown>>();
  const twins = new Map<string, { readonly experimentId: string; readonly runId: string }>();

  function inOrder<T>(externalId: string, work: () => Promise<T>): Promise<T> {
    const before = queues.get(externalId) ?? Promise.resolve();
    const mine = before.then(work, work);
    queues.set(externalId, mine.catch(() => undefined));
    return mine;
  }

  return {
    contract: "experiment_tracker@1",
    async startRun(run, options: CallOptions = {}) {
      const experimentId = await findExperiment(client, config.experiment ?? run.pipeline, options);
      const wanted = { runId: run.runId, name: nameOf(run, config.runName), startTime: run.startedAt.getTime(), tags: tagsOf(run, config.user) };
      const opened = await openRun(client, experimentId, wanted, config.pauseMs, options);
      const externalId = opened.run.info.run_id;
      if (opened.mayHaveTwin) twins.set(externalId, { experimentId, runId: run.runId });
      if (opened.run.info.status !== "RUNNING") await client.updateRun(externalId, { status: "RUNNING" }, options);
      await sendPlan(client, externalId, config.pauseMs, options, async () => {
        const { data } = await client.getRun(externalId, options);
        const there = new Set(data.params.map((p) => p.key));
        return { params: paramsOf(run).filter((p) => !there.has(p.key)), metrics: [], tags: keyTagsOf(run).filter((t) => !data.tags.some((o) => o.key === t.key)) };
      });
      return { externalId, url: `${client.server}/#/experiments/${experimentId}/runs/${externalId}` };
    },

    async log(externalId, events: readonly TrackerEvent[], options: LogOptions = {}) {
      if (events.length === 0) return;
      const mine = [...events]; // the caller may add to its list while this waits
      await inOrder(externalId, async () => {
        const state = await logEvents(client, externalId, mine, config.pauseMs, options);
        const files = mine.filter((e) => e.kind === "file");
        await uploadFiles(client, externalId, files, state.tags, options.open?.bind(options), options);
      });
    },

    async finishRun(externalId, status, endedAt, options: CallOptions = {}) {
      await inOrder(externalId, () => client.updateRun(externalId, { status: STATUS[status], endTime: endedAt.getTime() }, options));
      const twin = twins.get(externalId);
      if (twin === undefined) return;
      await deleteTwins(client, twin.experimentId, twin.runId, externalId, options).catch(() => options.signal?.throwIfAborted());
      twins.delete(externalId);
    },

    check: (options = {}) => check(client, options),
    dispose: () => client.close(),
  };
}

/** The run's name; `template` may hold {pipeline} and {run}. */
export function nameOf(run: TrackedRun, template = "{pipeline} {run}"): string {
  const values = { "{pipeline}": run.pipeline, "{run}": run.runId } as const;
  return fitting(template.replace(/\{pipeline\}|\{run\}/g, (m) => values[m as keyof typeof values]), 250);
}

/** Tags that a run is made with. The pipeline's own can't be in the way of MLflow's and of this plugin's. */
export function tagsOf(run: TrackedRun, user?: string): KeyValue[] {
  const tags = new Map<string, string>();
  for (const [key, value] of Object.entries(run.tags)) if (key !== TAG.run) tags.set(legalKey(userTagKey(key)), value);
  const own = { [TAG.pipeline]: run.pipeline, "mlflow.source.name": run.pipeline, "mlflow.source.type": "LOCAL", ...(user !== undefined && { "mlflow.user": user }) };
  for (const [key, value] of Object.entries(own)) tags.set(key, value);
  tags.delete("mlflow.runName"); // MLflow refuses a name that is not the run's
  return [...tags].map(([key, value]) => ({ key, value: fitting(value, MAX_TAG_VALUE) }));
}

function paramsOf(run: TrackedRun): KeyValue[] {
  return Object.entries(run.params).map(([key, value]) => ({ key: legalKey(key), value: fitting(String(value), MAX_PARAM_VALUE) }));
}

/** Says the originals of keys that MLflow does not take. */
function keyTagsOf(run: TrackedRun): KeyValue[] {
  const keys = [...Object.keys(run.params), ...Object.keys(run.tags).filter((k) => k !== TAG.run).map(userTagKey)];
  return [...new Set(keys)].filter((k) => legalKey(k) !== k).map((k) => ({ key: legalKey(TAG.key + legalKey(k)), value: fitting(k, MAX_TAG_VALUE) }));
}
