import type { SerializedError } from "../errors/mlstack-error.ts";
import type { JsonObject } from "../values/json.ts";

/** The run that a hook is told of. */
export interface HookRun {
  readonly id: string;
  readonly pipeline: string;
  /** The run's name, where it has one. */
  readonly name: string | undefined;
}

/** What every hook is told, and given. */
export interface HookEvent {
  readonly run: HookRun;
  /** Aborted when the hook's time is up: 30 seconds. */
  readonly signal: AbortSignal;
}

/** What a step made, as hooks see it: what it is, not its value. */
export interface HookOutput {
  readonly digest: string;
  readonly format: string;
  /** In bytes. */
  readonly size: number;
  readonly metadata: JsonObject;
}

export interface StepHookEvent extends HookEvent {
  readonly step: string;
  /** The call: the plan node's id, of an item of a map `<node>@<item>`. */
  readonly node: string;
}

export interface StepSucceeded extends StepHookEvent {
  /** Of the attempt that succeeded, in milliseconds. */
  readonly durationMs: number;
  readonly outputs: Readonly<Record<string, HookOutput>>;
}

export interface StepFailed extends StepHookEvent {
  /** How often it was started; 0 where it could not be. */
  readonly attempts: number;
  readonly error: SerializedError;
}

type Hook<E> = (event: E) => void | Promise<void>;

/**
 * Functions of the project that are told how a step goes: in the process that drives the run, one after the other, beside the run.
 * They decide nothing, and nothing of them is in the key: one that throws is a warning of the run. A step that is served from the cache, or is
 * skipped, does not run, and neither do its hooks.
 */
export interface StepHooks {
  /** The first attempt has begun. */
  readonly onStart?: Hook<StepHookEvent> | undefined;
  /** Its outputs are stored. */
  readonly onSuccess?: Hook<StepSucceeded> | undefined;
  /** The last attempt has failed. */
  readonly onFailure?: Hook<StepFailed> | undefined;
}

export interface RunSucceeded extends HookEvent {
  /** Since the run was started, in milliseconds. */
  readonly durationMs: number;
}

export interface RunFailed extends RunSucceeded {
  readonly error: SerializedError;
}

/** The same for a pipeline, once per run. A run that was cancelled has neither succeeded nor failed. */
export interface PipelineHooks {
  /** The run is recorded; no step has begun. */
  readonly onStart?: Hook<HookEvent> | undefined;
  /** All steps have ended; the records do not say so yet. */
  readonly onSuccess?: Hook<RunSucceeded> | undefined;
  readonly onFailure?: Hook<RunFailed> | undefined;
}
