import type { Selectable } from "kysely";

/** The records' tables. Times are milliseconds since 1970; columns named `*_json` hold JSON text. */
export interface Database {
  runs: {
    id: string; pipeline: string; /** What it is called; several may be called the same. */ name: string | null; status: "running" | "completed" | "failed" | "cancelled"; started_at: number; ended_at: number | null;
    plan: string; bundle: string | null; params_json: string; given_json: string; stack_json: string; versions_json: string; project: string; host: string; pid: number; born: string;
    journal: "direct" | "store"; /** How often it was resumed. */ ordinal: number; heartbeat_at: number; driver_handle: string | null;
    /** The vendor's run in the experiment tracker, as a TrackedRow. */ tracked_json: string | null;
    error_json: string | null; warnings_json: string; tags_json: string;
    /** `RunSettings`. */ settings_json: string; /** Names of parameters that were given and could not be written down. */ lost_json: string;
    /** Why somebody has asked its driver to stop. */ cancel_reason: string | null;
    /** The stacks that it was on before it was resumed: `[{ ordinal, stack }]`. */ earlier_stacks_json: string;
  };
  steps: {
    run: string; node: string; status: StepStatus; ordinal: number; attempt: number; started_at: number; ended_at: number | null;
    /** The condition that did not hold, where it was skipped for that. */
    condition: string | null; key: string | null; /** What it did, as a digest; null where that can't be known. */ work: string | null; cache_json: string; error_json: string | null;
  };
  attempts: { run: string; node: string; attempt: number; /** How often the run had been resumed. */ ordinal: number; /** By which a step elsewhere is found again. */ handle: string | null; status: StepStatus; started_at: number; ended_at: number | null; error_json: string | null; spec_json: string | null };
  artifacts: {
    run: string; node: string; output: string; manifest: string; identity: string; format: string; kind: string; size: number; metadata_json: string; preview_json: string | null;
  };
  keys: { key: string; parts_json: string };
  tracker_events: { run: string; id: string; node: string; attempt: number; kind: "param" | "metric" | "tag" | "file"; key: string; value: string | number; type: string; step: number; time: number; /** Of a file, in bytes. */ size: number | null; cached_from: string | null };
  /** Artifact stores that runs of the project have used. */
  stores: { spec_json: string; name: string; plugins_json: string; used_at: number };
  plans: { digest: string; document: string };
}

/** What is kept of a run in an experiment tracker: flavor and configuration of the tracker, its id there, and where to look at it. */
export interface TrackedRow { readonly tracker: string; readonly externalId: string; readonly url: string | null }

export type StepStatus = "running" | "completed" | "cached" | "failed" | "cancelled" | "skipped";
/** `interrupted`: it was running, and its driver is not alive any more. */
export type RunStatus = Database["runs"]["status"] | "interrupted";
export type RunRow = Omit<Selectable<Database["runs"]>, "status"> & { readonly status: RunStatus };
export type StepRow = Selectable<Database["steps"]>;
export type AttemptRow = Selectable<Database["attempts"]>;
export type ArtifactRow = Selectable<Database["artifacts"]>;
export type TrackerRow = Selectable<Database["tracker_events"]>;
