import { definePipeline, json, list, map, step } from "@mlstack/pipeline";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { harness, type Harness, type HarnessOptions } from "../testing/harness.ts";
import { parallel, valuesOf } from "../testing/values.ts";

const open: Harness[] = [];
const make = async (options?: HarnessOptions) => { const h = await harness(options); open.push(h); return h; };
afterEach(async () => { for (const h of open.splice(0)) await h.close(); });

const num = json(z.number());
let given: number[] = [];
let names: unknown = [];
let ran: number[] = [];
beforeEach(() => { ran = []; given = []; names = []; });
const numbers = step({ name: "numbers", cache: false, output: list(num), run: () => given });
const keys = step({ name: "keys", cache: false, output: json(z.unknown()), run: () => names });
const double = step({ name: "double", inputs: { x: num }, output: num, run: ({ inputs }) => { ran.push(inputs.x); return inputs.x * 2; } });
const add = step({ name: "add", inputs: { a: num, b: num }, output: num, run: ({ inputs }) => inputs.a + inputs.b });
const sum = step({ name: "sum", inputs: { xs: list(num) }, output: num, run: ({ inputs }) => inputs.xs.reduce((a, b) => a + b, 0) });
const doubled = definePipeline({ name: "doubled", build: () => { const all = map(numbers(), (x) => double({ x })); return { all, sum: sum({ xs: all }) }; } });
const keyed = definePipeline({ name: "keyed", build: () => ({ all: map(numbers(), (x) => double({ x }), { keys: keys() as never }) }) });
const bodyNodes = (h: Harness, report: Awaited<ReturnType<Harness["run"]>>) => Object.entries(h.status(report)).filter(([id]) => id.startsWith("double@"));

test("results come in the order of the items, whatever the order in which they are made", async () => {
  const h = await make({ stack: parallel(4) });
  const slow = step({ name: "slow", inputs: { x: num }, output: num, run: async ({ inputs }) => { for (let i = 0; i < inputs.x; i++) await new Promise((go) => { setImmediate(go); }); ran.push(inputs.x); return inputs.x; } });
  given = [50, 1, 30, 2];
  const p = definePipeline({ name: "p", build: () => ({ all: map(numbers(), (x) => slow({ x })) }) });
  const report = await h.run(p);
  expect(ran).not.toEqual(given);
  expect(await valuesOf(h, report, p)).toEqual({ all: [50, 1, 30, 2] });
  expect(report.nodes.get("map_slow")!.status).toBe("completed");
});

test("an item that is inserted into the middle of a thousand costs one execution", { timeout: 60_000 }, async () => {
  const h = await make();
  given = Array.from({ length: 1000 }, (_, i) => i);
  await h.run(doubled);
  expect(ran).toHaveLength(1000);
  ran = [];
  given.splice(500, 0, 5000);
  const report = await h.run(doubled);
  expect(ran).toEqual([5000]);
  expect(report.nodes.get("sum")!.status).toBe("completed");
  expect(((await valuesOf(h, report, doubled)) as { all: number[] }).all.slice(499, 502)).toEqual([998, 10_000, 1000]);
});

test("the nodes of an item keep their names when another one is inserted", async () => {
  const h = await make();
  given = [1, 2, 3];
  const before = bodyNodes(h, await h.run(doubled)).map(([id]) => id);
  given = [1, 9, 2, 3];
  const after = bodyNodes(h, await h.run(doubled));
  expect(after.filter(([, status]) => status === "cached").map(([id]) => id).toSorted()).toEqual(before.toSorted());
});

test("equal items are nodes of their own, and have a result each", async () => {
  const h = await make();
  given = [7, 7, 7];
  const report = await h.run(doubled);
  expect(new Set(bodyNodes(h, report).map(([id]) => id)).size).toBe(3);
  expect(ran).toEqual([7]);
  expect(await valuesOf(h, report, doubled)).toEqual({ all: [14, 14, 14], sum: 42 });
  expect(await h.records.steps(report.id)).toHaveLength(6);
});

test("an empty list gives an empty list, and what follows runs", async () => {
  const h = await make();
  const report = await h.run(doubled);
  expect(h.status(report)).toEqual({ numbers: "completed", map_double: "completed", sum: "completed" });
  expect(await valuesOf(h, report, doubled)).toEqual({ all: [], sum: 0 });
});

test("given keys are the names of the items; what a file can't be called is hashed", async () => {
  const h = await make();
  given = [1, 2, 3];
  names = ["monday", "a/b", "ends."];
  const report = await h.run(keyed);
  const ids = bodyNodes(h, report).map(([id]) => id);
  expect(ids[0]).toBe("double@monday");
  for (const id of ids) expect(id).toMatch(/^double@[A-Za-z0-9._=+-]*[A-Za-z0-9_=+-]$/);
  expect(await valuesOf(h, report, keyed)).toEqual({ all: [2, 4, 6] });
});

test.each([["too few", ["a"], "there are 1 keys"], ["not distinct", ["a", "a", "b"], "2 of them distinct"], ["not text", [1, 2, 3], "the keys of"], ["not a list", "abc", "not a list"]])("keys that are %s fail the map, and only it", async (_, bad, why) => {
  const h = await make();
  given = [1, 2, 3];
  names = bad;
  const report = await h.run(keyed);
  expect(report.error).toMatchObject({ code: "MLS1009" });
  expect(`${report.error!.message} ${report.error!.why ?? ""}`).toContain(why);
  expect(h.status(report)).toEqual({ numbers: "completed", keys: "completed", map_double: "failed" });
  expect(await h.records.step(report.id, "map_double")).toMatchObject({ status: "failed" });
});

test("maps in maps, with references from outside of both", async () => {
  const h = await make({ stack: parallel(3) });
  given = [1, 2];
  const more = step({ name: "more", inputs: { x: num }, output: list(num), run: ({ inputs }) => [inputs.x * 10, inputs.x * 100] });
  const p = definePipeline({ name: "p", build() {
    const base = sum({ xs: numbers() });
    return { all: map(numbers(), (x) => { const d = double({ x }); return { inner: map(more({ x }), (y) => add({ a: add({ a: y, b: d }), b: base }), { id: "inside" }), total: sum({ xs: map(more({ x }), (y) => double({ x: y })) }) }; }) };
  } });
  const report = await h.run(p);
  expect(report.error).toBeUndefined();
  expect(await valuesOf(h, report, p)).toEqual({ all: { inner: [[15, 105], [27, 207]], total: [220, 440] } });
  expect(await valuesOf(h, await h.run(p), p)).toEqual({ all: { inner: [[15, 105], [27, 207]], total: [220, 440] } });
});

test("a list of lists is mapped list by list", async () => {
  const h = await make();
  const nested = step({ name: "nested", output: list(list(num)), run: () => [[1, 2], [], [3]] });
  const p = definePipeline({ name: "p", build: () => ({ sums: map(nested(), (xs) => sum({ xs })), doubled: map(nested(), (xs) => map(xs, (x) => double({ x }))) }) });
  const report = await h.run(p);
  expect(report.error).toBeUndefined();
  expect(await valuesOf(h, report, p)).toEqual({ sums: [3, 0, 3], doubled: [[2, 4], [], [6]] });
});

test("what comes after a map starts when all of its items have ended", async () => {
  const h = await make({ stack: parallel(3) });
  given = [1, 2, 3];
  const late = step({ name: "late", cache: false, output: num, run: () => ran.length });
  const p = definePipeline({ name: "p", build: () => { const all = map(numbers(), (x) => double({ x })); return { late: late({}, { after: [all] }) }; } });
  expect(await valuesOf(h, await h.run(p), p)).toEqual({ late: 3 });
});
