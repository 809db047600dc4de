import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json, list } from "@mlstack/pipeline";
import { afterAll, expect, test } from "vitest";
import { artifacts } from "../artifacts/artifacts.ts";
import { memoryStore, type MemoryStore } from "../testing/memory-store.ts";
import { turnsUntil } from "../testing/fake-launcher.ts";
import { contentSpace } from "./content-space.ts";
import { layers } from "./layers.ts";
import { layout } from "./layout.ts";
import { holdsForAll, sideBySide } from "./side-by-side.ts";

const dir = mkdtempSync(join(tmpdir(), "mlstack-lists-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test("results are in the order of the things, whichever is done first", async () => {
  const waiting: (() => void)[] = [];
  const all = sideBySide([1, 2, 3], (n) => new Promise<number>((done) => { waiting.push(() => done(n * 2)); }));
  await turnsUntil(() => waiting.length === 3);
  for (const done of waiting.toReversed()) done();
  expect(await all).toEqual([2, 4, 6]);
  expect(await sideBySide([], async () => 1)).toEqual([]);
});

test("after a failure nothing more is begun, and what was is waited for", async () => {
  const begun: number[] = [];
  let ended = 0;
  let go: (() => void) | undefined;
  const all = sideBySide(Array.from({ length: 10 }, (_, i) => i), async (n) => {
    begun.push(n);
    if (n === 1) throw new Error("one");
    await new Promise<void>((done) => { go = done; });
    ended++;
  }, 2);
  await turnsUntil(() => begun.length === 2 && go !== undefined);
  go!();
  await expect(all).rejects.toThrow("one");
  expect([begun, ended]).toEqual([[0, 1], 1]);
});

test("nothing more is asked when one does not hold", async () => {
  const asked: number[] = [];
  expect(await holdsForAll(Array.from({ length: 100 }, (_, i) => i), async (n) => { asked.push(n); return n !== 2; })).toBe(false);
  expect(asked.length).toBeLessThan(100);
});

const N = 200;
const numbers = Array.from({ length: N }, (_, i) => i);
const type = list(json());

/** How many requests of these stores work takes, and how many of them are under way at the same time at most. */
async function measured(stores: readonly MemoryStore[], work: () => Promise<unknown>): Promise<{ readonly calls: number; readonly most: number }> {
  let now = 0;
  let most = 0;
  for (const store of stores) {
    store.calls.length = 0;
    store.fault = async () => {
      most = Math.max(most, ++now);
      for (let i = 0; i < 5; i++) await new Promise<void>((go) => { setImmediate(go); });
      now--;
    };
  }
  await work();
  for (const store of stores) store.fault = undefined;
  return { calls: stores.reduce((n, s) => n + s.calls.length, 0), most };
}

test("the items of a list are saved, looked for, loaded and brought some at a time", async () => {
  const [store, other] = [memoryStore(), memoryStore()];
  const all = artifacts(contentSpace(store));
  let pointer: Awaited<ReturnType<typeof all.save>> | undefined;
  const between = async (perItem: number, stores: readonly MemoryStore[], work: () => Promise<unknown>) => {
    const { calls, most } = await measured(stores, work);
    expect(calls).toBeLessThanOrEqual(perItem * N + 20);
    expect(most).toBeGreaterThan(8);
    expect(most).toBeLessThanOrEqual(32);
  };
  await between(4, [store], async () => { pointer = await all.save(type, numbers, dir); });
  await between(3, [store], async () => { expect(await all.present(pointer!)).toBe(true); });
  await between(2, [store], async () => { expect(await all.load(type, pointer!, dir)).toEqual(numbers); });
  const l = layers(contentSpace(other), [{ name: "store", open: async () => store }], join(dir, "copies"));
  await between(6, [store, other], async () => { expect(await l.present(pointer!)).toBe(true); });
  await between(10, [store, other], () => l.bring(pointer!));
  expect(other.objects.size).toBe(store.objects.size);
  // an item whose bytes are gone is seen, and ends the look
  store.objects.delete(layout.blob((await all.items(pointer!))[3]!.manifest));
  const { calls } = await measured([store], async () => { expect(await all.present(pointer!)).toBe(false); });
  expect(calls).toBeLessThan(N);
});
