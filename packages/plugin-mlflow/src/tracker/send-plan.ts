import { setTimeout as sleep } from "node:timers/promises";
import { MlstackError } from "@mlstack/core";
import type { MlflowClient, Options } from "../rest/client.ts";
import { errorCodeOf, outcomeOf } from "../rest/failure.ts";
import type { Batch } from "../rest/wire.ts";
import { batchesOf, halves, sizeOf } from "./batches.ts";
import type { Entry, LogPlan } from "./plan-events.ts";
import { TAG } from "./tags.ts";

const ROUNDS = 6;
/** From this round on a batch that the server always fails at is taken apart, to find the entry that makes it fail. */
const TAKE_APART = 3;
/** At most so many requests per round to find entries that are refused: what is not found by then is refused with those around it. */
const SEARCHES = 100;

/** What the server will never take, and what it says. */
export interface Refused {
  /** The id of the event that the entry shows; undefined for one of this plugin's own. */
  readonly event: string | undefined;
  readonly error: MlstackError;
}

/**
 * Writes what `missing` says until nothing is. A call that may have been done is never sent again without looking first: MLflow's file
 * store appends what it is sent, and MLflow 2 refuses a NaN that it has.
 *
 * @param missing says what the run lacks; from the second round on it is open what was stored by the ones before, so it reads the run for that
 * @param pauseMs the first wait before looking again
 * @returns what the server refuses; everything else is written
 * @throws MLS6001 when it does not serve now; MLS6002, MLS6003 when it takes nothing at all
 */
export async function sendPlan(client: MlflowClient, runId: string, pauseMs: number, options: Options, missing: (round: number) => Promise<LogPlan>): Promise<readonly Refused[]> {
  /** By what they are, for each round has entries of its own. */
  const refused = new Map<string, Refused & { times: number }>();
  const final = (): Refused[] => [...refused.values()].filter((r) => r.times > 1);
  for (let round = 1; ; round++) {
    const plan = without(await missing(round), (entry) => (refused.get(idOf(entry))?.times ?? 0) > 1);
    if (plan.params.length + plan.metrics.length + plan.tags.length === 0) return final();
    const sent = await sendRound(client, runId, plan, round, options);
    for (const [entry, error] of sent.refused) refused.set(idOf(entry), { event: plan.events.get(entry), error, times: (refused.get(idOf(entry))?.times ?? 0) + 1 });
    if (sent.error === undefined && sent.refused.length === 0) return final();
    // what was refused may have been there already, or another process was faster: the next look says so
    if (sent.error !== undefined && round >= ROUNDS) throw sent.error;
    if (sent.error !== undefined) await sleep(pauseMs * round * (0.5 + Math.random() / 2), undefined, { signal: options.signal }).catch(() => options.signal?.throwIfAborted());
  }
}

interface Round {
  readonly refused: [Entry, MlstackError][];
  /** An error after which it is worth while to look again. */
  error: unknown;
}

async function sendRound(client: MlflowClient, runId: string, plan: LogPlan, round: number, options: Options): Promise<Round> {
  const result: Round = { refused: [], error: undefined };
  let searches = 0;
  const refuse = (batch: Batch, error: MlstackError): void => { for (const entry of entriesOf(batch)) result.refused.push([entry, error]); };
  /** @returns whether to go on */
  const send = async (batch: Batch): Promise<boolean> => {
    try { await client.logBatch(runId, batch, options); return true; } catch (e) {
      if (isHopeless(e)) throw e;
      if (!isRefusal(e) && !(round >= TAKE_APART && isBroken(e))) { result.error = e; return false; }
      // in the first round nothing was looked at: the run may have been deleted, or have it all
      if (round === 1 || (sizeOf(batch) > 1 && searches > SEARCHES)) { refuse(batch, e); return true; }
      if (sizeOf(batch) === 1) {
        if (isRefusal(e) || (await serves(client, runId, options))) { refuse(batch, e); return true; }
        result.error = e;
        return false;
      }
    }
    searches += 2;
    for (const half of halves(batch)) if (!(await send(half))) return false;
    return true;
  };
  for (const batch of batchesOf(plan)) if (!(await send(batch))) break;
  return result;
}

/** Whether the server writes at all. */
async function serves(client: MlflowClient, runId: string, options: Options): Promise<boolean> {
  try { await client.logBatch(runId, { params: [], metrics: [], tags: [{ key: TAG.serves, value: "true" }] }, options); return true; } catch { options.signal?.throwIfAborted(); return false; }
}

function isRefusal(e: unknown): e is MlstackError {
  return MlstackError.is(e, "MLS6003") && outcomeOf(e) === "refused";
}

/** MLflow itself fails, in a way that it did not foresee: perhaps at what was sent. */
function isBroken(e: unknown): e is MlstackError {
  return MlstackError.is(e) && errorCodeOf(e) === "INTERNAL_ERROR";
}

/** Whether no entry of a call can go better. */
function isHopeless(e: unknown): boolean {
  const outcome = outcomeOf(e);
  if (MlstackError.is(e, "MLS6002") || outcome === undefined || outcome === "unsent") return true;
  // without MLflow's code it is not MLflow that refused
  return isRefusal(e) && !["INVALID_PARAMETER_VALUE", "BAD_REQUEST", "RESOURCE_ALREADY_EXISTS"].includes(errorCodeOf(e) ?? "");
}

const entriesOf = ({ params, metrics, tags }: Batch): Entry[] => [...params, ...metrics, ...tags];
const idOf = (entry: Entry): string => ("timestamp" in entry ? `m ${entry.key} ${entry.timestamp} ${entry.step} ${entry.value}` : `p ${entry.key} ${entry.value}`);

function without({ params, metrics, tags, events }: LogPlan, isOut: (entry: Entry) => boolean): LogPlan {
  return { params: params.filter((e) => !isOut(e)), metrics: metrics.filter((e) => !isOut(e)), tags: tags.filter((e) => !isOut(e)), events };
}
