import { afterEach, expect, test } from "vitest";
import { definePipeline, json, list, map, step } from "@mlstack/pipeline";
import { z } from "zod";
import { fakeStack } from "../testing/fake-launcher.ts";
import { harness, type Harness, type HarnessOptions } from "../testing/harness.ts";
import { memoryStore } from "../testing/memory-store.ts";
import { hooksNotCalled, runHooks } from "./run-hooks.ts";

const open: Harness[] = [];
const make = async (options?: HarnessOptions) => { const h = await harness(options); open.push(h); return h; };
afterEach(async () => { for (const h of open.splice(0)) await h.close(); });

const num = json(z.number());

function told() {
  const said: string[] = [];
  const stepHooks = {
    onStart: ({ node }: { node: string }) => { said.push(`${node} starts`); },
    onSuccess: ({ node, outputs, durationMs }: { node: string; outputs: object; durationMs: number }) => { said.push(`${node} made ${Object.keys(outputs).join(",")}${durationMs >= 0 ? "" : "?"}`); },
    onFailure: async ({ node, error, attempts }: { node: string; error: { message: string }; attempts: number }) => { await Promise.resolve(); said.push(`${node} failed after ${attempts}: ${error.message}`); },
  };
  const pipelineHooks = {
    onStart: ({ run }: { run: { pipeline: string; name: string | undefined } }) => { said.push(`${run.pipeline} ${run.name ?? "-"} starts`); },
    onSuccess: ({ run }: { run: { pipeline: string } }) => { said.push(`${run.pipeline} succeeded`); },
    onFailure: ({ error }: { error: { message: string } }) => { said.push(`run failed: ${error.message}`); },
  };
  return { said, stepHooks, pipelineHooks };
}

test("steps that run tell their own hooks, the pipeline's are told once; what is cached tells nothing, and no key changes", async () => {
  const { said, stepHooks, pipelineHooks } = told();
  const bare = step({ name: "one", output: num, run: () => 1 });
  const one = step({ name: "one", output: num, hooks: stepHooks, run: () => 1 });
  const h = await make();
  const before = await h.run(definePipeline({ name: "hooked", build: () => { bare(); } }));
  const hooked = definePipeline({ name: "hooked", hooks: pipelineHooks, runName: "r-{n}", build: () => { one(); } });
  expect(h.status(await h.run(hooked))).toEqual({ one: "cached" });
  expect(said).toEqual(["hooked r-2 starts", "hooked succeeded"]);
  said.length = 0;
  expect(h.status(await h.run(hooked, {}, { cache: "refresh" }))).toEqual({ one: "completed" });
  expect(said).toEqual(["hooked r-3 starts", "one starts", "one made output", "hooked succeeded"]);
  const keys = await Promise.all([before.id, "r-2", "r-3"].map(async (run) => (await h.records.step((await h.records.run(run)).id, "one")).key));
  expect(new Set(keys).size).toBe(1);
});

test("a failure is told when the last attempt has failed; items of a map are told by their names", async () => {
  const { said, stepHooks, pipelineHooks } = told();
  const items = step({ name: "items", output: list(num), run: () => [1, 2] });
  const bad = step({ name: "bad", inputs: { x: num }, output: num, hooks: stepHooks, retry: { attempts: 2, delayMs: 0 }, run: ({ inputs }) => { if (inputs.x === 2) throw new Error("no luck"); return inputs.x; } });
  const h = await make();
  const report = await h.run(definePipeline({ name: "p", hooks: pipelineHooks, build: () => { map(items(), (x) => bad({ x })); } }), {}, { onFailure: "continue" });
  expect(report.status).toBe("failed");
  expect(said.filter((s) => s.endsWith("starts")).toSorted()).toEqual([expect.stringMatching(/^bad@\w+ starts$/), expect.stringMatching(/^bad@\w+ starts$/), "p - starts"]);
  expect(said).toContainEqual(expect.stringMatching(/^bad@\w+ made output$/));
  expect(said).toContainEqual(expect.stringMatching(/^bad@\w+ failed after 2: no luck$/));
  expect(said.at(-1)).toBe("run failed: no luck");
});

test("a hook that throws is a warning, the run goes on, and the next hook is called", async () => {
  const said: string[] = [];
  const one = step({ name: "one", output: num, hooks: { onStart: () => { throw new Error("the chat is down"); }, onSuccess: () => { said.push("made"); } }, run: () => 1 });
  const h = await make();
  const report = await h.run(definePipeline({ name: "p", hooks: { onSuccess: async () => Promise.reject(new Error("so is mail")) }, build: () => { one(); } }));
  expect([report.status, said]).toEqual(["completed", ["made"]]);
  expect(report.warnings).toEqual(["the hook onStart of one failed: the chat is down", "the hook onSuccess failed: so is mail"]);
  expect(JSON.parse((await h.records.run(report.id)).warnings_json)).toEqual(report.warnings);
});

test("a resumed run begins again, and what had finished before tells nothing", async () => {
  const { said, stepHooks, pipelineHooks } = told();
  let fails = true;
  const one = step({ name: "one", output: num, cache: false, hooks: stepHooks, run: () => 1 });
  const two = step({ name: "two", inputs: { x: num }, output: num, hooks: stepHooks, run: () => { if (fails) throw new Error("not yet"); return 2; } });
  const p = definePipeline({ name: "p", hooks: pipelineHooks, runName: "r", build: () => { two({ x: one() }); } });
  const h = await make();
  const { id } = await h.run(p);
  fails = false;
  await h.resume(id, p);
  expect(said).toEqual([
    "p r starts", "one starts", "one made output", "two starts", "two failed after 1: not yet", "run failed: not yet",
    "p r starts", "two starts", "two made output", "p succeeded",
  ]);
});

test("steps elsewhere tell hooks where the driver is; a driver that is elsewhere has none, and that is said", async () => {
  const { said, stepHooks, pipelineHooks } = told();
  const one = step({ name: "one", output: num, hooks: stepHooks, run: () => 1 });
  const h = await make(fakeStack(() => ({ status: "exited", exitCode: 1 }), { store: memoryStore() }));
  const report = await h.run(definePipeline({ name: "p", hooks: pipelineHooks, build: () => { one(); } }));
  expect(report.status).toBe("failed");
  expect(said).toEqual(["p - starts", "one starts", expect.stringMatching(/^one failed after 1: /), expect.stringMatching(/^run failed: /)]);
  expect(hooksNotCalled(new Map([["one", one.definition]]), pipelineHooks)).toBe("hooks of the pipeline, one are not called: the run's driver has none of the project's code");
  expect(hooksNotCalled(new Map(), undefined)).toBeUndefined();
});

const PLAN = { pipeline: { name: "p", module: null, tags: [] }, nodes: [], steps: {} } as never;
const bare = { run: { id: "r", pipeline: "p", name: undefined }, plan: PLAN, steps: new Map(), startedAt: 0, now: () => 5 };

test("a hook that does not end is left, told by its signal, and is a warning", async () => {
  let stopped = false;
  const hooks = runHooks({ ...bare, signal: new AbortController().signal, limitMs: 1, hooks: { onStart: ({ signal }) => new Promise<void>(() => { signal.addEventListener("abort", () => { stopped = true; }); }) } });
  expect(await hooks.finish("completed", undefined)).toEqual(["the hook onStart failed: it did not end within 0.001 s"]);
  expect(stopped).toBe(true);
});

test("a run that is told to stop waits for no hook and begins none", async () => {
  const abort = new AbortController();
  let called = 0;
  let begun: () => void = () => undefined;
  const first = new Promise<void>((done) => { begun = done; });
  const hooks = runHooks({ ...bare, signal: abort.signal, hooks: { onStart: () => { begun(); return new Promise<void>(() => undefined); }, onFailure: () => { called++; } } });
  await first;
  abort.abort();
  expect(await hooks.finish("failed", undefined)).toEqual(["the hook onStart failed: the run was told to stop", "one hook was not called: the run was told to stop"]);
  expect(called).toBe(0);
  expect(await hooks.finish("failed", undefined)).toEqual([]);
});
