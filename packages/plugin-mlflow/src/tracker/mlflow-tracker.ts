import type { CallOptions, ExperimentTracker, LogOptions, TrackedRun, TrackedStatus, TrackerEvent } from "@mlstack/core";
import type { MlflowClient } from "../rest/client.ts";
import type { KeyValue, RunStatus } from "../rest/wire.ts";
import { check } from "./check.ts";
import { findExperiments, isCounted } from "./experiment.ts";
import { uploadFiles } from "./files.ts";
import { logEvents } from "./log-events.ts";
import { fitting, legalKey, MAX_PARAM_VALUE, MAX_TAG_VALUE } from "./names.ts";
import { deleteTwins, openRun } from "./open-run.ts";
import { runBook, type RunPage } from "./run-book.ts";
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
  const book = runBook();
  let asked: Promise<boolean | undefined> | undefined;
  const isSql = (options: CallOptions): Promise<boolean | undefined> => (asked ??= client.isSql(options).catch((e: unknown) => { asked = undefined; throw e; }));
  /** Whether the store of a run is one of MLflow's SQL stores. */
  const isSqlRun = async (externalId: string, page: RunPage, options: CallOptions): Promise<boolean> => {
    page.isSql ??= (await isSql(options)) ?? isCounted((await client.getRun(externalId, options)).info.experiment_id);
    return page.isSql;
  };

  return {
    contract: "experiment_tracker@1",
    // of MLflow's SQL stores; see README.md
    sameBy: "value",
    async startRun(run, options: CallOptions = {}) {
      const experimentIds = await findExperiments(client, config.experiment ?? run.pipeline, await isSql(options), options);
      const wanted = { runId: run.runId, name: nameOf(run, config.runName), startTime: run.startedAt.getTime(), tags: tagsOf(run, config.user), before: run.externalId };
      const { run: opened, mayHaveTwin } = await openRun(client, experimentIds, wanted, config.pauseMs, options);
      const { run_id: externalId, experiment_id: experimentId } = opened.info;
      const page = book.page(externalId);
      if (mayHaveTwin) page.twin = { experimentIds, runId: run.runId };
      if (opened.info.status !== "RUNNING") await client.updateRun(externalId, { status: "RUNNING" }, options);
      await sendPlan(client, externalId, config.pauseMs, options, async (round) => {
        const { data } = round === 1 ? opened : await client.getRun(externalId, options);
        const there = new Set(data.params.map((p) => p.key));
        return { params: paramsOf(run).filter((p) => !there.has(p.key)), metrics: [], tags: keyTagsOf(run).filter((t) => !data.tags.some((o) => o.key === t.key)), events: new Map() };
      });
      return { externalId, url: `${client.server}/#/experiments/${experimentId}/runs/${externalId}` };
    },

    async log(externalId, events: readonly TrackerEvent[], options: LogOptions = {}) {
      if (events.length === 0) return { refused: [] };
      const mine = [...events]; // the caller may add to its list while this waits
      const page = book.page(externalId);
      return page.inOrder(options.signal, async () => {
        const { refused, state } = await logEvents(client, externalId, mine, page.known, { isSql: await isSqlRun(externalId, page, { signal: options.signal }), pauseMs: config.pauseMs, resent: options.resent === true, signal: options.signal });
        const files = mine.filter((e) => e.kind === "file");
        if (files.length === 0) return { refused };
        const left = await uploadFiles(client, externalId, files, { tags: state.tags, open: options.open?.bind(options), failures: page.failures }, { signal: options.signal });
        return { refused: [...refused, ...left] };
      });
    },

    async finishRun(externalId, status, endedAt, options: CallOptions = {}) {
      const page = book.page(externalId);
      await page.inOrder(options.signal, () => client.updateRun(externalId, { status: STATUS[status], endTime: endedAt.getTime() }, options));
      if (page.twin !== undefined) await deleteTwins(client, page.twin.experimentIds, page.twin.runId, externalId, options).catch(() => options.signal?.throwIfAborted());
      book.close(externalId);
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
