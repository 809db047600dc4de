import { setTimeout as sleep } from "node:timers/promises";
import { MlstackError } from "@mlstack/core";
import type { MlflowClient, Options } from "../rest/client.ts";
import { errorCodeOf, outcomeOf } from "../rest/failure.ts";
import type { KeyValue, Run } from "../rest/wire.ts";
import { TAG } from "./tags.ts";

/** The param by which one of several runs for a pipeline run is chosen; its value is the pipeline run's id, or {@link DUPLICATE}. */
export const CLAIM = "mlstack.run";
const DUPLICATE = "duplicate";
const ROUNDS = 10;

export interface NewRun {
  readonly runId: string;
  readonly name: string;
  readonly startTime: number;
  readonly tags: readonly KeyValue[];
  /** The MLflow run that was opened for it before. */
  readonly before?: string | undefined;
}

export interface OpenedRun {
  readonly run: Run;
  /** Whether a lost answer may still make a second run. */
  readonly mayHaveTwin: boolean;
}

/**
 * The one MLflow run of a pipeline run: found by its tag, else made.
 *
 * MLflow makes a run for every call, whether its answer arrives or not, so there can be several. They are told apart by what MLflow
 * never lets change, a param: the run that is used has its claim set to the pipeline run's id, and before a run is claimed all others
 * that can be seen are claimed as duplicates. A run that is a duplicate can't be claimed, and each process searches after it has made
 * its run; so of two processes at least one sees the other's run, and both end with the same. Duplicates are deleted (MLflow keeps
 * deleted runs in its trash). On MLflow's file store two claims at the very same moment can both go through.
 *
 * @param experimentIds where it may be; a new one is made in the first
 */
export async function openRun(client: MlflowClient, experimentIds: readonly string[], wanted: NewRun, pauseMs: number, options: Options): Promise<OpenedRun> {
  const before = wanted.before === undefined ? undefined : await runBefore(client, wanted.before, wanted.runId, options);
  if (before !== undefined) return { run: before, mayHaveTwin: false };
  let mayHaveTwin = false;
  const { before: _, ...description } = wanted;
  const made: string[] = [];
  for (let round = 1; round <= ROUNDS; round++) {
    const candidates = await runsOf(client, experimentIds, wanted.runId, made, options);
    const open = candidates.filter((r) => claimOf(r) !== DUPLICATE);
    const claimed = open.find((r) => claimOf(r) !== undefined);
    const run = claimed ?? (await claimFirst(client, wanted.runId, open, options));
    if (run !== undefined) {
      await deleteDuplicates(client, wanted.runId, candidates.filter((r) => r.info.run_id !== run.info.run_id), options);
      return { run, mayHaveTwin };
    }
    if (open.length > 0) continue; // another process has just decided otherwise
    try {
      const run = await client.createRun({ experimentId: experimentIds[0]!, ...description, tags: [...wanted.tags, { key: TAG.run, value: wanted.runId }] }, options);
      made.push(run.info.run_id);
    } catch (e) {
      if (outcomeOf(e) !== "unknown" || round > 4) throw e;
      mayHaveTwin = true;
      await sleep(pauseMs * round, undefined, { signal: options.signal }).catch(() => options.signal?.throwIfAborted());
    }
  }
  throw new MlstackError("MLS6001", `no MLflow run could be agreed on for the run ${wanted.runId}`, { why: "other processes make and delete runs for it at the same time", details: { service: "mlflow", server: client.server } });
}

/** The run that was opened before, if it is still there and still the one in use. */
async function runBefore(client: MlflowClient, id: string, runId: string, options: Options): Promise<Run | undefined> {
  try {
    const run = await client.getRun(id, options);
    return run.info.lifecycle_stage === "active" && claimOf(run) === runId ? run : undefined;
  } catch (e) {
    if (errorCodeOf(e) === "RESOURCE_DOES_NOT_EXIST") return undefined;
    throw e;
  }
}

/** Deletes runs that a lost answer has made, but never the one in use. */
export async function deleteTwins(client: MlflowClient, experimentIds: readonly string[], runId: string, externalId: string, options: Options): Promise<void> {
  const others = (await runsOf(client, experimentIds, runId, [], options)).filter((r) => r.info.run_id !== externalId);
  await deleteDuplicates(client, runId, others, options);
}

/** All that can be seen, in an order that is the same for everyone. Those made here are seen also where the server's search lags behind. */
async function runsOf(client: MlflowClient, experimentIds: readonly string[], runId: string, made: readonly string[], options: Options): Promise<Run[]> {
  // filters have no escape for quotes
  const quote = runId.includes("'") ? '"' : "'";
  const found = [...(await client.searchRuns(experimentIds, `tags.\`${TAG.run}\` = ${quote}${runId}${quote}`, options))];
  for (const id of made) {
    if (found.some((r) => r.info.run_id === id)) continue;
    const run = await client.getRun(id, options);
    if (run.info.lifecycle_stage === "active") found.push(run);
  }
  return found.sort((a, b) => (a.info.run_id < b.info.run_id ? -1 : 1));
}

async function claimFirst(client: MlflowClient, runId: string, [first, ...others]: readonly Run[], options: Options): Promise<Run | undefined> {
  if (first === undefined) return undefined;
  for (const other of others) {
    if ((await claim(client, other, DUPLICATE, options)) === runId) return other;
  }
  return (await claim(client, first, runId, options)) === runId ? first : undefined;
}

/** @returns what the claim is in the end: `value`, or what another process set before */
async function claim(client: MlflowClient, { info }: Run, value: string, options: Options): Promise<string> {
  for (let n = 1; ; n++) {
    try {
      await client.logBatch(info.run_id, { params: [{ key: CLAIM, value }], metrics: [], tags: [] }, options);
      return value;
    } catch (e) {
      const now = await client.getRun(info.run_id, options);
      const there = claimOf(now);
      if (there !== undefined) return there;
      if (now.info.lifecycle_stage !== "active") return DUPLICATE;
      if (n === 4 || outcomeOf(e) === "unsent" || MlstackError.is(e, "MLS6002")) throw e;
    }
  }
}

async function deleteDuplicates(client: MlflowClient, runId: string, others: readonly Run[], options: Options): Promise<void> {
  for (const other of others) {
    try {
      if ((await claim(client, other, DUPLICATE, options)) !== runId) await client.deleteRun(other.info.run_id, options);
    } catch (e) {
      options.signal?.throwIfAborted();
      if (!MlstackError.is(e)) throw e; // an empty run more in the list must not cost the pipeline its tracker
    }
  }
}

const claimOf = (run: Run): string | undefined => run.data.params.find((p) => p.key === CLAIM)?.value;
