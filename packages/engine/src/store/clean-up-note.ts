import { setTimeout as sleep } from "node:timers/promises";
import { MlstackError, type ArtifactStore } from "@mlstack/core";
import { layout } from "./layout.ts";

/**
 * What a clean-up says before it removes anything: which blobs it is about to look at for the last time, and then to remove. Stores need no
 * conditional delete for this. The clean-up writes the note, looks at each blob's time, removes what is old. Whoever finds an old blob
 * touches it and then looks for notes: where none names the blob, either the clean-up is going to see the new time, or it was over before,
 * and a look at the blob tells. Where one does, its end is waited for; a batch takes seconds.
 */
export interface CleanUpNote {
  readonly v: 1;
  /** Digests. */
  readonly blobs: readonly string[];
}

/** A clean-up removes nothing later than this after it has written what it is about to remove, in milliseconds. */
export const NOTE_HOLDS_MS = 60_000;
/** A note that nobody has written anew for so long is of a clean-up that died. */
export const NOTE_DEAD_MS = 5 * 60_000;

/**
 * A clean-up that has just appeared removes nothing for so long, in milliseconds: whoever has looked for clean-ups and found none may go by
 * that for so long. Without it, each blob that is found would cost another look.
 */
export const NOTE_SHOWS_MS = 2000;

/** A note, and what tells one writing of it from another. */
export interface FoundNote { readonly key: string; readonly note: CleanUpNote; readonly state: string; readonly modifiedAt: number }

/** The clean-ups that are going on in a store. */
export async function cleanUpNotes(store: ArtifactStore): Promise<FoundNote[]> {
  const found: FoundNote[] = [];
  for await (const { key, modifiedAt } of store.list(layout.cleanUps)) {
    try {
      const text = Buffer.from(await (await store.get(key)).bytes()).toString("utf8");
      found.push({ key, note: JSON.parse(text) as CleanUpNote, state: `${modifiedAt.getTime()} ${text}`, modifiedAt: modifiedAt.getTime() });
    } catch (e) {
      // it has just ended
      if (!MlstackError.is(e, "MLS3001")) throw e;
    }
  }
  return found;
}

/**
 * Whether a blob that was old, and has just been touched, is there to stay.
 *
 * @param key the blob's object key
 */
export async function outlivesCleanUps(store: ArtifactStore, key: string): Promise<boolean> {
  let seen: string | undefined;
  let since = performance.now();
  for (let ms = 20; ; ms = Math.min(1000, ms * 2)) {
    const naming = (await cleanUpNotes(store)).filter(({ note }) => note.blobs.some((digest) => key === layout.blob(digest)));
    const state = naming.map((n) => n.state).join("\n");
    if (state !== seen) { seen = state; since = performance.now(); }
    // a clean-up that died keeps nobody waiting: it removes nothing any more
    if (naming.length === 0 || performance.now() - since > 2 * NOTE_HOLDS_MS) return (await store.stat(key)) !== undefined;
    await sleep(ms);
  }
}
