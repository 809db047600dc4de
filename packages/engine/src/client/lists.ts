import type { SerializedError } from "@mlstack/core";
import type { Records } from "../records/records.ts";
import type { RunRow, RunStatus, StepStatus } from "../records/schema.ts";

/** A run in a list; `Client.run` has its steps and artifacts. */
export interface RunSummary {
  readonly id: string;
  /** What the run is called. */
  readonly name: string | undefined;
  readonly pipeline: string;
  readonly status: RunStatus;
  readonly startedAt: Date;
  readonly endedAt: Date | undefined;
  readonly tags: readonly string[];
  /** Name of the stack that it was on. */
  readonly stack: string;
}

export interface RunFilter {
  readonly pipeline?: string | undefined;
  readonly status?: RunStatus | undefined;
  /** One that the run has, of its pipeline's or of its own. */
  readonly tag?: string | undefined;
  /** Begun then or later. */
  readonly since?: Date | undefined;
  /** Begun earlier. */
  readonly before?: Date | undefined;
  /** 20 by default. */
  readonly limit?: number | undefined;
}

/** A step of a run in a list. */
export interface StepSummary {
  readonly run: string;
  readonly pipeline: string;
  readonly node: string;
  readonly status: StepStatus;
  readonly startedAt: Date;
  readonly endedAt: Date | undefined;
  readonly error: SerializedError | undefined;
}

export interface StepFilter {
  readonly run?: string | undefined;
  readonly pipeline?: string | undefined;
  /** Its name in the run; a map's step stands for its items, too. */
  readonly step?: string | undefined;
  readonly status?: StepStatus | undefined;
  /** 100 by default. */
  readonly limit?: number | undefined;
}

export interface ArtifactFilter {
  readonly run?: string | undefined;
  readonly pipeline?: string | undefined;
  /** Its name in the run; a map's step stands for its items, too. */
  readonly step?: string | undefined;
  /** Of the call that made it. */
  readonly tag?: string | undefined;
  readonly output?: string | undefined;
  /** A format with its major, such as `parquet.table/1`. */
  readonly format?: string | undefined;
  /** The beginning of a digest. */
  readonly digest?: string | undefined;
  /** 200 by default. */
  readonly limit?: number | undefined;
}

/** What lists of runs need of an engine. */
export interface RunSource { readonly records: Pick<Records, "runs">; sync(run: string): Promise<RunRow> }

/** A run's record, brought up to date where its driver is elsewhere and it had not ended when it was looked at last; as it was then where that is out of reach. */
export async function upToDate(engine: Pick<RunSource, "sync">, row: RunRow): Promise<RunRow> {
  return row.journal === "store" && row.status === "running" ? engine.sync(row.id).catch(() => row) : row;
}

/** Runs as they are now, the newest first; 20 by default. */
export async function currentRuns(engine: RunSource, { since, before, status, limit = 20, ...filter }: RunFilter): Promise<readonly RunRow[]> {
  const listed = (of: RunStatus | undefined) => engine.records.runs({ ...filter, status: of, since: since?.getTime(), before: before?.getTime(), limit });
  // whether what is driven elsewhere goes on, and how it ended, is not known before it was asked for
  const open = status === undefined ? [] : [...(await listed("running")), ...(await listed("interrupted"))];
  const found = status === "running" || status === "interrupted" ? open : [...open.filter((r) => r.journal === "store"), ...(await listed(status))];
  const rows = (await Promise.all(found.map((row) => upToDate(engine, row)))).filter((r) => status === undefined || r.status === status);
  return [...new Map(rows.map((r) => [r.id, r])).values()].toSorted((a, b) => b.started_at - a.started_at || (a.id < b.id ? 1 : -1)).slice(0, limit);
}

export async function listRuns(engine: RunSource, filter: RunFilter): Promise<readonly RunSummary[]> {
  return (await currentRuns(engine, filter)).map(runSummary);
}

function runSummary(row: RunRow): RunSummary {
  return { id: row.id, name: row.name ?? undefined, pipeline: row.pipeline, status: row.status, startedAt: new Date(row.started_at), endedAt: row.ended_at === null ? undefined : new Date(row.ended_at), tags: JSON.parse(row.tags_json) as string[], stack: (JSON.parse(row.stack_json) as { name: string }).name };
}

export async function listSteps(engine: { readonly records: Records; sync(run: string): Promise<RunRow> }, { run, step, ...filter }: StepFilter): Promise<readonly StepSummary[]> {
  const id = run === undefined ? undefined : (await upToDate(engine, await engine.records.run(run))).id;
  return (await engine.records.stepsOf({ ...filter, run: id, node: step })).map((s) => ({
    run: s.run, pipeline: s.pipeline, node: s.node, status: s.status, startedAt: new Date(s.started_at), endedAt: s.ended_at === null ? undefined : new Date(s.ended_at), error: s.error_json === null ? undefined : (JSON.parse(s.error_json) as SerializedError),
  }));
}
