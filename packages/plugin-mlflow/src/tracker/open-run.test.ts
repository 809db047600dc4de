import fc from "fast-check";
import { expect, test } from "vitest";
import { MemoryMlflow, type Fate } from "../testing/memory-mlflow.ts";
import { CLAIM, openRun } from "./open-run.ts";

const wanted = { runId: "run", name: "n", startTime: 1, tags: [] };

test("processes that open one run at once, in whatever order their calls arrive and whatever is lost, use the same one", async () => {
  let twins = 0;
  await fc.assert(fc.asyncProperty(fc.scheduler(), fc.integer({ min: 1, max: 4 }), fc.array(fc.constantFrom<Fate>("done", "done", "done", "lost", "never", "late"), { maxLength: 40 }), fc.shuffledSubarray([100, 200, 300, 400, 500, 600], { minLength: 6 }), async (s, processes, fates, order) => {
    const store = new MemoryMlflow("sql", order);
    // a create that is done late is the worst: its client has looked and not found it
    const turn = async (call: string): Promise<Fate> => {
      await s.schedule(Promise.resolve(), call);
      return call === "create" || call === "log" ? (fates.shift() ?? "done") : "done";
    };
    const later = (work: () => void): void => { void s.schedule(Promise.resolve(), "late").then(work); };
    const opened = Promise.allSettled(Array.from({ length: processes }, async () => (await openRun(store.client(turn, later), ["1"], wanted, 0, {})).run.info.run_id));
    await s.waitFor(opened);
    const ids = new Set((await opened).flatMap((r) => (r.status === "fulfilled" ? [r.value] : [])));
    if (store.runs.size > 1) twins++;
    expect(ids.size).toBeLessThanOrEqual(1);
    const claimed = [...store.runs.values()].filter((r) => r.params.get(CLAIM) === "run");
    expect(claimed.length).toBeLessThanOrEqual(1);
    for (const id of ids) expect(store.runs.get(id)).toMatchObject({ deleted: false });
    // who comes later gets the same, and what is left over is deleted
    const last = await openRun(store.client(async () => "done", () => undefined), ["1"], wanted, 0, {});
    if (ids.size > 0) expect([...ids]).toEqual([last.run.info.run_id]);
    expect([...store.runs.values()].filter((r) => !r.deleted)).toHaveLength(1);
  }), { numRuns: 400 });
  expect(twins).toBeGreaterThan(50);
});

test("the run that was opened before is opened again, without a search, unless it is gone", async () => {
  const store = new MemoryMlflow("sql");
  const client = store.client(async () => "done", () => undefined);
  const first = (await openRun(client, ["1"], wanted, 0, {})).run.info.run_id;
  store.calls.length = 0;
  expect((await openRun(client, ["7"], { ...wanted, before: first }, 0, {})).run.info.run_id).toBe(first);
  expect(store.calls).toEqual(["get"]);
  store.runs.get(first)!.deleted = true;
  const second = (await openRun(client, ["1"], { ...wanted, before: first }, 0, {})).run.info.run_id;
  expect(second).not.toBe(first);
  expect((await openRun(client, ["1"], { ...wanted, before: "no such run" }, 0, {})).run.info.run_id).toBe(second);
});
