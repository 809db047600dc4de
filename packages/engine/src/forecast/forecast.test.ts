import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { definePipeline, json, list, map, optional, settled, step, when } from "@mlstack/pipeline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { actionSpace } from "../store/action-space.ts";
import { layout } from "../store/layout.ts";
import { harness, type Harness } from "../testing/harness.ts";
import type { RunForecast } from "./foresee-run.ts";

let h: Harness;
beforeEach(async () => { h = await harness({ uncached: new Set(["fragile"]) }); });
afterEach(async () => { await h.close(); });

const num = json(z.number());
const load = step({ name: "load", params: { n: z.number() }, output: num, run: ({ params }) => params.n % 2 });
const train = step({ name: "train", inputs: { x: num }, params: { depth: z.number() }, output: num, run: ({ inputs, params }) => inputs.x + params.depth });
const spread = step({ name: "spread", inputs: { x: num }, output: list(num), run: ({ inputs }) => [inputs.x, 5] });
const isOdd = step({ name: "is_odd", inputs: { x: num }, output: json(z.boolean()), run: ({ inputs }) => inputs.x % 2 === 1 });
const total = step({ name: "total", inputs: { xs: list(num) }, output: num, run: ({ inputs }) => inputs.xs.reduce((a, b) => a + b, 0) });
const maybe = step({ name: "maybe", inputs: { x: optional(num) }, output: num, run: ({ inputs }) => inputs.x ?? 0 });
const told = ({ steps }: RunForecast) => Object.fromEntries(steps.map((s) => [s.node, s.verdict]));
const of = ({ steps }: RunForecast, node: string) => steps.find((s) => s.node === node)!;

describe("a chain", () => {
  const chain = definePipeline({ name: "chain", params: { n: z.number().default(1), depth: z.number().default(3) }, build: (p) => { train({ x: load({ n: p.n }), depth: p.depth }); } });

  test("that never ran runs, and what depends on it is not known", async () => {
    const found = await h.foresee(chain);
    expect(told(found)).toEqual({ load: "run", train: "unknown" });
    expect([of(found, "load").summary, of(found, "train").summary]).toEqual(["runs: no earlier run has a result of it", "depends on what load will give"]);
  });

  test("that ran is served; after an edit the reason is named", async () => {
    const { id } = await h.run(chain);
    const found = await h.foresee(chain);
    expect(told(found)).toEqual({ load: "cached", train: "cached" });
    expect(of(found, "train").entry).toMatchObject({ writer: { run: id, node: "train" } });
    expect(of(await h.foresee(chain, { depth: 4 }), "train")).toMatchObject({ verdict: "run", summary: "runs: the parameter depth changed", changes: [{ part: "params.depth", before: "3", after: "4" }], comparedWith: { run: id } });
    // 3 % 2 is 1 % 2: what follows is a hit in the end, and nobody can say so before
    expect(told(await h.foresee(chain, { n: 3 }))).toEqual({ load: "run", train: "unknown" });
    h.code.set("train", "edited");
    expect(of(await h.foresee(chain), "train").changes).toMatchObject([{ part: "code", details: ["steps.ts: train changed"] }]);
  });

  test("is foretold as the run is told to be: without the cache, or anew", async () => {
    await h.run(chain);
    for (const cache of ["off", "refresh"] as const) expect(of(await h.foresee(chain, {}, { cache }), "load")).toMatchObject({ verdict: "run", summary: expect.stringContaining("the run is told not to use earlier results") as string });
  });

  test("bytes that are gone, and executions that differed, are said", async () => {
    await h.run(chain);
    const key = of(await h.foresee(chain), "load").key!;
    const store = await h.stack.artifactStore();
    await store.put(layout.mark("shared", key, "r"), { kind: "bytes", bytes: Buffer.from("{}") });
    expect(of(await h.foresee(chain), "load").summary).toMatch(/^runs although its key is unchanged: executions with this key gave different results/);
    const { entry } = (await actionSpace(store, "shared").get(key)) as unknown as { entry: { outputs: Record<string, { manifest: string }> } };
    await actionSpace(store, "shared").accept(key);
    rmSync(join(h.project.stateDir, "store", layout.blob(entry.outputs["output"]!.manifest)));
    expect(of(await h.foresee(chain), "load")).toMatchObject({ verdict: "run", miss: "bytes-missing" });
  });
});

test("a step that is never cached runs, whatever comes before it, and says why", async () => {
  const fragile = step({ name: "fragile", inputs: { x: num }, output: num, run: ({ inputs }) => inputs.x });
  const found = await h.foresee(definePipeline({ name: "p", build: () => { train({ x: fragile({ x: load({ n: 1 }) }), depth: 1 }); } }));
  expect(told(found)).toEqual({ load: "run", fragile: "run", train: "unknown" });
  expect(of(found, "fragile")).toMatchObject({ summary: "runs: it is never cached: made at run time", meant: false });
});

test("of steps with the same key one runs", async () => {
  const twice = definePipeline({ name: "p", build: () => { load({ n: 1 }); load({ n: 1 }, { after: [] }); } });
  const found = await h.foresee(twice);
  expect(found.steps.map((s) => [s.verdict, s.sharedWith])).toEqual([["run", undefined], ["cached", found.steps[0]!.node]]);
});

describe("of steps with the same key every one runs", () => {
  const twice = definePipeline({ name: "p", build: () => { load({ n: 1 }); load({ n: 1 }, { after: [] }); } });
  const verdicts = async (cache: "use" | "refresh") => {
    const found = (await h.foresee(twice, {}, { cache })).steps.map((s) => s.verdict);
    const report = await h.run(twice, {}, { cache });
    return [found, Object.values(h.status(report))];
  };

  test.each(["use", "refresh"] as const)("where executions have differed, and the cache is to be read or not: %s", async (cache) => {
    await h.run(twice);
    const key = (await h.foresee(twice)).steps[0]!.key!;
    await (await h.stack.artifactStore()).put(layout.mark("shared", key, "r"), { kind: "bytes", bytes: Buffer.from("{}") });
    expect(await verdicts(cache)).toEqual([["run", "run"], ["completed", "completed"]]);
  });

  test("where what lies under the key can't be read", async () => {
    await h.run(twice);
    const key = (await h.foresee(twice)).steps[0]!.key!;
    await (await h.stack.artifactStore()).put(layout.action("shared", key), { kind: "bytes", bytes: Buffer.from("?") });
    expect(await verdicts("use")).toEqual([["run", "run"], ["completed", "completed"]]);
  });

  test("but where there is just no result, or it is made anew, one does", async () => {
    expect(await verdicts("use")).toEqual([["run", "cached"], ["completed", "cached"]]);
    expect(await verdicts("refresh")).toEqual([["run", "cached"], ["completed", "cached"]]);
  });
});

test("a step whose result was for its run alone is said to run for that, and shares nothing with another that has its key", async () => {
  const who = step({ name: "who", output: json(z.string()), run: ({ run }) => run.id });
  const twice = definePipeline({ name: "p", build: () => { who(); who({}, { after: [] }); } });
  expect(told(await h.foresee(twice))).toEqual({ who: "run", who_2: "cached" });
  expect(h.status(await h.run(twice))).toEqual({ who: "completed", who_2: "completed" });
  const found = await h.foresee(twice);
  expect(found.steps.map((s) => [s.node, s.verdict, s.summary])).toEqual([["who", "run", "runs: its last result was for its run alone: it reads run.id, which is not part of the key"], ["who_2", "unknown", "depends on what who will give"]]);
  expect(h.status(await h.run(twice))).toEqual({ who: "completed", who_2: "completed" });
});

describe("maps and conditions", () => {
  const p = definePipeline({ name: "p", params: { n: z.number() }, build: (given) => {
    const x = load({ n: given.n });
    const scaled = map(spread({ x }), (item) => train({ x: item, depth: 1 }));
    maybe({ x: when(isOdd({ x }), () => total({ xs: scaled })) });
  } });

  test("of which nothing is known stand for all that they may become", async () => {
    expect(told(await h.foresee(p, { n: 1 }))).toEqual({ load: "run", spread: "unknown", train: "unknown", is_odd: "unknown", total: "unknown", maybe: "unknown" });
  });

  test("are gone through as far as results are there", async () => {
    const done = h.status(await h.run(p, { n: 1 }));
    const found = told(await h.foresee(p, { n: 1 }));
    expect(Object.keys(found).filter((n) => n.startsWith("train@"))).toHaveLength(2);
    expect(new Set(Object.values(found))).toEqual(new Set(["cached"]));
    for (const node of Object.keys(found)) expect(Object.keys(done)).toContain(node);
    h.code.set("train", "edited");
    expect(told(await h.foresee(p, { n: 1 }))).toMatchObject({ spread: "cached", total: "unknown", maybe: "unknown" });
  });

  test("where failures are collected, a step that has to run decides its item, also if no output comes from it", async () => {
    const check = step({ name: "check", inputs: { x: num }, output: num, run: ({ inputs }) => { if (inputs.x === 5) throw new Error("five"); return 0; } });
    const oks = step({ name: "oks", inputs: { xs: list(settled(num)) }, output: num, run: ({ inputs }) => inputs.xs.filter((x) => x.ok).length });
    const build = (onFailure: "collect" | "fail") => definePipeline({ name: "p", build: () => {
      const body = (x: Parameters<typeof check>[0]["x"]) => { check({ x }); return train({ x, depth: 1 }); };
      if (onFailure === "collect") oks({ xs: map(spread({ x: load({ n: 1 }) }), body, { onFailure }) });
      else total({ xs: map(spread({ x: load({ n: 1 }) }), body) });
    } });
    // of the item whose check fails, training may have been begun by then, or not
    await h.run(definePipeline({ name: "p", build: () => { map(spread({ x: load({ n: 1 }) }), (x) => train({ x, depth: 1 })); } }));
    await h.run(build("collect"), {}, { onFailure: "continue" });
    // the check of 5 failed and is not in the cache: it will be run, and may succeed
    const found = await h.foresee(build("collect"));
    expect(found.steps.filter((s) => s.step.endsWith("#check")).map((s) => s.verdict).toSorted()).toEqual(["cached", "run"]);
    expect(of(found, "oks")).toMatchObject({ verdict: "unknown", waitsFor: ["map_check"] });
    // elsewhere a failure ends the run, and is not foretold
    h.code.set("check", "edited");
    expect(told(await h.foresee(build("fail")))).toMatchObject({ total: "run" });
  });

  test("a branch that is not taken is left out", async () => {
    await h.run(p, { n: 2 });
    expect(told(await h.foresee(p, { n: 2 }))).toMatchObject({ total: "skipped", maybe: "cached" });
  });
});

test("nothing is written: no record, no object, no time of one", async () => {
  const p = definePipeline({ name: "p", params: { n: z.number() }, build: (given) => { total({ xs: [load({ n: given.n }), load({ n: 1 })] }); } });
  await h.run(p, { n: 1 });
  const state = () => readdirSync(h.project.dir, { recursive: true, withFileTypes: true }).filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name)).toSorted().map((f) => [f, statSync(f).mtimeMs]);
  const before = state();
  await h.foresee(p, { n: 1 });
  await h.foresee(p, { n: 2 });
  expect(state()).toEqual(before);
});

describe("what should be cached", () => {
  const effects = step({ name: "switched", cache: false, output: num, run: () => 1 });
  const chain = definePipeline({ name: "chain", params: { depth: z.number() }, build: (p) => { effects(); train({ x: load({ n: 1 }), depth: p.depth }); } });

  test("is refused before, with what changed; a step that is switched off is meant to run", async () => {
    await h.run(chain, { depth: 1 });
    const [same, other] = [await h.foresee(chain, { depth: 1 }), await h.foresee(chain, { depth: 2 })];
    expect(of(same, "switched")).toMatchObject({ verdict: "run", meant: true });
    expect(same.refusal).toBeUndefined();
    expect(other.refusal).toMatchObject({ code: "MLS4013", exitCode: 3, message: "1 step has to run that should be in the cache: train", details: { steps: [{ step: "train", summary: "runs: the parameter depth changed", changed: ["params.depth"] }] } });
  });

  test("is refused while it runs where it was not known before: nothing of it runs", async () => {
    const report = await h.run(chain, { depth: 1 }, { expectCached: true });
    expect(report).toMatchObject({ status: "failed", error: { code: "MLS4013", message: 'the step "load" has to run, and should be in the cache' } });
    expect(h.status(report)).toMatchObject({ load: "failed", train: "skipped" });
    expect(await h.records.attempts(report.id, "load")).toEqual([]);
    expect((await h.run(chain, { depth: 1 })).status).toBe("completed");
    expect(h.status(await h.run(chain, { depth: 1 }, { expectCached: true }))).toEqual({ switched: "completed", load: "cached", train: "cached" });
  });
});
