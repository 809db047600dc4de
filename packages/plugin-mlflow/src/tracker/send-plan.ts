import { setTimeout as sleep } from "node:timers/promises";
import { MlstackError } from "@mlstack/core";
import type { MlflowClient, Options } from "../rest/client.ts";
import { errorCodeOf, outcomeOf } from "../rest/failure.ts";
import type { Batch } from "../rest/wire.ts";
import { batchesOf, halves, sizeOf } from "./batches.ts";
import type { LogPlan } from "./plan-events.ts";

const ROUNDS = 6;
/** With more than so many refused entries it is no single entry that is wrong. */
const MAX_REFUSED = 20;

/**
 * Writes what `missing` says until nothing is. A call that may have been done is never sent again without looking first: MLflow's file
 * store appends what it is sent, and MLflow 2 refuses a NaN that it has.
 *
 * @param missing reads the run and says what it lacks
 * @param pauseMs the first wait before looking again
 * @throws MLS6003 when the server refuses an entry; everything else is written
 */
export async function sendPlan(client: MlflowClient, runId: string, pauseMs: number, options: Options, missing: () => Promise<LogPlan>): Promise<void> {
  let last: { readonly plan: string; readonly error: unknown } | undefined;
  for (let round = 1; ; round++) {
    const plan = await missing();
    if (plan.params.length + plan.metrics.length + plan.tags.length === 0) return;
    const text = JSON.stringify(plan, (_, v: unknown) => (typeof v === "number" ? String(v) : v));
    // what was refused is refused again, unless another process has changed the run meanwhile
    if (last !== undefined && (round > ROUNDS || (last.plan === text && outcomeOf(last.error) === "refused"))) throw last.error;
    const error = await send(client, runId, plan, options);
    if (error === undefined) return;
    last = { plan: text, error };
    await sleep(pauseMs * round * (0.5 + Math.random() / 2), undefined, { signal: options.signal }).catch(() => options.signal?.throwIfAborted());
  }
}

/** @returns an error after which it is worth while to look again */
async function send(client: MlflowClient, runId: string, plan: LogPlan, options: Options): Promise<unknown> {
  const refused: unknown[] = [];
  for (const batch of batchesOf(plan)) {
    const error = await sendBatch(client, runId, batch, options, refused);
    if (error !== undefined) return error;
  }
  return refused[0];
}

async function sendBatch(client: MlflowClient, runId: string, batch: Batch, options: Options, refused: unknown[]): Promise<unknown> {
  try { await client.logBatch(runId, batch, options); return undefined; } catch (e) {
    if (isHopeless(e)) throw e;
    if (outcomeOf(e) !== "refused") return e;
    // one entry must not cost the others: a param that another process has just set, a key that this server does not take
    if (sizeOf(batch) === 1) { refused.push(e); return refused.length < MAX_REFUSED ? undefined : e; }
  }
  for (const half of halves(batch)) {
    const error = await sendBatch(client, runId, half, options, refused);
    if (error !== undefined) return error;
  }
  return undefined;
}

/** Whether no entry of a call can go better. */
function isHopeless(e: unknown): boolean {
  const outcome = outcomeOf(e);
  if (MlstackError.is(e, "MLS6002") || outcome === undefined || outcome === "unsent") return true;
  // without MLflow's code it is not MLflow that refused
  return outcome === "refused" && !["INVALID_PARAMETER_VALUE", "BAD_REQUEST", "RESOURCE_ALREADY_EXISTS"].includes(errorCodeOf(e) ?? "");
}
