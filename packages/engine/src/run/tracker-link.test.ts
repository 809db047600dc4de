import { MlstackError, type ExperimentTracker, type LogOptions, type TrackedRun, type TrackerEvent } from "@mlstack/core";
import { afterEach, describe, expect, test, vi } from "vitest";
import { listTracker, turnsUntil } from "../testing/fake-launcher.ts";
import { stepTrackerLink, trackerLink, type TrackerLink, type TrackerLinkOptions } from "./tracker-link.ts";
import type { TrackerTimes } from "./tracker-pump.ts";

afterEach(() => { vi.useRealTimers(); });

const run: TrackedRun = { runId: "r", pipeline: "p", params: {}, tags: {}, startedAt: new Date(0) };
const event = (n: number, more: Partial<TrackerEvent> = {}): TrackerEvent => ({ kind: "param", key: `k${n}`, value: 1, id: `n/0.1/${n}`, node: "n", attempt: 1, time: 1, ...more }) as TrackerEvent;
const events = (from: number, to: number): TrackerEvent[] => Array.from({ length: to - from }, (_, i) => event(from + i));
const FAST: TrackerTimes = { gather: 0, retry: 1, longestRetry: 2, start: 60_000, requiredStart: 60_000, end: 60_000, cancel: 60_000 };
const away = (): MlstackError => new MlstackError("MLS6001", "out of reach");
const noFile = (): AsyncIterable<Uint8Array> => { throw new Error("no file"); };
const never = (signal: AbortSignal | undefined): Promise<never> => new Promise((_, fail) => { signal?.addEventListener("abort", () => fail(signal.reason as Error), { once: true }); });
const linked = (tracker: ExperimentTracker, more: Partial<TrackerLinkOptions> = {}): Promise<TrackerLink> => trackerLink(tracker, run, { required: false, open: noFile, signal: new AbortController().signal, times: FAST, ...more });
/** A tracker that keeps what it is sent by id, and fails as it is told. */
function keeping(fault: (call: number, options: LogOptions | undefined) => "before" | "after" | undefined = () => undefined) {
  const kept = new Map<string, TrackerEvent>();
  const calls: { readonly ids: string[]; readonly resent: boolean | undefined }[] = [];
  const tracker = listTracker({
    async log(_, sent, options) {
      const how = fault(calls.length, options);
      calls.push({ ids: sent.map((e) => e.id), resent: options?.resent });
      if (how === "before") throw away();
      for (const e of sent) kept.set(e.id, e);
      if (how === "after") throw away();
      return { refused: [] };
    },
  });
  return { tracker, kept, calls };
}

describe("what is sent", () => {
  test("is sent in its order, one call after the other, and what comes while one is on its way goes together", async () => {
    let atOnce = 0;
    const { tracker, kept, calls } = keeping();
    const { log } = tracker;
    const slow = { ...tracker, log: async (...args: Parameters<typeof log>) => { expect(++atOnce).toBe(1); await new Promise((go) => { setTimeout(go, 1); }); atOnce--; return log(...args); } };
    const link = await linked(slow);
    for (const e of events(0, 100)) link.send([e]);
    await turnsUntil(() => calls.length > 0);
    for (const e of events(100, 200)) link.send([e]);
    expect(await link.finish("completed", new Date())).toEqual([]);
    expect([...kept.keys()]).toEqual(events(0, 200).map((e) => e.id));
    expect(calls.length).toBeLessThan(10);
    expect(calls.every((c) => c.resent === false)).toBe(true);
    expect(tracker.said).toEqual(["start", "finish completed"]);
  });

  test.each(["before", "after"] as const)("comes again after a failure, and says so; lost %s it was stored", async (when) => {
    const { tracker, kept, calls } = keeping((call) => (call < 4 ? when : undefined));
    const link = await linked(tracker);
    link.send(events(0, 2));
    await turnsUntil(() => calls.length > 1);
    link.send(events(2, 4));
    expect(await link.finish("completed", new Date())).toEqual([]);
    expect([...kept.keys()]).toEqual(events(0, 4).map((e) => e.id));
    expect(calls.map((c) => c.resent)).toEqual([false, ...calls.slice(1).map(() => true)]);
  });

  test("is taken once, though a step hands it over while it runs and all of it at its end", async () => {
    const { tracker, calls } = keeping();
    const link = await linked(tracker);
    link.send(events(0, 3));
    link.send(events(0, 5));
    link.send([event(0, { id: "n/0.2/0" })]);
    await link.finish("completed", new Date());
    expect(calls.flatMap((c) => c.ids)).toEqual([...events(0, 5).map((e) => e.id), "n/0.2/0"]);
  });

  test("says what may have been sent before the run was resumed", async () => {
    const { tracker, calls } = keeping();
    const link = await linked(tracker);
    link.send(events(0, 1), true);
    await link.finish("completed", new Date());
    expect(calls[0]!.resent).toBe(true);
  });

  test("is no file where the tracker shows none, which is said once", async () => {
    const { tracker, kept } = keeping();
    const link = await linked({ ...tracker, files: false });
    link.send([event(0), event(1, { kind: "file", key: "a.png", value: "ab", size: 1 }), event(2)]);
    expect(await link.finish("completed", new Date())).toEqual(["the experiment tracker shows no files: 1 file is kept with the steps only"]);
    expect([...kept.keys()]).toEqual(["n/0.1/0", "n/0.1/2"]);
  });
});

describe("a tracker that refuses", () => {
  test("single events: they are said, by the reason, and hold up nothing", async () => {
    const kept: string[] = [];
    const link = await linked(listTracker({
      async log(_, sent) {
        const bad = sent.filter((e) => e.key !== "k0" && e.key !== "k3");
        kept.push(...sent.filter((e) => !bad.includes(e)).map((e) => e.key));
        return { refused: bad.map((e) => ({ id: e.id, reason: e.key === "k1" ? "one is too long" : "no such name" })) };
      },
    }));
    link.send(events(0, 4));
    link.send([event(0, { id: "n/0.2/0" })]);
    expect(await link.finish("completed", new Date())).toEqual([
      "the experiment tracker refused what a step has logged, 1 event is kept in the records only: one is too long", "the experiment tracker refused what a step has logged, 1 event is kept in the records only: no such name",
    ]);
    expect(kept).toEqual(["k0", "k3", "k0"]);
  });

  test("everything, for its run is gone: it is not asked again", async () => {
    const log = vi.fn<ExperimentTracker["log"]>().mockRejectedValue(new MlstackError("MLS6003", "the run was deleted"));
    const finishRun = vi.fn<ExperimentTracker["finishRun"]>().mockRejectedValue(new MlstackError("MLS6003", "the run was deleted"));
    const link = await linked(listTracker({ log, finishRun }));
    link.send(events(0, 3));
    await turnsUntil(() => log.mock.calls.length > 0);
    link.send(events(3, 5));
    expect(await link.finish("completed", new Date())).toEqual(["the experiment tracker refused the run (the run was deleted): 5 events are kept in the records only"]);
    expect([log, finishRun].map((f) => f.mock.calls.length)).toEqual([1, 1]);
  });
});

describe("a tracker that does not serve", () => {
  test("at the end is waited for, if it has served before: nothing is lost", async () => {
    let isAway = true;
    const { tracker, kept } = keeping(() => (isAway ? "before" : undefined));
    const link = await linked(tracker);
    link.send(events(0, 60));
    const finished = link.finish("completed", new Date());
    await turnsUntil(() => tracker.said.length > 0);
    setTimeout(() => { isAway = false; }, 30);
    expect(await finished).toEqual([]);
    expect(kept.size).toBe(60);
  });

  test("is told how the run ended when it serves again", async () => {
    let calls = 0;
    const { tracker } = keeping();
    const link = await linked({ ...tracker, finishRun: async (...args) => { if (++calls < 6) throw away(); await tracker.finishRun(...args); } });
    expect(await link.finish("failed", new Date())).toEqual([]);
    expect(tracker.said).toEqual(["start", "finish failed"]);
  });

  test("when the run begins costs it nothing, and gets everything when it is there", async () => {
    let calls = 0;
    const { tracker, kept } = keeping();
    const opened: string[] = [];
    const link = await linked({ ...tracker, startRun: async (...args) => { if (++calls < 5) throw away(); return tracker.startRun(...args); } }, { onOpened: (id) => opened.push(id) });
    expect(link.externalId).toBeUndefined();
    link.send(events(0, 3));
    await turnsUntil(() => kept.size === 3);
    expect([link.externalId, opened]).toEqual(["x1", ["x1"]]);
    expect(await link.finish("completed", new Date())).toEqual([]);
  });

  test("at all is tried once more at the end, and is a warning", async () => {
    const startRun = vi.fn<ExperimentTracker["startRun"]>().mockRejectedValue(away());
    const link = await linked(listTracker({ startRun }), { times: { ...FAST, gather: 1_000_000 } });
    link.send([event(0)]);
    expect(await link.finish("completed", new Date())).toEqual(["the experiment tracker could not be reached (out of reach): 1 event is kept in the records only"]);
    expect(startRun.mock.calls.length).toBeLessThan(5);
  });

  test("is an error where a step requires it, unless the run was cancelled meanwhile", async () => {
    const startRun = vi.fn<ExperimentTracker["startRun"]>().mockRejectedValue(away());
    await expect(linked(listTracker({ startRun }), { required: true })).rejects.toSatisfy((e) => MlstackError.is(e, "MLS6001"));
    expect(startRun.mock.calls).toHaveLength(3);
    const refuses = vi.fn<ExperimentTracker["startRun"]>().mockRejectedValue(new MlstackError("MLS6002", "not allowed"));
    await expect(linked(listTracker({ startRun: refuses }), { required: true })).rejects.toSatisfy((e) => MlstackError.is(e, "MLS6002"));
    expect(refuses.mock.calls).toHaveLength(1);
    await linked(listTracker({ startRun }), { required: true, signal: AbortSignal.abort(new Error("enough")) });
  });
});

describe("a tracker that hangs", () => {
  // whether it listens to the signal that it is given, or not
  const hangs = (listens: boolean) => <T>(_: unknown, __: unknown, options?: { readonly signal?: AbortSignal | undefined }): Promise<T> => never(listens ? options?.signal : undefined);

  test.each([true, false])("does not hold up a run that does not need it (listens to its signal: %s)", async (listens) => {
    const link = await linked(listTracker({ startRun: (r, options) => hangs(listens)(r, r, options) }), { times: { ...FAST, start: 5, end: 5 } });
    link.send(events(0, 2));
    expect(await link.finish("completed", new Date())).toEqual([expect.stringMatching(/gave no answer within .* s\): 2 events are kept in the records only/)]);
  });

  test.each([true, false])("is given up where it is needed (listens to its signal: %s)", async (listens) => {
    const link = linked(listTracker({ startRun: (r, options) => hangs(listens)(r, r, options) }), { required: true, times: { ...FAST, requiredStart: 5 } });
    await expect(link).rejects.toSatisfy((e) => MlstackError.is(e, "MLS6001") && e.message.includes("no answer within"));
  });

  test.each([true, false])("does not hold up a run that was cancelled (listens to its signal: %s)", async (listens) => {
    const control = new AbortController();
    const log = vi.fn<ExperimentTracker["log"]>((_, __, options) => hangs(listens)(_, __, options));
    const link = await linked(listTracker({ log }), { signal: control.signal, times: { ...FAST, cancel: 5 } });
    link.send(events(0, 2));
    await turnsUntil(() => log.mock.calls.length > 0);
    control.abort(new Error("ctrl-c"));
    expect(await link.finish("cancelled", new Date())).toEqual([expect.stringMatching(/2 events are kept/)]);
  });

  test("that serves is told of all that steps do while they end, however long after the cancel", async () => {
    const control = new AbortController();
    const { tracker, kept } = keeping();
    const link = await linked(tracker, { signal: control.signal, times: { ...FAST, cancel: 5 } });
    control.abort(new Error("ctrl-c"));
    await new Promise((go) => { setTimeout(go, 30); });
    link.send(events(0, 2));
    expect(await link.finish("cancelled", new Date())).toEqual([]);
    expect([[...kept.keys()], tracker.said]).toEqual([events(0, 2).map((e) => e.id), ["start", "finish cancelled"]]);
  });

  test("while the run begins does not keep it from being cancelled", async () => {
    const control = new AbortController();
    const link = linked(listTracker({ startRun: (r, options) => hangs(true)(r, r, options) }), { required: true, signal: control.signal });
    control.abort(new Error("ctrl-c"));
    expect((await link).externalId).toBeUndefined();
    // nothing was begun there that would have to be ended
    expect(await (await link).finish("cancelled", new Date())).toEqual(["the experiment tracker could not be reached (ctrl-c): it was not told how the run ended"]);
  });

  test("is another thing than one that is slow: as long as something moves it is waited for", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const chunks = async function* () { for (let n = 0; n < 10; n++) { await new Promise((go) => { setTimeout(go, 800); }); yield Buffer.of(n); } };
    const sizes: number[] = [];
    const link = await linked(listTracker({
      async log(_, __, options) { let size = 0; for await (const chunk of options!.open!("ab")) size += chunk.byteLength; sizes.push(size); return { refused: [] }; },
    }), { open: chunks, times: { ...FAST, end: 1000 } });
    link.send([event(0, { kind: "file", key: "a.bin", value: "ab", size: 10 })]);
    const finished = link.finish("completed", new Date());
    await vi.advanceTimersByTimeAsync(20_000);
    expect([await finished, sizes]).toEqual([[], [10]]);
  });
});

test("a service that wants to hear something hears it, until the run is finished", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const tracker = listTracker({ keepAliveMs: 1000 });
  const link = await linked(tracker);
  await vi.advanceTimersByTimeAsync(3500);
  expect(tracker.said).toEqual(["start", "log 0", "log 0", "log 0"]);
  await link.finish("completed", new Date());
  await vi.advanceTimersByTimeAsync(5000);
  expect(tracker.said.slice(4)).toEqual(["finish completed"]);
});

describe("a step's own line", () => {
  const lineTo = (tracker: ExperimentTracker, signal = new AbortController().signal) => stepTrackerLink(tracker, "x1", { open: noFile, signal, times: FAST });

  test("sends, and says what is left for the driver", async () => {
    let isAway = true;
    const { tracker, kept, calls } = keeping(() => (isAway ? "before" : undefined));
    const line = lineTo(tracker);
    expect(await line.send(events(0, 2))).toBe(2);
    expect(calls).toHaveLength(3);
    isAway = false;
    expect(await line.send(events(2, 3))).toBe(0);
    expect([[...kept.keys()], line.end()]).toEqual([events(0, 3).map((e) => e.id), []]);
  });

  test("says what was refused, and ends with its step", async () => {
    const line = lineTo(listTracker({ log: async (_, sent) => ({ refused: sent.map(({ id }) => ({ id, reason: "no" })) }) }));
    expect(await line.send(events(0, 2))).toBe(0);
    expect(line.end()).toEqual(["the experiment tracker refused what a step has logged, 2 events are kept in the records only: no"]);
    const control = new AbortController();
    const hanging = stepTrackerLink(listTracker({ log: (_, __, options) => never(options?.signal) }), "x1", { open: noFile, signal: control.signal, times: { ...FAST, cancel: 5 } });
    const sent = hanging.send(events(0, 2));
    control.abort(new Error("enough"));
    expect(await sent).toBe(2);
    hanging.end();
  });
});
