import type { CallOptions, Component } from "./component.ts";

/**
 * Where parameters and metrics of runs are shown. One vendor run per pipeline run, created before the first step.
 *
 * Every event carries (key, step, time) fixed at the call, and an id. The engine may send an event again after a failure that left
 * open whether it arrived; the tracker sees to it that no event is shown twice.
 *
 * Every method rejects with MLS6001 when the service does not serve at the moment (not reached, no or half an answer, 408, 429, 5xx, also
 * when it was tried again): the engine keeps what it has and calls again later. MLS6002 and MLS6003 are refusals that a repetition does
 * not change. Whether a service can be reached is tried for a few seconds at most: how long it is waited for is the engine's business,
 * and an aborted call ends at once, also where it waits for another one.
 *
 * Stable: the flavors local and mlflow have passed the conformance kit. Another shape is another version.
 */
export interface ExperimentTracker extends Component {
  readonly contract: "experiment_tracker@1";
  /**
   * How many processes may log to one run side by side; `many` by default. With `one` the driver sends what steps elsewhere have logged,
   * when they have ended.
   */
  readonly writers?: "one" | "many" | undefined;
  /** Set by services that take a quiet run for a dead one: `log` is then called at least that often, without events; in milliseconds. */
  readonly keepAliveMs?: number | undefined;
  /**
   * What makes an event the same one: its `id` (default), or its `value`: two metric calls with equal key, step, time and value, and equal
   * params, tags and files, are one.
   */
  readonly sameBy?: "id" | "value" | undefined;
  /** Whether files can be shown; true by default. Where it is false no `file` events are sent, and the run says so once. */
  readonly files?: boolean | undefined;

  /**
   * Opens the vendor's run for a pipeline run, or the one that an earlier call with the same `runId` opened: that one is running again,
   * also where it was finished before.
   *
   * Called by one process at a time.
   *
   * @returns the vendor's id of the run, and where a person can look at it
   */
  startRun(run: TrackedRun, options?: CallOptions): Promise<{ readonly externalId: string; readonly url?: string | undefined }>;

  /**
   * Writes events. When the promise resolves those that are not in `refused` are stored, in the order of calls and events where the
   * service has an order. What it would refuse for its content, such as a name that is too long, is adapted; what can't be adapted is
   * named in `refused` and holds up nothing else; the number of requests for finding it is bounded. A process makes one call at a time.
   *
   * @throws MLS6001 when it is open what was stored: the same events come again, with `resent`; MLS6002; MLS6003 when no event can be
   * stored any more, as when the run was deleted
   */
  log(externalId: string, events: readonly TrackerEvent[], options?: LogOptions): Promise<LogResult>;

  /** Closes the vendor's run with its final status. Idempotent. */
  finishRun(externalId: string, status: TrackedStatus, endedAt: Date, options?: CallOptions): Promise<void>;
}

/** What goes with events. */
export interface LogOptions extends CallOptions {
  /** Opens the bytes of a `file` event by their digest; may be called again for another attempt. */
  open?(sha256: string): AsyncIterable<Uint8Array>;
  /**
   * Some of the events may be stored already: by an earlier call that failed, by another process, or before the run was resumed. Without it
   * none of them is, and a tracker need not look.
   */
  readonly resent?: boolean | undefined;
}

/** What became of events. */
export interface LogResult {
  /** What the service will never take. */
  readonly refused: readonly { /** Of the event. */ readonly id: string; /** In the service's words, for a person. */ readonly reason: string }[];
}

/** How a pipeline run has ended. */
export type TrackedStatus = "completed" | "failed" | "cancelled";

/** A pipeline run as a tracker is told of it. */
export interface TrackedRun {
  /** Of the pipeline run; the same when it is resumed. */
  readonly runId: string;
  /** Its name. */
  readonly pipeline: string;
  /** The pipeline's parameters, as text where they are not plain. */
  readonly params: Readonly<Record<string, string | number | boolean>>;
  /** Of the run, by their names. */
  readonly tags: Readonly<Record<string, string>>;
  /** When the run was started. */
  readonly startedAt: Date;
  /** What an earlier `startRun` of this run gave, where the run is resumed: that one is opened, unless the service does not have it any more. */
  readonly externalId?: string | undefined;
}

/** Something that a step has logged, with its place in the run. */
export type TrackerEvent = TrackerEventBody & {
  /** Unique in the pipeline run and the same each time the event is sent: `<node>/<times resumed>.<attempt>/<n>`. */
  readonly id: string;
  /** The plan node whose step made the call: the step's name, for an item of a map `<step>@<item>`, with one more `@<item>` for each map around it. */
  readonly node: string;
  /** From 1; 0 for the events of a cached step. */
  readonly attempt: number;
  /** When the step made the call, in milliseconds since 1970 (UTC). */
  readonly time: number;
  /** Set when the events of a cached step are sent again: the run that really made them. */
  readonly cachedFrom?: string | undefined;
};

/** What was logged: key and value by kind. */
export type TrackerEventBody =
  | { readonly kind: "param"; readonly key: string; readonly value: string | number | boolean }
  | {
      readonly kind: "metric"; readonly key: string; readonly value: number;
      /** The position on the metric's x axis, such as the epoch; 0 by default. */
      readonly step: number;
    }
  | { readonly kind: "tag"; readonly key: string; readonly value: string }
  | {
      readonly kind: "file";
      /** Where it is shown: a relative POSIX path, such as `plots/roc.png`. */
      readonly key: string;
      /** Hex SHA-256 of the bytes, which lie in the content space. */
      readonly value: string;
      /** In bytes. */
      readonly size: number;
    };

/**
 * The name under which a tracker shows an event: its key; for an item of a map below the step and the item, such as `train/3f2a/loss`, so
 * that items do not share one curve. A relative POSIX path of the same form for params, metrics, tags and files. Steps that are no items
 * of a map share names, as they would with the vendor's own SDK.
 */
export function shownName({ node, key }: Pick<TrackerEvent, "node" | "key">): string {
  return node.includes("@") ? `${node.replaceAll("@", "/")}/${key}` : key;
}

/** What a step uses to log; the same on every stack. Calls are recorded with the step and replayed when it is served from the cache. */
export interface Tracker {
  /** Logs a setting of the step. Where a key is logged again with another value, which of them is shown is the tracker's business. */
  logParam(key: string, value: string | number | boolean): void;
  /** As `logParam`, each. */
  logParams(params: Readonly<Record<string, string | number | boolean>>): void;
  /** Logs `value` at `step` (default: how many times this key was logged before in this step). NaN and infinities are allowed. */
  logMetric(key: string, value: number, step?: number): void;
  /** As `logMetric`, each at the same `step`. */
  logMetrics(metrics: Readonly<Record<string, number>>, step?: number): void;
  /** Sets a tag of the run. The last value of a key is the one that is shown. */
  setTag(key: string, value: string): void;
  /** Shows a file with the run: bytes, text, or a file of this machine, which may be gone once the promise has resolved. */
  logFile(path: string, content: Uint8Array | string | { readonly path: string }): Promise<void>;
}
