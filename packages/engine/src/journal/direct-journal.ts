import { assertOwn } from "../records/claim.ts";
import { foldEvents } from "../records/fold.ts";
import type { OpenDatabase } from "../records/open-database.ts";
import type { Journal, JournalEvent } from "./events.ts";
import type { LogFiles } from "./log-files.ts";

/**
 * The carrier for a process that can reach the records' database: events are kept and folded in one transaction. Events are gathered
 * until `flush`, so that the end of one step and the start of the next are one commit. `flush` throws MLS4009 once another process drives the run.
 *
 * @param ordinal how often the run had been resumed when this process became its driver
 */
export function directJournal(db: OpenDatabase, logs: LogFiles, { run, ordinal }: { readonly run: string; readonly ordinal: number }): Journal {
  let pending: JournalEvent[] = [];
  return {
    append: (event) => { pending.push(event); },
    log: (of, node, attempt, line) => logs.append(of, node, attempt, line),
    async flush() {
      if (pending.length === 0) return;
      const events = pending;
      pending = [];
      try { foldEvents(db, events, () => assertOwn(db, run, ordinal)); } catch (e) {
        pending = [...events, ...pending];
        throw e;
      }
    },
  };
}
