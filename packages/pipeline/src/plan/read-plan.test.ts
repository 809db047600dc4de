import { MlstackError } from "@mlstack/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { definePipeline, json, list, map, optional, planSchema, readPlan, step, when, type Plan } from "../index.ts";
import { compilePlan } from "./compile-plan.ts";
import { testingContext } from "./testing/context.ts";

const num = json(z.number());
const source = step({ name: "source", outputs: { x: num, all: list(num) }, run: () => ({ x: 1, all: [] }) });
const add = step({ name: "add", inputs: { a: num, b: num }, params: { n: z.number().default(1) }, output: num, run: () => 1 });
const good = step({ name: "good", inputs: { a: num }, output: json(z.boolean()), run: () => true });
const tally = step({ name: "tally", inputs: { all: list(num), maybe: optional(num) }, output: num, run: () => 1 });
const text = JSON.stringify((await compilePlan(definePipeline({ name: "p", build: () => {
  const { x, all } = source();
  const sums = map(all, (item) => add({ a: item, b: x }));
  tally({ all: sums, maybe: when(good({ a: x }), () => add({ a: x, b: x })) }, { after: [sums] });
} }), {}, testingContext())).plan);
const plan = (): Plan => JSON.parse(text) as Plan;
const foreign = (document: unknown) => () => readPlan(JSON.stringify(document), "d", { foreign: true });
const refused = (why: string | RegExp) => expect.objectContaining({ code: "MLS1012", why: typeof why === "string" ? why : (expect.stringMatching(why) as string) }) as Error;

describe("a plan document", () => {
  test("is read as it was written, from text or bytes", () => {
    for (const given of [text, Buffer.from(text)]) expect(readPlan(given, "d", { foreign: true })).toEqual(plan());
    expect(readPlan(text, "d")).toEqual(plan());
  });

  test.each([["", "it is no JSON"], ["{", "it is no JSON"], ["null", "it is no JSON object"], ["7", "it is no JSON object"], ['{"planVersion":1}', "it has no steps and nodes"]])("that is none is refused: %s", (given, why) => {
    expect(() => readPlan(given, "d")).toThrow(refused(why));
  });

  test("of another version is refused with what is read here", () => {
    expect(foreign({ ...plan(), planVersion: 2 })).toThrow(expect.objectContaining({ code: "MLS1012", message: "the plan d is of version 2, this mlstack reads version 1" }) as Error);
    expect(foreign({})).toThrow(expect.objectContaining({ message: "the plan d is of version none, this mlstack reads version 1" }) as Error);
  });

  test("whose nodes no run could follow is refused where it comes from elsewhere", () => {
    const [first, ...rest] = plan().nodes;
    expect(foreign({ ...plan(), nodes: [...rest, first] })).toThrow(refused("map_add: source does not come before it"));
    expect(foreign({ ...plan(), nodes: [first, first] })).toThrow(refused("the id source is there twice"));
    expect(foreign({ ...plan(), steps: {} })).toThrow(refused('source: there is no step "steps.ts#source"'));
    const other = plan();
    for (const node of other.nodes) if (node.kind === "map") node.body = [];
    expect(foreign(other)).toThrow(refused("map_add: add is not in its body"));
    // the list itself may be what results
    const own = plan();
    for (const node of own.nodes) if (node.kind === "map") { node.body = []; for (const s of Object.values(node.outputs)) Object.assign(s, { node: node.id, output: "item" }); }
    expect(foreign(own)()).toEqual(own);
  });

  test("that was changed anywhere is read as a plan, or refused with the code", () => {
    const places: (readonly (string | number)[])[] = [];
    const walk = (value: unknown, at: readonly (string | number)[]): void => {
      places.push(at);
      if (typeof value === "object" && value !== null) for (const [k, v] of Object.entries(value)) walk(v, [...at, Array.isArray(value) ? Number(k) : k]);
    };
    walk(plan(), []);
    const seen = { read: 0, refused: 0 };
    fc.assert(fc.property(fc.constantFrom(...places), fc.option(fc.jsonValue(), { nil: undefined }), (at, value) => {
      const document = { root: plan() as unknown };
      let parent = document as unknown as Record<string | number, unknown>;
      for (const key of ["root", ...at].slice(0, -1)) parent = parent[key] as typeof parent;
      const last = at.at(-1) ?? "root";
      if (value === undefined) Reflect.deleteProperty(parent, last); else parent[last] = value;
      try {
        const read = readPlan(JSON.stringify(document.root) ?? "", "d", { foreign: true });
        expect(planSchema.safeParse(read).success).toBe(true);
        seen.read++;
      } catch (e) {
        if (!MlstackError.is(e, "MLS1012")) throw e;
        seen.refused++;
      }
    }), { numRuns: 1500 });
    expect(Object.values(seen).every((n) => n > 0)).toBe(true);
  });

  test("cut or with other bytes is refused with the code", () => {
    fc.assert(fc.property(fc.nat(text.length - 2), fc.oneof(fc.constant(""), fc.string()), (at, put) => {
      try { readPlan(text.slice(0, at) + put, "d", { foreign: true }); } catch (e) { if (!MlstackError.is(e, "MLS1012")) throw e; }
    }), { numRuns: 500 });
  });
});
