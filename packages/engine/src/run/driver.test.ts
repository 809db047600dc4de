import { json, definePipeline, step, list } from "@mlstack/pipeline";
import { MlstackError } from "@mlstack/core";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { harness, type Harness, type HarnessOptions } from "../testing/harness.ts";

const open: Harness[] = [];
const make = async (options?: HarnessOptions) => { const h = await harness(options); open.push(h); return h; };
afterEach(async () => { for (const h of open.splice(0)) await h.close(); });

const calls: string[] = [];
const numbers = step({ name: "numbers", params: { n: z.number().default(3) }, output: json(z.array(z.number())), run: ({ params }) => { calls.push("numbers"); return Array.from({ length: params.n }, (_, i) => i); } });
const total = step({ name: "total", inputs: { xs: json(z.array(z.number())) }, outputs: { sum: json(z.number()) }, run: ({ inputs, tracker, log, metadata }) => {
  calls.push("total");
  const sum = inputs.xs.reduce((a, b) => a + b, 0);
  tracker.logMetric("sum", sum);
  log(`sum is ${sum}`);
  process.stdout.write("printed\n");
  metadata("sum", { count: inputs.xs.length });
  return { sum };
} });
const sums = definePipeline({ name: "sums", params: { n: z.number().default(3) }, build: (p) => { const { sum } = total({ xs: numbers({ n: p.n }) }); return { sum }; } });

test("runs, serves from the cache, and runs again what reaches a change", async () => {
  const h = await make();
  calls.length = 0;
  expect(h.status(await h.run(sums))).toEqual({ numbers: "completed", total: "completed" });
  expect(h.status(await h.run(sums))).toEqual({ numbers: "cached", total: "cached" });
  expect(calls).toEqual(["numbers", "total"]);
  expect(h.status(await h.run(sums, { n: 4 }))).toEqual({ numbers: "completed", total: "completed" });
  h.code.set("total", "edited");
  expect(h.status(await h.run(sums))).toEqual({ numbers: "cached", total: "completed" });
});

test("a changed step that gives the same output leaves what follows cached", async () => {
  const h = await make();
  await h.run(sums);
  h.code.set("numbers", "written otherwise");
  expect(h.status(await h.run(sums))).toEqual({ numbers: "completed", total: "cached" });
});

test("records hold outputs, metadata, logs and tracker calls, of cached steps too", async () => {
  const h = await make();
  const first = await h.run(sums);
  const second = await h.run(sums);
  for (const run of [first, second]) {
    const [artifact] = await h.records.artifacts({ run: run.id, node: "total" });
    expect(JSON.parse(artifact!.metadata_json)).toMatchObject({ count: 3 });
    expect(await h.records.tracked(run.id)).toMatchObject([{ key: "sum", value: 3, kind: "metric" }]);
  }
  const lines = [];
  for await (const line of h.logs.read(first.id, "total")) lines.push(line.text);
  expect(lines).toEqual(["sum is 3", "printed"]);
  expect((await h.records.run("last")).status).toBe("completed");
});

test("a failure is recorded; what depends on it is not started; the rest goes on only if asked", async () => {
  const h = await make();
  const bad = step({ name: "bad", output: json(z.number()), run: () => { throw new TypeError("no luck"); } });
  const after = step({ name: "after", inputs: { x: json(z.number()) }, output: json(z.number()), run: ({ inputs }) => inputs.x });
  const p = definePipeline({ name: "p", build: () => { after({ x: bad() }); numbers({}); } });
  const stopped = await h.run(p);
  expect(h.status(stopped)).toEqual({ bad: "failed", after: "skipped", numbers: "skipped" });
  expect(stopped.error).toMatchObject({ name: "TypeError", message: "no luck" });
  expect(h.status(await h.run(p, {}, { onFailure: "continue" }))).toEqual({ bad: "failed", after: "skipped", numbers: "completed" });
  expect((await h.records.run("last")).status).toBe("failed");
});

test("retries, and keeps every attempt", async () => {
  const h = await make();
  let n = 0;
  const flaky = step({ name: "flaky", output: json(z.number()), retry: { attempts: 3, delayMs: 1 }, run: ({ run }) => { if (++n < 3) throw new Error(`attempt ${run.attempt}`); return n; } });
  const report = await h.run(definePipeline({ name: "p", build: () => { flaky(); } }));
  expect(report.status).toBe("completed");
  expect((await h.records.attempts(report.id, "flaky")).map((a) => a.status)).toEqual(["failed", "failed", "completed"]);
});

test("a timeout fails the step with its own code", async () => {
  const h = await make();
  const slow = step({ name: "slow", timeoutMs: 20, run: () => sleep(5000) });
  const report = await h.run(definePipeline({ name: "p", build: () => { slow(); } }));
  expect(report.error).toMatchObject({ code: "MLS4002" });
});

test("cancel stops what runs and starts nothing more", async () => {
  const h = await make();
  const abort = new AbortController();
  let seen = false;
  const waits = step({ name: "waits", output: json(z.number()), run: async ({ signal }) => { setTimeout(() => abort.abort(), 10); await new Promise((_, no) => signal.addEventListener("abort", () => { seen = true; no(new Error("told")); })); return 1; } });
  const next = step({ name: "next", inputs: { x: json(z.number()) }, run: () => undefined });
  const report = await h.run(definePipeline({ name: "p", build: () => { next({ x: waits() }); } }), {}, { signal: abort.signal });
  expect(seen).toBe(true);
  expect(report.status).toBe("cancelled");
  expect(h.status(report)).toEqual({ waits: "cancelled", next: "cancelled" });
});

test("a list output has an artifact per item, and several outputs make a list input", async () => {
  const h = await make();
  const many = step({ name: "many", output: list(json(z.number())), run: () => [1, 2, 3] });
  const add = step({ name: "add", inputs: { xs: list(json(z.number())) }, output: json(z.number()), run: ({ inputs }) => inputs.xs.reduce((a, b) => a + b, 0) });
  const one = step({ name: "one", params: { v: z.number() }, output: json(z.number()), run: ({ params }) => params.v });
  const p = definePipeline({ name: "p", build: () => ({ a: add({ xs: many() }), b: add({ xs: [one({ v: 4 }), one({ v: 5 })] }) }) });
  const report = await h.run(p);
  expect(report.error).toBeUndefined();
  const stored = await h.records.artifacts({ run: report.id });
  expect(stored.filter((a) => a.node === "add" || a.node === "add_2").map((a) => (JSON.parse(a.preview_json!) as { text: string }).text.trim())).toEqual(["6", "9"]);
  expect(h.status(await h.run(p))).toEqual({ many: "cached", add: "cached", one: "cached", one_2: "cached", add_2: "cached" });
});

test("a step that is never cached says why; off and refresh do not read", async () => {
  const h = await make({ uncached: new Set(["numbers"]) });
  await h.run(sums);
  const again = await h.run(sums);
  expect(h.status(again)).toEqual({ numbers: "completed", total: "cached" });
  expect(JSON.parse((await h.records.step(again.id, "numbers")).cache_json)).toMatchObject({ state: "uncached", reasons: [{ rule: "run-time-step" }] });
  expect(h.status(await h.run(sums, {}, { cache: "refresh" }))).toEqual({ numbers: "completed", total: "completed" });
});

test("different outputs under one key mark it: it is not served any more", async () => {
  const h = await make();
  let n = 0;
  const random = step({ name: "random", output: json(z.number()), run: () => n++ });
  const p = definePipeline({ name: "p", build: () => { random(); } });
  await h.run(p);
  const second = await h.run(p, {}, { cache: "refresh" });
  expect(JSON.parse((await h.records.step(second.id, "random")).cache_json)).toMatchObject({ state: "lost-race", nonDeterministic: true });
  expect(h.status(await h.run(p))).toEqual({ random: "completed" });
});

test("a stack without a required component is refused before anything runs", async () => {
  const h = await make();
  const needs = step({ name: "needs", requires: { modelDeployer: true }, run: () => undefined });
  await expect(h.run(definePipeline({ name: "p", build: () => { numbers({}); needs(); } }))).rejects.toSatisfy((e) => MlstackError.is(e, "MLS4004"));
  await expect(h.records.run("last")).rejects.toSatisfy((e) => MlstackError.is(e, "MLS5003"));
});
