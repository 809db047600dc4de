import type { ArtifactStore, Launcher } from "@mlstack/core";
import type { JournalEvent } from "../journal/events.ts";
import type { LogFiles } from "../journal/log-files.ts";
import { readObjectJournal, readObjectLogs } from "../journal/object-journal.ts";
import { foldEvents } from "../records/fold.ts";
import type { OpenDatabase } from "../records/open-database.ts";
import type { Records } from "../records/records.ts";
import type { RunRow } from "../records/schema.ts";
import { layout } from "../store/layout.ts";
import { findDriver, type DriverFound } from "./driver-elsewhere.ts";
import type { RunObserver } from "./execute-run.ts";
import { readBeat } from "./heartbeat.ts";

/** Where a run that is driven elsewhere is looked at. */
export interface Attachment {
  readonly store: ArtifactStore;
  readonly db: OpenDatabase;
  readonly logs: LogFiles;
  readonly records: Records;
  /** What started its driver. */
  launcher(): Promise<Launcher | undefined>;
}

/** A run as its journal tells it, and its driver. */
export interface Followed {
  /** Also interrupted, where its driver has died or is silent. */
  readonly run: RunRow;
  readonly driver: DriverFound;
}

/** Brings the records of a run that is driven elsewhere up to what its journal says. */
export interface Follower { pass(): Promise<Followed> }

/** A driver that is watched is taken for dead when it says nothing for this long, in milliseconds. It beats every five seconds. */
export const WATCHED_SILENCE_MS = 30_000;
/** At a single look only clocks can be compared, that of the service and this machine's, so more is allowed for. */
const SEEN_SILENCE_MS = 5 * 60_000;
/** A driver that is watched is looked for, by what started it, when it has said nothing for this long, in milliseconds. */
const QUIET_MS = 12_000;

export function follower(run: string, { store, db, logs, records, launcher }: Attachment, observer: RunObserver = {}): Follower {
  const events = new Set<string>();
  const parts = new Set<string>();
  let last: { readonly beat: number; readonly at: number } | undefined;
  let found: DriverFound = { state: "unknown" };
  const silence = (beat: number): number => {
    const now = Date.now();
    if (last?.beat !== beat) last = { beat, at: last === undefined && now - beat > SEEN_SILENCE_MS ? 0 : now };
    return now - last.at;
  };

  /** Takes in what is new. */
  async function read(): Promise<void> {
    // events first: what was printed before one of them was written before it, and the run's end is the last that is read
    const fresh: JournalEvent[] = await readObjectJournal(store, run, events);
    // a list is no picture of one moment: what was written while it was made may be missing, but nothing that was there before the run's end
    if (fresh.some((e) => e.kind === "run-ended")) fresh.splice(0, 0, ...(await readObjectJournal(store, run, events)));
    const lines = await readObjectLogs(store, layout.journalOf(run), parts);
    for (const part of lines) logs.keep(run, part);
    foldEvents(db, fresh);
    for (const part of lines) {
      for (const line of part.lines) observer.log?.(part.node, part.attempt, line);
    }
    for (const event of fresh) observer.event?.(event);
  }

  return {
    async pass() {
      await read();
      const before = await records.run(run);
      if (before.status !== "running" || before.journal !== "store") return { run: before, driver: found };
      const beat = await readBeat(store, { run, ordinal: before.ordinal });
      if (beat !== undefined) db.prepare("update runs set heartbeat_at = max(heartbeat_at, ?) where id = ?").run(beat, run);
      const isFirst = last === undefined;
      // a driver that has never been heard of is as silent as one that has stopped
      const silentFor = silence(beat ?? before.heartbeat_at);
      if (!isFirst && silentFor < QUIET_MS) return { run: before, driver: found };
      found = await findDriver(before, launcher);
      if (found.state === "running" || (found.state === "unknown" && silentFor <= WATCHED_SILENCE_MS)) return { run: before, driver: found };
      // it may have ended as it should since its journal was read
      await read();
      const after = await records.run(run);
      return { run: after.status === "running" && after.ordinal === before.ordinal ? { ...after, status: "interrupted" } : after, driver: found };
    },
  };
}
