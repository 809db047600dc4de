import type { TrackerEvent } from "@mlstack/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { someEvents, stepEvents } from "../testing/events.ts";
import { MemoryMlflow, type Fate } from "../testing/memory-mlflow.ts";
import { logEvents } from "./log-events.ts";
import { legalKey } from "./names.ts";
import { planEvents } from "./plan-events.ts";
import { emptyState, pointId } from "./run-state.ts";

async function stored(kind: "sql" | "file", sendings: readonly (readonly TrackerEvent[])[], fates: Fate[] = []) {
  const store = new MemoryMlflow(kind);
  const client = store.client(async (call) => (call === "log" ? (fates.shift() ?? "done") : "done"), () => undefined);
  const id = (await store.client(async () => "done", () => undefined).createRun({ experimentId: "1", name: "", startTime: 0, tags: [] })).info.run_id;
  for (const events of sendings) await logEvents(client, id, events, 0, {});
  return store.runs.get(id)!;
}

const sorted = (points: readonly { key: string; value: number; timestamp: number; step: string }[]): string[] => points.map((p) => `${p.key} ${pointId(p)}`).sort();

describe.each(["sql", "file"] as const)("%s store", (kind) => {
  test("whatever is lost and sent again, each point is there once and each value of a param is shown", async () => {
    await fc.assert(fc.asyncProperty(someEvents, fc.array(fc.constantFrom<Fate>("done", "lost", "never"), { maxLength: 4 }), async (events, fates) => {
      const run = await stored(kind, [events, events.slice(3), events.toReversed()], fates);
      const shown = sorted(run.points);
      expect(new Set(shown).size).toBe(shown.length);
      const wanted = new Set(planEvents(events, emptyState()).metrics.map((m) => `${m.key} ${pointId(m)}`));
      expect(new Set(shown)).toEqual(wanted);
      for (const e of events) if (e.kind === "param") expect([...run.params.values()]).toContain(String(e.value));
    }), { numRuns: 300 });
  });

  test("the last call of a tag wins, in whatever order and parts the calls arrive", async () => {
    await fc.assert(fc.asyncProperty(someEvents, fc.infiniteStream(fc.nat()), async (events, numbers) => {
      const order = events.map((e) => ({ e, n: numbers.next().value })).sort((a, b) => a.n - b.n).map(({ e }) => e);
      const [inOrder, mixed] = [await stored(kind, [events]), await stored(kind, order.map((e) => [e]))];
      for (const e of events) if (e.kind === "tag") expect(mixed.tags.get(legalKey(e.key))).toBe(inOrder.tags.get(legalKey(e.key)));
    }), { numRuns: 200 });
  });
});

test("a plan that was carried out leaves nothing to do", () => {
  fc.assert(fc.property(someEvents, (events) => {
    const state = emptyState();
    planEvents(events, state);
    expect(planEvents(events, state)).toEqual({ params: [], metrics: [], tags: [] });
  }));
});

test("what one entry does not cost the others: a refused one is said, the rest is there", async () => {
  const store = new MemoryMlflow("sql");
  const client = store.client(async () => "done", () => undefined);
  const id = (await client.createRun({ experimentId: "1", name: "", startTime: 0, tags: [] })).info.run_id;
  const log = client.logBatch;
  const { MlstackError } = await import("@mlstack/core");
  const picky = { ...client, logBatch: async (run: string, batch: Parameters<typeof log>[1]) => {
    if (batch.metrics.some((m) => m.key === "odd")) throw new MlstackError("MLS6003", "Invalid value \"odd\"", { details: { outcome: "refused", errorCode: "INVALID_PARAMETER_VALUE" } });
    await log(run, batch);
  } };
  const event = stepEvents("n");
  const events = Array.from({ length: 50 }, (_, i) => event({ kind: "metric", key: i === 17 ? "odd" : "m", value: i, step: i }));
  await expect(logEvents(picky, id, events, 0, {})).rejects.toMatchObject({ message: "Invalid value \"odd\"" });
  expect(store.runs.get(id)!.points).toHaveLength(49);
  expect(store.runs.get(id)!.tags.get("mlstack.step.n")).toBe("executed");
});

test("params: the first keeps its key, others go below their node, a third under its call", () => {
  const [a, b] = [stepEvents("a"), stepEvents("b")];
  const events = [a({ kind: "param", key: "k", value: 1 }), b({ kind: "param", key: "k", value: 1 }), b({ kind: "param", key: "k", value: 2 }), b({ kind: "param", key: "k", value: 3 }), a({ kind: "param", key: "k", value: true })];
  expect(planEvents(events, emptyState()).params).toEqual([{ key: "k", value: "1" }, { key: "b.k", value: "2" }, { key: "b.1.2.k", value: "3" }, { key: "a.k", value: "true" }]);
});

test("steps: rounded and said, within int64; equal calls are one point", () => {
  const event = stepEvents("n");
  const steps = [1.4, 1.5, -1.5, 2 ** 53 + 2, 1e300, -1e300, NaN, 0, 0];
  const plan = planEvents(steps.map((step) => event({ kind: "metric", key: "m", value: 1, step }, 5)), emptyState());
  expect(plan.metrics.map((m) => m.step)).toEqual(["1", "2", "-1", "9007199254740994", "9223372036854774784", "-9223372036854774784", "0"]);
  expect(plan.tags.find((t) => t.key === "mlstack.rounded_steps.m")).toBeDefined();
});

test("which node logged what, and where it came from", () => {
  const state = emptyState();
  const [one, two, old] = [stepEvents("n"), stepEvents("n", 2), stepEvents("m", 1, "run-0")];
  planEvents([one({ kind: "metric", key: "loss", value: 1, step: 0 })], state);
  planEvents([two({ kind: "metric", key: "acc", value: 1, step: 0 }), old({ kind: "param", key: "p", value: 1 })], state);
  planEvents([one({ kind: "metric", key: "loss", value: 1, step: 0 })], state);
  expect(Object.fromEntries(state.tags)).toEqual({ "mlstack.step.n": "executed", "mlstack.metrics.n": "acc, loss", "mlstack.attempt.n": "2", "mlstack.step.m": "cached", "mlstack.cached_from.m": "run-0" });
});
