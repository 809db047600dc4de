import { definePipeline, json, list, map, optional, step, when } from "@mlstack/pipeline";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { harness, type Harness, type HarnessOptions } from "../testing/harness.ts";
import { valuesOf } from "../testing/values.ts";

const open: Harness[] = [];
const make = async (options?: HarnessOptions) => { const h = await harness(options); open.push(h); return h; };
afterEach(async () => { for (const h of open.splice(0)) await h.close(); });

const num = json(z.number());
const bool = json(z.boolean());
let answer: unknown = true;
let ran: string[] = [];
beforeEach(() => { ran = []; answer = true; });
const ask = step({ name: "ask", cache: false, output: bool, run: () => answer as boolean });
const loose = step({ name: "loose", cache: false, output: json(z.unknown()), run: () => answer });
const one = step({ name: "one", output: num, run: () => { ran.push("one"); return 1; } });
const two = step({ name: "two", output: num, run: () => { ran.push("two"); return 2; } });
const plus = step({ name: "plus", inputs: { x: num }, output: num, run: ({ inputs: { x } }) => { ran.push(`plus ${x}`); return x + 1; } });
const maybe = step({ name: "maybe", inputs: { x: optional(num) }, output: json(z.string()), run: ({ inputs, artifacts }) => { ran.push(`maybe ${inputs.x}`); return `${inputs.x} ${artifacts.x === undefined}`; } });
const sum = step({ name: "sum", inputs: { xs: list(num) }, output: num, run: ({ inputs }) => inputs.xs.reduce((a, b) => a + b, 0) });
const numbers = step({ name: "numbers", output: list(num), run: () => [1, 2] });
const keyOf = async (h: Harness, run: string, node: string) => (await h.records.step(run, node)).key;

test("the branch that is not taken is skipped, an optional input gets undefined, and that is another key", async () => {
  const h = await make();
  const p = definePipeline({ name: "p", build: () => { const x = when(ask(), () => plus({ x: one() })); return { x, text: maybe({ x }) }; } });
  const taken = await h.run(p);
  expect(await valuesOf(h, taken, p)).toEqual({ x: 2, text: "2 false" });
  answer = false;
  const left = await h.run(p);
  expect(left.status).toBe("completed");
  expect(await valuesOf(h, left, p)).toEqual({ x: undefined, text: "undefined true" });
  expect(h.status(left)).toEqual({ ask: "completed", one: "skipped", plus: "skipped", maybe: "completed" });
  expect(await h.records.step(left.id, "plus")).toMatchObject({ status: "skipped", condition: "ask.output", error_json: null });
  expect(await keyOf(h, left.id, "maybe")).not.toBe(await keyOf(h, taken.id, "maybe"));
  expect(h.status(await h.run(p))["maybe"]).toBe("cached");
  answer = true;
  expect(h.status(await h.run(p))).toEqual({ ask: "completed", one: "cached", plus: "cached", maybe: "cached" });
});

test.each([[true, 1, { two: "skipped", one: "completed" }], [false, 2, { one: "skipped", two: "completed" }]])("with two branches the result is that of the one that was taken (%s)", async (value, result, expected) => {
  const h = await make();
  answer = value;
  const p = definePipeline({ name: "p", build: () => { const x = when(ask(), () => one(), () => two()); return { x, next: plus({ x }) }; } });
  const report = await h.run(p);
  expect(await valuesOf(h, report, p)).toEqual({ x: result, next: result + 1 });
  expect(h.status(report)).toMatchObject({ ...expected, choose: "completed", plus: "completed" });
});

test("a branch may return what was made before", async () => {
  const h = await make();
  answer = false;
  const p = definePipeline({ name: "p", build: () => { const x = one(); return { x: when(ask(), () => plus({ x }), () => x) }; } });
  expect(await valuesOf(h, await h.run(p), p)).toEqual({ x: 1 });
});

test.each([1, "true", null, { ok: true }])("a condition that is %j is refused: the steps that wait for it fail", async (value) => {
  const h = await make();
  answer = value;
  const report = await h.run(definePipeline({ name: "p", build: () => { plus({ x: when(loose() as never, () => one(), () => two()) }); } }), {}, { onFailure: "continue" });
  expect(report).toMatchObject({ status: "failed", error: { code: "MLS1009" } });
  expect(report.error!.message).toContain("loose.output");
  expect(ran).toEqual([]);
  expect(h.status(report)).toEqual({ loose: "completed", one: "failed", two: "failed", choose: "skipped", plus: "skipped" });
  expect((await h.records.run(report.id)).status).toBe("failed");
});

test("a condition in a skipped branch skips what hangs on it, both ways", async () => {
  const h = await make();
  answer = false;
  const p = definePipeline({ name: "p", build: () => { const x = when(ask(), () => when(ask({}, { id: "inner" }), () => one(), () => two())); return { text: maybe({ x }) }; } });
  const report = await h.run(p);
  expect(await valuesOf(h, report, p)).toEqual({ text: "undefined true" });
  expect(h.status(report)).toEqual({ ask: "completed", inner: "skipped", one: "skipped", two: "skipped", choose: "skipped", maybe: "completed" });
});

test("a map in a branch that is not taken is one skipped node", async () => {
  const h = await make();
  answer = false;
  const p = definePipeline({ name: "p", build: () => ({ total: when(ask(), () => sum({ xs: map(numbers(), (x) => plus({ x })) }), () => two()) }) });
  const left = await h.run(p);
  expect(h.status(left)).toEqual({ ask: "completed", numbers: "skipped", map_plus: "skipped", sum: "skipped", two: "completed", choose: "completed" });
  expect(await valuesOf(h, left, p)).toEqual({ total: 2 });
  answer = true;
  expect(await valuesOf(h, await h.run(p), p)).toEqual({ total: 5 });
});

test("a condition from outside of a map holds for all of its items", async () => {
  const h = await make();
  answer = false;
  const p = definePipeline({ name: "p", build: () => { const ok = ask(); return { all: map(numbers(), (x) => when(ok, () => plus({ x }), () => plus({ x: plus({ x }) }))) }; } });
  expect(await valuesOf(h, await h.run(p), p)).toEqual({ all: [3, 4] });
});

test("a step that failed skips what follows it, a branch not taken does not", async () => {
  const h = await make();
  answer = false;
  const bad = step({ name: "bad", output: num, run: () => { throw new Error("bad"); } });
  const p = definePipeline({ name: "p", build: () => { maybe({ x: when(ask(), () => bad()) }); } });
  expect(h.status(await h.run(p))).toEqual({ ask: "completed", bad: "skipped", maybe: "completed" });
  answer = true;
  expect(h.status(await h.run(p))).toEqual({ ask: "completed", bad: "failed", maybe: "skipped" });
});
