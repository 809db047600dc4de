import type { CacheMiss, JsonObject, JsonValue, SerializedError, StepSpec, TrackerEvent } from "@mlstack/core";
import type { CallOverrides, UncachedReason } from "@mlstack/pipeline";
import type { StoredOutput } from "../store/action-space.ts";

/**
 * What happened, in the order in which it happened. A journal is only ever appended to; folding it into records, once or many times,
 * gives the same records.
 */
export type JournalEvent = RunStarted | RunResumed | RunTracked | StepStarted | StepLaunched | StepEnded | RunEnded;

export interface RunStarted {
  readonly kind: "run-started";
  readonly run: string;
  readonly time: number;
  readonly pipeline: string;
  /** What the run is called; left out where it has no name. */
  readonly name?: string | undefined;
  /** Digest of the plan document in the content space. */
  readonly plan: string;
  readonly params: Readonly<Record<string, JsonValue>>;
  /** The parameters as they were given, before defaults and schemas, as tagged JSON: what a resumed run is built with. */
  readonly given: Readonly<Record<string, JsonValue>>;
  /** The stack as it was; secrets are references. */
  readonly stack: JsonObject;
  /** Manifest digest of the code bundle. */
  readonly bundle: string | null;
  /** mlstack's version and, by name, those of the plugins in use. */
  readonly versions: Readonly<Record<string, string>>;
  readonly project: string;
  readonly driver: DriverPlace;
  readonly tags: readonly string[];
  readonly settings: RunSettings;
  /** Parameters that were given and can't be written down: without them the run can't be built again. */
  readonly lost: readonly string[];
}

/** How a run was started; it goes on in the same way, unless it is told otherwise. */
export interface RunSettings {
  /** `use`; `refresh` runs everything and stores what it gives; `off` neither reads nor stores. */
  readonly cache: "use" | "refresh" | "off";
  /** Which trust domain results are read from and written to. */
  readonly trustDomain: string;
  /** Whether steps that do not depend on a failed one go on. */
  readonly onFailure: "stop" | "continue";
  /** Options for calls of this run, over what the code says. */
  readonly overrides?: CallOverrides | undefined;
}

/** Where the driver of a run is, and how it is told that it is alive. */
export interface DriverPlace {
  readonly host: string;
  readonly pid: number;
  /** When the process was started, in the system's own terms, so that a reused pid is not taken for it; empty where unknown. */
  readonly born: string;
  /** `store`: the driver is elsewhere and writes its journal into the artifact store. */
  readonly journal: "direct" | "store";
}

/** A run that had ended, or whose driver had died, goes on. */
export interface RunResumed {
  readonly kind: "run-resumed";
  readonly run: string;
  readonly time: number;
  /** How often it was resumed, this time included. */
  readonly ordinal: number;
  readonly plan: string;
  readonly bundle: string | null;
  readonly stack: JsonObject;
  readonly driver: DriverPlace;
  readonly settings: RunSettings;
}

/** The vendor's run in the stack's experiment tracker was opened. */
export interface RunTracked {
  readonly kind: "run-tracked";
  readonly run: string;
  readonly ordinal: number;
  readonly time: number;
  /** Flavor and configuration of the tracker: in another one the id means nothing. */
  readonly tracker: string;
  readonly externalId: string;
  /** Where a person can look at it. */
  readonly url: string | null;
}

export interface StepStarted {
  readonly kind: "step-started";
  readonly run: string;
  /** How often the run had been resumed. */
  readonly ordinal: number;
  readonly node: string;
  readonly attempt: number;
  readonly time: number;
  /** What it was started with, so that it can be run again elsewhere; without the stack, which the run has. */
  readonly spec: Omit<StepSpec, "stack">;
}

/** A step's process was started elsewhere. By this another driver finds it, where this one dies. */
export interface StepLaunched {
  readonly kind: "step-launched";
  readonly run: string;
  readonly ordinal: number;
  readonly node: string;
  readonly attempt: number;
  readonly time: number;
  /** `StepHandle.id`. */
  readonly handle: string;
}

/** How a step's result came about, as far as the cache is concerned. */
export type CacheOutcome =
  | { readonly state: "hit"; /** The run and node that made the result, when, and on which platform. */ readonly run: string; readonly node: string; readonly madeAt: number; readonly platform: string; readonly savedMs: number; readonly tracker?: TrackerBlob }
  | { readonly state: "stored"; readonly miss?: CacheMiss | undefined; readonly tracker?: TrackerBlob }
  /** Another execution with the same key had stored its result first. */
  | { readonly state: "lost-race"; readonly run: string; readonly nonDeterministic: boolean; readonly miss?: CacheMiss | undefined }
  | { readonly state: "uncached"; readonly reasons: readonly UncachedReason[] }
  /** The step did not get so far. */
  | { readonly state: "none"; readonly miss?: CacheMiss | undefined };

/** Digest of the blob that holds what the execution logged; null where it logged nothing. */
type TrackerBlob = string | null | undefined;

export interface StepEnded {
  readonly kind: "step-ended";
  readonly run: string;
  readonly ordinal: number;
  readonly node: string;
  /** 0 for a step that was never started: cached or skipped. */
  readonly attempt: number;
  readonly startedAt: number;
  readonly time: number;
  readonly status: "completed" | "cached" | "failed" | "cancelled" | "skipped";
  /** Another attempt follows. */
  readonly retried?: boolean | undefined;
  readonly key: string | null;
  readonly parts: Readonly<Record<string, string>> | null;
  /** What the step did, as a digest (see `workDigest`): a resumed run keeps the step where it is the same. Left out where that can't be known. */
  readonly work?: string | undefined;
  readonly cache: CacheOutcome;
  readonly outputs: Readonly<Record<string, StoredOutput>>;
  readonly error?: SerializedError | undefined;
  readonly tracker: readonly TrackerEvent[];
  /** The step's own process could not send all of `tracker` to the stack's tracker. */
  readonly untracked?: boolean | undefined;
  /** The condition that did not hold, of a step that was skipped for that: `<node>.<output>`. */
  readonly condition?: string | undefined;
}

export interface RunEnded {
  readonly kind: "run-ended";
  readonly run: string;
  readonly ordinal: number;
  readonly time: number;
  readonly status: "completed" | "failed" | "cancelled";
  readonly error?: SerializedError | undefined;
  /** Things that went wrong without failing the run, such as a tracker that could not be reached. */
  readonly warnings: readonly string[];
}

/** One line that a step printed. */
export interface LogLine {
  readonly time: number;
  readonly stream: "stdout" | "stderr" | "log";
  readonly text: string;
}

/** Carries a run's events and lines to where they are kept. */
export interface Journal {
  /** Takes an event. It is kept, at the latest, once `flush` has resolved. */
  append(event: JournalEvent): void;
  log(run: string, node: string, attempt: number, line: LogLine): void;
  /** Hands over what a step has logged so far. Carriers with nobody at the other end leave this out: it is in the event that ends the step. */
  tracked?(events: readonly TrackerEvent[]): void;
  /** @throws MLS3004, MLS3005, MLS5002 when what was appended can't be kept */
  flush(): Promise<void>;
}
