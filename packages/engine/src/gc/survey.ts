import type { ArtifactStore } from "@mlstack/core";
import type { ActionEntry } from "../store/action-space.ts";
import { contentSpace } from "../store/content-space.ts";
import { layout } from "../store/layout.ts";
import { sideBySide } from "../store/side-by-side.ts";
import { sortRoots, type GcPolicy, type SortedRoots } from "./policy.ts";
import { reach } from "./reach.ts";
import { readRoots, type FoundRoot } from "./read-roots.ts";

/** How many blobs, and how much they take. */
export interface Tally { readonly blobs: number; /** Of all of them, in bytes. */ readonly bytes: number }

/** Why a blob goes. `released`: only runs named it that ended too long ago. `abandoned`: only runs that never ended. `unnamed`: no run names it. */
export type RemoveReason = "released" | "abandoned" | "unnamed";
/** Why a blob stays. `named`: by a run that is kept or going on. `young`: it was written or touched too short a time ago. */
export type KeepReason = "named" | "young";

/** What a clean-up has found in a store, and what it is going to do. */
export interface Survey {
  readonly roots: SortedRoots;
  readonly remove: Readonly<Record<RemoveReason, Tally>>;
  readonly keep: Readonly<Record<KeepReason, Tally>>;
  /** Digests. */
  readonly blobs: readonly string[];
  /** Object keys of action entries that lead to what is not there or goes, and of marks without an entry. */
  readonly entries: readonly string[];
  /** The project's own roots that go. */
  readonly gone: readonly FoundRoot[];
  /** Object keys of journals of runs that have no root any more. */
  readonly journals: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * Looks at all of a store, and changes nothing.
 *
 * @param now by the store's clock, in milliseconds since 1970
 * @throws MLS3013
 */
export async function survey(store: ArtifactStore, project: string, policy: GcPolicy, now: number): Promise<Survey> {
  const roots = sortRoots(await readRoots(store), project, policy, now);
  const { before } = roots;
  const follow = reach(contentSpace(store, false));
  const [named, released, abandoned] = [new Set<string>(), new Set<string>(), new Set<string>()];
  for (const [of, into] of [[[...roots.kept, ...roots.goingOn], named], [roots.aged, released], [roots.expired, abandoned]] as const) await follow.from(of.flatMap((r) => r.parts), into);

  const keep = { named: { blobs: 0, bytes: 0 }, young: { blobs: 0, bytes: 0 } };
  const remove = { released: { blobs: 0, bytes: 0 }, abandoned: { blobs: 0, bytes: 0 }, unnamed: { blobs: 0, bytes: 0 } };
  const young = new Set<string>();
  const blobs: string[] = [];
  for await (const { key, size, modifiedAt } of store.list(layout.blobs)) {
    const digest = key.slice(key.lastIndexOf("/") + 1);
    const isNamed = named.has(digest);
    const stays = isNamed || modifiedAt.getTime() >= before;
    const tally = isNamed ? keep.named : stays ? keep.young : remove[released.has(digest) ? "released" : abandoned.has(digest) ? "abandoned" : "unnamed"];
    tally.blobs++;
    tally.bytes += size;
    if (!stays) blobs.push(digest); else if (!isNamed) young.add(digest);
  }
  // an expired root of another project may be of a machine that sleeps: it does not count, but it is not ours to remove
  const gone = [...roots.aged, ...roots.expired.filter((r) => r.project === project && r.wroteAt < before)];
  const left = new Set([...roots.kept, ...roots.goingOn, ...roots.expired].filter((r) => !gone.includes(r)).map((r) => r.run));
  return {
    roots, keep, remove, blobs, gone,
    entries: await deadEntries(store, before, (digest) => named.has(digest) || young.has(digest)), journals: await deadJournals(store, before, left),
    warnings: follow.damaged.map((digest) => `the stored blob ${digest} is damaged: what it named is not kept by it`),
  };
}

/** Entries that are no hits any more, with their marks. */
async function deadEntries(store: ArtifactStore, before: number, isThere: (digest: string) => boolean): Promise<string[]> {
  const entries: { readonly key: string; readonly old: boolean }[] = [];
  const marks = new Map<string, { readonly key: string; readonly old: boolean }[]>();
  for await (const { key, modifiedAt } of store.list(layout.actions)) {
    const [of = "", run] = key.split(`${layout.MARKED}/`);
    const object = { key, old: modifiedAt.getTime() < before };
    if (run === undefined) entries.push(object); else marks.set(of, [...(marks.get(of) ?? []), object]);
  }
  const dead = await sideBySide(entries, async ({ key, old }) => {
    if (!old) return [];
    const needs = await neededBy(store, key);
    return needs === undefined || needs.every(isThere) ? [] : [key, ...(marks.get(key) ?? []).map((m) => m.key)];
  });
  const known = new Set(entries.map((e) => e.key));
  return [...dead.flat(), ...[...marks].filter(([key]) => !known.has(key)).flatMap(([, of]) => of.filter((m) => m.old).map((m) => m.key))];
}

/** What an entry leads to; undefined where it can't be read, for such a one is nobody's to remove. */
async function neededBy(store: ArtifactStore, key: string): Promise<readonly string[] | undefined> {
  try {
    const { outputs, tracker } = JSON.parse(Buffer.from(await (await store.get(key)).bytes()).toString("utf8")) as ActionEntry;
    return [...Object.values(outputs).map((o) => o.manifest), ...(tracker === null ? [] : [tracker])];
  } catch { return undefined; }
}

async function deadJournals(store: ArtifactStore, before: number, left: ReadonlySet<string>): Promise<string[]> {
  const runs = new Map<string, { keys: string[]; young: boolean }>();
  for await (const { key, modifiedAt } of store.list(layout.journals)) {
    const run = key.split("/")[1]!;
    const of = runs.get(run) ?? { keys: [], young: false };
    of.keys.push(key);
    of.young ||= modifiedAt.getTime() >= before;
    runs.set(run, of);
  }
  return [...runs].filter(([run, { young }]) => !young && !left.has(run)).flatMap(([, { keys }]) => keys);
}
