import { MlstackError } from "@mlstack/core";
import { expect, test } from "vitest";
import { bodyOf, memoryStore, type MemoryStore } from "../testing/memory-store.ts";
import { contentSpace } from "./content-space.ts";
import { layout } from "./layout.ts";
import { sha256 } from "./manifest.ts";

const TEXT = "what was put in";
const digest = sha256(TEXT);

/** A store whose first readings are damaged on their way. */
async function damaged(readings: number): Promise<MemoryStore> {
  const store = memoryStore();
  await contentSpace(store).putBytes(TEXT);
  let left = readings;
  return { ...store, get: async (key, options) => (left-- > 0 ? bodyOf(Buffer.from("what was not put in")) : store.get(key, options)) };
}
const streamed = async (store: MemoryStore): Promise<string> => { const pieces = []; for await (const piece of contentSpace(store).stream(digest)) pieces.push(piece); return Buffer.concat(pieces).toString(); };
const is = (removed: boolean) => (e: unknown) => MlstackError.is(e, "MLS3002") && e.details?.["removed"] === removed;

test("a blob that was damaged on its way once is read again, and stays in the store", async () => {
  expect(Buffer.from(await contentSpace(await damaged(1)).read(digest)).toString()).toBe(TEXT);
  const store = await damaged(1);
  await expect(streamed(store)).rejects.toSatisfy(is(false));
  expect(await streamed(store)).toBe(TEXT);
});

test("a blob that is not what its name says, also when it is read again, is removed", async () => {
  for (const reading of [(store: MemoryStore) => contentSpace(store).read(digest), streamed]) {
    const store = await damaged(Infinity);
    await expect(reading(store)).rejects.toSatisfy(is(true));
    expect(store.objects.has(layout.blob(digest))).toBe(false);
  }
  const looked = await damaged(Infinity);
  await expect(contentSpace(looked, false).read(digest)).rejects.toSatisfy(is(false));
  expect(looked.objects.has(layout.blob(digest))).toBe(true);
});
