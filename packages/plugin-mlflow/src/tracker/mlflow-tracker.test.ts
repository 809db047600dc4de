import type { TrackedRun } from "@mlstack/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { stepEvents } from "../testing/events.ts";
import { MemoryMlflow, type Fate } from "../testing/memory-mlflow.ts";
import { mlflowTracker } from "./mlflow-tracker.ts";

const run: TrackedRun = { runId: "r", pipeline: "p", params: { lr: 0.1, "w[0]": "x" }, tags: { "mlstack.run": "r" }, startedAt: new Date(1000) };

function tracking(kind: "sql" | "file", fateOf: (call: string) => Fate = () => "done") {
  const store = new MemoryMlflow(kind);
  const late: (() => void)[] = [];
  const client = store.client(async (call) => { await new Promise(setImmediate); return fateOf(call); }, (work) => late.push(work));
  return { store, late, tracker: mlflowTracker(client, { pauseMs: 0 }) };
}

test("a run that a lost answer makes too late is deleted when the run ends", async () => {
  const fates: Fate[] = ["late", "done"];
  const { store, late, tracker } = tracking("sql", (call) => (call === "create" ? fates.shift()! : "done"));
  const { externalId, url } = await tracker.startRun(run);
  expect(url).toBe(`memory/#/experiments/${store.experiments[0]!.experiment_id}/runs/${externalId}`);
  for (const work of late) work();
  expect(store.runs.size).toBe(2);
  await tracker.finishRun(externalId, "completed", new Date(2000));
  expect([...store.runs.values()].map((r) => [r.id === externalId, r.deleted, r.status])).toEqual([[true, false, "FINISHED"], [false, true, "RUNNING"]]);
});

test("the pipeline's params are there when the run is open, whatever was lost; a second opening changes nothing", async () => {
  const fates: Fate[] = ["lost", "never", "lost", "never", "done"];
  const { store, tracker } = tracking("file", (call) => (call === "log" ? (fates.shift() ?? "done") : "done"));
  const { externalId } = await tracker.startRun(run);
  const { params, tags } = store.runs.get(externalId)!;
  const key = [...params.keys()].find((k) => k.startsWith("w_0_"))!;
  expect(Object.fromEntries(params)).toEqual({ "mlstack.run": "r", lr: "0.1", [key]: "x" });
  expect(tags.get(`mlstack.key.${key}`)).toBe("w[0]");
  await tracker.finishRun(externalId, "failed", new Date(2000));
  expect((await tracker.startRun({ ...run, params: { lr: 7 } })).externalId).toBe(externalId);
  expect([params.get("lr"), store.runs.get(externalId)!.status]).toEqual(["0.1", "RUNNING"]);
});

test("calls of one tracker for one run come one after the other, each with its events as they were", async () => {
  const { store, tracker } = tracking("file");
  const { externalId } = await tracker.startRun(run);
  const event = stepEvents("n");
  const events = [event({ kind: "metric", key: "m", value: 1, step: 0 })];
  const first = tracker.log(externalId, events);
  events.push(event({ kind: "metric", key: "m", value: 2, step: 1 }));
  await Promise.all([first, tracker.log(externalId, events, { resent: true }), tracker.log(externalId, events, { resent: true })]);
  expect(store.runs.get(externalId)!.points.map((p) => p.value)).toEqual([1, 2]);
});

test("a failed call does not hold up the next one", async () => {
  const { store, tracker } = tracking("sql");
  const { externalId } = await tracker.startRun(run);
  const event = stepEvents("n");
  await expect(tracker.log("999", [event({ kind: "tag", key: "k", value: "v" })])).rejects.toMatchObject({ code: "MLS6003" });
  await tracker.log(externalId, [event({ kind: "tag", key: "k", value: "v" })]);
  store.runs.get(externalId)!.deleted = true;
  const failed = tracker.log(externalId, [event({ kind: "tag", key: "k", value: "w" })]);
  await expect(failed).rejects.toMatchObject({ code: "MLS6003", message: `the MLflow run ${externalId} was deleted` });
});

test("the params of a map's items, whatever comes in which order", async () => {
  const { store, tracker } = tracking("file");
  const { externalId } = await tracker.startRun(run);
  const items = ["t@a", "t@b"].map((node) => stepEvents(node));
  await Promise.all(items.map((item, i) => tracker.log(externalId, [item({ kind: "param", key: "n", value: i })])));
  expect([store.runs.get(externalId)!.params.get("t/a/n"), store.runs.get(externalId)!.params.get("t/b/n")]).toEqual(["0", "1"]);
});

test.each([["17", true], ["912345678901234567", false], ["0", false]])("where the server does not tell which store it has, the experiment's id does: %s", async (experiment, isSql) => {
  const store = new MemoryMlflow(isSql ? "sql" : "file");
  const client = { ...store.client(async () => "done", () => undefined), isSql: async () => undefined };
  const tracker = mlflowTracker(client, { pauseMs: 0 });
  const id = (await client.createRun({ experimentId: experiment, name: "", startTime: 0, tags: [] })).info.run_id;
  const event = stepEvents("n");
  await tracker.log(id, [event({ kind: "metric", key: "a", value: 1, step: 0 })]);
  store.calls.length = 0;
  await tracker.log(id, [event({ kind: "metric", key: "a", value: 2, step: 1 })], { resent: true });
  expect(store.calls.includes("history")).toBe(!isSql);
});

test("an aborted call does not wait for the one before it, and does nothing afterwards", async () => {
  let release!: () => void;
  const held = new Promise<void>((go) => { release = go; });
  const store = new MemoryMlflow("sql");
  const client = store.client(async (call) => { if (call === "log") await held; return "done"; }, () => undefined);
  const tracker = mlflowTracker(client, { pauseMs: 0 });
  const id = (await client.createRun({ experimentId: "1", name: "", startTime: 0, tags: [] })).info.run_id;
  const event = stepEvents("n");
  const first = tracker.log(id, [event({ kind: "metric", key: "m", value: 1, step: 0 })]);
  const control = new AbortController();
  const second = tracker.log(id, [event({ kind: "metric", key: "m", value: 2, step: 1 })], { signal: control.signal });
  control.abort(new Error("enough"));
  await expect(second).rejects.toThrow("enough");
  release();
  await first;
  await tracker.log(id, [event({ kind: "metric", key: "m", value: 3, step: 2 })]);
  expect(store.runs.get(id)!.points.map((p) => p.value)).toEqual([1, 3]);
});

test("runs of several processes at once are found again, also where the store has several experiments of one name", async () => {
  let twins = 0;
  await fc.assert(fc.asyncProperty(fc.scheduler(), async (s) => {
    const store = new MemoryMlflow("file");
    const client = store.client(async (call) => { await s.schedule(Promise.resolve(), call); return "done"; }, () => undefined);
    const trackers = Array.from({ length: 3 }, () => mlflowTracker(client, { pauseMs: 0 }));
    const runs = trackers.map((_, i): TrackedRun => ({ ...run, runId: `r${i}`, params: {}, tags: {} }));
    const opening = Promise.all(trackers.map((t, i) => t.startRun(runs[i]!)));
    await s.waitFor(opening);
    if (store.experiments.length > 1) twins++;
    const ids = (await opening).map((r) => r.externalId);
    const again = Promise.all(trackers.map((t, i) => t.startRun(runs[(i + 1) % 3]!)));
    await s.waitFor(again);
    expect((await again).map((r) => r.externalId)).toEqual([ids[1], ids[2], ids[0]]);
  }), { numRuns: 60 });
  expect(twins).toBeGreaterThan(10);
});
