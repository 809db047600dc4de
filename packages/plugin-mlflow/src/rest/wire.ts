import { z } from "zod";

// What is read of MLflow's answers (mlflow/protos/service.proto); anything else is left alone. int64 may come as a number or as text.

const int64 = z.union([z.number(), z.string().regex(/^-?\d+$/).transform(Number)]);
// protobuf's JSON has these three as text
const double = z.union([z.number(), z.enum(["NaN", "Infinity", "-Infinity"]).transform(Number)]);
const pair = z.object({ key: z.string(), value: z.string().default("") });

export const experiment = z.object({ experiment_id: z.string(), name: z.string().default(""), lifecycle_stage: z.string().default("active"), creation_time: int64.default(0) });
export type Experiment = z.output<typeof experiment>;

const runInfo = z.object({
  run_id: z.string().min(1), experiment_id: z.string(), run_name: z.string().optional(), status: z.string().default("RUNNING"),
  start_time: int64.optional(), end_time: int64.optional(), artifact_uri: z.string().default(""), lifecycle_stage: z.string().default("active"),
});

/** A point of a metric: `timestamp` in milliseconds, `step` an int64 (rounded to a double beyond 2^53). */
export const metric = z.object({ key: z.string(), value: double.default(0), timestamp: int64.default(0), step: int64.default(0) });
export type Metric = z.output<typeof metric>;

export const run = z.object({
  info: runInfo,
  // `metrics` has the last point of each key
  data: z.object({ metrics: z.array(metric).default([]), params: z.array(pair).default([]), tags: z.array(pair).default([]) }).prefault({}),
});
export type Run = z.output<typeof run>;

export const nothing = z.looseObject({});
export const experimentAnswer = z.object({ experiment });
export const experimentIdAnswer = z.object({ experiment_id: z.string() });
export const experimentsAnswer = z.object({ experiments: z.array(experiment).default([]), next_page_token: z.string().optional() });
export const runAnswer = z.object({ run });
export const runsAnswer = z.object({ runs: z.array(run).default([]), next_page_token: z.string().optional() });
export const historyAnswer = z.object({ metrics: z.array(metric).default([]), next_page_token: z.string().optional() });
export const filesAnswer = z.object({ files: z.array(z.object({ path: z.string(), is_dir: z.boolean().default(false), file_size: int64.optional() })).default([]) });
export type ArtifactFile = z.output<typeof filesAnswer>["files"][number];

/** As sent. `value` may be NaN or infinite; `step` is an int64 as text, for it may be beyond 2^53. */
export interface MetricPoint { readonly key: string; readonly value: number; readonly timestamp: number; readonly step: string }
export interface KeyValue { readonly key: string; readonly value: string }

export interface Batch {
  readonly params: readonly KeyValue[];
  readonly metrics: readonly MetricPoint[];
  readonly tags: readonly KeyValue[];
}

export type RunStatus = "RUNNING" | "FINISHED" | "FAILED" | "KILLED";

/** A double as protobuf's JSON has it. */
export const doubleOf = (value: number): number | string => (Number.isFinite(value) ? value : String(value));
