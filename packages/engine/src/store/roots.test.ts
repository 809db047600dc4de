import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MlstackError } from "@mlstack/core";
import { definePipeline, json, list, map, step } from "@mlstack/pipeline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { LOCAL_STACK, type StackSpec } from "../stack/stack.ts";
import { harness, type Harness } from "../testing/harness.ts";
import { memoryPlugin, memoryStore, type MemoryStore } from "../testing/memory-store.ts";
import { encodeManifest, makeManifest, sha256, type Manifest } from "./manifest.ts";
import type { RootLease, RootPart } from "./roots.ts";

let dir: string;
let here: MemoryStore, there: MemoryStore;
const open: Harness[] = [];
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "mlstack-roots-")); [here, there] = [memoryStore(), memoryStore()]; });
afterEach(async () => { for (const h of open.splice(0)) await h.close(); rmSync(dir, { recursive: true, force: true }); });
const stackOf = (of: string): StackSpec => ({ ...LOCAL_STACK, components: { ...LOCAL_STACK.components, artifact_store: { name: of, flavor: "memory", config: { of } } } });
const on = async (of: string) => { const h = await harness({ dir, stack: stackOf(of), plugins: [memoryPlugin({ here, there })] }); open.push(h); return h; };

const read = (store: MemoryStore, key: string): unknown => JSON.parse(Buffer.from(store.objects.get(key)!).toString());
const blob = (digest: string) => `cas/sha256/${digest.slice(0, 2)}/${digest}`;
/** The code bundle of a harness, whose digest is made up. */
const EMPTY = blob(sha256(encodeManifest(makeManifest([]))));
const rootsOf = (store: MemoryStore, run: string) => [...store.objects.keys()].filter((k) => k.startsWith("roots/") && k.includes(run));
const leaseOf = (store: MemoryStore, run: string) => read(store, rootsOf(store, run).find((k) => k.endsWith("/lease"))!) as RootLease;

/** What a clean-up that knows nothing but roots would keep. */
function reachable(store: MemoryStore): Set<string> {
  const kept = new Set<string>();
  const manifest = (digest: string): Manifest | undefined => {
    kept.add(blob(digest));
    const found = store.objects.has(blob(digest)) ? (read(store, blob(digest)) as Manifest) : undefined;
    for (const f of found?.files ?? []) kept.add(blob(f.sha256));
    return found;
  };
  const artifact = (digest: string, format: string): void => {
    const items = manifest(digest)?.files[0]?.sha256;
    if (format.startsWith("list/") && items !== undefined) for (const item of read(store, blob(items)) as { manifest: string; format: string }[]) artifact(item.manifest, item.format);
  };
  for (const key of store.objects.keys()) {
    if (!key.startsWith("roots/") || key.endsWith("/lease")) continue;
    const part = read(store, key) as RootPart;
    for (const digest of part.manifests) manifest(digest);
    for (const digest of part.lists) artifact(digest, "list/1");
    for (const digest of part.blobs) kept.add(blob(digest));
  }
  return kept;
}
const unreachable = (store: MemoryStore) => { const kept = reachable(store); return [...store.objects.keys()].filter((k) => k.startsWith("cas/") && k !== EMPTY && !kept.has(k)); };
/** Forgets a run's root and removes what no other one names; says how much that was. */
function collectWithout(store: MemoryStore, run: string): number {
  for (const key of rootsOf(store, run)) store.objects.delete(key);
  const gone = unreachable(store);
  for (const key of gone) store.objects.delete(key);
  return gone.length;
}

const num = json(z.number());
const spread = step({ name: "spread", output: list(num), run: () => [1, 2, 3] });
const scale = step({ name: "scale", inputs: { x: num }, output: num, run: ({ inputs }) => inputs.x * 10 });
const note = step({ name: "note", output: num, async run({ tracker, scratch }) {
  tracker.logMetric("loss", 0.5);
  const path = join(await scratch(), "plot.txt");
  writeFileSync(path, "a curve");
  await tracker.logFile("plot.txt", path);
  return 7;
} });
const total = step({ name: "total", inputs: { xs: list(num), both: list(num) }, output: num, run: ({ inputs }) => [...inputs.xs, ...inputs.both].reduce((a, b) => a + b, 0) });
const p = definePipeline({ name: "p", build: () => { const a = note(); return { total: total({ xs: map(spread(), (x) => scale({ x })), both: [a, note({}, { after: [a] })] }) }; } });
const ran = async (h: Harness) => { const report = await h.run(p); expect(report.error).toBeUndefined(); return report; };
const isCached = (h: Harness, report: Awaited<ReturnType<typeof ran>>) => [...report.nodes.values()].filter((n) => n.node.kind === "step").every((n) => h.status(report)[n.id] === "cached");

test("a run's root names all that it has put into the store: plan, artifacts, lists and their items, tracker calls and files", async () => {
  const h = await on("here");
  const { id } = await ran(h);
  expect(unreachable(here)).toEqual([]);
  expect(collectWithout(here, id)).toBeGreaterThan(10);
});

test("a run that was served from the cache keeps what it was served with", async () => {
  const h = await on("here");
  const first = await ran(h);
  const second = await ran(h);
  expect(isCached(h, second)).toBe(true);
  collectWithout(here, first.id);
  const third = await ran(h);
  expect(isCached(h, third)).toBe(true);
});

test("what lies in another store is named there, blob by blob", async () => {
  const first = await ran(await on("there"));
  const h = await on("here");
  const second = await ran(h);
  expect([isCached(h, second), second.copied]).toEqual([true, []]);
  expect(leaseOf(there, second.id)).toEqual({ v: 1, leaseMs: null });
  collectWithout(there, first.id);
  const third = await ran(h);
  expect([isCached(h, third), third.warnings]).toEqual([true, []]);
});

test("an artifact that lies in both is named in both", async () => {
  const first = await ran(await on("there"));
  const h = await on("here");
  // one of its files is here by chance
  const [artifact] = (await h.records.artifacts({ node: "note" }));
  const file = (read(there, blob(artifact!.manifest)) as Manifest).files[0]!.sha256;
  here.objects.set(blob(file), there.objects.get(blob(file))!);
  there.objects.delete(blob(file));
  const second = await ran(h);
  expect(isCached(h, second)).toBe(true);
  expect(unreachable(here)).not.toContain(blob(file));
  collectWithout(there, first.id);
  expect(isCached(h, await ran(h))).toBe(true);
});

test("another store that can't be written to is read all the same, without a word", async () => {
  await ran(await on("there"));
  there.fault = (call) => { if (call.startsWith("put")) throw new MlstackError("MLS6002", "read only"); };
  const h = await on("here");
  const report = await ran(h);
  expect([isCached(h, report), report.warnings]).toEqual([true, []]);
});

describe("the lease", () => {
  test("lasts for days while the run goes on, and for good when all is named", async () => {
    let during: RootLease | undefined;
    const looks = step({ name: "looks", output: num, run({ run }) { during = leaseOf(here, run.id); return 1; } });
    const h = await on("here");
    const { id } = await h.run(definePipeline({ name: "looking", build: () => { looks(); } }));
    expect(during).toEqual({ v: 1, leaseMs: 7 * 24 * 3600 * 1000 });
    expect(leaseOf(here, id)).toEqual({ v: 1, leaseMs: null });
    // the last word is the lease's
    expect(here.puts.filter((x) => x.key.startsWith("roots/")).at(-1)!.key).toMatch(/\/lease$/);
  });

  test("that can't be made to last at the end is a warning, not a failure", async () => {
    let puts = 0;
    here.fault = (call) => { if (call.startsWith("put roots/") && ++puts > 2) throw new MlstackError("MLS6001", "nobody home"); };
    const report = await ran(await on("here"));
    expect([report.status, report.warnings]).toEqual(["completed", ["what the run made is not marked as kept in the artifact store, which may clean it up after 7 days: nobody home"]]);
  });
});
