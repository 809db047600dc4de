import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { MlstackError, type ArtifactStore } from "@mlstack/core";
import { cleanUpNotes, NOTE_DEAD_MS, NOTE_HOLDS_MS, NOTE_SHOWS_MS, type CleanUpNote } from "../store/clean-up-note.ts";
import { layout } from "../store/layout.ts";
import { sideBySide } from "../store/side-by-side.ts";
import { stopwatch } from "../store/stopwatch.ts";
import { checkPolicy, type GcPolicy } from "./policy.ts";
import type { FoundRoot } from "./read-roots.ts";
import { survey, type Survey } from "./survey.ts";

export interface GcOptions extends GcPolicy {
  /** Ends it between two batches; what is left is found the next time. */
  readonly signal?: AbortSignal | undefined;
  /** Told now and then how many blobs are done. */
  readonly onProgress?: ((done: number, of: number) => void) | undefined;
}

/** For tests, which set the clock. */
interface Pausing {
  /** Lets milliseconds go by. */
  readonly pause?: ((ms: number) => Promise<unknown>) | undefined;
}

/** What a clean-up has done. */
export interface CleanedUp extends Survey {
  /** Blobs that are gone. */
  readonly removed: number;
  /** Blobs that somebody has touched meanwhile: they stay. */
  readonly spared: number;
}

/** How many blobs are removed between two looks at who else is at work. */
const BATCH = 500;

/**
 * What a clean-up would do now. Changes nothing.
 *
 * @param project whose runs may be too old
 * @throws MLS3013 where it can't be known what is kept; MLS7001
 */
export async function planCleanUp(store: ArtifactStore, project: string, policy: GcPolicy = {}, now: number = Date.now()): Promise<Survey> {
  checkPolicy(policy);
  return survey(store, project, policy, now);
}

/**
 * Removes from a store what no root reaches and nobody has written or touched for the grace; roots of the project's own runs that ended too
 * long ago; entries that lead to what is gone; journals of runs without a root. Runs may go on meanwhile, of any project and on any machine.
 * It can be interrupted at any point, and begun again.
 *
 * @throws MLS3013 while another one is at work, or where it can't be known what is kept; MLS7001; what the store throws
 */
export async function cleanUp(store: ArtifactStore, project: string, options: GcOptions & Pausing = {}): Promise<CleanedUp> {
  checkPolicy(options);
  const { signal } = options;
  const note = await openNote(store, options.alone === true ? async () => undefined : (options.pause ?? sleep));
  const timer = setInterval(() => void note.write([]).catch(() => undefined), NOTE_HOLDS_MS);
  timer.unref();
  let found: Survey;
  try { found = await survey(store, project, options, note.now); } catch (e) { await note.close(); throw e; } finally { clearInterval(timer); }
  const warnings = [...found.warnings];
  let [removed, spared] = [0, 0];
  try {
    signal?.throwIfAborted();
    // a root before what it names: where this ends early, the rest is found as unnamed
    await removeAll(store, (await sideBySide(found.gone, async (root) => ((await isAsFound(store, root)) ? root.keys : []))).flat(), warnings);
    // entries before their marks, without which they would be hits
    for (const marks of [false, true]) await removeAll(store, found.entries.filter((key) => key.includes(layout.MARKED) === marks), warnings);
    for (let at = 0; at < found.blobs.length; at += BATCH) {
      signal?.throwIfAborted();
      const batch = found.blobs.slice(at, at + BATCH);
      const left = await removeBatch(store, note, batch, found.roots.before, warnings);
      spared += left.spared;
      removed += batch.length - left.spared - left.held;
      options.onProgress?.(at + batch.length, found.blobs.length);
    }
    await removeAll(store, found.journals, warnings);
  } finally { await note.close(); }
  return { ...found, warnings, removed, spared };
}

/** Whether nobody has gone on with a run since its root was read. What it finds of what it had it touches, and names again. */
async function isAsFound(store: ArtifactStore, { project, run, wroteAt, keys }: FoundRoot): Promise<boolean> {
  const known = new Set(keys);
  for await (const { key, modifiedAt } of store.list(layout.root(project, run, ""))) if (!known.has(key) || modifiedAt.getTime() > wroteAt) return false;
  return true;
}

/** What of a batch is still there: what somebody has touched meanwhile, and what the store holds for good. */
interface Left { readonly spared: number; readonly held: number }

/** Says what is about to go, looks at each for the last time, and removes what is still old. */
async function removeBatch(store: ArtifactStore, note: Note, batch: readonly string[], before: number, warnings: string[]): Promise<Left> {
  await note.write(batch);
  const sinceSaid = stopwatch();
  await note.isSeen();
  // a machine that slept, or a store that is slow: whoever has found one of these may have waited long enough
  const isLate = () => sinceSaid() > NOTE_HOLDS_MS;
  const stats = await sideBySide(batch, (digest) => store.stat(layout.blob(digest)));
  if (isLate()) return removeHalves(store, note, batch, before, warnings);
  const old = stats.filter((s) => s !== undefined && s.modifiedAt.getTime() < before).map((s) => s!);
  const spared = stats.filter((s) => s !== undefined && s.modifiedAt.getTime() >= before).length;
  if (store.deleteMany !== undefined && !store.capabilities.deleteIfVersion) {
    const left = await store.deleteMany(old.map((s) => s.key));
    for (const { key, reason } of left.slice(0, 3)) warnings.push(`${key} could not be removed: ${reason}`);
    return { spared, held: left.length };
  }
  const late: string[] = [];
  const held = await sideBySide(old, async ({ key, version }) => {
    if (isLate()) { late.push(key.slice(key.lastIndexOf("/") + 1)); return true; }
    return removeOne(store, key, warnings, store.capabilities.deleteIfVersion ? version : undefined);
  });
  const rest = late.length === 0 ? { spared: 0, held: 0 } : await removeHalves(store, note, late, before, warnings);
  return { spared: spared + rest.spared, held: held.filter((ok) => !ok).length + rest.held };
}

async function removeHalves(store: ArtifactStore, note: Note, batch: readonly string[], before: number, warnings: string[]): Promise<Left> {
  const middle = Math.ceil(batch.length / 2);
  const [a, b] = [await removeBatch(store, note, batch.slice(0, middle), before, warnings), middle < batch.length ? await removeBatch(store, note, batch.slice(middle), before, warnings) : { spared: 0, held: 0 }];
  return { spared: a.spared + b.spared, held: a.held + b.held };
}

async function removeAll(store: ArtifactStore, keys: readonly string[], warnings: string[]): Promise<void> {
  await sideBySide(keys, (key) => removeOne(store, key, warnings));
}

/** @returns false for what is held (retention, legal hold) and stays */
async function removeOne(store: ArtifactStore, key: string, warnings: string[], ifVersion?: string): Promise<boolean> {
  try { await store.delete(key, ifVersion === undefined ? undefined : { ifVersion }); return true; } catch (e) {
    if (!MlstackError.is(e, "MLS3005")) throw e;
    if (warnings.length < 10) warnings.push(`${key} could not be removed: ${e.message}`);
    return false;
  }
}

interface Note {
  /** When it was written first, by the store's clock. */
  readonly now: number;
  write(blobs: readonly string[]): Promise<void>;
  /** Waits until nobody goes by a look at the store from before there was a note. */
  isSeen(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Says that a clean-up is going on.
 *
 * @throws MLS3013 when another one is
 */
async function openNote(store: ArtifactStore, pause: (ms: number) => Promise<unknown>): Promise<Note> {
  const key = layout.cleanUp(randomUUID());
  // by the steady clock, which may fall behind those of others, and does not leap ahead of them
  let shownAt: number | undefined;
  let sinceWritten = () => Infinity;
  const close = () => store.delete(key).catch(() => undefined);
  const put = (blobs: readonly string[]) => store.put(key, { kind: "bytes", bytes: Buffer.from(JSON.stringify({ v: 1, blobs } satisfies CleanUpNote)) });

  async function renew(blobs: readonly string[]): Promise<void> {
    // one that was silent for long, such as on a machine that slept, may have been taken for dead
    const wasSilent = sinceWritten() > NOTE_DEAD_MS / 2;
    await put(blobs);
    if (wasSilent) { shownAt = performance.now(); await giveWay(store, key); }
    sinceWritten = stopwatch();
  }

  async function isSeen(): Promise<void> {
    const ms = (shownAt ?? performance.now()) + NOTE_SHOWS_MS - performance.now();
    if (ms > 0) await pause(Math.ceil(ms));
    shownAt = -Infinity;
  }

  // one after the other: the last word counts
  let writing: Promise<void> = Promise.resolve();
  const write = (blobs: readonly string[]) => (writing = writing.then(() => renew(blobs), () => renew(blobs)));
  try {
    await write([]);
    const stat = await store.stat(key);
    return { now: stat?.modifiedAt.getTime() ?? Date.now(), write, isSeen, close: async () => { await writing.catch(() => undefined); await close(); } };
  } catch (e) { await close(); throw e; }
}

/** Ends this clean-up where there is another one: of two that come at once, both. One that died is forgotten. */
async function giveWay(store: ArtifactStore, own: string): Promise<void> {
  const notes = await cleanUpNotes(store);
  const now = notes.find((n) => n.key === own)?.modifiedAt ?? Date.now();
  for (const other of notes) {
    if (other.key === own) continue;
    if (now - other.modifiedAt <= NOTE_DEAD_MS) throw new MlstackError("MLS3013", "another clean-up of this store is going on", { why: "each would remove what the other has just looked at", fix: "wait until it has ended, and try again; one that died is forgotten after five minutes" });
    await store.delete(other.key);
  }
}
