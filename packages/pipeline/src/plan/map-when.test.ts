import { describe, expect, test } from "vitest";
import { z } from "zod";
import { definePipeline, everyPlanNode, isStepNode, json, list, map, optional, planSchema, planSources, settled, step, text, when, type Plan } from "../index.ts";
import { compilePlan } from "./compile-plan.ts";
import { testingContext } from "./testing/context.ts";
import { checkedOrder } from "./testing/plan-order.ts";

const num = json(z.number());
const nums = step({ name: "nums", params: { n: z.number().default(1) }, output: list(num), run: () => [] });
const names = step({ name: "names", output: json(z.array(z.string())), run: () => [] });
const add = step({ name: "add", inputs: { a: num, b: num }, output: num, run: () => 1 });
const half = step({ name: "half", inputs: { a: num }, params: { extra: z.unknown().optional(), path: z.string().optional() }, outputs: { low: num, note: text({ kind: "report" }) }, run: () => ({ low: 1, note: "" }) });
const good = step({ name: "good", inputs: { a: num }, output: json(z.boolean()), run: () => true });
const sum = step({ name: "sum", inputs: { all: list(num) }, output: num, run: () => 1 });
const tally = step({ name: "tally", inputs: { all: list(settled(num)), maybe: optional(num), one: settled(num) }, output: num, run: () => 1 });
const compile = (build: () => unknown) => compilePlan(definePipeline({ name: "p", build }), {}, testingContext());
const valid = (plan: Plan): Plan => { expect(planSchema.parse(JSON.parse(JSON.stringify(plan)))).toEqual(plan); checkedOrder(plan.nodes); return plan; };
const of = (node: string, output = "output") => ({ node, output });

describe("a plan with map and when", () => {
  test("has a map as one node with its body", async () => {
    const { plan } = await compile(() => {
      const [xs, x] = [nums(), sum({ all: nums() })];
      const { low, note } = map(xs, (item) => { const y = add({ a: item, b: x }); return half({ a: y }, { after: [x] }); }, { keys: names(), id: "halves", onFailure: "collect", after: [x] });
      sum({ all: [x] }, { after: [note] });
      return { low };
    });
    const mapped = valid(plan).nodes[4];
    expect(mapped).toEqual({
      kind: "map", id: "halves", over: of("nums"), keys: of("names"), onFailure: "collect", after: ["sum"], conditions: [],
      outputs: { low: of("half", "low"), note: of("half", "note") }, outputTypes: { low: { format: "list/1", items: "json/1", kind: "data" }, note: { format: "list/1", items: "text/1", kind: "report" } },
      body: [
        { kind: "step", id: "add", step: "steps.ts#add", inputs: { a: of("halves", "item"), b: of("sum") }, params: {}, after: [], conditions: [], uncached: [] },
        { kind: "step", id: "half", step: "steps.ts#half", inputs: { a: of("add") }, params: { extra: { value: expect.anything() as unknown }, path: { value: expect.anything() as unknown } }, after: ["sum"], conditions: [], uncached: [] },
      ],
    });
    expect(plan.nodes.at(-1)).toMatchObject({ id: "sum_2", after: ["halves"] });
    expect(Object.keys(plan.steps)).toEqual(["steps.ts#nums", "steps.ts#sum", "steps.ts#names", "steps.ts#add", "steps.ts#half"]);
    expect(planSources(mapped!)).toEqual([of("nums"), of("names")]);
  });

  test("has the conditions of every call, and a choice for two branches", async () => {
    const { plan } = await compile(() => {
      const x = sum({ all: nums() });
      const ok = good({ a: x });
      const best = when(ok, () => add({ a: x, b: x }), () => when(good({ a: x }), () => half({ a: x }).low, () => x), { id: "best" });
      add({ a: best, b: x });
    });
    const given = { conditions: [{ source: of("good"), equals: true }] };
    const otherwise = [{ source: of("good"), equals: false }];
    expect(valid(plan).nodes.slice(3)).toMatchObject([
      { id: "add", ...given }, { id: "good_2", conditions: otherwise }, { id: "half", conditions: [...otherwise, { source: of("good_2"), equals: true }] },
      { kind: "choose", id: "choose", condition: of("good_2"), outputs: { output: { whenTrue: of("half", "low"), whenFalse: of("sum") } }, after: [], conditions: otherwise },
      { kind: "choose", id: "best", condition: of("good"), outputs: { output: { whenTrue: of("add"), whenFalse: of("choose") } }, after: [], conditions: [] },
      { id: "add_2", inputs: { a: of("best"), b: of("sum") }, conditions: [] },
    ]);
    expect(planSources(plan.nodes[6]!)).toEqual([of("half", "low"), of("sum"), of("good_2"), of("good")]);
    expect(planSources(plan.nodes[3]!)).toEqual([of("sum"), of("sum"), of("good")]);
  });

  test("says of every input whether it may be missing or settled", async () => {
    const { plan } = await compile(() => {
      const xs = nums();
      const tried = map(xs, (item) => add({ a: item, b: item }), { onFailure: "collect" });
      map(tried, (one) => tally({ all: tried, maybe: when(good({ a: sum({ all: xs }) }), () => sum({ all: xs })), one }));
    });
    const failure = "mlstack.failure/1";
    expect(valid(plan).steps["steps.ts#tally"]!.inputs).toEqual({ all: { reads: ["list/1"], items: ["json/1", failure] }, maybe: { reads: ["json/1"], optional: true }, one: { reads: ["json/1", failure], settled: true } });
  });

  test("says why a call in a body is not cached, and keeps its live parameters", async () => {
    const { plan, liveParams } = await compile(() => map(nums(), (item) => map(nums(), () => half({ a: item, extra: () => 1, path: "compile-plan.ts" }))));
    const call = [...everyPlanNode(valid(plan).nodes)].find((n) => n.id === "half")!;
    expect(isStepNode(call) && call.uncached.map((u) => u.rule)).toEqual(["unencodable-parameter", "file-named-by-string"]);
    expect(liveParams.get("half")!["extra"]).toBeTypeOf("function");
    expect([...everyPlanNode(plan.nodes)].map((n) => n.id)).toEqual(["nums", "map_nums", "nums_2", "map_half", "half"]);
  });

  test("an id cannot look like an instance of a map", async () => {
    for (const id of ["a@1", "a/b", "", "1", "a b", ".."]) await expect(compile(() => nums({}, { id }))).rejects.toMatchObject({ code: "MLS1008" });
    const { plan } = await compile(() => nums({}, { id: "nums_v1.5-a" }));
    expect(planSchema.safeParse(JSON.parse(JSON.stringify(plan).replaceAll("nums_v1.5-a", "nums@1"))).success).toBe(false);
  });

  test("is made in a time that grows with the number of calls only", async () => {
    const build = (n: number) => compile(() => {
      const xs = nums();
      for (let i = 0; i < n; i += 5) map(xs, (item) => { const ok = good({ a: item }); when(ok, () => add({ a: item, b: item })); return half({ a: when(ok, () => half({ a: item }).low, () => item) }); });
    });
    await build(1000);
    const start = performance.now();
    const { plan } = await build(10_000);
    expect(performance.now() - start).toBeLessThan(3000);
    expect([...everyPlanNode(plan.nodes)]).toHaveLength(1 + 2000 * 6);
  });
});
