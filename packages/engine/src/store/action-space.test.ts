import type { MlstackError } from "@mlstack/core";
import { beforeEach, describe, expect, test } from "vitest";
import { memoryStore, type MemoryStore } from "../testing/memory-store.ts";
import { actionSpace, type ActionEntry, type ActionSpace } from "./action-space.ts";
import { layout } from "./layout.ts";

const KEY = "k".repeat(64);
let store: MemoryStore;
let space: ActionSpace;
beforeEach(() => { store = memoryStore(); space = actionSpace(store, "shared"); });
const entry = (identity: string, run = "r1", more: Partial<ActionEntry> = {}): ActionEntry => ({
  entryVersion: 1, key: KEY, outputs: { x: { manifest: identity, identity, format: "json/1", size: 1, kind: "data", metadata: {} } }, parts: {}, tracker: null, platform: "any", writer: { run, node: "n", project: "p" }, createdAt: 5, durationMs: 1, ...more,
});
const AT = `ac/v1/shared/${KEY}`;

test("the first entry wins, and says so to those that come after it", async () => {
  expect(await space.get(KEY)).toEqual({ state: "none" });
  expect(await space.commit(entry("a"))).toEqual({ state: "stored" });
  expect(await space.commit(entry("a", "r2"))).toMatchObject({ state: "lost-race", nonDeterministic: false, first: { writer: { run: "r1" } } });
  expect(await space.get(KEY)).toMatchObject({ state: "found", entry: { writer: { run: "r1" } } });
  expect([...store.objects.keys()]).toEqual([AT]);
});

test("an entry that lacks bytes is replaced", async () => {
  await space.commit(entry("a"));
  expect(await space.commit(entry("b", "r2"), async () => false)).toEqual({ state: "stored" });
  expect(await space.get(KEY)).toMatchObject({ entry: { writer: { run: "r2" } } });
});

describe("what lies under a key and can't be read", () => {
  test.each([["is no JSON", "{"], ["is of another key", JSON.stringify(entry("a", "r", { key: "other" }))], ["is of another version", JSON.stringify({ ...entry("a"), entryVersion: 2 })]])("%s: it is said, and it stays", async (_, text) => {
    store.objects.set(AT, Buffer.from(text));
    expect(await space.get(KEY)).toEqual({ state: "unreadable" });
    expect(await space.commit(entry("b"), async () => false)).toEqual({ state: "unreadable", at: AT });
    expect(Buffer.from(store.objects.get(AT)!).toString()).toBe(text);
  });

  test("entries of another version have another place", async () => {
    store.objects.set(`ac/v2/shared/${KEY}`, Buffer.from("whatever"));
    expect(await space.commit(entry("a"))).toEqual({ state: "stored" });
    expect(Buffer.from(store.objects.get(`ac/v2/shared/${KEY}`)!).toString()).toBe("whatever");
  });
});

describe("executions that differ", () => {
  test("mark the key, each run once, and leave the entry as it is", async () => {
    await space.commit(entry("a"));
    const before = Buffer.from(store.objects.get(AT)!).toString();
    expect(await space.commit(entry("b", "r2"))).toMatchObject({ state: "lost-race", nonDeterministic: true, first: { writer: { run: "r1" } } });
    await space.commit(entry("c", "r2"));
    await space.commit(entry("c", "r3", { createdAt: 6 }));
    expect(Buffer.from(store.objects.get(AT)!).toString()).toBe(before);
    expect(await space.isMarked(KEY)).toBe(true);
    expect(await space.marks(KEY)).toEqual([{ run: "r2", node: "n", outputs: { x: "b" }, at: 5 }, { run: "r3", node: "n", outputs: { x: "c" }, at: 6 }]);
    expect(await space.marked()).toEqual(new Map([[KEY, ["r2", "r3"]]]));
    // whoever agrees with the first one hears of it, too
    expect(await space.commit(entry("a", "r4"))).toMatchObject({ nonDeterministic: true });
  });

  test("at the same time both leave their mark", async () => {
    await space.commit(entry("a"));
    await Promise.all([space.commit(entry("b", "r2")), space.commit(entry("c", "r3"))]);
    expect((await space.marks(KEY)).map((m) => m.run).toSorted()).toEqual(["r2", "r3"]);
  });

  test("are forgotten when the result is accepted, until one differs again", async () => {
    await space.commit(entry("a"));
    await space.commit(entry("b", "r2"));
    await space.accept(KEY);
    expect([await space.isMarked(KEY), (await space.get(KEY)).state]).toEqual([false, "found"]);
    await space.commit(entry("b", "r2"));
    expect(await space.isMarked(KEY)).toBe(true);
  });

  test("are forgotten with the entry when it is evicted", async () => {
    await space.commit(entry("a"));
    await space.commit(entry("b", "r2"));
    store.calls.length = 0;
    await space.evict(KEY);
    expect(store.objects.size).toBe(0);
    // never without its marks, or it would be a hit
    expect(store.calls.filter((c) => c.startsWith("delete"))).toEqual([`delete ${AT}`, `delete ${layout.mark("shared", KEY, "r2")}`]);
  });
});

test("in a store that can't create, the first one is looked for before it is written", async () => {
  const plain = memoryStore();
  const weak = actionSpace({ ...plain, capabilities: { createIfAbsent: false, wireChecksum: "none", deleteIfVersion: false } }, "shared");
  expect(await weak.commit(entry("a"))).toEqual({ state: "stored" });
  expect(await weak.commit(entry("b", "r2"))).toMatchObject({ state: "lost-race", nonDeterministic: true });
  expect(await weak.get(KEY)).toMatchObject({ entry: { writer: { run: "r1" } } });
});

test("trust domains are kept apart, and are plain names", async () => {
  await space.commit(entry("a"));
  expect(await actionSpace(store, "pr-7").get(KEY)).toEqual({ state: "none" });
  for (const bad of ["", "a/b", "..", "ä", "x."]) expect(() => actionSpace(store, bad), bad).toThrow(expect.objectContaining({ code: "MLS3011" }) as MlstackError);
});
