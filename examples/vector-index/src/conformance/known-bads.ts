import type { VectorIndex } from "../vector-index.ts";

/** An index that keeps all promises but one: what the suite is tried on, so that a case that can't fail is found. */
export interface BadIndex {
  /** What it does, in words. */
  readonly fault: string;
  /** Ids of the cases that refuse it. */
  readonly killers: readonly string[];
  /** What of a good index is put in its place. */
  bad(good: VectorIndex, lasting: { forget(): void }): Partial<VectorIndex>;
}

/** One for each promise of the contract, and each differs from a good index in one line. */
export const badIndexes: readonly BadIndex[] = [
  { fault: "says that it is another version", killers: ["contract"], bad: () => ({ contract: "acme.vector_index@2" as "acme.vector_index@1" }) },
  { fault: "gives the nearest last", killers: ["nearest.order"], bad: (good) => ({ nearest: async (...args) => (await good.nearest(...args)).toReversed() }) },
  { fault: "measures below zero", killers: ["nearest.order"], bad: (good) => ({ nearest: async (...args) => (await good.nearest(...args)).map((m) => ({ ...m, distance: m.distance - 1 })) }) },
  { fault: "gives all that it has", killers: ["nearest.count"], bad: (good) => ({ nearest: async (collection, vector, count, options) => good.nearest(collection, vector, count < 1 ? count : 1000, options) }) },
  { fault: "forgets texts", killers: ["nearest.text"], bad: (good) => ({ nearest: async (...args) => (await good.nearest(...args)).map(({ id, distance }) => ({ id, distance })) }) },
  { fault: "rejects where there is no collection", killers: ["nearest.none"], bad: (good) => ({ nearest: async (...args) => { const found = await good.nearest(...args); if (found.length === 0) throw new Error("404"); return found; } }) },
  { fault: "finds nothing where a length is wrong", killers: ["nearest.refuses"], bad: (good) => ({ nearest: async (...args) => good.nearest(...args).catch((e: unknown) => { if (args[3]?.signal?.aborted === true) throw e; return []; }) }) },
  { fault: "keeps the vector that was there", killers: ["upsert.replaces"], bad: (good) => ({ async upsert(collection, vectors, options) { const there = vectors[0]?.vector.length === 2 ? (await good.nearest(collection, [1, 1], 1000)).map(({ id }) => id) : []; await good.upsert(collection, vectors.filter(({ id }) => !there.includes(id)), options); } }) },
  { fault: "adds one after the other", killers: ["upsert.all-or-none"], bad: (good) => ({ async upsert(collection, vectors, options) { for (const one of vectors) await good.upsert(collection, [one], options); } }) },
  { fault: "leaves out what it can't take", killers: ["upsert.refuses"], bad: (good) => ({ upsert: async (collection, vectors, options) => good.upsert(collection, vectors.filter(({ vector }) => vector.length > 0 && vector.every(Number.isFinite)), options) }) },
  { fault: "keeps it for itself", killers: ["upsert.lasts"], bad: (good, lasting) => ({ async upsert(...args) { await good.upsert(...args); lasting.forget(); } }) },
  { fault: "loses what others add meanwhile", killers: ["upsert.together"], bad: (good) => { let going = false; return { async upsert(...args) { if (going) return; going = true; try { await good.upsert(...args); } finally { going = false; } } }; } },
  { fault: "does not remove", killers: ["remove"], bad: () => ({ remove: async () => undefined }) },
  { fault: "does not drop", killers: ["drop"], bad: () => ({ drop: async () => undefined }) },
  { fault: "has one collection", killers: ["collections"], bad: (good) => ({ upsert: (_, ...rest) => good.upsert("all", ...rest), nearest: (_, ...rest) => good.nearest("all", ...rest), drop: () => good.drop("all") }) },
  { fault: "does not hear of a signal", killers: ["signal"], bad: (good) => ({ upsert: (collection, vectors) => good.upsert(collection, vectors), nearest: (collection, vector, count) => good.nearest(collection, vector, count) }) },
];
