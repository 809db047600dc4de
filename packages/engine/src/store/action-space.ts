import { MlstackError, type ArtifactKind, type ArtifactPointer, type ArtifactStore, type JsonObject, type Preview } from "@mlstack/core";
import { layout } from "./layout.ts";

/** An output as it is remembered: its content, and what is worth showing of it. */
export interface StoredOutput extends ArtifactPointer {
  readonly kind: ArtifactKind;
  readonly metadata: JsonObject;
  readonly preview?: Preview | undefined;
}

/** What a step with this key gave. Written last, when all of its content is in the store. */
export interface ActionEntry {
  /** The same as in the object's key: an entry of another version has another place. */
  readonly entryVersion: 1;
  readonly key: string;
  readonly outputs: Readonly<Record<string, StoredOutput>>;
  /** The flat parts that the key was made of. */
  readonly parts: Readonly<Record<string, string>>;
  /** Digest of the tracker events of the execution, as a content blob; null when there were none. */
  readonly tracker: string | null;
  /** Where it was made, such as `linux-x64-glibc`. */
  readonly platform: string;
  readonly writer: { readonly run: string; readonly node: string; readonly project: string };
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** How long the execution took, in milliseconds. */
  readonly durationMs: number;
}

/** Says of a key that an execution gave other outputs than the entry has. */
export interface NonDeterministicMark {
  readonly run: string;
  readonly node: string;
  /** Identities of the outputs by name. */
  readonly outputs: Readonly<Record<string, string>>;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What lies under a key. `unreadable`: something does, but it is no entry; it is never replaced. */
export type FoundEntry = { readonly state: "found"; readonly entry: ActionEntry } | { readonly state: "none" } | { readonly state: "unreadable" };

/** How a commit ended: it is the entry now; another one was first; or what lies there can't be read. */
export type CommitEnd =
  | { readonly state: "stored" }
  | { readonly state: "lost-race"; readonly first: ActionEntry; /** The key has a mark: its entry is no hit. */ readonly nonDeterministic: boolean }
  | { readonly state: "unreadable"; /** The object's key. */ readonly at: string };

/** Results by key, in one trust domain. */
export interface ActionSpace {
  readonly domain: string;
  get(key: string): Promise<FoundEntry>;
  /** Whether executions under a key gave different outputs: then its entry is no hit. */
  isMarked(key: string): Promise<boolean>;
  /**
   * Writes an entry if there is none. The first one wins; where the outputs differ from the first one's, the key is marked.
   *
   * @param isWhole whether all bytes of an entry are there; one that lacks some is of no use to anybody and is replaced
   */
  commit(entry: ActionEntry, isWhole?: (first: ActionEntry) => Promise<boolean>): Promise<CommitEnd>;
  marks(key: string): Promise<readonly NonDeterministicMark[]>;
  /** The keys that are marked, with the runs that differed. Looks at every object of the domain. */
  marked(): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Takes the first result for good: the marks go, and the entry is a hit again until another execution differs. */
  accept(key: string): Promise<void>;
  /** Removes the entry and its marks; the next execution is the first. */
  evict(key: string): Promise<void>;
}

/** @throws MLS3011 for a domain that is not one plain segment of an object key */
export function actionSpace(store: ArtifactStore, domain: string): ActionSpace {
  if (!/^[A-Za-z0-9_=@+-][A-Za-z0-9._=@+-]{0,99}$/.test(domain) || domain.endsWith(".")) throw new MlstackError("MLS3011", `${JSON.stringify(domain)} is not a legal trust domain`, { fix: "use letters, digits, - and _" });

  async function get(key: string): Promise<FoundEntry> {
    let text: string;
    try { text = await textOf(store, layout.action(domain, key)); } catch (e) {
      if (MlstackError.is(e, "MLS3001")) return { state: "none" };
      throw e;
    }
    try {
      const entry = JSON.parse(text) as ActionEntry;
      if (entry.entryVersion === 1 && entry.key === key && typeof entry.outputs === "object") return { state: "found", entry };
    } catch { /* no entry */ }
    return { state: "unreadable" };
  }

  const put = (key: string, value: unknown, ifAbsent: boolean) => store.put(key, { kind: "bytes", bytes: Buffer.from(JSON.stringify(value)) }, { ifAbsent: ifAbsent && store.capabilities.createIfAbsent });

  /** Whether the object was created; of a store that can't, whether it was written. */
  async function create(key: string, value: unknown): Promise<boolean> {
    try { await put(key, value, true); return true; } catch (e) {
      if (MlstackError.is(e, "MLS3012")) return false;
      throw e;
    }
  }

  async function isMarked(key: string): Promise<boolean> {
    for await (const _ of store.list(layout.marksOf(domain, key))) return true;
    return false;
  }

  async function marks(key: string): Promise<readonly NonDeterministicMark[]> {
    const found: NonDeterministicMark[] = [];
    for await (const { key: at } of store.list(layout.marksOf(domain, key))) found.push(JSON.parse(await textOf(store, at)) as NonDeterministicMark);
    return found.toSorted((a, b) => a.at - b.at);
  }

  async function commit(entry: ActionEntry, isWhole: (first: ActionEntry) => Promise<boolean> = async () => true): Promise<CommitEnd> {
    const { key } = entry;
    const at = layout.action(domain, key);
    if (store.capabilities.createIfAbsent && (await create(at, entry))) return { state: "stored" };
    const there = await get(key);
    if (there.state === "unreadable") return { state: "unreadable", at };
    if (there.state === "none" || !(await isWhole(there.entry))) { await put(at, entry, false); return { state: "stored" }; }
    const { entry: first } = there;
    if (sameOutputs(first, entry)) return { state: "lost-race", first, nonDeterministic: await isMarked(key) };
    const { writer: { run, node }, createdAt } = entry;
    // one mark per run is enough, and one that is there already says the same
    await create(layout.mark(domain, key, run), { run, node, outputs: Object.fromEntries(Object.entries(entry.outputs).map(([n, o]) => [n, o.identity])), at: createdAt } satisfies NonDeterministicMark);
    return { state: "lost-race", first, nonDeterministic: true };
  }

  async function accept(key: string): Promise<void> {
    for await (const { key: at } of store.list(layout.marksOf(domain, key))) await store.delete(at);
  }

  return {
    domain, get, isMarked, commit, marks, accept,
    async marked() {
      const prefix = layout.action(domain, "");
      const found = new Map<string, string[]>();
      for await (const { key: at } of store.list(prefix)) {
        const [of = "", run] = at.slice(prefix.length).split(`${layout.MARKED}/`);
        if (run !== undefined) found.set(of, [...(found.get(of) ?? []), run]);
      }
      return found;
    },
    async evict(key) {
      // the entry first: without its marks it would be a hit
      await store.delete(layout.action(domain, key));
      await accept(key);
    },
  };
}

async function textOf(store: ArtifactStore, key: string): Promise<string> {
  return Buffer.from(await (await store.get(key)).bytes()).toString("utf8");
}

function sameOutputs(a: ActionEntry, b: ActionEntry): boolean {
  const names = Object.keys(a.outputs);
  return names.length === Object.keys(b.outputs).length && names.every((n) => a.outputs[n]?.identity === b.outputs[n]?.identity);
}
