import { MlstackError, type TrackerEvent } from "@mlstack/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { someEvents, stepEvents } from "../testing/events.ts";
import { MemoryMlflow, type Fate, type StoreKind } from "../testing/memory-mlflow.ts";
import { logEvents, type KnownRun } from "./log-events.ts";
import { legalKey } from "./names.ts";
import { planEvents } from "./plan-events.ts";
import { emptyState, pointId } from "./run-state.ts";

/** @param sendings each by one of two processes, which know of each other by the run only; all but the first may hold what was sent before */
async function stored(kind: StoreKind, sendings: readonly (readonly TrackerEvent[])[], fates: Fate[] = [], processes: readonly (0 | 1)[] = []) {
  const store = new MemoryMlflow(kind);
  const client = store.client(async (call) => (call === "log" ? (fates.shift() ?? "done") : "done"), () => undefined);
  const id = (await store.client(async () => "done", () => undefined).createRun({ experimentId: "1", name: "", startTime: 0, tags: [] })).info.run_id;
  const known: readonly KnownRun[] = [{ state: undefined }, { state: undefined }];
  for (const [i, events] of sendings.entries()) {
    for (let n = 1, resent = i > 0; ; n++, resent = true) {
      try { expect((await logEvents(client, id, events, known[processes[i] ?? 0]!, { isSql: kind !== "file", pauseMs: 0, resent })).refused).toEqual([]); break; } catch (e) { if (n === 3) throw e; }
    }
  }
  return store.runs.get(id)!;
}

const sorted = (points: readonly { key: string; value: number; timestamp: number; step: string }[]): string[] => points.map((p) => `${p.key} ${pointId(p)}`).sort();

describe.each(["sql", "sql2", "file"] as const)("%s store", (kind) => {
  test("whatever is lost and sent again, each point is there once and each value of a param is shown", async () => {
    await fc.assert(fc.asyncProperty(someEvents, fc.array(fc.constantFrom<Fate>("done", "lost", "never"), { maxLength: 8 }), fc.array(fc.constantFrom<0 | 1>(0, 1), { minLength: 4, maxLength: 4 }), async (events, fates, processes) => {
      const run = await stored(kind, [events.slice(0, 8), events, events.slice(3), events.toReversed()], fates, processes);
      const shown = sorted(run.points);
      expect(new Set(shown).size).toBe(shown.length);
      const wanted = new Set(planEvents(events, emptyState(), kind === "file").metrics.map((m) => `${m.key} ${pointId(m)}`));
      expect(new Set(shown)).toEqual(wanted);
      for (const e of events) if (e.kind === "param") expect([...run.params.values()]).toContain(String(e.value));
    }), { numRuns: 300 });
  });

  test("the last call of a tag wins, in whatever order and parts the calls arrive", async () => {
    await fc.assert(fc.asyncProperty(someEvents, fc.infiniteStream(fc.nat()), fc.infiniteStream(fc.constantFrom<0 | 1>(0, 1)), async (events, numbers, process) => {
      const order = events.map((e) => ({ e, n: numbers.next().value })).sort((a, b) => a.n - b.n).map(({ e }) => e);
      const [inOrder, mixed] = [await stored(kind, [events]), await stored(kind, order.map((e) => [e]), [], order.map(() => process.next().value))];
      for (const e of events) if (e.kind === "tag") expect(mixed.tags.get(legalKey(e.key))).toBe(inOrder.tags.get(legalKey(e.key)));
    }), { numRuns: 200 });
  });
});

test.each([false, true])("a plan that was carried out leaves nothing to do (keys as files: %s)", (asFiles) => {
  fc.assert(fc.property(someEvents, (events) => {
    const state = emptyState();
    planEvents(events, state, asFiles);
    const { params, metrics, tags } = planEvents(events, state, asFiles);
    expect([params, metrics, tags]).toEqual([[], [], []]);
  }));
});

describe("how often the run is looked at", () => {
  const logging = async (kind: StoreKind) => {
    const store = new MemoryMlflow(kind);
    const fates: Fate[] = [];
    const client = store.client(async (call) => (call === "log" ? (fates.shift() ?? "done") : "done"), () => undefined);
    const id = (await client.createRun({ experimentId: "1", name: "", startTime: 0, tags: [] })).info.run_id;
    const known: KnownRun = { state: undefined };
    const log = async (events: readonly TrackerEvent[], resent = false) => {
      store.calls.length = 0;
      await logEvents(client, id, events, known, { isSql: kind !== "file", pauseMs: 0, resent });
      return store.calls.join(" ");
    };
    return { store, fates, log, run: store.runs.get(id)! };
  };

  test.each(["sql", "file"] as const)("%s store: for a step's first call, and then not any more", async (kind) => {
    const { log, run } = await logging(kind);
    const items = ["train@a", "train@b", "train@c"].map((node) => stepEvents(node));
    const call = (i: number, step: number) => [items[i]!({ kind: "metric", key: "loss", value: 1, step })];
    expect([await log(call(0, 0)), await log(call(1, 0)), await log(call(2, 0)), await log(call(0, 1))]).toEqual(["get log", "log", "log", "log"]);
    expect(run.points.map((p) => p.key)).toEqual(["train/a/loss", "train/b/loss", "train/c/loss", "train/a/loss"]);
    // one pair of tags for the step, not one for each item
    expect(Object.fromEntries(run.tags)).toEqual({ "mlstack.step.train": "executed", "mlstack.metrics.train": "loss" });
  });

  test.each<[StoreKind, string, string]>([["sql", "log get log", "get log"], ["file", "log get history", "get history"]])("%s store: after an answer that was lost, and for events that may be there", async (kind, lost, again) => {
    const { log, fates } = await logging(kind);
    const event = stepEvents("n");
    const events = [0, 1].map((step) => event({ kind: "metric", key: "m", value: 1, step }));
    await log(events.slice(0, 1));
    fates.push("lost");
    expect(await log(events.slice(1))).toBe(lost);
    // an SQL store drops what it has, so it is only sent
    expect(await log(events, true)).toBe(again);
  });

  test("MLflow 2 refuses a NaN that it has: it is looked for", async () => {
    const { log, fates, run } = await logging("sql2");
    const event = stepEvents("n");
    const [first, nan] = [event({ kind: "metric", key: "m", value: 1, step: 0 }), event({ kind: "metric", key: "m", value: Number.NaN, step: 1 })];
    await log([first]);
    fates.push("lost");
    expect(await log([nan])).toBe("log get history");
    expect(await log([first, nan], true)).toBe("get history");
    expect(run.points).toHaveLength(2);
  });

  test("MLflow 2 trips over points that it has where there are more than a hundred keys", async () => {
    const { log, run } = await logging("sql2");
    const events = Array.from({ length: 350 }, (_, i) => stepEvents(`n@${i}`)({ kind: "metric", key: "m", value: i, step: 0 }));
    await log(events);
    const calls = (await log(events, true)).split(" ");
    expect(run.points).toHaveLength(350);
    expect(calls.length).toBeLessThan(20);
  });

  test("what another process has tagged later stays", async () => {
    const { log, run } = await logging("sql");
    const [a, b] = [stepEvents("a"), stepEvents("b")];
    await log([a({ kind: "tag", key: "phase", value: "a" }, 1000), b({ kind: "metric", key: "m", value: 1, step: 0 }, 1000)]);
    run.tags.set("phase", "theirs");
    run.tags.set("mlstack.set_by.phase", "c/1/0 1970-01-01T00:00:09.000Z");
    await log([b({ kind: "tag", key: "phase", value: "b" }, 5000)]);
    expect(run.tags.get("phase")).toBe("theirs");
  });
});

describe("what one entry does not cost the others", () => {
  /** A client whose server does not take some metrics. */
  const picky = async (refuse: (key: string) => MlstackError | undefined, wrap: (store: MemoryMlflow) => void = () => undefined) => {
    const store = new MemoryMlflow("sql");
    const client = store.client(async () => "done", () => undefined);
    const id = (await client.createRun({ experimentId: "1", name: "", startTime: 0, tags: [] })).info.run_id;
    wrap(store);
    let requests = 0;
    const logBatch: typeof client.logBatch = async (run, batch) => {
      requests++;
      for (const m of batch.metrics) { const error = refuse(m.key); if (error !== undefined) throw error; }
      await client.logBatch(run, batch);
    };
    const log = (events: readonly TrackerEvent[]) => logEvents({ ...client, logBatch }, id, events, { state: undefined }, { isSql: true, pauseMs: 0, resent: false });
    return { run: store.runs.get(id)!, log, requests: () => requests };
  };
  const no = (message: string) => new MlstackError("MLS6003", message, { details: { outcome: "refused", errorCode: "INVALID_PARAMETER_VALUE" } });
  const crash = new MlstackError("MLS6001", "it crashed", { details: { outcome: "unknown", errorCode: "INTERNAL_ERROR", status: 500 } });
  const numbered = (n: number, keyOf: (i: number) => string) => { const event = stepEvents("n"); return Array.from({ length: n }, (_, i) => event({ kind: "metric", key: keyOf(i), value: i, step: i })); };

  test.each([["refuses", no("Invalid value \"odd\"")], ["crashes at", crash]])("one that the server %s is said, the rest is there", async (_, error) => {
    const { run, log } = await picky((key) => (key === "odd" ? error : undefined));
    const events = numbered(50, (i) => (i === 17 ? "odd" : "m"));
    expect((await log(events)).refused).toEqual([{ id: events[17]!.id, reason: error.message }]);
    expect(run.points).toHaveLength(49);
    expect(run.tags.get("mlstack.step.n")).toBe("executed");
  });

  test("many that the server refuses take a bounded number of requests", async () => {
    const { log, requests } = await picky(() => no("no"));
    const { refused } = await log(numbered(3000, (i) => `m${i}`));
    expect(refused).toHaveLength(3000);
    expect(requests()).toBeLessThan(400);
  });

  test("a server that crashes at everything is not taken for one that refuses", async () => {
    const { log } = await picky(() => crash);
    const failing = log(numbered(3, () => "m"));
    await expect(failing).resolves.toMatchObject({ refused: [{ reason: "it crashed" }, { reason: "it crashed" }, { reason: "it crashed" }] });
    const store = new MemoryMlflow("sql");
    const client = store.client(async () => "done", () => undefined);
    const id = (await client.createRun({ experimentId: "1", name: "", startTime: 0, tags: [] })).info.run_id;
    const down = { ...client, logBatch: () => Promise.reject(crash) };
    await expect(logEvents(down, id, numbered(3, () => "m"), { state: undefined }, { isSql: true, pauseMs: 0, resent: false })).rejects.toMatchObject({ code: "MLS6001" });
  });

  test("a run that was deleted is not searched for the entry that is wrong", async () => {
    const { log, requests, run } = await picky(() => undefined);
    run.deleted = true;
    await expect(log(numbered(500, () => "m"))).rejects.toMatchObject({ code: "MLS6003", message: expect.stringContaining("was deleted") as string });
    expect(requests()).toBeLessThan(3);
  });
});

test("in the file store a key that is the folder of another goes under a name without folders, and back to it", async () => {
  const store = new MemoryMlflow("file");
  const client = store.client(async () => "done", () => undefined);
  const id = (await client.createRun({ experimentId: "1", name: "", startTime: 0, tags: [] })).info.run_id;
  const event = stepEvents("n");
  const events = ["loss", "loss/train", "acc", "a/b/c", "a/b", "a"].map((key, step) => event({ kind: "metric", key, value: step, step }));
  for (const resent of [false, true]) expect((await logEvents(client, id, events, { state: undefined }, { isSql: false, pauseMs: 0, resent })).refused).toEqual([]);
  const { points, tags } = store.runs.get(id)!;
  expect(points.map((p) => p.key)).toEqual(["loss", expect.stringMatching(/^loss_train_[0-9a-f]{8}$/), "acc", "a/b/c", expect.stringMatching(/^a_b_[0-9a-f]{8}$/), expect.stringMatching(/^a_[0-9a-f]{8}$/)]);
  expect(tags.get(`mlstack.key.${points[1]!.key}`)).toBe("loss/train");
});

test("params: the first keeps its key, others go below their node, a third under its call", () => {
  const [a, b] = [stepEvents("a"), stepEvents("b")];
  const events = [a({ kind: "param", key: "k", value: 1 }), b({ kind: "param", key: "k", value: 1 }), b({ kind: "param", key: "k", value: 2 }), b({ kind: "param", key: "k", value: 3 }), a({ kind: "param", key: "k", value: true })];
  expect(planEvents(events, emptyState(), false).params).toEqual([{ key: "k", value: "1" }, { key: "b.k", value: "2" }, { key: "b.1.2.k", value: "3" }, { key: "a.k", value: "true" }]);
});

test("steps: rounded and said, within int64; equal calls are one point", () => {
  const event = stepEvents("n");
  const steps = [1.4, 1.5, -1.5, 2 ** 53 + 2, 1e300, -1e300, NaN, 0, 0];
  const plan = planEvents(steps.map((step) => event({ kind: "metric", key: "m", value: 1, step }, 5)), emptyState(), false);
  expect(plan.metrics.map((m) => m.step)).toEqual(["1", "2", "-1", "9007199254740994", "9223372036854774784", "-9223372036854774784", "0"]);
  expect(plan.tags.find((t) => t.key === "mlstack.rounded_steps.m")).toBeDefined();
});

test("which node logged what, and where it came from", () => {
  const state = emptyState();
  const [one, two, old] = [stepEvents("n"), stepEvents("n", 2), stepEvents("m", 1, "run-0")];
  planEvents([one({ kind: "metric", key: "loss", value: 1, step: 0 })], state, false);
  planEvents([two({ kind: "metric", key: "acc", value: 1, step: 0 }), old({ kind: "param", key: "p", value: 1 })], state, false);
  planEvents([one({ kind: "metric", key: "loss", value: 1, step: 0 })], state, false);
  expect(Object.fromEntries(state.tags)).toEqual({ "mlstack.step.n": "executed", "mlstack.metrics.n": "acc, loss", "mlstack.attempt.n": "2", "mlstack.step.m": "cached", "mlstack.cached_from.m": "run-0" });
});

test("of a map, a step is executed when one of its items was, wherever the others came from", () => {
  const state = emptyState();
  const metric = { kind: "metric", key: "loss", value: 1, step: 0 } as const;
  planEvents([stepEvents("m@a", 0, "run-1")(metric)], state, false);
  expect(state.tags.get("mlstack.step.m")).toBe("cached");
  planEvents([stepEvents("m@b")(metric), stepEvents("m@c", 0, "run-0")(metric)], state, false);
  planEvents([stepEvents("m@d", 0, "run-1")(metric)], state, false);
  expect(Object.fromEntries(state.tags)).toEqual({ "mlstack.step.m": "executed", "mlstack.cached_from.m": "run-0, run-1", "mlstack.metrics.m": "loss" });
});

test("the items of a map have params, tags and metrics of their own, without a word about their nodes", () => {
  const [a, b] = [stepEvents("train@a1@x"), stepEvents("train@b2@y")];
  const plan = planEvents([a, b].flatMap((e) => [e({ kind: "param", key: "depth", value: 3 }), e({ kind: "metric", key: "loss", value: 1, step: 0 }), e({ kind: "tag", key: "phase", value: "p" })]), emptyState(), false);
  expect(plan.params.map((p) => p.key)).toEqual(["train/a1/x/depth", "train/b2/y/depth"]);
  expect(plan.metrics.map((m) => m.key)).toEqual(["train/a1/x/loss", "train/b2/y/loss"]);
  expect(plan.tags.map((t) => t.key).filter((k) => k.endsWith("phase"))).toEqual(["mlstack.set_by.train/a1/x/phase", "train/a1/x/phase", "mlstack.set_by.train/b2/y/phase", "train/b2/y/phase"]);
});
