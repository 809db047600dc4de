import { MlstackError, type ArtifactStore } from "@mlstack/core";
import type { RunRow } from "../records/schema.ts";
import { cancelled } from "./attempt-end.ts";
import { describeEnd } from "./driver-elsewhere.ts";
import type { RunObserver } from "./execute-run.ts";
import { follower, WATCHED_SILENCE_MS, type Attachment } from "./follow-run.ts";
import { readBeat, type DrivenPart } from "./heartbeat.ts";
import { pause } from "./timers.ts";

const POLL_MS = 1000;

/**
 * Follows a run that is driven elsewhere until it has ended. Leaving it, by the signal, does nothing to the run.
 *
 * @returns the run as it is when it has ended or was left
 * @throws MLS4010 when its driver has died, or says nothing any more
 */
export async function attachRun(run: RunRow, place: Attachment, { observer = {}, signal }: { readonly observer?: RunObserver | undefined; readonly signal?: AbortSignal | undefined } = {}): Promise<RunRow> {
  observer.planned?.(run.id, await place.records.plan(run.plan));
  const follow = follower(run.id, place, observer);
  for (;;) {
    const { run: row, driver } = await follow.pass();
    if (row.status === "interrupted") {
      const { message, why } = describeEnd(driver);
      throw new MlstackError("MLS4010", `the driver of the run ${run.id} ${message}`, { why, fix: `mlstack run resume ${run.id}` });
    }
    if (row.status !== "running" || signal?.aborted === true) return row;
    await pause(POLL_MS, signal);
  }
}

/**
 * Watches for a sign of life of a driver elsewhere; false when there is none for a while, 30 s by default.
 *
 * @throws MLS4003 when the signal is aborted
 */
export async function isDriven(store: ArtifactStore, part: DrivenPart, { forMs = WATCHED_SILENCE_MS, signal }: { readonly forMs?: number | undefined; readonly signal?: AbortSignal | undefined } = {}): Promise<boolean> {
  const before = await readBeat(store, part);
  for (const end = Date.now() + forMs; Date.now() < end; await pause(POLL_MS, signal)) {
    if (signal?.aborted === true) throw cancelled(signal);
    if ((await readBeat(store, part)) !== before) return true;
  }
  return false;
}
