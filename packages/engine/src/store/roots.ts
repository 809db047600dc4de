import { MlstackError, type ArtifactPointer, type ArtifactStore } from "@mlstack/core";
import type { JournalEvent, StepEnded } from "../journal/events.ts";
import { layout } from "./layout.ts";
import { stopwatch } from "./stopwatch.ts";

/** What an object of a root names. `lists`: manifests of artifacts whose items are artifacts of their own. */
export interface RootPart {
  readonly v: 1;
  readonly manifests: readonly string[];
  readonly lists: readonly string[];
  /** Content that is no artifact: plans, recorded tracker calls, files of trackers. */
  readonly blobs: readonly string[];
}

/** For how long a root counts, from the time at which its object was written last, by the service's clock; null: for good. */
export interface RootLease { readonly v: 1; readonly leaseMs: number | null }

export type Named = Partial<Omit<RootPart, "v">>;

/** Names what a run keeps alive, in every store in which it relies on content. */
export interface Roots {
  name(what: Named): void;
  /** What a step has made or was served with, by the event that ended it. */
  event(event: JournalEvent): void;
  /** Writes what is new and makes the lease last on. */
  write(): Promise<void>;
  /** Writes the rest and ends the lease: what is named stays as long as the root does. Returns what a person should know. */
  keep(): Promise<readonly string[]>;
  stop(): void;
}

/** How long a run that says nothing more keeps its content. */
export const LEASE_MS = 7 * 24 * 3600 * 1000;
/** New content is protected by its age, so names need not be written at once, only long before that ends. */
const WRITE_EVERY_MS = 60_000;
const RENEW_EVERY_MS = LEASE_MS / 28;

/** A store with blobs that the run relies on, which are named one by one: their manifests may lie elsewhere. */
export interface Relied { readonly store: ArtifactStore; readonly blobs: readonly string[] }

export interface RootsOf {
  readonly project: string;
  readonly run: string;
  /** How often the run had been resumed: each part of it has names of its own. */
  readonly ordinal: number;
  /** Hands out, once each, blobs of artifacts that do not lie in the active store alone. */
  relied(): readonly Relied[];
}

/**
 * Begins a root: a lease, and what is known already.
 *
 * @throws what the store throws, when it can't be written
 */
export async function openRoots(store: ArtifactStore, of: RootsOf, first: Named): Promise<Roots> {
  const own = rootIn(store, of);
  const others = new Map<ArtifactStore, RootIn>();

  function nameRelied(): void {
    for (const { store: where, blobs } of of.relied()) {
      let root = where === store ? own : others.get(where);
      if (root === undefined) others.set(where, (root = rootIn(where, of)));
      root.name({ blobs });
    }
  }

  /** Another store may be one that this run only reads: what can't be named there is kept by others, or is a miss one day. */
  const inOthers = (work: (root: RootIn) => Promise<void>) => Promise.all([...others.values()].map((root) => work(root).catch(() => undefined)));

  async function writeAll(): Promise<void> {
    nameRelied();
    await Promise.all([own.write(), inOthers((root) => root.write())]);
  }

  // one after the other: the objects of a root are numbered
  let writing: Promise<void> = Promise.resolve();
  const write = () => (writing = writing.then(writeAll, writeAll));
  // what could not be written is there for the next time
  const timer = setInterval(() => void write().catch(() => undefined), WRITE_EVERY_MS);
  timer.unref();
  own.name(first);
  try { await write(); } catch (e) { clearInterval(timer); throw e; }
  return {
    name: (what) => own.name(what), write,
    event(event) {
      if (event.kind === "step-ended") { own.name(namedBy(event.outputs)); own.name(recordedBy(event)); }
      // a list of several outputs is made for the step that reads it, and is nobody's output
      if (event.kind === "step-started") own.name(namedBy(event.spec.inputs));
    },
    async keep() {
      clearInterval(timer);
      await writing.catch(() => undefined);
      nameRelied();
      const warnings: string[] = [];
      try { await own.keep(); } catch (e) { warnings.push(`what the run made is not marked as kept in the artifact store, which may clean it up after ${LEASE_MS / 86_400_000} days: ${MlstackError.is(e) ? e.message : String(e)}`); }
      await inOthers((root) => root.keep());
      return warnings;
    },
    stop: () => clearInterval(timer),
  };
}

/** Artifacts, by what they are. */
export function namedBy(artifacts: Readonly<Record<string, Pick<ArtifactPointer, "manifest" | "format">>>): Named {
  const all = Object.values(artifacts);
  const isList = (a: { format: string }) => a.format.startsWith("list/");
  return { manifests: all.filter((a) => !isList(a)).map((a) => a.manifest), lists: all.filter(isList).map((a) => a.manifest) };
}

/** What was recorded for trackers: the calls, where they are kept for hits to come, and the files of them. */
function recordedBy({ tracker, cache }: StepEnded): Named {
  const calls = "tracker" in cache && typeof cache.tracker === "string" ? [cache.tracker] : [];
  return { blobs: [...calls, ...tracker.flatMap((e) => (e.kind === "file" ? [e.value] : []))] };
}

interface RootIn {
  name(what: Named): void;
  write(): Promise<void>;
  keep(): Promise<void>;
}

/** A run's root in one store: a lease, and one object after the other with names. */
function rootIn(store: ArtifactStore, { project, run, ordinal }: RootsOf): RootIn {
  const groups = ["manifests", "lists", "blobs"] as const;
  const named = new Set<string>();
  let fresh: Record<(typeof groups)[number], string[]> = { manifests: [], lists: [], blobs: [] };
  let parts = 0;
  let sinceRenewed = () => Infinity;
  const put = (name: string, value: RootPart | RootLease) => store.put(layout.root(project, run, name), { kind: "bytes", bytes: Buffer.from(JSON.stringify(value)) });

  async function lease(leaseMs: number | null): Promise<void> {
    await put("lease", { v: 1, leaseMs });
    sinceRenewed = stopwatch();
  }

  async function writePart(): Promise<void> {
    if (groups.every((g) => fresh[g].length === 0)) return;
    const part = fresh;
    fresh = { manifests: [], lists: [], blobs: [] };
    try { await put(`${ordinal}-${String(parts).padStart(6, "0")}`, { v: 1, ...part }); } catch (e) {
      for (const group of groups) fresh[group].unshift(...part[group]);
      throw e;
    }
    parts++;
  }

  return {
    name(what) {
      for (const group of groups) {
        for (const digest of what[group] ?? []) {
          const id = `${group} ${digest}`;
          if (named.has(id)) continue;
          named.add(id);
          fresh[group].push(digest);
        }
      }
    },
    async write() { await Promise.all([writePart(), sinceRenewed() > RENEW_EVERY_MS ? lease(LEASE_MS) : undefined]); },
    // the names first: the lease says that they are all there
    async keep() { await writePart(); await lease(null); },
  };
}
