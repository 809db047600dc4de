import type { TrackerEvent } from "@mlstack/core";

/** What this plugin writes into a run. README.md lists these for users. */
export const TAG = {
  run: "mlstack.run",
  pipeline: "mlstack.pipeline",
  /** `executed` or `cached`, by node. */
  step: "mlstack.step.",
  /** The highest attempt that logged, by node, from 2. */
  attempt: "mlstack.attempt.",
  /** The run that really made a cached node's calls, by node. */
  cachedFrom: "mlstack.cached_from.",
  /** Which metrics a node logged. */
  metrics: "mlstack.metrics.",
  /** Who set a tag last and when. */
  setBy: "mlstack.set_by.",
  /** Digest, author and time of a file. */
  file: "mlstack.file.",
  /** The original of a key that MLflow does not take. */
  key: "mlstack.key.",
  /** Says that steps of a metric were not whole. */
  rounded: "mlstack.rounded_steps.",
  /** Written to see whether the server writes, when it fails at a single entry. */
  serves: "mlstack.serves",
} as const;

// the description and the name are made to be set by users; the others steer MLflow's UI and its clients
const FOR_USERS = new Set(["mlflow.note.content", "mlflow.runName"]);

/** A user's key for a tag: MLflow's own and this plugin's are out of reach, and shown under `user.`. */
export function userTagKey(key: string): string {
  return (key.startsWith("mlflow.") && !FOR_USERS.has(key)) || key.startsWith("mlstack.") ? `user.${key}` : key;
}

/** Who wrote something that can be written again, and when: the later call wins, in whatever order they arrive. */
export interface Stamp {
  readonly time: number;
  readonly node: string;
  readonly attempt: number;
  readonly ordinal: number;
}

export function stampOf(event: TrackerEvent): Stamp {
  const ordinal = Number(event.id.slice(event.id.lastIndexOf("/") + 1));
  return { time: event.time, node: event.node, attempt: event.attempt, ordinal: Number.isInteger(ordinal) ? ordinal : 0 };
}

/** `<node>/<attempt>/<ordinal> <time>`, the time in ISO 8601. */
export const formatStamp = (s: Stamp): string => `${s.node}/${s.attempt}/${s.ordinal} ${new Date(s.time).toISOString()}`;

/** @returns undefined for anything that {@link formatStamp} did not write */
export function parseStamp(text: string): Stamp | undefined {
  const match = /^(.*)\/(\d+)\/(\d+) (\S+Z)$/s.exec(text);
  const time = Date.parse(match?.[4] ?? "");
  return match === null || Number.isNaN(time) ? undefined : { time, node: match[1]!, attempt: Number(match[2]), ordinal: Number(match[3]) };
}

/** Negative when `a` was written before `b`. A total order, so that every process comes to the same end. */
export function compareStamps(a: Stamp, b: Stamp): number {
  if (a.time !== b.time) return a.time - b.time;
  if (a.node !== b.node) return a.node < b.node ? -1 : 1;
  return a.attempt - b.attempt || a.ordinal - b.ordinal;
}
