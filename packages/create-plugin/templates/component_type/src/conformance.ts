import assert from "node:assert/strict";
import { MlstackError } from "@mlstack/core";
import type { ConformanceCase, ConformanceSuite } from "@mlstack/testkit/conformance";
import type { VectorIndex, VectorMatch } from "./contract.ts";

/** An index under test. */
export interface VectorIndexSubject {
  /** Opens the index: each time another object for the same place, as another process has it. It is empty before each case. */
  open(): Promise<VectorIndex>;
}

export interface VectorIndexContext {
  readonly index: VectorIndex;
  /** Another object for the same index; disposed of after the case. */
  open(): Promise<VectorIndex>;
}

type VectorIndexNeed = "check";
type Case = ConformanceCase<VectorIndexContext, VectorIndexNeed>;

const ids = (matches: readonly VectorMatch[]): readonly string[] => matches.map((one) => one.id);

async function refused(work: () => Promise<unknown>): Promise<void> {
  const error: unknown = await work().then(() => "it resolved", (e: unknown) => e);
  assert.ok(MlstackError.is(error, "MLS6003"), `it was to reject with MLS6003: ${String(error)}`);
}

const cases: readonly Case[] = [
  {
    id: "contract", title: "the index names its contract", clause: "contract: \"acme.vector_index@1\"",
    async run({ index }) { assert.equal(index.contract, "acme.vector_index@1"); },
  },
  {
    id: "check", title: "its own check finds nothing wrong where all is well", clause: "Looks at reach, permissions and latency", needs: ["check"],
    async run({ index }) { assert.deepEqual((await index.check!()).filter((one) => !one.ok), []); },
  },
  {
    id: "query.nearest", title: "the nearest come first, as many as were asked for", clause: "The vectors nearest to one, by the cosine of their angle, the nearest first",
    async run({ index }) {
      await index.upsert([{ id: "far", vector: [-1, 0] }, { id: "near", vector: [3, 1] }, { id: "same", vector: [2, 0] }]);
      const found = await index.query([1, 0], 2);
      assert.deepEqual(ids(found), ["same", "near"]);
      assert.ok(Math.abs(found[0]!.similarity - 1) < 1e-6, `the same direction has the similarity ${found[0]!.similarity}`);
      assert.deepEqual(ids(await index.query([1, 0], 9)), ["same", "near", "far"]);
    },
  },
  {
    id: "query.equal", title: "of equally near vectors the one with the smaller id comes first", clause: "of equally near ones the one with the smaller id",
    async run({ index }) {
      await index.upsert([{ id: "b", vector: [1, 1] }, { id: "a", vector: [2, 2] }, { id: "c", vector: [1, 1] }]);
      assert.deepEqual(ids(await index.query([1, 1], 3)), ["a", "b", "c"]);
    },
  },
  {
    id: "query.empty", title: "where nothing is there is nothing near", clause: "The vectors nearest to one",
    async run({ index }) { assert.deepEqual(await index.query([1, 0], 3), []); },
  },
  {
    id: "upsert.seen", title: "what is kept is found by everybody", clause: "When it resolves all of them are found, by every process",
    async run({ index, open }) {
      await index.upsert([{ id: "a", vector: [1, 0] }]);
      assert.deepEqual(ids(await (await open()).query([1, 0], 1)), ["a"]);
    },
  },
  {
    id: "upsert.replaces", title: "a vector takes the place of one that has its id", clause: "one that has the id of another takes its place",
    async run({ index }) {
      await index.upsert([{ id: "a", vector: [1, 0] }, { id: "b", vector: [1, 1] }]);
      await index.upsert([{ id: "a", vector: [-1, 0] }]);
      assert.deepEqual(ids(await index.query([1, 0], 3)), ["b", "a"]);
    },
  },
  {
    id: "upsert.refused", title: "vectors of other lengths and numbers that are none are refused, and nothing is kept", clause: "@throws MLS6003, and keeps none, when their lengths differ among each other or from those that are there, or a number is not finite",
    async run({ index }) {
      await refused(async () => index.upsert([{ id: "a", vector: [1, 0] }, { id: "b", vector: [1] }]));
      await refused(async () => index.upsert([{ id: "a", vector: [1, Number.NaN] }]));
      assert.deepEqual(await index.query([1, 0], 3), []);
      await index.upsert([{ id: "a", vector: [1, 0] }]);
      await refused(async () => index.upsert([{ id: "b", vector: [1, 0, 0] }]));
      await refused(async () => index.query([1], 1));
      assert.deepEqual(ids(await index.query([1, 0], 3)), ["a"]);
    },
  },
  {
    id: "delete.removes", title: "what is removed is not found any more, and nothing else is removed", clause: "Removes vectors; removing what is not there is no error",
    async run({ index, open }) {
      await index.upsert([{ id: "a", vector: [1, 0] }, { id: "ab", vector: [1, 0] }]);
      await index.delete(["a", "none"]);
      await index.delete(["a"]);
      assert.deepEqual(ids(await (await open()).query([1, 0], 3)), ["ab"]);
    },
  },
  {
    id: "abort.before", title: "a call whose signal was aborted before does nothing and rejects with the signal's reason", clause: "An aborted call rejects with the signal's reason",
    async run({ index }) {
      await index.upsert([{ id: "a", vector: [1, 0] }]);
      const reason = new Error("enough");
      const options = { signal: AbortSignal.abort(reason) };
      for (const call of [async () => index.upsert([{ id: "b", vector: [1, 0] }], options), async () => index.query([1, 0], 1, options), async () => index.delete(["a"], options)]) {
        assert.equal(await call().then(() => "it resolved", (e: unknown) => e), reason);
      }
      assert.deepEqual(ids(await index.query([1, 0], 3)), ["a"]);
    },
  },
];

/** Whatever the cases keep is of these ids. */
const USED = ["a", "ab", "b", "c", "far", "near", "same"];

/** acme.vector_index@1, promise by promise, for whoever brings a flavor of it. */
export const vectorIndexSuite: ConformanceSuite<VectorIndexSubject, VectorIndexContext, VectorIndexNeed> = {
  contract: "acme.vector_index@1",
  cases,
  async within(subject, _id, use) {
    const opened: VectorIndex[] = [];
    const open = async (): Promise<VectorIndex> => { const one = await subject.open(); opened.push(one); return one; };
    const index = await open();
    try { return await use({ index, open }); } finally {
      await index.delete(USED);
      for (const one of opened) await one.dispose?.();
    }
  },
  lacks: (_need, { index }) => (index.check === undefined ? "the index has no check" : undefined),
};
