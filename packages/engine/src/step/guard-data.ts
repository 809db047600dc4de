import type { StepSpec } from "@mlstack/core";
import { LOOKS } from "./silence.ts";

/** What a step's process and the thread that watches it share: two counters. */
export const HEARD = { /** Grows while the event loop turns. */ turns: 0, /** Not 0 once the step was told to end. */ ending: 1 } as const;

/** What the thread is told. */
export interface GuardData {
  readonly heard: SharedArrayBuffer;
  readonly dir: string;
  /** Values of secrets that came with the step. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly spec: Pick<StepSpec, "timeoutMs" | "driver" | "stack">;
}

/** What a step that was told to end is given to do so in order, in milliseconds. */
export const GRACE_MS = 10_000;

/** Between two looks at the driver's sign of life, in milliseconds. */
export const lookEvery = (silenceMs: number): number => silenceMs / LOOKS;
