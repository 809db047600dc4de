import { MlstackError, type Launcher, type ProcessEnd, type TrackerEvent } from "@mlstack/core";
import { definePipeline, json, step } from "@mlstack/pipeline";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { fakeStack, listTracker, turnsUntil, type FakeOptions, type FakeProcess } from "../testing/fake-launcher.ts";
import { harness, type Harness } from "../testing/harness.ts";
import { memoryStore, type MemoryStore } from "../testing/memory-store.ts";
import { contentSpace } from "../store/content-space.ts";
import type { RunOptions } from "./execute-run.ts";
import { unpackSpec } from "./large-spec.ts";
import { askInRecords } from "./notes.ts";

const open: Harness[] = [];
let store: MemoryStore;
beforeEach(() => { store = memoryStore(); });
afterEach(async () => { vi.useRealTimers(); for (const h of open.splice(0)) await h.close(); });

const num = json(z.number());
const never = () => { throw new Error("this runs elsewhere"); };
const one = step({ name: "one", output: num, run: never });
const two = step({ name: "two", inputs: { x: num }, output: num, run: never });
const single = definePipeline({ name: "single", build: () => { one(); } });
const EXIT: ProcessEnd = { status: "exited", exitCode: 0 };
let h0: Harness | undefined;
async function opened(options: ReturnType<typeof fakeStack>): Promise<Harness> { const h = await harness(options); open.push(h); h0 = h; return h; }
async function played(play: (p: FakeProcess) => ProcessEnd | Promise<ProcessEnd>, options: Partial<FakeOptions> = {}, pipeline = single, run: RunOptions = {}) {
  const h = await opened(fakeStack(play, { store, ...options }));
  const report = await h.run(pipeline, {}, run);
  return { h, report };
}
const event = (n: number): TrackerEvent => ({ kind: "metric", key: "m", value: n, step: n, id: `one/0.1/${n}`, node: "one", attempt: 1, time: n });

test("how a step ended is read from the journal that it wrote into the store", async () => {
  const log: string[] = [];
  const { h, report } = await played(async (p) => {
    p.journal.log(p.spec.runId, p.spec.node, 1, { time: 1, stream: "stdout", text: `hello from ${p.spec.node}` });
    await p.complete(p.spec.node === "one" ? 1 : 2, { tracker: [{ ...event(0), id: `${p.spec.node}/0.1/0`, node: p.spec.node }] });
    return EXIT;
  }, {}, definePipeline({ name: "p", build: () => { two({ x: one() }); } }), { observer: { log: (_, __, line) => { log.push(line.text); } } });
  expect([report.status, h.status(report)]).toEqual(["completed", { one: "completed", two: "completed" }]);
  expect(log).toEqual(["hello from one", "hello from two"]);
  expect((await h.records.specs(report.id)).get("two")!.spec.inputs["x"]).toEqual(report.nodes.get("one")!.outputs["output"]);
  expect(await h.records.attempts(report.id, "two")).toMatchObject([{ attempt: 1, status: "completed" }]);
  expect((await h.records.tracked(report.id)).map((t) => t.id)).toEqual(["one/0.1/0", "two/0.1/0"]);
  const kept = [];
  for await (const line of h.logs.read(report.id, "one")) kept.push(line.text);
  expect(kept).toEqual(["hello from one"]);
});

test("a failure in the journal is the step's, and is tried again where it says so", async () => {
  const flaky = step({ name: "flaky", output: num, retry: { attempts: 2, delayMs: 0 }, run: never });
  const { h, report } = await played(async (p) => {
    const failure = { status: "failed" as const, outputs: {}, error: { name: "TypeError", message: "not yet" }, ...(p.spec.willRetry && { retried: true }) };
    await p.complete(5, p.spec.attempt === 1 ? failure : {});
    return EXIT;
  }, {}, definePipeline({ name: "p", build: () => { flaky(); } }));
  expect(report.status).toBe("completed");
  expect((await h.records.attempts(report.id, "flaky")).map((a) => a.status)).toEqual(["failed", "completed"]);
});

test.each<[string, ProcessEnd, string, string]>([
  ["exits", { status: "exited", exitCode: 137 }, "Killed", "its process ended with exit code 137"],
  ["is killed", { status: "killed", exitCode: null, reason: "OOMKilled" }, "", "its process ended with a signal (OOMKilled)"],
  ["is lost", { status: "lost", exitCode: null }, "", "its process can't be found any more"],
  ["never begins", { status: "never-started", exitCode: null, reason: "no such image" }, "", "its process never began (no such image)"],
])("a process that %s without a result is MLS4008, with what it printed last", async (_, end, tail, text) => {
  const { h, report } = await played(() => end, { tail });
  expect(report.error).toMatchObject({ code: "MLS4008", message: expect.stringContaining(text) as string });
  expect(report.error!.why).toBe(tail === "" ? "nothing of it is in the journal" : "the last that it printed: Killed");
  expect(await h.records.step(report.id, "one")).toMatchObject({ status: "failed", attempt: 1 });
  const lines = [];
  for await (const line of h.logs.read(report.id, "one")) lines.push(line.text);
  expect(lines).toEqual(tail === "" ? [] : ["Killed"]);
});

test("a timeout counts from when the process runs, not from when it was asked for", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const told: string[] = [];
  const late = step({ name: "late", timeoutMs: 1000, output: num, run: never });
  const { h, report } = await played(async (p) => {
    void p.cancelled.then((reason) => told.push(reason));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told).toEqual([]);
    p.started();
    await vi.advanceTimersByTimeAsync(999);
    expect(told).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(told).toEqual(["timeout"]);
    return { status: "killed", exitCode: null };
  }, { queues: true }, definePipeline({ name: "p", build: () => { late(); } }));
  expect([report.status, report.error]).toMatchObject(["failed", { code: "MLS4002" }]);
  expect(h.status(report)).toEqual({ late: "failed" });
});

test("a process that is said to run only after it has ended leaves no timer behind", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const late = step({ name: "late", timeoutMs: 1000, output: num, run: never });
  let say = () => {};
  await played(async (p) => { say = p.started; await p.complete(1); return EXIT; }, { queues: true }, definePipeline({ name: "p", build: () => { late(); } }));
  const before = vi.getTimerCount();
  say();
  await new Promise((go) => { setImmediate(go); });
  expect(vi.getTimerCount()).toBe(before);
});

test("cancel tells the process, and a step that ends without a word was cancelled", async () => {
  const abort = new AbortController();
  const { h, report } = await played(async (p) => { abort.abort(); await p.cancelled; return { status: "killed", exitCode: null }; }, { tail: "unrelated" }, single, { signal: abort.signal });
  expect([report.status, h.status(report), report.error?.code]).toEqual(["cancelled", { one: "cancelled" }, "MLS4003"]);
  expect(await h.records.step(report.id, "one")).toMatchObject({ status: "cancelled" });
});

test("the first word of how a step ended counts, whatever comes after a cancel", async () => {
  const abort = new AbortController();
  let again: () => Promise<void> = async () => undefined;
  const { h, report } = await played(async (p) => {
    abort.abort();
    await p.cancelled;
    await p.complete(1, { status: "cancelled", outputs: {}, error: { name: "Error", message: "told" } }, p.channel);
    again = () => p.complete(1, {}, p.channel);
    await again();
    return EXIT;
  }, { sees: "project" }, single, { signal: abort.signal });
  await again();
  expect([report.status, h.status(report)]).toEqual(["cancelled", { one: "cancelled" }]);
  expect(await h.records.step(report.id, "one")).toMatchObject({ status: "cancelled" });
  expect(await h.records.artifacts({ run: report.id })).toEqual([]);
});

test("what a step could not send to the tracker is sent by the driver; the rest is not sent twice", async () => {
  const tracker = listTracker();
  const { report } = await played(async (p) => {
    expect(p.spec.trackedRun).toBe("x1");
    await p.complete(1, { tracker: [event(0)], ...(p.spec.node === "one" && { untracked: true }) });
    return EXIT;
  }, { tracker }, definePipeline({ name: "p", build: () => { two({ x: one() }); } }));
  expect(report.warnings).toEqual([]);
  expect(tracker.sent).toEqual([event(0)]);
});

test("where one process may write to the tracker, that is the driver", async () => {
  const tracker = listTracker({ writers: "one" });
  await played(async (p) => {
    expect(p.spec.trackedRun).toBeNull();
    await p.complete(1, { tracker: [event(0), event(1)] });
    return EXIT;
  }, { tracker });
  expect(tracker.sent).toEqual([event(0), event(1)]);
  expect(tracker.said).toEqual(["start", "log 2", "finish completed"]);
});

test("a start that is refused is the failure of that attempt, and is tried again", async () => {
  const flaky = step({ name: "flaky", output: num, retry: { attempts: 2, delayMs: 0 }, run: never });
  const { plugins, stack } = fakeStack(async (p) => { await p.complete(1); return EXIT; }, { store });
  const h = await harness({ plugins, stack });
  open.push(h);
  const launch = (await h.stack.launcher()) as { start: Launcher["start"] };
  const { start } = launch;
  let n = 0;
  launch.start = async (...args) => { if (++n === 1) throw new MlstackError("MLS6001", "the cluster is out of reach"); return start(...args); };
  const report = await h.run(definePipeline({ name: "p", build: () => { flaky(); } }));
  expect(report.status).toBe("completed");
  expect((await h.records.attempts(report.id, "flaky")).map((a) => a.status)).toEqual(["failed", "completed"]);
});

test("lines that can't be read do not cost the step its result", async () => {
  store.fault = (call) => { if (call.startsWith("list journal/")) throw new MlstackError("MLS6001", "not now"); };
  const { report } = await played(async (p) => { p.journal.log(p.spec.runId, "one", 1, { time: 1, stream: "log", text: "x" }); await p.complete(1); return EXIT; });
  expect(report.status).toBe("completed");
});

test("records that can't be written end the run, also when a step elsewhere speaks", async () => {
  const { stack, plugins } = fakeStack(async (p) => { full = true; await p.complete(1, {}, p.channel); await turnsUntil(() => true); return EXIT; }, { store, sees: "project" });
  const h = await harness({ plugins, stack });
  open.push(h);
  let full = false;
  const { transaction } = h.db;
  Object.assign(h.db, { transaction: ((work) => { if (full) { full = false; throw new MlstackError("MLS3004", "no space is left"); } return transaction(work); }) satisfies typeof transaction });
  await expect(h.run(single)).rejects.toSatisfy((e) => MlstackError.is(e, "MLS3004"));
  expect((await h.records.run("last")).status).toBe("failed");
});

test("a step elsewhere leaves a trace before it is started, and is told how its driver shows that it is alive", async () => {
  const seen: unknown[] = [];
  const { h, report } = await played(async (p) => {
    const { driver, runId } = p.spec;
    expect(driver).toEqual({ beat: `journal/${runId}/_run/0/beat`, silenceMs: 90_000 });
    await turnsUntil(() => store.objects.has(driver!.beat));
    await p.complete(1);
    return EXIT;
  }, { attach: async () => undefined, starting: () => { seen.push(h0!.db.raw.prepare("select node, attempt, status, handle from attempts").all()); } });
  expect(seen).toEqual([[{ node: "one", attempt: 1, status: "running", handle: null }]]);
  expect(await h.records.attempts(report.id, "one")).toMatchObject([{ attempt: 1, status: "completed", handle: "one" }]);
});

test("a specification that is too large for where it travels goes by the content space", async () => {
  const names = Array.from({ length: 400 }, (_, i) => `x${i}`);
  const wide = step({ name: "wide", inputs: Object.fromEntries(names.map((name) => [name, num])), output: num, run: never });
  let travelled = 0;
  const { h, report } = await played(async (p) => {
    if (p.spec.node === "wide") {
      travelled = Buffer.byteLength(JSON.stringify(p.spec));
      expect(Object.keys((await unpackSpec(p.spec, contentSpace(store))).inputs)).toEqual(names);
    }
    await p.complete(1);
    return EXIT;
  }, {}, definePipeline({ name: "p", build: () => { const x = one(); wide(Object.fromEntries(names.map((name) => [name, x]))); } }));
  expect(report.status).toBe("completed");
  expect(travelled).toBeGreaterThan(0);
  expect(travelled).toBeLessThanOrEqual(64 * 1024);
  expect(Object.keys((await h.records.specs(report.id)).get("wide")!.spec.inputs)).toHaveLength(400);
});

test("a step whose launch can't be written down is ended, and the run with it", async () => {
  let full = false;
  const told: string[] = [];
  const h = await opened(fakeStack(async (p) => { told.push(await p.cancelled); return { status: "killed", exitCode: null }; }, { store, attach: async () => undefined, starting: () => { full = true; } }));
  const { transaction } = h.db;
  Object.assign(h.db, { transaction: ((work) => { if (full) { full = false; throw new MlstackError("MLS3004", "no space is left"); } return transaction(work); }) satisfies typeof transaction });
  await expect(h.run(single)).rejects.toSatisfy((e) => MlstackError.is(e, "MLS3004"));
  expect(told).toEqual(["the journal can't be written"]);
});

test("a timeout of a month is none of a millisecond", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const day = 24 * 3600 * 1000;
  const told: string[] = [];
  const slow = step({ name: "slow", timeoutMs: 31 * day, output: num, run: never });
  const { report } = await played(async (p) => {
    void p.cancelled.then((reason) => told.push(reason));
    p.started();
    await vi.advanceTimersByTimeAsync(31 * day - 1);
    expect(told).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(told).toEqual(["timeout"]);
    return { status: "killed", exitCode: null };
  }, { queues: true }, definePipeline({ name: "p", build: () => { slow(); } }));
  expect(report.error).toMatchObject({ code: "MLS4002" });
});

test("of a step that was tried again the records have what the attempt has logged that counts", async () => {
  const flaky = step({ name: "one", output: num, retry: { attempts: 2, delayMs: 0 }, run: never });
  const { h, report } = await played(async (p) => {
    const { attempt } = p.spec;
    const tracker = [0, 1].map((n) => ({ ...event(n), id: `one/0.${attempt}/${n}`, attempt, time: 10 * attempt + n }));
    await p.complete(1, attempt === 1 ? { tracker, status: "failed", outputs: {}, retried: true, error: { name: "Error", message: "no" } } : { tracker });
    return EXIT;
  }, {}, definePipeline({ name: "p", build: () => { flaky(); } }));
  expect((await h.records.tracked(report.id)).map((t) => t.id)).toEqual(["one/0.2/0", "one/0.2/1"]);
});

test("a run stops when a note in the records says so, whoever left it", async () => {
  const { h, report } = await played(async (p) => {
    askInRecords(h0!.db, { run: p.spec.runId, ordinal: 0 }, "somebody");
    await p.cancelled;
    return { status: "killed", exitCode: null };
  });
  expect([report.status, report.error?.code, h.status(report)]).toEqual(["cancelled", "MLS4003", { one: "cancelled" }]);
});
