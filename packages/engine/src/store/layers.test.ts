import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MlstackError, type ArtifactPointer } from "@mlstack/core";
import { bytes, definePipeline, json, list, step } from "@mlstack/pipeline";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { artifacts } from "../artifacts/artifacts.ts";
import { lookUp } from "../run/cache-lookup.ts";
import { harness, type Harness } from "../testing/harness.ts";
import { memoryPlugin, memoryStore, type MemoryStore } from "../testing/memory-store.ts";
import { LOCAL_STACK, type StackSpec } from "../stack/stack.ts";
import { actionSpace, type ActionEntry, type StoredOutput } from "./action-space.ts";
import { contentSpace } from "./content-space.ts";
import { layers } from "./layers.ts";
import { layout } from "./layout.ts";

let dir: string;
let here: MemoryStore, there: MemoryStore, far: MemoryStore;
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "mlstack-layers-")); [here, there, far] = [memoryStore(), memoryStore(), memoryStore()]; });
afterEach(() => rmSync(dir, { recursive: true, force: true }));
const layered = (...others: MemoryStore[]) => layers(contentSpace(here), others.map((s, i) => ({ name: `store ${i}`, open: async () => s })), join(dir, "copies"));
const save = (store: MemoryStore, value: unknown) => artifacts(contentSpace(store)).save(json(), value, dir);
const KEY = "k".repeat(64);
const entry = (outputs: Record<string, StoredOutput>, more: Partial<ActionEntry> = {}): ActionEntry => ({ entryVersion: 1, key: KEY, outputs, parts: {}, tracker: null, platform: "any", writer: { run: "r", node: "n", project: "p" }, createdAt: 1, durationMs: 1, ...more });
const commit = (store: MemoryStore, e: ActionEntry) => actionSpace(store, "shared").commit(e);
const look = (l: ReturnType<typeof layered>) => lookUp(KEY, { run: "other", node: "n", ordinal: 0 }, actionSpace(here, "shared"), l);
const blobs = async (store: MemoryStore, p: ArtifactPointer) => (await artifacts(contentSpace(store)).blobs(p)).map((b) => b.digest);
const has = (store: MemoryStore, digest: string) => store.objects.has(layout.blob(digest));

test("a result in another store is a hit, and nothing is copied for it", async () => {
  const out = await save(there, [1, 2, 3]);
  await commit(there, entry({ out }));
  expect(await look(layered(far, there))).toMatchObject({ hit: true, entry: { outputs: { out: { manifest: out.manifest } } } });
  expect(here.objects.size).toBe(0);
  expect(await look(layered(far))).toEqual({ hit: false, reason: "no-entry" });
});

test("bytes that are missing here and lie elsewhere are found, whoever has the entry", async () => {
  const out = await save(here, "text");
  await save(there, "text");
  await commit(here, entry({ out }));
  const [manifest, file] = await blobs(here, out);
  here.objects.delete(layout.blob(file!));
  there.objects.delete(layout.blob(manifest!));
  const l = layered(far, there);
  expect(await look(l)).toMatchObject({ hit: true });
  await l.bring(out);
  expect([has(here, manifest!), has(here, file!), l.copied]).toEqual([true, true, [{ from: "store 1", artifacts: 1, bytes: 6 }]]);
  there.objects.clear();
  here.objects.delete(layout.blob(file!));
  expect(await look(layered(far, there))).toEqual({ hit: false, reason: "bytes-missing" });
});

test("a list is brought with all of its items, and once", async () => {
  const out = await artifacts(contentSpace(there)).save(list(json()), ["a", "b"], dir);
  const l = layered(there);
  await l.bring(out);
  for (const digest of await blobs(there, out)) expect(has(here, digest)).toBe(true);
  const { length } = here.puts;
  await l.bring(out);
  expect([here.puts.length, l.copied.map((c) => c.artifacts)]).toEqual([length, [1]]);
});

test("a large blob is copied by way of a file, a small one is not, and the file does not stay", async () => {
  const all = artifacts(contentSpace(there));
  const large = await all.save(bytes(), new Uint8Array((4 << 20) + 1).fill(7), dir);
  const small = await all.save(bytes(), new Uint8Array(4 << 20).fill(7), dir);
  const l = layered(there);
  await l.bring(large);
  expect(here.puts.map((p) => p.kind).toSorted()).toEqual(["bytes", "file"]);
  await l.bring(small);
  expect(here.puts.filter((p) => p.kind === "file")).toHaveLength(1);
  expect(readdirSync(join(dir, "copies"))).toEqual([]);
  expect(await artifacts(contentSpace(here)).load(bytes(), large, dir)).toHaveLength((4 << 20) + 1);
});

test("a store that is broken is asked once, however many ask, and is one warning", async () => {
  const out = await save(there, 1);
  await commit(there, entry({ out }));
  far.fault = () => { throw new MlstackError("MLS6001", "nobody home"); };
  const l = layered(far, there);
  const found = await Promise.all(Array.from({ length: 8 }, () => look(l)));
  expect(found.every((f) => f.hit)).toBe(true);
  await l.bring(out);
  expect(l.warnings).toEqual(["results in store 0 were not looked for: nobody home"]);
  const { length } = far.calls;
  await look(l);
  expect(far.calls).toHaveLength(length);
});

test("a store that can't be opened is a warning, too", async () => {
  let opened = 0;
  const l = layers(contentSpace(here), [{ name: "gone", open: async () => { opened++; throw new Error("no such plugin"); } }], dir);
  expect(await look(l)).toEqual({ hit: false, reason: "no-entry" });
  await look(l);
  expect([opened, l.warnings]).toEqual([1, ["results in gone were not looked for: no such plugin"]]);
});

test("an entry that is marked as non-deterministic is no hit, wherever it lies", async () => {
  const out = await save(there, 1);
  await commit(there, entry({ out }));
  await commit(there, entry({ out: await save(there, 2) }, { writer: { run: "r2", node: "n", project: "p" } }));
  expect(await look(layered(there))).toEqual({ hit: false, reason: "non-deterministic" });
  await actionSpace(there, "shared").accept(KEY);
  expect(await look(layered(there))).toMatchObject({ hit: true, entry: { outputs: { out: { manifest: out.manifest } } } });
});

test.each(["manifest", "file"])("a damaged %s elsewhere is never used", async (which) => {
  const out = await save(there, "some text");
  await commit(there, entry({ out }));
  const [manifest, file] = await blobs(there, out);
  const damaged = which === "manifest" ? manifest! : file!;
  const key = layout.blob(damaged);
  const before = there.objects.get(key)!;
  there.objects.set(key, Uint8Array.from(before, (b) => b ^ 1));
  const l = layered(there);
  // a manifest is read for a lookup, files are not
  if (which === "manifest") expect(await look(l)).toEqual({ hit: false, reason: "bytes-missing" });
  else await expect(l.bring(out)).rejects.toSatisfy((e) => MlstackError.is(e, "MLS3002"));
  expect(has(here, damaged)).toBe(false);
  expect(existsSync(join(dir, "copies")) ? readdirSync(join(dir, "copies")) : []).toEqual([]);
});

test("a damaged large blob elsewhere never arrives here", async () => {
  const out = await artifacts(contentSpace(there)).save(bytes(), new Uint8Array(5 << 20).fill(7), dir);
  const file = (await blobs(there, out))[1]!;
  there.objects.get(layout.blob(file))![4_500_000] = 8;
  await expect(layered(there).bring(out)).rejects.toSatisfy((e) => MlstackError.is(e, "MLS3002"));
  expect([has(here, file), readdirSync(join(dir, "copies"))]).toEqual([false, []]);
});

const num = json(z.number());
const first = step({ name: "first", output: num, run: () => 1 });
const aside = step({ name: "aside", output: num, run: () => 2 });
const last = step({ name: "last", inputs: { x: num }, output: num, run: ({ inputs }) => inputs.x + 1 });
const p = definePipeline({ name: "p", build: () => { aside(); last({ x: last({ x: first() }) }); } });
const stackOf = (of: string): StackSpec => ({ ...LOCAL_STACK, components: { ...LOCAL_STACK.components, artifact_store: { name: of, flavor: "memory", config: { of } } } });

test("a run on another stack takes what was made before, and copies only what a running step reads", async () => {
  const plugins = [memoryPlugin({ here, there, far })];
  const open: Harness[] = [];
  const on = async (of: string, code: Record<string, string> = {}) => {
    const h = await harness({ dir, stack: stackOf(of), plugins });
    open.push(h);
    for (const [name, text] of Object.entries(code)) h.code.set(name, text);
    const report = await h.run(p);
    return { status: h.status(report), copied: report.copied, warnings: report.warnings };
  };
  try {
    expect((await on("there")).status).toEqual({ aside: "completed", first: "completed", last: "completed", last_2: "completed" });
    expect(await on("here")).toEqual({ status: { aside: "cached", first: "cached", last: "cached", last_2: "cached" }, copied: [], warnings: [] });
    expect(await on("here", { last: "edited" })).toEqual({ status: { aside: "cached", first: "cached", last: "completed", last_2: "completed" }, copied: [{ from: "there (memory)", artifacts: 1, bytes: expect.any(Number) as number }], warnings: [] });
    there.fault = () => { throw new MlstackError("MLS6001", "the bucket is out of reach"); };
    expect(await on("far", { last: "edited" })).toMatchObject({ status: { aside: "completed", first: "completed", last: "cached", last_2: "cached" }, warnings: ["results in there (memory) were not looked for: the bucket is out of reach"] });
  } finally { for (const h of open) await h.close(); }
});
