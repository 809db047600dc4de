import assert from "node:assert/strict";
import { MlstackError } from "@mlstack/core";
import type { ConformanceCase } from "@mlstack/testkit/conformance";
import type { VectorIndexContext } from "./subject.ts";

type Case = ConformanceCase<VectorIndexContext>;

const refused = async (work: () => Promise<unknown>): Promise<void> => {
  const error: unknown = await work().then(() => "it resolved", (e: unknown) => e);
  assert.ok(MlstackError.is(error, "MLS6003"), `it was to be refused with MLS6003, and was not: ${String(error)}`);
};
const ids = (found: readonly { readonly id: string }[]): string[] => found.map(({ id }) => id);
const east = { id: "east", vector: [1, 0] };
const north = { id: "north", vector: [0, 1], text: "up" };

export const cases: readonly Case[] = [
  {
    id: "contract", title: "the component says which contract it implements", clause: "readonly contract: \"acme.vector_index@1\"",
    async run({ index }) { assert.equal(index.contract, "acme.vector_index@1"); },
  },
  {
    id: "nearest.order", title: "the nearest comes first, those of the same distance by their ids", clause: "The nearest first, those of the same distance by their ids",
    async run({ index, collection }) {
      await index.upsert(collection, [north, { id: "twin-b", vector: [1, 0.1] }, east, { id: "twin-a", vector: [1, 0.1] }]);
      const found = await index.nearest(collection, [1, 0], 10);
      assert.deepEqual(ids(found), ["east", "twin-a", "twin-b", "north"]);
      assert.ok(Math.abs(found[0]!.distance) < 1e-9, "the very same vector is at the distance 0");
      assert.ok(found.every(({ distance }) => distance >= 0), "no distance is negative");
    },
  },
  {
    id: "nearest.count", title: "there are no more than were asked for", clause: "at most `count`",
    async run({ index, collection }) {
      await index.upsert(collection, [east, north]);
      assert.deepEqual(ids(await index.nearest(collection, [1, 0], 1)), ["east"]);
    },
  },
  {
    id: "nearest.text", title: "what was kept with a vector is found with it", clause: "what is to be found again with it",
    async run({ index, collection }) {
      await index.upsert(collection, [east, north]);
      assert.deepEqual((await index.nearest(collection, [0, 1], 2)).map(({ text }) => text), ["up", undefined]);
    },
  },
  {
    id: "nearest.none", title: "a collection that is not there has nothing", clause: "Nothing of a collection that is not there",
    async run({ index, collection }) { assert.deepEqual(await index.nearest(collection, [1, 0], 3), []); },
  },
  {
    id: "nearest.refuses", title: "a vector of another length, and a count below 1, are refused", clause: "@throws MLS6003 for a vector of another length, and for a count below 1",
    async run({ index, collection }) {
      await index.upsert(collection, [east]);
      await refused(() => index.nearest(collection, [1, 0, 0], 1));
      await refused(() => index.nearest(collection, [1, 0], 0));
    },
  },
  {
    id: "upsert.replaces", title: "a vector under an id that is there is replaced", clause: "one under an id that is there is replaced",
    async run({ index, collection }) {
      await index.upsert(collection, [east]);
      await index.upsert(collection, [{ id: "east", vector: [0, 1], text: "moved" }]);
      assert.deepEqual((await index.nearest(collection, [0, 1], 5)).map(({ id, text }) => [id, text]), [["east", "moved"]]);
    },
  },
  {
    id: "upsert.all-or-none", title: "where one vector is refused, none is added", clause: "All of them or none",
    async run({ index, collection }) {
      await index.upsert(collection, [east]);
      await refused(() => index.upsert(collection, [north, { id: "long", vector: [1, 2, 3] }]));
      assert.deepEqual(ids(await index.nearest(collection, [1, 0], 5)), ["east"]);
    },
  },
  {
    id: "upsert.refuses", title: "empty vectors and numbers that are not finite are refused", clause: "MLS6003 for vectors of another length than those that the collection has, empty ones, and numbers that are not finite",
    async run({ index, collection }) {
      for (const vector of [[], [Number.NaN, 1], [Number.POSITIVE_INFINITY, 1]]) await refused(() => index.upsert(collection, [{ id: "odd", vector }]));
    },
  },
  {
    id: "upsert.lasts", title: "what was added is there for whoever opens the index next", clause: "Adds vectors to a collection",
    async run({ index, open, collection }) {
      await index.upsert(collection, [east]);
      assert.deepEqual(ids(await (await open()).nearest(collection, [1, 0], 5)), ["east"]);
    },
  },
  {
    id: "upsert.together", title: "vectors that are added at the same time are all there", clause: "Adds vectors to a collection",
    async run({ index, collection }) {
      await Promise.all(Array.from({ length: 8 }, (_, i) => index.upsert(collection, [{ id: `v${i}`, vector: [1, i] }])));
      assert.equal((await index.nearest(collection, [1, 0], 20)).length, 8);
    },
  },
  {
    id: "remove", title: "what is removed is not found, and is removed once more without an error", clause: "Removes vectors; what is not there is removed already",
    async run({ index, collection }) {
      await index.upsert(collection, [east, north]);
      await index.remove(collection, ["east"]);
      await index.remove(collection, ["east", "never"]);
      assert.deepEqual(ids(await index.nearest(collection, [1, 0], 5)), ["north"]);
    },
  },
  {
    id: "drop", title: "a collection that is dropped is gone, and takes vectors of any length anew", clause: "Removes a collection with all that it has",
    async run({ index, collection }) {
      await index.upsert(collection, [east]);
      await index.drop(collection);
      await index.drop(collection);
      await index.upsert(collection, [{ id: "deep", vector: [1, 2, 3] }]);
      assert.deepEqual(ids(await index.nearest(collection, [1, 2, 3], 5)), ["deep"]);
    },
  },
  {
    id: "collections", title: "collections do not know of each other", clause: "Vectors in collections",
    async run({ index, collection }) {
      const other = `${collection}-2`;
      try {
        await index.upsert(collection, [east]);
        await index.upsert(other, [north]);
        assert.deepEqual(ids(await index.nearest(collection, [1, 0], 5)), ["east"]);
      } finally { await index.drop(other); }
    },
  },
  {
    id: "signal", title: "a call whose signal is aborted does nothing, and rejects with its reason", clause: "Aborts the call; the component stops what it does and rejects with the signal's reason",
    async run({ index, collection }) {
      const reason = new Error("enough");
      const signal = AbortSignal.abort(reason);
      assert.equal(await index.upsert(collection, [east], { signal }).catch((e: unknown) => e), reason);
      assert.equal(await index.nearest(collection, [1, 0], 1, { signal }).catch((e: unknown) => e), reason);
      assert.deepEqual(await index.nearest(collection, [1, 0], 1), []);
    },
  },
];
