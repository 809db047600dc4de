import { MlstackError } from "@mlstack/core";
import { definePipeline, json, map, list, step } from "@mlstack/pipeline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { actionSpace } from "../store/action-space.ts";
import { harness, type Harness } from "../testing/harness.ts";
import { memoryStore } from "../testing/memory-store.ts";
import { cachedResults, type CachedResults } from "./cached-results.ts";

const num = json(z.number());
const load = step({ name: "load", params: { n: z.number() }, output: num, run: ({ params }) => params.n });
const train = step({ name: "train", inputs: { x: num }, output: num, run: ({ inputs }) => inputs.x + 1 });
const items = step({ name: "items", output: list(num), run: () => [5, 6] });
const p = definePipeline({ name: "p", params: { n: z.number() }, build: (g) => { train({ x: load({ n: g.n }) }); } });
const q = definePipeline({ name: "q", build: () => { map(items(), (x) => train({ x })); } });

let h: Harness;
let cached: CachedResults;
const other = memoryStore();
beforeEach(async () => {
  h = await harness();
  other.objects.clear();
  cached = cachedResults([{ name: "here", open: () => h.stack.artifactStore() }, { name: "there", open: async () => other }], h.records, "shared");
});
afterEach(async () => { await h.close(); });
const statuses = async (n = 1) => h.status(await h.run(p, { n }));

describe("lists", () => {
  test("the newest first, those of a step with its items, those of a pipeline", async () => {
    const { id } = await h.run(p, { n: 1 });
    await h.run(q);
    expect((await cached.list()).map((r) => r.step.split("@", 1)[0]!).toSorted()).toEqual(["items", "load", "train", "train", "train"]);
    expect(await cached.list({ limit: 2 })).toHaveLength(2);
    expect((await cached.list({ step: "train" })).map((r) => r.step.split("@", 1)[0])).toEqual(["train", "train", "train"]);
    expect((await cached.list({ step: "train", pipeline: "p" }))).toMatchObject([{ step: "train", run: id, outputs: [{ output: "output", format: "json/1" }], differed: [] }]);
    expect(await cached.list({ marked: true })).toEqual([]);
  });

  test("nothing where there is nothing", async () => { expect(await cached.list()).toEqual([]); expect(await cached.list({ step: "nope" })).toEqual([]); });
});

describe("evict", () => {
  test("forgets a result, by the beginning of its key too; the next execution is the first", async () => {
    await statuses();
    const [result] = await cached.list({ step: "load" });
    expect((await cached.evict({ key: result!.key }, { dryRun: true })).results).toEqual([{ key: result!.key, step: "load", stores: ["here"] }]);
    expect(await cached.list({ step: "load" })).toEqual([result]);
    expect((await cached.evict({ key: result!.key.slice(0, 8) })).results).toEqual([{ key: result!.key, step: "load", stores: ["here"] }]);
    expect(await statuses()).toEqual({ load: "completed", train: "cached" });
  });

  test("forgets all of a step, or of a pipeline, in every store", async () => {
    await statuses(1);
    await statuses(2);
    const [entry] = await cached.list({ step: "load" });
    const found = await actionSpace(await h.stack.artifactStore(), "shared").get(entry!.key);
    if (found.state === "found") await actionSpace(other, "shared").commit(found.entry);
    const { results: evicted } = await cached.evict({ step: "load" });
    expect(evicted.map((e) => e.stores.length).toSorted((a, b) => a - b)).toEqual([1, 2]);
    expect([...other.objects.keys()]).toEqual([]);
    expect((await cached.evict({ pipeline: "p" })).results).toHaveLength(2);
    expect(await statuses()).toEqual({ load: "completed", train: "completed" });
  });

  test("does what it can where another store can't be asked, and says so; the active one must be there", async () => {
    await statuses();
    const away = new MlstackError("MLS6001", "out of reach");
    other.fault = () => { throw away; };
    try {
      const all = cachedResults([{ name: "here", open: () => h.stack.artifactStore() }, { name: "there", open: async () => other }, { name: "gone", open: async () => { throw new MlstackError("MLS2007", "not installed"); } }], h.records, "shared");
      const [entry] = await all.list({ step: "load" });
      expect(await all.evict({ key: entry!.key.slice(0, 9) })).toEqual({ results: [{ key: entry!.key, step: "load", stores: ["here"] }], unreached: [{ store: "there", error: away }] });
      expect(await all.list({ step: "load" })).toEqual([]);
      // here is nothing any more; there may be
      expect(await all.evict({ step: "load" })).toEqual({ results: [], unreached: [{ store: "there", error: away }] });
      await expect(cachedResults([{ name: "there", open: async () => other }], h.records, "shared").evict({ step: "train" })).rejects.toBe(away);
    } finally { other.fault = undefined; }
  });

  test("says what it does not find, and what is no key", async () => {
    await statuses();
    await expect(cached.evict({ step: "nope" })).rejects.toMatchObject({ code: "MLS5007", message: 'there is no result of the step "nope"' });
    await expect(cached.evict({ key: "00000000" })).rejects.toMatchObject({ code: "MLS5007" });
    await expect(cached.evict({ key: "train" })).rejects.toMatchObject({ code: "MLS7001" });
    await cached.evict({ step: "load" });
    await expect(cached.evict({ step: "load" })).rejects.toMatchObject({ code: "MLS5007", why: expect.stringContaining("no store has a result") as string });
  });
});

test("accept takes the first result of what executions differed in", async () => {
  let n = 0;
  const roll = step({ name: "roll", output: num, run: () => ++n });
  const dice = definePipeline({ name: "dice", build: () => { roll(); } });
  await h.run(dice);
  await expect(cached.accept({ step: "roll" })).rejects.toMatchObject({ code: "MLS5007", message: 'there is no marked result of the step "roll"' });
  const { id } = await h.run(dice, {}, { cache: "refresh" });
  expect((await cached.list({ marked: true }))).toMatchObject([{ step: "roll", differed: [id] }]);
  expect(h.status(await h.run(dice))).toEqual({ roll: "completed" });
  expect((await cached.accept({ step: "roll" })).results).toMatchObject([{ step: "roll", stores: ["here"] }]);
  expect(h.status(await h.run(dice))).toEqual({ roll: "cached" });
});
