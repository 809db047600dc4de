import { randomBytes } from "node:crypto";
import { MlstackError, type ArtifactStore } from "@mlstack/core";
import { expect, test, vi } from "vitest";
import { memoryStore, type MemoryStore } from "../testing/memory-store.ts";
import { contentSpace } from "./content-space.ts";
import { layers } from "./layers.ts";
import { layout } from "./layout.ts";
import { lookedAt } from "./looked-at.ts";
import { sha256 } from "./manifest.ts";

const DAY = 24 * 3600 * 1000;
/** A blob that was written some days ago. */
async function aged(store: MemoryStore, days: number, bytes: Uint8Array | string = "content"): Promise<string> {
  const digest = await contentSpace(store).putBytes(bytes);
  store.times.set(layout.blob(digest), Date.now() - days * DAY);
  store.calls.length = 0;
  return digest;
}
const ageOf = (store: MemoryStore, digest: string) => Math.round((Date.now() - store.times.get(layout.blob(digest))!) / DAY);
const without = (store: MemoryStore): ArtifactStore => ({ ...store, touch: undefined } as unknown as ArtifactStore);

test("an old blob that somebody finds, or puts again, is touched; a fresh one is left alone", async () => {
  const store = memoryStore();
  const content = contentSpace(store);
  const old = await aged(store, 4);
  expect(await content.has(old)).toBe(true);
  expect(store.calls.map((c) => c.split(" ")[0])).toEqual(["stat", "touch", "list", "stat"]);
  expect(ageOf(store, old)).toBe(0);
  await aged(store, 4);
  await content.putBytes("content");
  expect([store.calls.map((c) => c.split(" ")[0]), ageOf(store, old)]).toEqual([["stat", "touch", "list", "stat"], 0]);
  await aged(store, 0.4);
  await content.has(old);
  await content.putBytes("content");
  expect(store.calls.map((c) => c.split(" ")[0])).toEqual(["stat", "list", "stat", "stat"]);
});

test("whether a clean-up goes on is looked up once for many blobs, and anew after two seconds", async () => {
  const store = memoryStore();
  const content = contentSpace(store);
  const all = await Promise.all(Array.from({ length: 50 }, (_, i) => content.putBytes(String(i))));
  const looks = async () => { store.calls.length = 0; await Promise.all(all.map((d) => content.has(d))); return store.calls.filter((c) => c.startsWith("list")).length; };
  vi.useFakeTimers({ toFake: ["Date"] });
  try {
    expect([await looks(), await looks()]).toEqual([1, 0]);
    vi.setSystemTime(Date.now() + 2001);
    expect(await looks()).toBe(1);
  } finally { vi.useRealTimers(); }
});

test("what a clean-up is about to remove is not relied on, however fresh it is; what one that died has named costs a look, and nothing else does", async () => {
  const store = memoryStore();
  const content = contentSpace(store);
  const [a, b] = [await content.putBytes("a"), await content.putBytes("b")];
  const note = async (at: number) => {
    await store.put(layout.cleanUp("x"), { kind: "bytes", bytes: Buffer.from(JSON.stringify({ v: 1, blobs: [a] })) });
    store.times.set(layout.cleanUp("x"), at);
  };
  await note(Date.now());
  let found: boolean | undefined;
  const asked = content.has(a).then((is) => (found = is));
  expect(await content.has(b)).toBe(true);
  await new Promise((done) => { setTimeout(done, 100); });
  expect(found).toBeUndefined();
  await store.delete(layout.blob(a));
  await store.delete(layout.cleanUp("x"));
  expect(await asked).toBe(false);
  await note(Date.now() - DAY);
  store.calls.length = 0;
  expect([await content.has(b), await content.has(b)]).toEqual([true, true]);
  expect(store.calls.filter((c) => c.startsWith("list"))).toHaveLength(1);
});

test.each([["small", 100], ["large", (4 << 20) + 1]])("in a store that can't touch a %s blob is put again", async (_, size) => {
  const store = memoryStore();
  const bytes = randomBytes(size);
  const digest = await aged(store, 4, bytes);
  expect(await contentSpace(without(store)).has(digest, size)).toBe(true);
  expect(ageOf(store, digest)).toBe(0);
  expect(sha256(store.objects.get(layout.blob(digest))!)).toBe(digest);
  await aged(store, 4, bytes);
  await contentSpace(without(store)).putBytes(bytes);
  expect(store.calls.map((c) => c.split(" ")[0])).toEqual(["stat", "put", "list", "stat"]);
});

test("in a store that is only looked at nothing is put, nor read", async () => {
  const store = memoryStore();
  const digest = await aged(store, 4);
  for (const there of [store, without(store)]) expect(await contentSpace(lookedAt(there), false).has(digest)).toBe(true);
  expect(store.calls.map((c) => c.split(" ")[0])).toEqual(["stat", "stat"]);
});

test("a blob of another of the project's stores is put again there: who relies on it names it there", async () => {
  const [here, there] = [memoryStore(), memoryStore()];
  const digest = await aged(there, 4);
  expect(await layers(contentSpace(here), [{ name: "there", open: async () => without(there) }], "/nowhere").has(digest)).toBe(true);
  expect([ageOf(there, digest), here.objects.size]).toEqual([0, 0]);
});

test("a blob that goes just then is not there, and one that may not be touched is", async () => {
  const store = memoryStore();
  const digest = await aged(store, 4);
  store.fault = (call) => { if (call.startsWith("touch")) throw new MlstackError("MLS3001", "gone"); };
  expect(await contentSpace(store).has(digest)).toBe(false);
  store.fault = (call) => { if (call.startsWith("touch")) throw new MlstackError("MLS6002", "read only"); };
  expect(await contentSpace(store).has(digest)).toBe(true);
  store.fault = (call) => { if (call.startsWith("touch")) throw new MlstackError("MLS6001", "out of reach"); };
  await expect(contentSpace(store).has(digest)).rejects.toMatchObject({ code: "MLS6001" });
  store.fault = (call) => { if (call.startsWith("touch")) throw new MlstackError("MLS3003", "too large to be copied"); };
  store.calls.length = 0;
  expect(await contentSpace(store).has(digest)).toBe(true);
  expect(store.calls.map((c) => c.split(" ")[0])).toEqual(["stat", "touch", "get", "put", "list", "stat"]);
});

test("an old blob that was changed is not there when its bytes are to be put again", async () => {
  const store = memoryStore();
  const digest = await aged(store, 4);
  store.objects.get(layout.blob(digest))![0]! ^= 1;
  expect(await contentSpace(without(store)).has(digest)).toBe(false);
});
