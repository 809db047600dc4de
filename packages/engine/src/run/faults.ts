/** The points at which a run's state on disk changes; tests stop the process at each of them. */
export const CRASH_POINTS = [
  "run.recorded", "step.started", "step.inputs-loaded", "step.returned", "step.blob-stored", "step.outputs-stored", "step.tracked", "step.committed", "step.ended", "run.before-end", "run.ended",
] as const;
export type CrashPoint = (typeof CRASH_POINTS)[number];

/** Where faults are injected. In use nothing happens here. */
export interface Faults {
  at(point: CrashPoint, node?: string): void | Promise<void>;
}
