import type { TrackerEvent } from "@mlstack/core";
import type { MlflowClient, Options } from "../rest/client.ts";
import { metricKeysOf, planEvents } from "./plan-events.ts";
import { emptyState, readState, type RunState } from "./run-state.ts";
import { sendPlan } from "./send-plan.ts";

/**
 * Writes params, metrics and tags, as far as the run lacks them.
 *
 * @returns what the run holds then
 */
export async function logEvents(client: MlflowClient, runId: string, events: readonly TrackerEvent[], pauseMs: number, options: Options): Promise<RunState> {
  const keys = metricKeysOf(events);
  let state = emptyState();
  await sendPlan(client, runId, pauseMs, options, async () => {
    state = await readState(client, runId, keys, options);
    return planEvents(events, state);
  });
  return state;
}
