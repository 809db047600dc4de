import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ArtifactStore } from "@mlstack/core";
import { artifacts } from "../artifacts/artifacts.ts";
import { actionSpace } from "../store/action-space.ts";
import { contentSpace } from "../store/content-space.ts";
import { layout } from "../store/layout.ts";
import { makeManifest } from "../store/manifest.ts";
import { memoryStore, type MemoryStore } from "../testing/memory-store.ts";
import { cleanUp as cleanUpNow, planCleanUp, type GcOptions } from "./clean-up.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
let store: MemoryStore;
beforeEach(() => { vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 }); store = memoryStore(); });
afterEach(() => { vi.useRealTimers(); });
const later = (ms: number) => { vi.setSystemTime(Date.now() + ms); };
const cleanUp = (of: ArtifactStore, project: string, options?: GcOptions) => cleanUpNow(of, project, { pause: async (ms) => later(ms), ...options });

test("it lets two seconds go by before it removes anything, so that a look for clean-ups counts for so long; not where nobody else is there, nor where nothing goes", async () => {
  const pauses: number[] = [];
  const pause = async (ms: number) => { pauses.push(ms); expect([left("cas/"), left("gc/")]).toEqual([2, 1]); };
  await cleanUpNow(store, "p", { pause });
  await artifact("old");
  later(2 * DAY);
  await cleanUpNow(store, "p", { pause });
  await artifact("old");
  later(2 * DAY);
  await cleanUpNow(store, "p", { pause, alone: true });
  expect([left("cas/"), pauses.length, pauses[0]! > 1500 && pauses[0]! <= 2000]).toEqual([0, 1, true]);
});

async function artifact(text: string): Promise<{ manifest: string; file: string }> {
  const content = contentSpace(store);
  const file = await content.putBytes(text);
  return { file, manifest: await content.putManifest(makeManifest([{ path: "x", size: text.length, sha256: file }])) };
}
const put = (key: string, value: unknown) => store.put(key, { kind: "bytes", bytes: Buffer.from(JSON.stringify(value)) });
async function root(project: string, run: string, names: { manifests?: readonly string[]; lists?: readonly string[]; blobs?: readonly string[] }, leaseMs: number | null = null): Promise<void> {
  await put(layout.root(project, run, "0-000000"), { v: 1, manifests: [], lists: [], blobs: [], ...names });
  await put(layout.root(project, run, "lease"), { v: 1, leaseMs });
}
const has = (digest: string) => store.objects.has(layout.blob(digest));
const left = (prefix: string) => [...store.objects.keys()].filter((k) => k.startsWith(prefix)).length;

describe("what goes and what stays", () => {
  test("is told by reason, with how much it is, and the plan is what is done", async () => {
    const [named, released, abandoned, unnamed] = [await artifact("named"), await artifact("released"), await artifact("abandoned"), await artifact("not named")];
    await root("p", "aged", { manifests: [released.manifest] });
    await root("p", "died", { manifests: [abandoned.manifest] }, DAY);
    later(100 * DAY);
    await root("p", "fresh", { manifests: [named.manifest] });
    const young = await artifact("young");
    const before = new Map(store.objects);
    const plan = await planCleanUp(store, "p", { keepRuns: 1 });
    expect([store.objects, plan.roots.aged.map((r) => r.run), plan.roots.expired.map((r) => r.run)]).toEqual([before, ["aged"], ["died"]]);
    const sizeOf = (a: { manifest: string; file: string }) => [a.manifest, a.file].reduce((n, d) => n + store.objects.get(layout.blob(d))!.byteLength, 0);
    expect(plan.remove).toEqual({ released: { blobs: 2, bytes: sizeOf(released) }, abandoned: { blobs: 2, bytes: sizeOf(abandoned) }, unnamed: { blobs: 2, bytes: sizeOf(unnamed) } });
    expect(plan.keep).toEqual({ named: { blobs: 2, bytes: sizeOf(named) }, young: { blobs: 2, bytes: sizeOf(young) } });
    const done = await cleanUp(store, "p", { keepRuns: 1 });
    expect(done).toMatchObject({ remove: plan.remove, keep: plan.keep, removed: 6, spared: 0, warnings: [] });
    expect([named, young].every((a) => has(a.manifest) && has(a.file))).toBe(true);
    expect([left("cas/"), left("roots/p/aged"), left("roots/p/died"), left("roots/p/fresh"), left("gc/")]).toEqual([4, 0, 0, 2, 0]);
  });

  test("lists keep their items, lists in them too, and blobs that are named alone stay", async () => {
    const content = contentSpace(store);
    const item = await artifact("item");
    const pointer = { manifest: item.manifest, identity: item.manifest, format: "json/1", size: 1 };
    const inner = await artifacts(content).list({ format: "list/1", kind: "data" }, [pointer]);
    const outer = await artifacts(content).list({ format: "list/1", kind: "data" }, [inner]);
    const single = await content.putBytes("single");
    await root("p", "r", { lists: [outer.manifest], blobs: [single] });
    later(2 * DAY);
    const { removed } = await cleanUp(store, "p");
    expect([removed, has(item.file), has(single)]).toEqual([0, true, true]);
  });

  test("runs of other projects keep theirs however old they are, and an expired root of theirs is theirs to remove", async () => {
    const [a, b] = [await artifact("a"), await artifact("b")];
    await root("other", "r", { manifests: [a.manifest] });
    await root("other", "died", { manifests: [b.manifest] }, HOUR);
    later(1000 * DAY);
    await cleanUp(store, "p", { keepDays: 0, keepRuns: 0 });
    expect([has(a.file), has(b.file), left("roots/")]).toEqual([true, false, 4]);
  });

  test("the latest runs of the project stay, however old", async () => {
    for (const run of ["r1", "r2", "r3"]) { await root("p", run, { manifests: [(await artifact(run)).manifest] }); later(DAY); }
    later(365 * DAY);
    expect((await planCleanUp(store, "p")).roots.aged).toEqual([]);
    expect((await planCleanUp(store, "p", { keepRuns: 2 })).roots.aged.map((r) => r.run)).toEqual(["r1"]);
    expect((await planCleanUp(store, "p", { keepRuns: 0, keepDays: Infinity })).roots.aged).toEqual([]);
  });

  test("a run that is going on protects all that is younger than its beginning, less the grace", async () => {
    const [old, found] = [await artifact("old"), (later(5 * DAY), await artifact("found"))];
    later(20 * HOUR);
    await root("other", "going-on", {}, 7 * DAY);
    later(6 * DAY);
    await cleanUp(store, "p");
    expect([has(old.file), has(found.file)]).toEqual([false, true]);
    later(2 * DAY);
    await cleanUp(store, "p");
    expect(has(found.file)).toBe(false);
  });

  test("entries that lead nowhere go with their marks, and others stay; so do journals of runs without a root", async () => {
    const [kept, gone] = [await artifact("kept"), await artifact("gone")];
    const space = actionSpace(store, "shared");
    const entry = (key: string, { manifest }: { manifest: string }) => ({ entryVersion: 1 as const, key, outputs: { x: { manifest, identity: manifest, format: "json/1", size: 1, kind: "data" as const, metadata: {} } }, parts: {}, tracker: null, platform: "any", writer: { run: "r", node: "n", project: "p" }, createdAt: 1, durationMs: 1 });
    await space.commit(entry("k1", kept));
    await space.commit(entry("k2", gone));
    await space.commit(entry("k2", kept));
    await put(layout.mark("shared", "k3", "r9"), {});
    await put(layout.action("shared", "k4"), "not an entry");
    await put(layout.journal("r", "n", 1, "start.json"), {});
    await put(layout.journal("lost", "n", 1, "start.json"), {});
    await root("p", "r", { manifests: [kept.manifest] });
    later(2 * DAY);
    await cleanUp(store, "p");
    expect([...store.objects.keys()].filter((k) => /^(?:ac|journal)\//.test(k)).toSorted()).toEqual([layout.action("shared", "k1"), layout.action("shared", "k4"), layout.journal("r", "n", 1, "start.json")]);
  });

  test("a manifest that is gone or damaged is said, and ends nothing", async () => {
    const [gone, bad] = [await artifact("gone"), await artifact("bad")];
    await root("p", "r", { manifests: [gone.manifest, bad.manifest] });
    store.objects.delete(layout.blob(gone.manifest));
    store.objects.set(layout.blob(bad.manifest), Buffer.from("{}"));
    later(2 * DAY);
    const { warnings, removed } = await cleanUp(store, "p");
    expect([warnings, removed]).toEqual([[`the stored blob ${bad.manifest} is damaged: what it named is not kept by it`], 2]);
  });
});

describe("what it refuses", () => {
  test("a grace that others might not survive, unless nobody else is there", async () => {
    await artifact("an hour old");
    later(HOUR);
    await expect(cleanUp(store, "p", { graceMs: HOUR })).rejects.toMatchObject({ code: "MLS7001" });
    expect(await cleanUp(store, "p", { graceMs: HOUR - 1, alone: true })).toMatchObject({ removed: 2 });
  });

  test("a root that it can't read: nothing goes", async () => {
    await artifact("old");
    await put("roots/p/r/0-000000", { v: 2 });
    later(2 * DAY);
    await expect(cleanUp(store, "p")).rejects.toMatchObject({ code: "MLS3013", why: expect.stringContaining("version 2") as string });
    expect([left("cas/"), left("gc/")]).toEqual([2, 0]);
  });

  test("another one at work; one that died is forgotten", async () => {
    await put(layout.cleanUp("other"), { v: 1, blobs: [] });
    await expect(cleanUp(store, "p")).rejects.toMatchObject({ code: "MLS3013", message: "another clean-up of this store is going on" });
    expect(left("gc/")).toBe(1);
    later(6 * 60_000);
    await cleanUp(store, "p");
    expect(left("gc/")).toBe(0);
  });
});

test("what is touched while it looks stays; in a store with versions the version is asked for", async () => {
  const [a, b] = [await artifact("a"), await artifact("b")];
  later(2 * DAY);
  store.fault = (call) => { if (call === `stat ${layout.blob(a.file)}`) store.times.set(layout.blob(a.file), Date.now()); };
  const { removed, spared } = await cleanUp(store, "p");
  expect([removed, spared, has(a.file), has(b.file)]).toEqual([3, 1, true, false]);
  store.fault = undefined;
  const asked: unknown[] = [];
  const versioned: ArtifactStore = { ...store, capabilities: { ...store.capabilities, deleteIfVersion: true }, stat: async (key) => { const s = await store.stat(key); return s && { ...s, version: "v7" }; }, delete: async (key, options) => { if (key.startsWith("cas/")) asked.push(options); await store.delete(key); } };
  later(2 * DAY);
  await cleanUp(versioned, "p");
  expect(asked).toEqual([{ ifVersion: "v7" }]);
});

test("a run that finds an old blob waits for the clean-up that is about to remove it", async () => {
  const { file } = await artifact("a");
  later(2 * DAY);
  let found: Promise<boolean> | undefined;
  const order: string[] = [];
  store.fault = async (call) => {
    // between the last look and the removal
    if (call === `delete ${layout.blob(file)}` && found === undefined) {
      found = contentSpace(store).has(file).finally(() => { order.push("found"); });
      // it looks several times meanwhile
      while (store.calls.filter((c) => c.startsWith("list gc/")).length < 5) await new Promise((done) => { setTimeout(done, 5); });
      order.push("removed");
    }
  };
  await cleanUp(store, "p");
  expect([await found, order]).toEqual([false, ["removed", "found"]]);
});

test("a machine that slept between the last look and the removal looks again", async () => {
  const [a, b] = [await artifact("a"), await artifact("b")];
  later(2 * DAY);
  let slept = false;
  store.fault = (call) => {
    if (call !== `stat ${layout.blob(b.manifest)}` || slept) return;
    // the first has been looked at: somebody finds it, waits for longer than a clean-up takes, and relies on it
    slept = true;
    later(10 * 60_000);
    for (const digest of [a.file, a.manifest]) store.times.set(layout.blob(digest), Date.now());
  };
  expect(await cleanUp(store, "p")).toMatchObject({ removed: 2, spared: 2 });
  expect([has(a.file), has(a.manifest), has(b.file)]).toEqual([true, true, false]);
});

test("a store that takes long to remove is looked at again for what is left", async () => {
  const all = await Promise.all(Array.from({ length: 100 }, (_, i) => contentSpace(store).putBytes(String(i))));
  later(2 * DAY);
  let minutes = 0;
  store.fault = (call) => {
    if (!call.startsWith("delete cas/")) return;
    later(6000);
    minutes += 0.1;
    const begun = new Set(store.calls.filter((c) => c.startsWith("delete ")).map((c) => c.slice("delete ".length)));
    // nobody waits any more for what is still there
    if (minutes > 1) for (const digest of all) if (!begun.has(layout.blob(digest))) store.times.set(layout.blob(digest), Date.now());
  };
  const { removed, spared } = await cleanUp(store, "p");
  expect([removed + spared, spared > 0, all.filter(has).length]).toEqual([100, true, spared]);
});

test("a blob that is put in the place of a half one outlives the clean-up that is about to remove that", async () => {
  const { file } = await artifact("whole");
  store.objects.set(layout.blob(file), Buffer.from("who"));
  later(2 * DAY);
  let put: Promise<unknown> | undefined;
  store.fault = async (call) => {
    if (call !== `delete ${layout.blob(file)}` || put !== undefined) return;
    const before = store.calls.length;
    let isDone = false;
    put = contentSpace(store).putBytes("whole").finally(() => { isDone = true; });
    // who has put it waits for the clean-up, or thinks that all is well
    while (!isDone && !store.calls.slice(before).includes("list gc/")) await new Promise((done) => { setTimeout(done, 5); });
  };
  await cleanUp(store, "p");
  await put;
  expect(has(file)).toBe(true);
});

test("an old run that is gone on with meanwhile keeps its root", async () => {
  const kept = await artifact("kept");
  await root("p", "resumed", { manifests: [kept.manifest] });
  await root("p", "aged", { manifests: [] });
  later(100 * DAY);
  store.fault = async (call) => {
    if (call !== `list ${layout.journals}`) return;
    store.fault = undefined;
    await contentSpace(store).has(kept.manifest);
    await contentSpace(store).has(kept.file);
    await put(layout.root("p", "resumed", "1-000000"), { v: 1, manifests: [kept.manifest], lists: [], blobs: [] });
    await put(layout.root("p", "resumed", "lease"), { v: 1, leaseMs: null });
  };
  await cleanUp(store, "p", { keepRuns: 0 });
  expect([left("roots/p/resumed/"), left("roots/p/aged/"), has(kept.file)]).toEqual([3, 0, true]);
  // nor does it go later, as one that never ended would
  later(30 * DAY);
  await cleanUp(store, "p", { keepRuns: 0 });
  expect(has(kept.file)).toBe(true);
});

test("interrupted, it leaves no word of itself, and the next one does the rest", async () => {
  for (let i = 0; i < 600; i++) await contentSpace(store).putBytes(String(i));
  later(2 * DAY);
  const stop = new AbortController();
  await expect(cleanUp(store, "p", { signal: stop.signal, onProgress: () => stop.abort() })).rejects.toThrow("aborted");
  expect([left("cas/"), left("gc/")]).toEqual([100, 0]);
  expect(await cleanUp(store, "p")).toMatchObject({ removed: 100 });
});

test("what the store holds for good is said, and the rest goes", async () => {
  const { file } = await artifact("a");
  later(2 * DAY);
  const { MlstackError } = await import("@mlstack/core");
  store.fault = (call) => { if (call === `delete ${layout.blob(file)}`) throw new MlstackError("MLS3005", "held"); };
  expect(await cleanUp(store, "p")).toMatchObject({ removed: 1, warnings: [`${layout.blob(file)} could not be removed: held`] });
});
