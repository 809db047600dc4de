import { MlstackError, type StepCallOptions } from "@mlstack/core";
import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { callOptionsOf, definePipeline, everyPlanNode, isStepNode, json, list, map, step, type Plan, type PipelineSpec } from "../index.ts";
import { compilePlan, type CallOverrides } from "./compile-plan.ts";
import { testingContext } from "./testing/context.ts";

const num = json(z.number());
const source = step({ name: "source", params: { n: z.number().default(1) }, output: num, tags: ["own"], settings: { docker: { image: "a" }, process: { graceMs: 1 } }, timeoutMs: 1000, run: () => 1 });
const items = step({ name: "items", output: list(num), run: () => [] });
const double = step({ name: "double", inputs: { x: num }, output: num, cache: false, run: () => 1 });

const compile = (build: () => void, overrides: CallOverrides = {}, spec: Partial<PipelineSpec<Record<string, never>, void>> = {}) => compilePlan(definePipeline({ name: "p", ...spec, build }), {}, testingContext(), overrides).then((c) => c.plan);
const options = (plan: Plan, id: string) => { const node = [...everyPlanNode(plan.nodes)].filter(isStepNode).find((n) => n.id === id)!; return { ...callOptionsOf(plan.steps[node.step]!, node), cached: ![...plan.steps[node.step]!.uncached, ...node.uncached].some((r) => r.rule === "switched-off") }; };
const refused = async (work: () => unknown): Promise<{ code: string; message: string; fix: string | undefined }> => {
  try { await work(); } catch (e) { if (MlstackError.is(e)) return { code: e.code, message: e.message, fix: e.fix }; throw e; }
  throw new Error("nothing was refused");
};

describe("options of a call", () => {
  test("win over what the step says; tags and settings are added", async () => {
    const plan = await compile(() => {
      source();
      source({}, { id: "own", tags: ["call"], settings: { docker: { image: "b" } }, retry: { attempts: 3 }, timeoutMs: 5, resources: { cpu: 2 } });
    });
    expect(options(plan, "source")).toMatchObject({ retry: { attempts: 1, delayMs: 1000, backoff: 2 }, timeoutMs: 1000, resources: null, tags: ["own"] });
    expect(options(plan, "own")).toMatchObject({ retry: { attempts: 3, delayMs: 1000, backoff: 2 }, timeoutMs: 5, resources: { cpu: 2 }, tags: ["own", "call"], settings: { docker: { image: "b" }, process: { graceMs: 1 } } });
    // the step itself is in the plan once, and its parts are not touched
    expect(Object.keys(plan.steps)).toHaveLength(1);
    expect(plan.nodes.filter(isStepNode).map((n) => n.options === undefined)).toEqual([true, false]);
  });

  test("may be given beforehand by with, and again, and are other calls of the same step", async () => {
    const patient = source.with({ retry: { attempts: 2 }, tags: ["a"] });
    const plan = await compile(() => { patient(); patient.with({ timeoutMs: 7, tags: ["b"] })({ n: 2 }, { retry: { attempts: 9 } }); source(); });
    expect([options(plan, "source"), options(plan, "source_2"), options(plan, "source_3")]).toMatchObject([{ retry: { attempts: 2 }, tags: ["own", "a"] }, { retry: { attempts: 9 }, timeoutMs: 7, tags: ["own", "a", "b"] }, { retry: { attempts: 1 }, tags: ["own"] }]);
    expect(Object.keys(plan.steps)).toHaveLength(1);
    expectTypeOf(patient).toEqualTypeOf(source);
    // @ts-expect-error unknown parameter, as with the step itself
    await refused(() => compile(() => { patient({ m: 1 }); }));
  });

  test("say whether it is cached, over step and pipeline", async () => {
    const plan = await compile(() => { const a = source({}, { cache: false }); const b = source({}, { cache: true, id: "kept" }); double({ x: a }); double({ x: b }, { cache: true, id: "cached" }); });
    expect(["source", "kept", "double", "cached"].map((id) => options(plan, id).cached)).toEqual([false, true, false, true]);
    const all = await compile(() => { source(); source({}, { cache: true }); }, {}, { cache: false });
    expect([options(all, "source").cached, options(all, "source_2").cached]).toEqual([false, true]);
  });

  test.each<[string, unknown, RegExp, string]>([
    ["a name for the id", { name: "x" }, /has no option "name"/, "write id"],
    ["a timeout without its unit", { timeout: 5 }, /has no option "timeout"/, "write timeoutMs"],
    ["what is in the key", { env: ["A"] }, /env can't be set for one call/, "write env in step({ … }): what a key is made of belongs to the step"],
    ["a value that means nothing", { retry: 3 }, /retry is 3/, "write retry: { attempts: 3 }"],
    ["no object", 3, /its options are 3/, 'write source({ … }, { id: "first" })'],
    ["a typo", { resuorces: {} }, /has no option "resuorces"/, "write resources"],
  ])("refuse %s", async (_, given, message, fix) => {
    expect(await refused(() => compile(() => { source({}, given as StepCallOptions); }))).toEqual({ code: "MLS1002", message: expect.stringMatching(message) as string, fix });
  });

  test("by with refuse what belongs to one call", async () => {
    expect(await refused(() => source.with({ id: "x" } as StepCallOptions))).toMatchObject({ code: "MLS1002", message: expect.stringContaining('source.with(…) is invalid: it has no option "id"') as string });
  });
});

describe("options for one run", () => {
  test("win over the code: by a step's name for all its calls, by an id for one, in bodies of maps too", async () => {
    const build = () => { source(); source({}, { id: "other", retry: { attempts: 4 } }); map(items(), (x) => double({ x })); };
    const plan = await compile(build, { source: { retry: { attempts: 2 }, tags: ["run"] }, other: { timeoutMs: 3, cache: false }, double: { cache: true } });
    expect([options(plan, "source"), options(plan, "other"), options(plan, "double")]).toMatchObject([
      { retry: { attempts: 2 }, tags: ["own", "run"], cached: true }, { retry: { attempts: 2 }, timeoutMs: 3, cached: false }, { cached: true },
    ]);
  });

  test("are refused for a call that is not there", async () => {
    expect(await refused(() => compile(() => { source(); }, { sorce: {} }))).toEqual({ code: "MLS1018", message: 'the pipeline "p" calls no step "sorce"', fix: "write source" });
  });

  test("the last word counts, whatever was said before", async () => {
    const maybe = fc.option(fc.constantFrom(1, 2, 3), { nil: undefined });
    await fc.assert(fc.asyncProperty(maybe, maybe, maybe, maybe, maybe, async (pipeline, own, preset, call, run) => {
      const of = (n: number | undefined) => (n === undefined ? {} : { timeoutMs: n });
      const it = step({ name: "it", output: num, ...of(own), run: () => 1 });
      const plan = await compile(() => { it.with(of(preset))({}, of(call)); }, { it: of(run) }, of(pipeline));
      expect(options(plan, "it").timeoutMs).toBe(run ?? call ?? preset ?? own ?? pipeline ?? null);
    }));
  });
});

describe("a schedule", () => {
  const scheduled = (schedule: unknown) => refused(() => compile(() => { source(); }, {}, { schedule: schedule as never }));
  test("is data in the plan", async () => {
    const schedule = { cron: "30 6 * * 1-5", timeZone: "Europe/Berlin" };
    expect((await compile(() => { source(); }, {}, { schedule })).pipeline).toMatchObject({ schedule });
    expect((await compile(() => { source(); }, {}, { schedule: { everyMs: 3_600_000 } })).pipeline).toMatchObject({ schedule: { everyMs: 3_600_000 } });
    expect((await compile(() => { source(); })).pipeline).not.toHaveProperty("schedule");
  });

  test.each<[string, unknown, RegExp]>([
    ["neither cron nor interval", {}, /neither cron nor everyMs/], ["both", { cron: "0 6 * * *", everyMs: 60_000 }, /both cron and everyMs/], ["six fields", { cron: "0 0 6 * * *" }, /cron of schedule is "0 0 6 \* \* \*"/], ["a field out of range", { cron: "0 25 * * *" }, /cron of schedule is "0 25 \* \* \*": /],
    ["words", { cron: "at six every single day" }, /cron of schedule/], ["a day that never comes", { cron: "0 0 31 2 *" }, /it is never due/], ["an unknown zone", { cron: "0 6 * * *", timeZone: "Europe/Berln" }, /timeZone of schedule is "Europe\/Berln"/], ["half a minute", { everyMs: 30_000 }, /everyMs of schedule is 30000/],
    ["a zone of an interval", { everyMs: 60_000, timeZone: "UTC" }, /timeZone beside everyMs/], ["a typo", { corn: "0 6 * * *" }, /"corn", which is not known/], ["a text", "0 6 * * *", /schedule is "0 6/],
  ])("refuses %s", async (_, schedule, message) => {
    expect(await scheduled(schedule)).toMatchObject({ code: "MLS1008", message: expect.stringMatching(message) as string, fix: expect.stringMatching(/\w/) as string });
  });

  test("of any text is taken or refused with a code", async () => {
    const field = fc.oneof(fc.constantFrom("*", "0", "*/5", "1-5", "1,2", "L", "?", "60", "-1", "a"), fc.string({ minLength: 1, maxLength: 4 }));
    await fc.assert(fc.asyncProperty(fc.array(field, { minLength: 4, maxLength: 6 }), async (fields) => {
      try { await compile(() => { source(); }, {}, { schedule: { cron: fields.join(" ") } }); } catch (e) { expect(MlstackError.is(e, "MLS1008")).toBe(true); }
    }), { numRuns: 200 });
  });
});

test("hooks and names are looked at when they are defined", async () => {
  const hooks = (given: unknown) => refused(() => step({ name: "s", output: num, hooks: given as never, run: () => 1 }));
  expect(await hooks({ onEnd: () => undefined })).toMatchObject({ code: "MLS1008", message: expect.stringContaining('hooks has "onEnd", which is not known') as string });
  expect(await hooks({ onFailure: "mail" })).toMatchObject({ code: "MLS1008", message: expect.stringContaining('onFailure of hooks is "mail"') as string });
  expect(await refused(() => definePipeline({ name: "p", hooks: { onStart: 1 as never }, build: () => undefined }))).toMatchObject({ code: "MLS1008" });
  expect(await refused(() => definePipeline({ name: "p", runName: 3 as never, build: () => undefined }))).toMatchObject({ code: "MLS1008", message: expect.stringContaining("runName is 3") as string });
});
