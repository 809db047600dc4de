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
  /** Set when executions with the same key gave different outputs: such an entry is never a hit. */
  readonly nonDeterministic?: { readonly outputs: Readonly<Record<string, string>>; readonly run: string } | undefined;
}

/** Results by key, in one trust domain. */
export interface ActionSpace {
  readonly domain: string;
  get(key: string): Promise<ActionEntry | undefined>;
  /**
   * Writes an entry if there is none. The first one wins; where the outputs differ from the first one's, the key is marked
   * non-deterministic.
   *
   * @param isWhole whether all bytes of an entry are there; one that lacks some is of no use to anybody and is replaced
   * @returns the entry that is now in the store, and whether it is the one given
   */
  commit(entry: ActionEntry, isWhole?: (first: ActionEntry) => Promise<boolean>): Promise<{ readonly entry: ActionEntry; readonly won: boolean }>;
}

export function actionSpace(store: ArtifactStore, domain: string): ActionSpace {
  async function get(key: string): Promise<ActionEntry | undefined> {
    let text: string;
    try { text = Buffer.from(await (await store.get(layout.action(domain, key))).bytes()).toString("utf8"); } catch (e) {
      if (MlstackError.is(e, "MLS3001")) return undefined;
      throw e;
    }
    // an entry that can't be read, or is of a version that is not known here, is as good as none
    try {
      const entry = JSON.parse(text) as ActionEntry;
      return entry.entryVersion === 1 && entry.key === key && typeof entry.outputs === "object" ? entry : undefined;
    } catch { return undefined; }
  }

  const write = (entry: ActionEntry, ifAbsent: boolean) => store.put(layout.action(domain, entry.key), { kind: "bytes", bytes: Buffer.from(JSON.stringify(entry)) }, { ifAbsent });

  async function commit(entry: ActionEntry, isWhole: (first: ActionEntry) => Promise<boolean> = async () => true): Promise<{ entry: ActionEntry; won: boolean }> {
    try {
      await write(entry, store.capabilities.createIfAbsent);
      return { entry, won: true };
    } catch (e) { if (!MlstackError.is(e, "MLS3012")) throw e; }
    const first = await get(entry.key);
    if (first === undefined || (first.nonDeterministic === undefined && !(await isWhole(first)))) { await write(entry, false); return { entry, won: true }; }
    if (first.nonDeterministic !== undefined || sameOutputs(first, entry)) return { entry: first, won: false };
    const marked = { ...first, nonDeterministic: { outputs: Object.fromEntries(Object.entries(entry.outputs).map(([n, o]) => [n, o.identity])), run: entry.writer.run } };
    await write(marked, false);
    return { entry: marked, won: false };
  }

  return { domain, get, commit };
}

function sameOutputs(a: ActionEntry, b: ActionEntry): boolean {
  const names = Object.keys(a.outputs);
  return names.length === Object.keys(b.outputs).length && names.every((n) => a.outputs[n]?.identity === b.outputs[n]?.identity);
}
