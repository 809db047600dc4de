import { component, definePlugin, type ExperimentTracker, type Launched, type ModelDeployer, type ProcessEnd } from "@mlstack/core";
import { definePipeline, json, step, type PlanStepNode } from "@mlstack/pipeline";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import type { RunResumed } from "../journal/events.ts";
import { claimInStore } from "../journal/object-journal.ts";
import { LOCAL_STACK, type StackSpec } from "../stack/stack.ts";
import { fakeStack, listTracker, turnsUntil, type FakeProcess } from "../testing/fake-launcher.ts";
import { harness, type Harness, type HarnessOptions } from "../testing/harness.ts";
import { memoryStore, type MemoryStore } from "../testing/memory-store.ts";
import { stepKey } from "./step-key.ts";

let dir: string;
const open: Harness[] = [];
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "mlstack-resume-")); });
afterEach(async () => { for (const h of open.splice(0)) await h.close(); rmSync(dir, { recursive: true, force: true }); });
async function opened(options: HarnessOptions = {}): Promise<Harness> { const h = await harness({ dir, ...options }); open.push(h); return h; }

const num = json(z.number());
const failing = () => { throw new Error("not yet"); };

/** A step that is looked at, and one after it that fails until it is told otherwise. */
function watched(more: { cache?: false; uses?: { modelDeployer: "optional" } } = {}) {
  const ran = { first: 0, ready: false };
  const first = step({ name: "first", output: num, ...more, run: () => { ran.first++; return 1; } });
  const last = step({ name: "last", inputs: { x: num }, output: num, run: ({ inputs }) => (ran.ready ? inputs.x : failing()) });
  return { ran, pipeline: definePipeline({ name: "watched", build: () => { last({ x: first() }); } }) };
}

const deployer: ModelDeployer = { contract: "model_deployer@1" } as ModelDeployer;
const plugin = definePlugin({ name: "deployers", components: [component({ type: "model_deployer", version: 1, flavor: "fake", description: "Does nothing", config: z.strictObject({ at: z.string().default("") }), create: () => deployer })] });
const serving = (config: { at: string }): StackSpec => ({ ...LOCAL_STACK, name: "serving", components: { ...LOCAL_STACK.components, model_deployer: { name: "d", flavor: "fake", config } } });

describe("a finished step stays where it would do the very same work", () => {
  const cases: [string, Parameters<typeof watched>[0], HarnessOptions, HarnessOptions, boolean][] = [
    ["it has a key", {}, {}, {}, true],
    ["the cache is switched off for it", { cache: false }, {}, {}, true],
    ["it was made at run time, so its code is not known", {}, { uncached: new Set(["first"]) }, { uncached: new Set(["first"]) }, false],
    ["its code was changed while it was loaded", {}, { loadedOtherwise: new Set(["first"]) }, {}, false],
    ["the same, and the cache is switched off for it", { cache: false }, { loadedOtherwise: new Set(["first"]) }, {}, false],
    ["it was handed the same component", { uses: { modelDeployer: "optional" } }, { stack: serving({ at: "a" }), plugins: [plugin] }, { stack: serving({ at: "a" }), plugins: [plugin] }, true],
    ["it was handed none, and there is one now", { uses: { modelDeployer: "optional" } }, {}, { stack: serving({ at: "a" }), plugins: [plugin] }, false],
    ["it was handed another one", { uses: { modelDeployer: "optional" } }, { stack: serving({ at: "a" }), plugins: [plugin] }, { stack: serving({ at: "b" }), plugins: [plugin] }, false],
  ];
  test.each(cases)("%s", async (_, more, before, after, stays) => {
    const { ran, pipeline } = watched(more);
    const { id, status } = await (await opened(before)).run(pipeline, {}, { cache: "off" });
    expect([status, ran.first]).toEqual(["failed", 1]);
    ran.ready = true;
    const kept: string[] = [];
    const report = await (await opened(after)).resume(id, pipeline, { observer: { kept: (node) => { kept.push(node); } } });
    expect([report.id, report.status, ran.first, kept]).toEqual([id, "completed", stays ? 1 : 2, stays ? ["first"] : []]);
  });

  test("and not where its code, or what it reads, is another", async () => {
    const { ran, pipeline } = watched();
    const h = await opened();
    const { id } = await h.run(pipeline, {}, { cache: "off" });
    h.code.set("first", "edited");
    ran.ready = true;
    await h.resume(id, pipeline);
    expect(ran.first).toBe(2);
  });
});

describe("a run goes on as it was started", () => {
  test.each([["off", "shared", []], ["use", "pr-7", ["pr-7"]]] as const)("with the cache in the mode %s and the domain %s", async (cache, trustDomain, domains) => {
    const { ran, pipeline } = watched();
    const store = memoryStore();
    const { stack, plugins } = localWith(store);
    const h = await opened({ stack, plugins });
    const { id } = await h.run(pipeline, {}, { cache, trustDomain });
    ran.ready = true;
    expect((await h.resume(id, pipeline)).status).toBe("completed");
    expect([...new Set([...store.objects.keys()].filter((key) => key.startsWith("ac/")).map((key) => /ac\/(?:v\d+\/)?([^/]+)\//.exec(key)![1]))]).toEqual(domains);
  });

  test("and is refused where a parameter that it was given can't be written down", async () => {
    class Callback { call() { return 1; } }
    const uses = step({ name: "uses", params: { f: z.any() }, output: num, run: failing });
    const pipeline = definePipeline({ name: "p", params: { f: z.any().default(null) }, build: (p) => { uses({ f: p.f }); } });
    const h = await opened();
    const { id } = await h.run(pipeline, { f: new Callback() });
    await expect(h.resume(id, pipeline)).rejects.toMatchObject({ code: "MLS4010", message: expect.stringContaining(`it was given "f", which can't be written down`) as string });
  });
});

describe("a run has one driver", () => {
  test("of several that go on with it at once one does, and no step runs twice", async () => {
    const { ran, pipeline } = watched({ cache: false });
    const first = await opened();
    const { id } = await first.run(pipeline);
    ran.first = 0;
    ran.ready = true;
    first.code.set("first", "edited");
    const others = await Promise.all([opened(), opened()]);
    for (const h of others) h.code.set("first", "edited");
    const results = await Promise.allSettled([first, ...others].map((h) => h.resume(id, pipeline)));
    expect(results.filter((r) => r.status === "fulfilled").map((r) => r.value.status)).toEqual(["completed"]);
    for (const r of results) if (r.status === "rejected") expect(r.reason).toMatchObject({ code: "MLS4009" });
    expect([ran.first, (await first.records.run(id)).ordinal]).toEqual([1, 1]);
  });

  test("one that is driven is not taken over", async () => {
    const { pipeline } = watched();
    const h = await opened();
    const { id } = await h.run(pipeline);
    h.db.prepare("update runs set status = 'running', ended_at = null where id = ?").run(id);
    await expect(h.resume(id, pipeline)).rejects.toMatchObject({ code: "MLS4009", why: expect.stringContaining(`the process ${process.pid}`) as string });
  });
});

describe("a driver elsewhere of which nobody can tell whether it is there", () => {
  const toFake = ["Date", "setTimeout", "clearTimeout"] as const;
  afterEach(() => { vi.useRealTimers(); });
  async function detached() {
    const { ran, pipeline } = watched();
    const store = memoryStore();
    const h = await opened(localWith(store));
    const { id } = await h.run(pipeline);
    h.db.prepare("update runs set status = 'running', ended_at = null, journal = 'store' where id = ?").run(id);
    ran.ready = true;
    const said: string[] = [];
    vi.useFakeTimers({ toFake: [...toFake] });
    return { h, id, store, said, resumed: h.resume(id, pipeline, { observer: { waiting: (message) => { said.push(message); } } }) };
  }

  test("is waited for with a word, and its run goes on when it stays silent", async () => {
    const { h, id, store, said, resumed } = await detached();
    await turnsUntil(() => said.length > 0);
    expect(said).toEqual(["waiting for up to 30 s for a sign of life of the run's driver"]);
    for (let s = 0; s < 31; s++) { await vi.advanceTimersByTimeAsync(1000); for (let turn = 0; turn < 20; turn++) await new Promise((go) => { setImmediate(go); }); }
    vi.useRealTimers();
    expect((await resumed).status).toBe("completed");
    expect([(await h.records.run(id)).ordinal, store.objects.has(`journal/${id}/_run/0/start-1.json`)]).toEqual([1, true]);
  });

  test("is refused once somebody else has claimed the run in the store, and both know of it then", async () => {
    const { h, id, store, said, resumed } = await detached();
    await turnsUntil(() => said.length > 0);
    const claimed: RunResumed = { kind: "run-resumed", run: id, ordinal: 1, time: Date.now(), plan: (await h.records.run(id)).plan, bundle: null, stack: { components: {} }, settings: { cache: "use", trustDomain: "shared", onFailure: "stop" }, driver: { host: "another", pid: 7, born: "", journal: "direct" } };
    expect(await claimInStore(store, claimed)).toBe(true);
    expect(await claimInStore(store, claimed)).toBe(false);
    const refused = resumed.catch((e: unknown) => e);
    for (let s = 0; s < 31; s++) { await vi.advanceTimersByTimeAsync(1000); for (let turn = 0; turn < 20; turn++) await new Promise((go) => { setImmediate(go); }); }
    vi.useRealTimers();
    expect(await refused).toMatchObject({ code: "MLS4009" });
    expect(await h.records.run(id)).toMatchObject({ ordinal: 1, host: "another", journal: "direct" });
  });
});

describe("steps elsewhere that outlived their driver", () => {
  const away = step({ name: "away", cache: false, output: num, run: failing });
  const single = definePipeline({ name: "single", build: () => { away(); } });
  const EXIT: ProcessEnd = { status: "exited", exitCode: 0 };
  let store: MemoryStore;
  const said: string[] = [];
  beforeEach(() => { store = memoryStore(); said.length = 0; });

  /** A run whose driver dies while its step runs: what it still tries to say counts no more. */
  async function abandoned(play: (p: FakeProcess) => Promise<ProcessEnd>, tracker?: ExperimentTracker): Promise<{ id: string; process: FakeProcess; driver: Promise<unknown> }> {
    let process: FakeProcess | undefined;
    const h = await opened(fakeStack(async (p) => { process = p; return play(p); }, { store, attach: async () => undefined, ...(tracker !== undefined && { tracker }) }));
    const driver = h.run(single).catch((e: unknown) => e);
    await turnsUntil(() => process !== undefined && (h.db.raw.prepare("select count(*) as n from attempts where handle is not null").get() as { n: number }).n === 1);
    const id = process!.spec.runId;
    h.orphan(id);
    return { id, process: process!, driver };
  }
  const again = (attach: (launched: Launched) => Promise<undefined | { end: Promise<ProcessEnd> }>) => opened(fakeStack(async (p) => { said.push(`start ${p.spec.ordinal}.${p.spec.attempt}`); await p.complete(2); return EXIT; }, {
    store, attach: async (launched) => {
      const found = await attach(launched);
      return found === undefined ? undefined : { id: "away", ended: found.end.then((end) => { said.push("ended"); return end; }), cancel: async (reason) => { said.push(`cancel: ${reason}`); } };
    },
  }));

  test("are ended before they are started again", async () => {
    let end: (e: ProcessEnd) => void = () => undefined;
    const running = new Promise<ProcessEnd>((done) => { end = done; });
    const { id, driver } = await abandoned(() => running);
    const looked: Launched[] = [];
    const h = await again(async (launched) => { looked.push(launched); return { end: running }; });
    const resumed = h.resume(id, single);
    await turnsUntil(() => said.length > 0);
    expect(said).toEqual(["cancel: another driver goes on with the run"]);
    end({ status: "killed", exitCode: null });
    expect((await resumed).status).toBe("completed");
    expect(looked).toEqual([{ id: "away", runId: id, node: "away", ordinal: 0, attempt: 1 }]);
    expect(said).toEqual(["cancel: another driver goes on with the run", "ended", "start 1.2"]);
    expect((await h.records.attempts(id, "away")).map((a) => [a.attempt, a.ordinal, a.status])).toEqual([[1, 0, "cancelled"], [2, 1, "completed"]]);
    expect(await driver).toMatchObject({ code: "MLS4009" });
  });

  test("leave how their run ends to the driver that goes on with it", async () => {
    let end: (e: ProcessEnd) => void = () => undefined;
    const tracker = listTracker();
    const running = new Promise<ProcessEnd>((done) => { end = done; });
    const { id, driver } = await abandoned(() => running, tracker);
    const h = await again(async () => ({ end: running }));
    const resumed = h.resume(id, single);
    await turnsUntil(() => said.length > 0);
    end({ status: "killed", exitCode: null });
    await resumed;
    expect(await driver).toMatchObject({ code: "MLS4009" });
    expect(tracker.said).toEqual(["start"]);
  });

  test("are taken as they ended, where they did", async () => {
    let end: (e: ProcessEnd) => void = () => undefined;
    const { id, process, driver } = await abandoned(() => new Promise((done) => { end = done; }));
    process.journal.log(id, "away", 1, { time: 1, stream: "stdout", text: "the last line" });
    const h = await again(async () => { throw new Error("nobody needs to ask"); });
    // its process works out what it does as the driver did
    const { steps, nodes } = await h.records.plan(process.spec.plan);
    const node = nodes[0] as PlanStepNode;
    await process.complete(7, { work: stepKey(steps[node.step]!, node, process.spec, () => "").work });
    const report = await h.resume(id, single);
    expect([report.status, said]).toEqual(["completed", []]);
    const lines = [];
    for await (const line of h.logs.read(id, "away")) lines.push(line.text);
    expect(lines).toEqual(["the last line"]);
    end(EXIT);
    await driver;
  });

  test("of which nobody can tell keep the run from going on", async () => {
    let end: (e: ProcessEnd) => void = () => undefined;
    const { id, driver } = await abandoned(() => new Promise((done) => { end = done; }));
    const h = await again(async () => { throw new Error("the cluster does not answer"); });
    await expect(h.resume(id, single)).rejects.toThrow("the cluster does not answer");
    expect([said, (await h.records.run(id)).status]).toEqual([[], "failed"]);
    // nor does it help to be on another stack by now: it is the one that started them that is asked
    const asked: (number | undefined)[] = [];
    await expect(h.resume(id, single, {}, (ordinal) => { asked.push(ordinal); })).rejects.toThrow("the cluster does not answer");
    expect(asked).toEqual([0]);
    end(EXIT);
    await driver;
  });
});

function localWith(store: MemoryStore): { stack: StackSpec; plugins: NonNullable<HarnessOptions["plugins"]> } {
  const memory = definePlugin({ name: "memory", components: [component({ type: "artifact_store", version: 1, flavor: "memory", description: "In memory", config: z.strictObject({}), create: () => store })] });
  writeFileSync(join(dir, "package.json"), "{}");
  return { plugins: [memory], stack: { ...LOCAL_STACK, components: { ...LOCAL_STACK.components, artifact_store: { name: "m", flavor: "memory" } } } };
}
