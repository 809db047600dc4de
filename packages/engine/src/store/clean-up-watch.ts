import type { ArtifactStore } from "@mlstack/core";
import { cleanUpNotes, NOTE_DEAD_MS, NOTE_SHOWS_MS, outlivesCleanUps } from "./clean-up-note.ts";
import { stopwatch } from "./stopwatch.ts";

/** Looks for clean-ups of a store, no more often than it has to. */
export interface CleanUpWatch {
  /**
   * Whether a blob that is fresh is there to stay. Fresh is not enough: somebody else may just have touched it, after a clean-up had looked
   * at it for the last time.
   *
   * @param key the blob's object key; its time was read just now
   */
  stays(key: string): Promise<boolean>;
}

/** What was seen. */
interface Quiet {
  /** Counts from before the look. */
  readonly since: () => number;
  /** Named by clean-ups that seem to have died. */
  readonly named: ReadonlySet<string>;
}

export function cleanUpWatch(store: ArtifactStore): CleanUpWatch {
  let quiet: Quiet | undefined;
  let looking: Promise<void> | undefined;

  async function look(): Promise<void> {
    const since = stopwatch();
    const notes = await cleanUpNotes(store);
    // of a service's clock and this machine's one may be wrong by minutes
    const isAlive = notes.some((n) => Date.now() - n.modifiedAt < 6 * NOTE_DEAD_MS);
    quiet = isAlive ? undefined : { since, named: new Set(notes.flatMap((n) => n.note.blobs)) };
  }

  const isQuiet = (key: string): boolean => quiet !== undefined && quiet.since() < NOTE_SHOWS_MS && !quiet.named.has(key.slice(key.lastIndexOf("/") + 1));

  return {
    async stays(key) {
      if (isQuiet(key)) return true;
      await (looking ??= look().finally(() => { looking = undefined; }));
      // a clean-up that was over before may have removed it
      return isQuiet(key) ? (await store.stat(key)) !== undefined : outlivesCleanUps(store, key);
    },
  };
}
