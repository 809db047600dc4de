import { setTimeout as sleep } from "node:timers/promises";
import { MlstackError, type ArtifactStore } from "@mlstack/core";
import type { LogFiles } from "../journal/log-files.ts";
import { readObjectJournal, readObjectLogs, RUN_NODE } from "../journal/object-journal.ts";
import { foldEvents } from "../records/fold.ts";
import type { OpenDatabase } from "../records/open-database.ts";
import type { Records } from "../records/records.ts";
import type { RunRow } from "../records/schema.ts";
import { layout } from "../store/layout.ts";
import type { RunObserver } from "./execute-run.ts";
import { readBeat } from "./heartbeat.ts";

interface Attachment {
  readonly store: ArtifactStore;
  readonly db: OpenDatabase;
  readonly logs: LogFiles;
  readonly records: Records;
}

/** Brings the records of a run that is driven elsewhere up to what its journal says. */
export interface Follower {
  /** Reads what is new; returns the run as it is then: also interrupted, where its driver is silent. */
  pass(): Promise<RunRow>;
}

/** A driver that is watched is taken for dead when it says nothing for this long, in milliseconds. It beats every five seconds. */
const WATCHED_SILENCE_MS = 30_000;
/** At a single look only clocks can be compared, that of the service and this machine's, so more is allowed for. */
const SEEN_SILENCE_MS = 5 * 60_000;

export function follower(run: string, { store, db, logs, records }: Attachment, observer: RunObserver = {}): Follower {
  const events = new Set<string>();
  const parts = new Set<string>();
  let last: { readonly beat: number; readonly at: number } | undefined;
  const isSilent = (beat: number): boolean => {
    const now = Date.now();
    if (last?.beat !== beat) last = { beat, at: last === undefined && now - beat > SEEN_SILENCE_MS ? 0 : now };
    return now - last.at > WATCHED_SILENCE_MS;
  };
  return {
    async pass() {
      // events first: what was printed before one of them was written before it, and the run's end is the last that is read
      const fresh = await readObjectJournal(store, run, events);
      const lines = await readObjectLogs(store, layout.journalOf(run), parts);
      for (const part of lines) logs.keep(run, part);
      foldEvents(db, fresh);
      const beat = await readBeat(store, run);
      if (beat !== undefined) db.prepare("update runs set heartbeat_at = max(heartbeat_at, ?) where id = ?").run(beat, run);
      for (const part of lines) {
        for (const line of part.lines) observer.log?.(part.node, part.attempt, line);
      }
      for (const event of fresh) observer.event?.(event);
      const row = await records.run(run);
      // a driver that has never been heard of is as silent as one that has stopped
      return row.status === "running" && isSilent(beat ?? row.heartbeat_at) ? { ...row, status: "interrupted" } : row;
    },
  };
}

const POLL_MS = 1000;

/**
 * Follows a run that is driven elsewhere until it has ended. Leaving it, by the signal, does nothing to the run.
 *
 * @returns the run as it is when it has ended or was left
 * @throws MLS4010 when its driver says nothing any more
 */
export async function attachRun(run: RunRow, place: Attachment, { observer = {}, signal }: { readonly observer?: RunObserver | undefined; readonly signal?: AbortSignal | undefined }): Promise<RunRow> {
  observer.planned?.(run.id, await place.records.plan(run.plan));
  const follow = follower(run.id, place, observer);
  for (;;) {
    const row = await follow.pass();
    const { status } = row;
    if (status === "interrupted") throw new MlstackError("MLS4010", `the driver of the run ${run.id} says nothing any more`, { why: "its process has probably died", fix: `mlstack run resume ${run.id}` });
    if (status !== "running" || signal?.aborted === true) return row;
    await sleep(POLL_MS, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
  }
}

/** Watches for a sign of life of a driver elsewhere; false when there is none for a while. */
export async function isDriven(store: ArtifactStore, run: string, forMs = WATCHED_SILENCE_MS): Promise<boolean> {
  const before = await readBeat(store, run);
  for (const end = Date.now() + forMs; Date.now() < end; await sleep(POLL_MS)) if ((await readBeat(store, run)) !== before) return true;
  return false;
}

/** Asks a driver elsewhere to cancel its run; it looks for this once a second. */
export async function askToCancel(store: ArtifactStore, run: string, reason: string): Promise<void> {
  await store.put(layout.journal(run, RUN_NODE, 0, "cancel"), { kind: "bytes", bytes: Buffer.from(reason) });
}

/** Aborts when somebody asks for the run to be cancelled. */
export function cancelRequests(store: ArtifactStore, run: string, abort: AbortController): { stop(): void } {
  const look = async () => { if ((await store.stat(layout.journal(run, RUN_NODE, 0, "cancel"))) !== undefined) abort.abort(new MlstackError("MLS4003", "the run was cancelled")); };
  const timer = setInterval(() => void look().catch(() => undefined), POLL_MS);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
