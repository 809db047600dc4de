import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { MlstackError } from "@mlstack/core";
import { lookUp } from "../run/cache-lookup.ts";
import { actionSpace, type StoredOutput } from "../store/action-space.ts";
import { contentSpace } from "../store/content-space.ts";
import { layers } from "../store/layers.ts";
import { layout } from "../store/layout.ts";
import { makeManifest } from "../store/manifest.ts";
import { openRoots } from "../store/roots.ts";
import { memoryStore, type MemoryStore } from "../testing/memory-store.ts";
import { artifacts } from "../artifacts/artifacts.ts";
import { cleanUp } from "./clean-up.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const KEYS = 3;
/** More of them: MLSTACK_RANDOM_RUNS=5000 vitest run clean-up-random. */
const RUNS = Number(process.env["MLSTACK_RANDOM_RUNS"] ?? 600);

beforeEach(() => { vi.useFakeTimers({ toFake: ["Date"] }); });
afterEach(() => { vi.useRealTimers(); });
const later = (ms: number) => { vi.setSystemTime(Date.now() + ms); };

/** Numbers that a seed decides. */
function numbers(seed: number): (below: number) => number {
  let a = seed;
  return (below) => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/** Lets one call to a store through at a time, in an order that the numbers decide. */
function turns(store: MemoryStore, pick: (below: number) => number) {
  const waiting: (() => void)[] = [];
  store.fault = () => new Promise<void>((go) => { waiting.push(go); });
  return {
    async all(works: readonly Promise<unknown>[]): Promise<void> {
      let open = works.length;
      const failed: unknown[] = [];
      for (const work of works) work.catch((e: unknown) => { failed.push(e); }).finally(() => { open--; });
      while (open > 0) {
        if (waiting.length > 0) waiting.splice(pick(waiting.length), 1)[0]!();
        await new Promise<void>((go) => { setImmediate(go); });
      }
      store.fault = undefined;
      if (failed.length > 0) throw failed[0];
    },
  };
}

/** Runs over one store, and what they rely on. */
interface World {
  readonly store: MemoryStore;
  /** By run: object keys that must be there. */
  readonly relied: Map<string, Set<string>>;
  /** Runs that have begun and have no root yet: the clock does not leap meanwhile. */
  beginning: number;
}

function world(): World {
  const memory = memoryStore();
  const relied = new Map<string, Set<string>>();
  const remove = memory.delete.bind(memory);
  memory.delete = async (key, options) => {
    await remove(key, options);
    for (const [run, keys] of relied) if (keys.has(key)) throw new Error(`the run ${run} relies on ${key}, which was removed`);
  };
  return { store: memory, relied, beginning: 0 };
}

/** A run: its steps are served from the cache, or make what every run makes under their keys. Ends, or dies. */
async function run(w: World, project: string, id: string, steps: readonly number[], dies: boolean): Promise<void> {
  const { store } = w;
  const relied = new Set<string>();
  const content = contentSpace(store);
  const rely = (digest: string) => relied.add(layout.blob(digest));
  w.beginning++;
  w.relied.set(id, relied);
  const plan = await content.putBytes("a plan that all runs have");
  rely(plan);
  const roots = await openRoots(store, { project, run: id, ordinal: 0, relied: () => [] }, { blobs: [plan] });
  w.beginning--;
  const actions = actionSpace(store, "shared");
  const layered = layers(content, [], "/nowhere");
  for (const [i, step] of steps.entries()) {
    const key = String(step).repeat(64);
    const found = await lookUp(key, { run: id, node: `n${i}`, ordinal: 0 }, actions, layered);
    const outputs = found.hit ? found.entry.outputs : { x: await made(content, step) };
    for (const { manifest } of Object.values(outputs)) { rely(manifest); rely((await content.readManifest(manifest)).files[0]!.sha256); }
    if (!found.hit) await actions.commit({ entryVersion: 1, key, outputs, parts: {}, tracker: null, platform: "any", writer: { run: id, node: `n${i}`, project }, createdAt: Date.now(), durationMs: 1 }, async (first) => artifacts(content).present(first.outputs["x"]!));
    roots.event({ kind: "step-ended", run: id, ordinal: 0, node: `n${i}`, attempt: 1, startedAt: 0, time: 0, status: "completed", key, parts: {}, cache: { state: "none" }, outputs, tracker: [] });
    if (step === 0) await roots.write();
  }
  if (dies) { roots.stop(); w.relied.delete(id); } else expect(await roots.keep()).toEqual([]);
}

async function made(content: ReturnType<typeof contentSpace>, step: number): Promise<StoredOutput> {
  const bytes = `what step ${step} makes`;
  const sha256 = await content.putBytes(bytes);
  const manifest = await content.putManifest(makeManifest([{ path: "x", size: bytes.length, sha256 }]));
  return { manifest, identity: manifest, format: "json/1", size: bytes.length, kind: "data", metadata: {} };
}

const gc = async (store: MemoryStore, project: string, keepDays = Infinity) => cleanUp(store, project, { keepDays, keepRuns: 0, pause: async (ms) => later(ms) }).catch((e: unknown) => { if (!MlstackError.is(e, "MLS3013")) throw e; });
const blobs = (store: MemoryStore) => [...store.objects.keys()].filter((key) => key.startsWith("cas/"));

const turnsLater = fc.nat(150);
const someRun = fc.record({ project: fc.constantFrom("a", "b"), steps: fc.array(fc.nat(KEYS - 1), { minLength: 1, maxLength: 4 }), dies: fc.boolean(), after: turnsLater });
const someCleanUp = fc.record({ project: fc.constantFrom("a", "b"), after: turnsLater });
/** Lets so many calls of others go before. */
const wait = async ({ store }: World, n: number) => { for (let i = 0; i < n; i++) await store.fault?.("nothing"); };

test("whatever runs and clean-ups do at once: nothing goes that a run relies on, and all else goes in the end", async () => {
  await fc.assert(fc.asyncProperty(fc.array(someRun, { minLength: 1, maxLength: 4 }), fc.array(someRun, { minLength: 1, maxLength: 4 }), fc.array(someCleanUp, { minLength: 1, maxLength: 3 }), fc.array(fc.record({ hours: fc.integer({ min: 1, max: 15 }), after: fc.nat(40) }), { maxLength: 8 }), fc.integer(), async (before, during, cleanUps, leaps, seed) => {
    const w = world();
    const pick = numbers(seed);
    // what is there already is old, and some of it is named by nobody any more
    for (const [i, r] of before.entries()) await run(w, r.project, `old${i}`, r.steps, r.dies);
    later(8 * DAY);
    const clock = async () => {
      for (const { hours, after } of leaps) {
        await wait(w, after);
        if (w.beginning === 0) later(hours * HOUR);
      }
    };
    const all = turns(w.store, pick);
    await all.all([...during.map((r, i) => wait(w, r.after).then(() => run(w, r.project, `new${i}`, r.steps, r.dies))), ...cleanUps.map((c) => wait(w, c.after).then(() => gc(w.store, c.project))), clock()]);

    const isThere = () => { for (const [id, keys] of w.relied) for (const key of keys) expect(w.store.objects.has(key), `${id} ${key}`).toBe(true); };
    isThere();
    later(9 * DAY);
    for (const project of ["a", "b"]) await gc(w.store, project);
    isThere();
    // what is left now is what the runs rely on that have ended, and nothing else
    expect(new Set(blobs(w.store))).toEqual(new Set([...w.relied.values()].flatMap((keys) => [...keys])));
    later(9 * DAY);
    w.relied.clear();
    for (const project of ["a", "b", "a"]) await gc(w.store, project, 1);
    expect([...w.store.objects.keys()]).toEqual([]);
  }), {
    numRuns: RUNS,
    // two runs find one old blob: the second sees it fresh, for the first has touched it, after the clean-up had looked
    examples: [[[{ project: "a", steps: [1, 0], dies: true, after: 0 }], [{ project: "a", steps: [0], dies: false, after: 46 }, { project: "a", steps: [0], dies: false, after: 40 }], [{ project: "a", after: 26 }, { project: "a", after: 35 }, { project: "a", after: 19 }], [{ hours: 1, after: 26 }], 641604939]],
  });
}, 120_000);
