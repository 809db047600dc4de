import { createHash, randomUUID } from "node:crypto";
import type { ExperimentTracker, TrackedRun, TrackedStatus, TrackerEvent, TrackerEventBody } from "@mlstack/core";

/** A tracker under test. Cases work in runs of their own, of the pipeline `mlstack-conformance`, and look at no others. */
export interface ExperimentTrackerSubject {
  /** Opens the tracker: each time another object for the same service, as another process has it. */
  open(): Promise<ExperimentTracker>;
  /** What the service shows of a run, read without the tracker. */
  show(externalId: string): Promise<ShownRun>;
  /** The vendor's ids of what the service shows for a pipeline run, read without the tracker. */
  runsOf(runId: string): Promise<readonly string[]>;
  /** Removes a run, as a person does by the vendor's own tools. Where it is given, cases remove their runs, too. */
  remove?(externalId: string): Promise<void>;
  /** The same tracker with credentials that the service does not take. */
  openDenied?(): Promise<ExperimentTracker>;
  /** The same tracker at an address where nothing answers. */
  openUnreachable?(): Promise<ExperimentTracker>;
}

/** A run as the service shows it. */
export interface ShownRun {
  /** As the contract has it, whatever the service calls it. */
  readonly status: "running" | TrackedStatus;
  /** Undefined where the service does not show it. */
  readonly endedAt?: Date | undefined;
  /** By the names under which they are shown; of the tracker's own there may be more. */
  readonly params: Readonly<Record<string, string>>;
  /** Those that the run was given and those that were set. */
  readonly tags: Readonly<Record<string, string>>;
  /** Each in the order of its steps, those of one step in the order of their times. */
  readonly metrics: Readonly<Record<string, readonly ShownPoint[]>>;
  /** A file by the path under which it is shown; undefined when there is none. */
  file(path: string): Promise<Uint8Array | undefined>;
}

/** A point of a metric, as the service shows it. */
export interface ShownPoint {
  /** As it was logged. */
  readonly value: number;
  /** Its position on the x axis. */
  readonly step: number;
  /** In milliseconds since 1970 (UTC). */
  readonly time: number;
}

export interface ExperimentTrackerContext {
  readonly subject: ExperimentTrackerSubject;
  readonly tracker: ExperimentTracker;
  /** Another object for the same tracker; disposed of after the case. */
  open(): Promise<ExperimentTracker>;
  /** A pipeline run that nobody has started yet. */
  run(more?: Partial<TrackedRun>): TrackedRun;
  /** Starts a run of its own; gives the vendor's id. */
  start(more?: Partial<TrackedRun>): Promise<string>;
}

export const STARTED = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

export async function withinTracker<T>(subject: ExperimentTrackerSubject, _id: string, use: (context: ExperimentTrackerContext) => Promise<T>): Promise<T> {
  const opened: ExperimentTracker[] = [];
  const runs = new Set<string>();
  const open = async (): Promise<ExperimentTracker> => { const tracker = await subject.open(); opened.push(tracker); return tracker; };
  const run = (more: Partial<TrackedRun> = {}): TrackedRun => {
    const made = { runId: `conformance-${randomUUID()}`, pipeline: "mlstack-conformance", params: {}, tags: {}, startedAt: new Date(STARTED), ...more };
    runs.add(made.runId);
    return made;
  };
  try {
    const tracker = await open();
    return await use({ subject, tracker, open, run, start: async (more) => (await tracker.startRun(run(more))).externalId });
  } finally {
    if (subject.remove !== undefined) for (const runId of runs) for (const id of await subject.runsOf(runId).catch(() => [])) await subject.remove(id).catch(() => undefined);
    for (const tracker of opened) await tracker.dispose?.();
  }
}

/** Events of one step, numbered as the engine numbers them; each a millisecond later than the one before. */
export function eventsOf(node: string, attempt = 1, cachedFrom?: string): (body: TrackerEventBody, time?: number) => TrackerEvent {
  let n = 0;
  return (body, time = STARTED + 1000 + n) => ({ ...body, id: `${node}/0.${attempt}/${n++}`, node, attempt, time, ...(cachedFrom !== undefined && { cachedFrom }) });
}

/** Files in memory that are opened by their digests, in two pieces. */
export function contents(): { file(key: string, bytes: Uint8Array | string): Extract<TrackerEventBody, { kind: "file" }>; open(sha256: string): AsyncIterable<Uint8Array> } {
  const known = new Map<string, Buffer>();
  return {
    file(key, content) {
      const bytes = Buffer.from(content as Uint8Array);
      const value = createHash("sha256").update(bytes).digest("hex");
      known.set(value, bytes);
      return { kind: "file", key, value, size: bytes.byteLength };
    },
    async *open(sha256) {
      const bytes = known.get(sha256)!;
      yield bytes.subarray(0, bytes.byteLength >> 1);
      yield bytes.subarray(bytes.byteLength >> 1);
    },
  };
}

export const metric = (key: string, value: number, step: number): TrackerEventBody => ({ kind: "metric", key, value, step });
export const param = (key: string, value: string | number | boolean): TrackerEventBody => ({ kind: "param", key, value });
export const tag = (key: string, value: string): TrackerEventBody => ({ kind: "tag", key, value });
