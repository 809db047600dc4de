import { shownName, type LogResult, type TrackerEvent } from "@mlstack/core";
import type { MlflowClient, Options } from "../rest/client.ts";
import { keySpace } from "./key-space.ts";
import { legalKey } from "./names.ts";
import { planEvents, type LogPlan } from "./plan-events.ts";
import { copyOf, readState, type RunState } from "./run-state.ts";
import { sendPlan } from "./send-plan.ts";

/** What this process knows of a run, between calls. */
export interface KnownRun {
  /** As it was read and written last; undefined where it has to be read. */
  state: RunState | undefined;
}

export interface LogEventsOptions extends Options {
  /** Whether the store drops a point that it has. */
  readonly isSql: boolean;
  readonly pauseMs: number;
  /** Whether some of the events may be there already. */
  readonly resent: boolean;
}

/**
 * Writes params, metrics and tags, as far as the run lacks them. Events that are sent for the first time need no look at what is there;
 * after an answer that was lost, and for events that others may have sent, the run is read. Tags are compared with the run before they
 * are written, for of two calls the later one wins, and another process may have made it.
 *
 * @returns what the server refuses, and what the run holds then
 */
export async function logEvents(client: MlflowClient, runId: string, events: readonly TrackerEvent[], known: KnownRun, { isSql, pauseMs, resent, ...options }: LogEventsOptions): Promise<LogResult & { readonly state: RunState }> {
  let planned: RunState | undefined;
  const missing = async (round: number): Promise<LogPlan> => {
    const before = known.state;
    // nothing is known until all has gone well
    known.state = undefined;
    const isUnsure = resent || round > 1;
    const make = (state: RunState): LogPlan => planEvents(events, (planned = copyOf(state)), !isSql);
    if (before === undefined || isUnsure) return make(await readState(client, runId, (state) => (isUnsure ? toCompare(events, state, isSql) : new Set()), options));
    const plan = make(before);
    return plan.tags.length === 0 ? plan : make(await readState(client, runId, () => new Set(), options));
  };
  const refused = await sendPlan(client, runId, pauseMs, options, missing);
  // what was refused is not there; points are not remembered, for there may be millions
  if (refused.length === 0) known.state = { ...planned!, points: new Map() };
  const reasons = new Map(refused.flatMap(({ event, error }): [string, string][] => (event === undefined ? [] : [[event, error.message]])));
  return { refused: [...reasons].map(([id, reason]) => ({ id, reason })), state: planned! };
}

/** Keys of the metrics whose points have to be compared one by one. SQL stores do that themselves, but MLflow 2 refuses a NaN that it has. */
function toCompare(events: readonly TrackerEvent[], state: RunState, isSql: boolean): Set<string> {
  const space = isSql ? undefined : keySpace(state.metrics);
  return new Set(events.flatMap((e) => {
    if (e.kind !== "metric" || (isSql && !Number.isNaN(e.value))) return [];
    const key = legalKey(shownName(e));
    return [space?.look(key) ?? key];
  }));
}
