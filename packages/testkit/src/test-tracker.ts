import { readFile } from "node:fs/promises";
import { MlstackError, trackedFilePath, trackedName, type Tracker } from "@mlstack/core";

export interface TrackedMetric { readonly key: string; readonly value: number; readonly step: number }
export interface TrackedFile { readonly path: string; readonly bytes: Uint8Array }

/** What a step has said to its tracker. */
export interface TestTracker {
  readonly params: Readonly<Record<string, string | number | boolean>>;
  /** In the order of the calls. */
  readonly metrics: readonly TrackedMetric[];
  readonly tags: Readonly<Record<string, string>>;
  readonly files: readonly TrackedFile[];
  /** The last value of a metric; undefined where it was not logged. */
  metric(key: string): number | undefined;
}

/** A tracker that keeps what it is told, and refuses what a run's would. */
export function testTracker(): { readonly tracker: Tracker; readonly tracked: TestTracker } {
  const params: Record<string, string | number | boolean> = {};
  const tags: Record<string, string> = {};
  const metrics: TrackedMetric[] = [];
  const files: TrackedFile[] = [];
  const tracker: Tracker = {
    logParam: (key, value) => { params[trackedName(key, "parameter")] = value; },
    logParams: (given) => { for (const [key, value] of Object.entries(given)) tracker.logParam(key, value); },
    logMetric(key, value, step) {
      if (typeof value !== "number") throw new MlstackError("MLS1009", `the metric "${key}" was given ${typeof value}`, { fix: "log a number" });
      metrics.push({ key: trackedName(key, "metric"), value, step: step ?? metrics.filter((m) => m.key === key).length });
    },
    logMetrics: (given, step) => { for (const [key, value] of Object.entries(given)) tracker.logMetric(key, value, step); },
    setTag: (key, value) => { tags[trackedName(key, "tag")] = value; },
    async logFile(path, content) {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content instanceof Uint8Array ? Uint8Array.from(content) : new Uint8Array(await readFile(content.path));
      files.push({ path: trackedFilePath(path), bytes });
    },
  };
  return { tracker, tracked: { params, metrics, tags, files, metric: (key) => metrics.findLast((m) => m.key === key)?.value } };
}
