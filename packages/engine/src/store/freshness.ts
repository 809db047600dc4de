import { MlstackError, type ArtifactStore, type ErrorCode, type ObjectStat } from "@mlstack/core";
import { outlivesCleanUps } from "./clean-up-note.ts";
import type { CleanUpWatch } from "./clean-up-watch.ts";

/**
 * What no root names is kept for this long after it was written or touched last, in milliseconds, and for this long before the oldest run
 * that is going on was begun. So it need not be longer than a run: only than what a run does before it has a root, uploads of data among it.
 */
export const GRACE_MS = 24 * 3600 * 1000;

/** What is written is at least this fresh when somebody begins to rely on it: half of the grace, so that the other half is left to name it in a root. */
const STALE_MS = GRACE_MS / 2;

/** The blob may not be written by who wants to use it, or can't be: then it is used as it is, and a clean-up may come before its time. */
const LEFT_ALONE: ReadonlySet<ErrorCode> = new Set(["MLS3003", "MLS3005", "MLS6002"]);

/**
 * Sees to it that a blob which was found is not about to be cleaned up. Ages are many hours here, so the clocks of service and machine may differ a little.
 *
 * @param again puts the blob's bytes again, where the store can't touch it
 * @returns whether it is still there, and what it was
 */
export async function keepFresh(store: ArtifactStore, { key, modifiedAt }: ObjectStat, watch: CleanUpWatch, again: () => Promise<void>, now: number = Date.now()): Promise<boolean> {
  try {
    if (now - modifiedAt.getTime() < STALE_MS) return await watch.stays(key);
    if (await touched(store, key)) return await outlivesCleanUps(store, key);
    await again();
    return await outlivesCleanUps(store, key);
  } catch (e) {
    if (MlstackError.is(e, "MLS3001") || MlstackError.is(e, "MLS3002")) return false;
    if (!MlstackError.is(e) || !LEFT_ALONE.has(e.code)) throw e;
  }
  return true;
}

/** Whether the store could do it: some services don't copy objects onto themselves, or none that are so large. */
async function touched(store: ArtifactStore, key: string): Promise<boolean> {
  if (store.touch === undefined) return false;
  try { await store.touch(key); return true; } catch (e) {
    if (MlstackError.is(e, "MLS3003")) return false;
    throw e;
  }
}
