import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { jsonOf, testProject, type TestProject } from "./testing/project.ts";

const COUNT = 1000;
const FILES = {
  "pipeline.mjs": `import { json, list, map, optional, pipeline, settled, step, when } from "mlstack";
import { z } from "zod";
import { appendFileSync } from "node:fs";
const num = json(z.number());
export const numbers = step({ name: "numbers", params: { count: z.number(), extra: z.number() }, output: list(num), run({ params }) {
  const all = Array.from({ length: params.count }, (_, i) => i);
  if (params.extra >= 0) all.splice(params.count / 2, 0, params.extra);
  return all;
} });
// every four hundredth can't be had
export const check = step({ name: "check", inputs: { x: num }, output: num, run({ inputs: { x } }) {
  appendFileSync("checked.txt", x + "\\n");
  if (x % 400 === 399) throw new RangeError("no luck with " + x);
  return x;
} });
export const square = step({ name: "square", inputs: { x: num }, output: num, run({ inputs: { x } }) { appendFileSync("squared.txt", x + "\\n"); return x * x; } });
export const tally = step({ name: "tally", inputs: { all: list(settled(num)) }, output: json(z.object({ sum: z.number(), failed: z.array(z.string()), inOrder: z.boolean() })), run({ inputs: { all } }) {
  const good = all.flatMap((a) => (a.ok ? [a.value] : []));
  return { sum: good.reduce((a, b) => a + b, 0), failed: all.flatMap((a) => (a.ok ? [] : [a.error.message])), inOrder: all.every((a, i) => i >= 500 || !a.ok || a.value === i * i) };
} });
export const isPerfect = step({ name: "is_perfect", inputs: { t: json(z.unknown()) }, output: json(z.boolean()), run: ({ inputs: { t } }) => t.failed.length === 0 });
export const praise = step({ name: "praise", output: json(z.string()), run: () => "well done" });
export const say = step({ name: "say", inputs: { praise: optional(json(z.string())) }, output: json(z.string()), run: ({ inputs }) => inputs.praise ?? "try again" });
export const many = pipeline({ name: "many", params: { count: z.number().default(${COUNT}), extra: z.number().default(-1) }, build(p) {
  const all = map(numbers({ count: p.count, extra: p.extra }), (x) => square({ x: check({ x }) }), { onFailure: "collect" });
  const t = tally({ all });
  return { t, text: say({ praise: when(isPerfect({ t }), () => praise()) }) };
} });
`,
};

let p: TestProject;
beforeAll(() => { p = testProject(FILES); });
afterAll(() => { p.close(); });
const lines = (file: string) => (existsSync(join(p.dir, file)) ? readFileSync(join(p.dir, file), "utf8").trim().split("\n").map(Number) : []);
const forget = () => { for (const file of ["checked.txt", "squared.txt"]) rmSync(join(p.dir, file), { force: true }); };
const preview = async (name: string) => JSON.parse((await p.mlstack(["artifact", "preview", name])).stdout) as unknown;
const run = (...args: string[]) => { forget(); return p.mlstack(["run", "pipeline.mjs", "--concurrency", "2", ...args]); };
const show = async () => jsonOf(await p.mlstack(["run", "show", "last", "--json"])).data as { status: string; steps: { step: string; status: string; condition?: string | null; cache?: { state: string } }[] };
const FAILING = [399, 799];
const sum = Array.from({ length: COUNT }, (_, i) => i).filter((i) => !FAILING.includes(i)).reduce((a, i) => a + i * i, 0);

test("a thousand items in worker processes, of which some fail and are collected", async () => {
  const { code, stdout, stderr } = await run();
  expect(code, stderr).toBe(0);
  expect(lines("checked.txt").toSorted((a, b) => a - b)).toEqual(Array.from({ length: COUNT }, (_, i) => i));
  expect(lines("squared.txt")).toHaveLength(COUNT - FAILING.length);
  expect(await preview("last/tally")).toEqual({ sum, failed: FAILING.map((x) => `no luck with ${x}`), inOrder: true });
  // a person reads this: nothing is said per item
  expect(`${stdout}${stderr}`.split("\n").length, stderr).toBeLessThan(40);
});

test("what was left out by a condition is shown with it", async () => {
  const { status, steps } = await show();
  expect(status).toBe("completed");
  expect(steps.find((s) => s.step === "praise")).toMatchObject({ status: "skipped", condition: "is_perfect.output" });
  expect(steps.find((s) => s.step === "say")).toMatchObject({ status: "completed" });
  expect(steps.filter((s) => s.status === "running")).toEqual([]);
  expect(await preview("last/say")).toBe("try again");
});

test("a second run takes everything from the cache, save what failed", async () => {
  const { code, stderr } = await run();
  expect(code, stderr).toBe(0);
  // two workers, so either may come first
  expect([lines("checked.txt").toSorted((a, b) => a - b), lines("squared.txt")]).toEqual([FAILING, []]);
  expect((await show()).steps.find((s) => s.step === "tally")).toMatchObject({ status: "cached" });
});

test("an item that is inserted into the middle is executed, and no other", async () => {
  const { code, stderr } = await run("-p", "extra=100000");
  expect(code, stderr).toBe(0);
  expect(lines("checked.txt").filter((x) => !FAILING.includes(x))).toEqual([100_000]);
  expect(lines("squared.txt")).toEqual([100_000]);
  expect(await preview("last/tally")).toMatchObject({ sum: sum + 1e10, inOrder: true });
});
