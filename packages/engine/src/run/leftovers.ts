import type { ArtifactStore, Launcher } from "@mlstack/core";
import { MlstackError, serializeError } from "@mlstack/core";
import type { Journal, StepEnded } from "../journal/events.ts";
import type { LogFiles } from "../journal/log-files.ts";
import { readObjectLogs, readStepEnd } from "../journal/object-journal.ts";
import type { AttemptRow } from "../records/schema.ts";
import { layout } from "../store/layout.ts";

/** Where steps of a run were started that may go on although their driver is gone. */
export interface LeftoverPlace {
  /** Where they write, by how often the run had been resumed: it may have been on other stacks. */
  store(ordinal: number): Promise<ArtifactStore>;
  readonly logs: LogFiles;
  /** What started them. */
  launcher(ordinal: number): Promise<Launcher | undefined>;
  readonly journal: Journal;
  now(): number;
  /** Told what is waited for. */
  waiting?(message: string): void;
}

/** How long to wait without a word, in milliseconds. */
const SAY_AFTER_MS = 1000;

/**
 * Sees to it that nothing goes on that an earlier driver has started. What has ended by now is taken as it ended; the rest is ended, for nobody
 * must do a step's work beside it.
 *
 * @param open attempts of which no end is known
 * @throws when it can't be told whether a step goes on: then the run must not
 */
export async function endLeftovers(open: readonly AttemptRow[], place: LeftoverPlace): Promise<void> {
  for (const ordinal of new Set(open.map((attempt) => attempt.ordinal))) {
    const launcher = await place.launcher(ordinal);
    // without `attach` steps end with their driver
    if (launcher?.attach === undefined) continue;
    const store = await place.store(ordinal);
    await Promise.all(open.filter((attempt) => attempt.ordinal === ordinal).map((attempt) => endOne(attempt, launcher, store, place)));
  }
  await place.journal.flush();
}

async function endOne(row: AttemptRow, launcher: Launcher, store: ArtifactStore, { logs, journal, now, waiting }: LeftoverPlace): Promise<void> {
  const { run, node, attempt, ordinal, handle: id } = row;
  const reported = async (): Promise<StepEnded | undefined> => readStepEnd(store, { run, node, attempt, ordinal });
  let event = await reported();
  if (event === undefined) {
    const handle = await launcher.attach?.({ ...(id !== null && { id }), runId: run, node, ordinal, attempt });
    if (handle !== undefined) {
      const said = setTimeout(() => waiting?.(`waiting for ${node}, which an earlier driver had started, to end`), SAY_AFTER_MS);
      try {
        await handle.cancel("another driver goes on with the run");
        await handle.ended;
      } finally { clearTimeout(said); }
    }
    event = await reported();
  }
  for (const part of await readObjectLogs(store, `${layout.journal(run, node, attempt, "log")}-`)) logs.keep(run, part);
  const error = serializeError(new MlstackError("MLS4008", `the step "${node}" was ended: its driver was gone, and another one went on with the run`));
  journal.append(event ?? { kind: "step-ended", run, ordinal, node, attempt, startedAt: row.started_at, time: now(), status: "cancelled", key: null, parts: null, cache: { state: "none" }, outputs: {}, error, tracker: [] });
}
