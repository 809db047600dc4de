import { MlstackError } from "@mlstack/core";
import type { IndexedVector, Match, VectorIndex } from "./vector-index.ts";

type Kept = Map<string, IndexedVector>;

/** Where an index keeps its collections. */
export interface Collections {
  /** Undefined for one that is not there. */
  read(name: string): Promise<Kept | undefined>;
  /** All of it or nothing; undefined removes it. */
  write(name: string, kept: Kept | undefined): Promise<void>;
}

/** An index in this process's memory: for tests of steps, and what the suite is tried on. */
export function memoryIndex({ metric = "cosine", collections = new Map() }: { readonly metric?: VectorIndex["metric"]; readonly collections?: Map<string, Kept> } = {}): VectorIndex {
  return exactIndex(metric, { read: async (name) => collections.get(name), async write(name, kept) { if (kept === undefined) collections.delete(name); else collections.set(name, kept); } });
}

/** An index that compares each vector: exact, and fast enough for some ten thousand. Changes take turns. */
export function exactIndex(metric: VectorIndex["metric"], collections: Collections): VectorIndex {
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  };
  return {
    contract: "acme.vector_index@1", metric,
    upsert: (name, vectors, { signal } = {}) => inTurn(async () => {
      signal?.throwIfAborted();
      const kept = new Map(await collections.read(name));
      for (const one of vectors) {
        checkVector(one.vector, lengthOf(kept));
        kept.set(one.id, { ...one, vector: [...one.vector] });
      }
      signal?.throwIfAborted();
      if (kept.size > 0) await collections.write(name, kept);
    }),
    async nearest(name, vector, count, { signal } = {}) {
      signal?.throwIfAborted();
      if (!Number.isInteger(count) || count < 1) throw refused(`${count} is no number of vectors`, "ask for at least one");
      const kept = (await collections.read(name)) ?? new Map<string, IndexedVector>();
      signal?.throwIfAborted();
      checkVector(vector, lengthOf(kept));
      const matches = [...kept.values()].map((one): Match => ({ id: one.id, distance: distance(metric, one.vector, vector), ...(one.text !== undefined && { text: one.text }) }));
      return matches.toSorted((a, b) => a.distance - b.distance || (a.id < b.id ? -1 : 1)).slice(0, count);
    },
    remove: (name, ids, { signal } = {}) => inTurn(async () => {
      signal?.throwIfAborted();
      const before = await collections.read(name);
      if (before === undefined) return;
      const kept = new Map([...before].filter(([id]) => !ids.includes(id)));
      await collections.write(name, kept.size === 0 ? undefined : kept);
    }),
    drop: (name, { signal } = {}) => inTurn(async () => {
      signal?.throwIfAborted();
      await collections.write(name, undefined);
    }),
  };
}

const lengthOf = (kept: Kept): number | undefined => kept.values().next().value?.vector.length;

function checkVector(vector: readonly number[], length: number | undefined): void {
  if (vector.length === 0 || vector.some((x) => !Number.isFinite(x))) throw refused("a vector is empty, or has what is no finite number", "give finite numbers");
  if (length !== undefined && vector.length !== length) throw refused(`a vector has ${vector.length} numbers, the collection's have ${length}`, "use one model for what is put in and what is looked for");
}

function distance(metric: VectorIndex["metric"], a: readonly number[], b: readonly number[]): number {
  const sum = (of: (x: number, y: number) => number): number => a.reduce((total, x, i) => total + of(x, b[i]!), 0);
  if (metric === "euclidean") return Math.sqrt(sum((x, y) => (x - y) ** 2));
  const lengths = Math.sqrt(sum((x) => x * x)) * Math.sqrt(sum((_, y) => y * y));
  // rounding may lead a hair below zero
  return lengths === 0 ? 1 : Math.max(0, 1 - sum((x, y) => x * y) / lengths);
}

const refused = (message: string, fix: string): MlstackError => new MlstackError("MLS6003", message, { fix });
