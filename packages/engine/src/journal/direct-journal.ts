import type { OpenDatabase } from "../records/open-database.ts";
import { foldEvents } from "../records/fold.ts";
import type { Journal, JournalEvent } from "./events.ts";
import type { LogFiles } from "./log-files.ts";

/**
 * The carrier for a process that can reach the records' database: events are kept and folded in one transaction. Events are gathered
 * until `flush`, so that the end of one step and the start of the next are one commit.
 */
export function directJournal(db: OpenDatabase, logs: LogFiles): Journal {
  let pending: JournalEvent[] = [];
  return {
    append: (event) => { pending.push(event); },
    log: (run, node, attempt, line) => logs.append(run, node, attempt, line),
    async flush() {
      if (pending.length === 0) return;
      const events = pending;
      pending = [];
      try { foldEvents(db, events); } catch (e) {
        pending = [...events, ...pending];
        throw e;
      }
    },
  };
}
