import { definePipeline, json, list, map, settled, step, when, type Settled } from "@mlstack/pipeline";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import type { JournalEvent } from "../journal/events.ts";
import { memoryPlugin, memoryStore } from "../testing/memory-store.ts";
import { harness, type Harness, type HarnessOptions } from "../testing/harness.ts";
import { parallel, valuesOf } from "../testing/values.ts";

const open: Harness[] = [];
const make = async (options?: HarnessOptions) => { const h = await harness(options); open.push(h); return h; };
afterEach(async () => { for (const h of open.splice(0)) await h.close(); });

const num = json(z.number());
let ran: string[] = [];
beforeEach(() => { ran = []; });
const turns = async (n: number) => { for (let i = 0; i < n; i++) await new Promise<void>((go) => { setImmediate(go); }); };
/** With a store that is elsewhere: more is looked at side by side than is run. */
const inMemory = (n: number) => ({ ...parallel(n), components: { ...parallel(n).components, artifact_store: { name: "m", flavor: "memory", config: { of: "a" } } } });
const numbers = (...xs: number[]) => step({ name: `numbers_${xs.length}`, output: list(num), run: () => xs });
/** Fails for numbers below zero. */
const root = step({ name: "root", inputs: { x: num }, output: num, run: ({ inputs: { x } }) => { ran.push(`root ${x}`); if (x < 0) throw new RangeError(`no root of ${x}`); return Math.sqrt(x); } });
const plus = step({ name: "plus", inputs: { x: num }, output: num, run: ({ inputs: { x } }) => { ran.push(`plus ${x}`); return x + 1; } });
const sum = step({ name: "sum", inputs: { xs: list(num) }, output: num, run: ({ inputs }) => inputs.xs.reduce((a, b) => a + b, 0) });
const tally = step({ name: "tally", inputs: { xs: list(settled(num)) }, output: json(z.string()), run: ({ inputs }) => inputs.xs.map((x) => (x.ok ? String(x.value) : `${x.error.code} ${x.error.message}`)).join(", ") });
const statuses = (h: Harness, report: Awaited<ReturnType<Harness["run"]>>, prefix: string) => Object.entries(h.status(report)).filter(([id]) => id.startsWith(prefix)).map(([, s]) => s);
/** The records say what the report says, and nothing is left running. */
async function agree(h: Harness, report: Awaited<ReturnType<Harness["run"]>>): Promise<void> {
  const rows = await h.records.steps(report.id);
  expect(Object.fromEntries(rows.map((r) => [r.node, r.status]))).toEqual(h.status(report));
  for (const r of rows) { expect(r.status).not.toBe("running"); expect(r.ended_at).not.toBeNull(); }
}

test("an item that fails, fails the map and the run; what follows is skipped", async () => {
  const h = await make();
  const p = definePipeline({ name: "p", build: () => { const all = map(numbers(4, -1, 9)(), (x) => plus({ x: root({ x }) })); return { sum: sum({ xs: all }) }; } });
  const report = await h.run(p);
  expect(report).toMatchObject({ status: "failed", error: { message: "no root of -1" } });
  expect(report.nodes.get("map_root")).toMatchObject({ status: "failed", error: { message: "no root of -1" } });
  expect(report.nodes.get("sum")).toMatchObject({ status: "skipped", error: { code: "MLS4006" } });
  expect(statuses(h, report, "root@").toSorted()).toEqual(["completed", "failed", "skipped"]);
  await agree(h, report);
});

test("with continue, the other items are finished although the map fails", async () => {
  const h = await make();
  const p = definePipeline({ name: "p", build: () => { sum({ xs: map(numbers(-4, 1, -9, 16)(), (x) => plus({ x: root({ x }) })) }); plus({ x: sum({ xs: map(numbers(4, 9)(), (x) => root({ x })) }) }); } });
  const report = await h.run(p, {}, { onFailure: "continue" });
  expect(report.status).toBe("failed");
  expect(report.nodes.get("map_root")!.status).toBe("failed");
  expect(report.nodes.get("map_root_2")!.status).toBe("completed");
  expect(statuses(h, report, "root@").toSorted()).toEqual(["completed", "completed", "failed", "failed"]);
  expect(statuses(h, report, "plus@").toSorted()).toEqual(["completed", "completed", "skipped", "skipped"]);
  expect(report.nodes.get("plus_2")!.status).toBe("completed");
  await agree(h, report);
});

test("a map that fails has the error of its own item, though another step failed first", async () => {
  const h = await make();
  const p = definePipeline({ name: "p", build: () => { map(numbers(-1)(), (x) => root({ x })); map(numbers(-25, 4)(), (x) => root({ x })); } });
  const report = await h.run(p, {}, { onFailure: "continue" });
  expect([report.nodes.get("map_root")!.error!.message, report.nodes.get("map_root_2")!.error!.message]).toEqual(["no root of -1", "no root of -25"]);
});

test("failures are results where they are collected: the run completes, and the rest of such an item is skipped", async () => {
  const h = await make();
  const p = definePipeline({ name: "p", build: () => { const all = map(numbers(4, -1, 9)(), (x) => plus({ x: plus({ x: root({ x }) }) }), { onFailure: "collect" }); return { all, text: tally({ xs: all }) }; } });
  const report = await h.run(p);
  expect(report).toMatchObject({ status: "completed", error: undefined });
  const error = { code: "MLS4001", message: "no root of -1" };
  expect(await valuesOf(h, report, p)).toEqual({ all: [{ ok: true, value: 4 }, { ok: false, error }, { ok: true, value: 5 }] satisfies Settled<number>[], text: "4, MLS4001 no root of -1, 5" });
  expect(report.nodes.get("map_root")!.status).toBe("completed");
  for (const each of ["plus@", "plus_2@"]) expect(statuses(h, report, each).filter((s) => s === "skipped")).toHaveLength(1);
  await agree(h, report);
  // only what failed runs again, and the list is the same
  const again = await h.run(p);
  expect(ran.filter((r) => r.startsWith("root"))).toEqual(["root 4", "root -1", "root 9", "root -1"]);
  expect(again.nodes.get("tally")!.status).toBe("cached");
});

test.each([1, 4])("a map that fails, inside an item of one that collects, is that item's failure (%i at a time)", async (n) => {
  const h = await make({ stack: parallel(n) });
  const parts = step({ name: "parts", inputs: { x: num }, output: list(num), run: ({ inputs: { x } }) => (x < 0 ? [x, x - 1, 1, x - 2] : [x, x]) });
  const p = definePipeline({ name: "p", build: () => ({ all: map(numbers(4, -1, 9)(), (x) => plus({ x: sum({ xs: map(parts({ x }), (y) => plus({ x: root({ x: y }) })) }) }), { onFailure: "collect" }) }) });
  const report = await h.run(p);
  expect(report.status).toBe("completed");
  const { all } = (await valuesOf(h, report, p)) as { all: Settled<number>[] };
  expect(all.map((a) => a.ok && a.value)).toEqual([7, false, 9]);
  expect(statuses(h, report, "map_root@").toSorted()).toEqual(["completed", "completed", "failed"]);
  await agree(h, report);
});

test("a map that collects, inside an item of one that fails, keeps its failures to itself", async () => {
  const h = await make({ stack: parallel(2) });
  const parts = step({ name: "parts", inputs: { x: num }, output: list(num), run: ({ inputs: { x } }) => [x, -x] });
  const p = definePipeline({ name: "p", build: () => ({ all: map(numbers(4, 9)(), (x) => tally({ xs: map(parts({ x }), (y) => root({ x: y }), { onFailure: "collect" }) })) }) });
  const report = await h.run(p);
  expect(await valuesOf(h, report, p)).toEqual({ all: ["2, MLS4001 no root of -4", "3, MLS4001 no root of -9"] });
  await agree(h, report);
});

test("an item ends, too, when a map in it waits for a step that fails", async () => {
  const h = await make({ stack: parallel(2) });
  const late = step({ name: "late", inputs: { x: num }, output: num, run: async ({ inputs: { x } }) => { await turns(50); if (x < 0) throw new Error("late"); return x; } });
  const parts = step({ name: "parts", inputs: { x: num }, output: list(num), run: ({ inputs: { x } }) => [x, x + 1] });
  const both = step({ name: "both", inputs: { a: num, b: num }, output: num, run: ({ inputs }) => inputs.a + inputs.b });
  const p = definePipeline({ name: "p", build: () => ({ all: map(numbers(1, -1)(), (x) => { const a = late({ x }); return sum({ xs: map(parts({ x }), (y) => both({ a, b: y })) }); }, { onFailure: "collect" }) }) });
  const report = await h.run(p);
  expect(report.status).toBe("completed");
  expect(((await valuesOf(h, report, p)) as { all: Settled<number>[] }).all.map((a) => a.ok && a.value)).toEqual([5, false]);
  await agree(h, report);
});

test("a map that is being read when its item fails is not begun", async () => {
  const store = memoryStore();
  const h = await make({ stack: inMemory(2), plugins: [memoryPlugin({ a: store })] });
  let isRead = () => {};
  const read = new Promise<void>((go) => { isRead = go; });
  const fails = step({ name: "fails", inputs: { x: num }, output: num, run: async () => { await read; throw new Error("no"); } });
  const parts = step({ name: "parts", inputs: { x: num }, output: list(num), run: () => [1, 2] });
  let letOn = () => {};
  const opened = new Promise<void>((go) => { letOn = go; });
  const goOn = async () => { await turns(30); store.fault = undefined; letOn(); };
  const event = (e: JournalEvent) => {
    if (e.kind !== "step-ended") return;
    // from here on the list is read, and that takes until the item has failed
    if (e.node.startsWith("parts@")) store.fault = (call) => { if (!call.startsWith("get cas/")) return undefined; isRead(); return opened; };
    if (e.node.startsWith("fails@")) void goOn();
  };
  const p = definePipeline({ name: "p", build: () => ({ all: map(numbers(5)(), (x) => { fails({ x }); return sum({ xs: map(parts({ x }), (y) => plus({ x: y })) }); }, { onFailure: "collect" }) }) });
  const report = await h.run(p, {}, { observer: { event } });
  expect([report.status, ran]).toEqual(["completed", []]);
  expect([statuses(h, report, "map_plus@"), statuses(h, report, "plus@")]).toEqual([["skipped"], ["skipped", "skipped"]]);
  expect(((await valuesOf(h, report, p)) as { all: Settled<number>[] }).all).toEqual([{ ok: false, error: { code: "MLS4001", message: "no" } }]);
  await agree(h, report);
});

test("a step that waits for its turn when its item fails is not started", async () => {
  const h = await make({ stack: inMemory(1), plugins: [memoryPlugin({ a: memoryStore() })] });
  const fails = step({ name: "fails", inputs: { x: num }, output: num, run: async ({ inputs: { x } }) => { await turns(50); if (x < 0) throw new Error("gone"); return x; } });
  const p = definePipeline({ name: "p", build: () => ({ all: map(numbers(-1, 1)(), (x) => { const f = fails({ x }); root({ x }); plus({ x }); return plus({ x: f }); }, { onFailure: "collect" }) }) });
  const report = await h.run(p);
  expect(ran.filter((r) => r.endsWith("-1"))).toEqual([]);
  expect(((await valuesOf(h, report, p)) as { all: Settled<number>[] }).all.map((a) => a.ok && a.value)).toEqual([false, 2]);
  await agree(h, report);
});

test("items are tried again as their step says", async () => {
  const h = await make();
  const flaky = step({ name: "flaky", inputs: { x: num }, output: num, retry: { attempts: 2, delayMs: 1 }, run: ({ inputs: { x }, run }) => { if (run.attempt === 1 || x < 0) throw new Error(`attempt ${run.attempt}`); return x; } });
  const p = definePipeline({ name: "p", build: () => ({ all: map(numbers(1, -1)(), (x) => flaky({ x }), { onFailure: "collect" }) }) });
  const report = await h.run(p);
  expect(await valuesOf(h, report, p)).toEqual({ all: [{ ok: true, value: 1 }, { ok: false, error: { code: "MLS4001", message: "attempt 2" } }] });
  const [good] = [...report.nodes.keys()].filter((id) => id.startsWith("flaky@"));
  expect((await h.records.attempts(report.id, good!)).map((a) => a.status)).toEqual(["failed", "completed"]);
  await agree(h, report);
});

test("a condition inside an item decides for that item", async () => {
  const h = await make({ stack: parallel(2) });
  const isEven = step({ name: "is_even", inputs: { x: num }, output: json(z.boolean()), run: ({ inputs }) => inputs.x % 2 === 0 });
  const p = definePipeline({ name: "p", build: () => ({ all: map(numbers(4, 3, -2)(), (x) => when(isEven({ x }), () => root({ x }), () => plus({ x })), { onFailure: "collect" }) }) });
  const report = await h.run(p);
  expect(((await valuesOf(h, report, p)) as { all: Settled<number>[] }).all.map((a) => a.ok && a.value)).toEqual([2, 4, false]);
  expect(ran.toSorted()).toEqual(["plus 3", "root -2", "root 4"]);
  await agree(h, report);
});

test("a step may itself give values that are there or failed", async () => {
  const h = await make();
  const tries = step({ name: "tries", output: list(settled(num)), run: (): Settled<number>[] => [{ ok: true, value: 3 }, { ok: false, error: { code: "X1", message: "no" } }] });
  const one = step({ name: "one", output: settled(num), run: (): Settled<number> => ({ ok: false, error: { code: "X2", message: "none" } }) });
  const look = step({ name: "look", inputs: { x: settled(num) }, output: json(z.string()), run: ({ inputs: { x } }) => (x.ok ? String(x.value) : x.error.code) });
  const p = definePipeline({ name: "p", build: () => ({ all: map(tries(), (x) => look({ x })), one: look({ x: one() }), text: tally({ xs: tries() }) }) });
  const report = await h.run(p);
  expect(await valuesOf(h, report, p)).toEqual({ all: ["3", "X1"], one: "X2", text: "3, X1 no" });
});

test("cancel in the middle of a map leaves nothing running", async () => {
  const h = await make({ stack: parallel(2) });
  const abort = new AbortController();
  const waits = step({ name: "waits", inputs: { x: num }, output: num, run: ({ inputs: { x }, signal }) => { if (x < 2) return x; if (x === 3) abort.abort(); return new Promise((_, no) => { signal.addEventListener("abort", () => no(new Error("told"))); }); } });
  const p = definePipeline({ name: "p", build: () => { sum({ xs: map(numbers(0, 1, 2, 3, 4, 5)(), (x) => plus({ x: waits({ x }) })) }); } });
  const report = await h.run(p, {}, { signal: abort.signal });
  expect(report.status).toBe("cancelled");
  expect(report.nodes.get("map_waits")!.status).toBe("cancelled");
  expect(statuses(h, report, "waits@").toSorted()).toEqual(["cancelled", "cancelled", "cancelled", "cancelled", "completed", "completed"]);
  await agree(h, report);
});

test("cancel between two attempts is the step's end", async () => {
  const h = await make();
  const abort = new AbortController();
  const flaky = step({ name: "flaky", output: num, retry: { attempts: 3, delayMs: 600_000 }, run: () => { setImmediate(() => setImmediate(() => abort.abort())); throw new Error("no"); } });
  const report = await h.run(definePipeline({ name: "p", build: () => { flaky(); } }), {}, { signal: abort.signal });
  expect([report.status, h.status(report)]).toEqual(["cancelled", { flaky: "cancelled" }]);
  expect((await h.records.attempts(report.id, "flaky")).map((a) => a.status)).toEqual(["failed", "cancelled"]);
  // a resumed run goes on with the number after it
  expect((await h.records.specs(report.id)).get("flaky")!.attempt).toBe(2);
  await agree(h, report);
});

test("a step that fails because it was cancelled is not tried again, and has an end", async () => {
  const h = await make();
  const abort = new AbortController();
  const flaky = step({ name: "flaky", output: num, retry: { attempts: 3, delayMs: 1 }, run: () => { queueMicrotask(() => abort.abort()); throw new Error("no"); } });
  const report = await h.run(definePipeline({ name: "p", build: () => { flaky(); } }), {}, { signal: abort.signal });
  expect(report.status).toBe("cancelled");
  await agree(h, report);
});
