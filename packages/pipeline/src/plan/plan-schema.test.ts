import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { definePipeline, file, json, list, map, optional, planSchema, settled, step, when, type Plan } from "../index.ts";
import { compilePlan } from "./compile-plan.ts";
import { testingContext } from "./testing/context.ts";

/** The published document, as somebody in another language would use it: by a validator that knows nothing of zod. */
const published = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true }).compile(JSON.parse(readFileSync(join(import.meta.dirname, "..", "..", "schemas", "plan.v1.json"), "utf8")) as object);

const num = json(z.number());
const source = step({ name: "source", params: { n: z.number().default(1), live: z.unknown().optional(), rows: file().default("rows.csv") }, outputs: { x: num, all: list(num) }, env: ["TOKEN"], tags: ["t"], retry: { attempts: 3 }, timeoutMs: 5, resources: { cpu: 2, gpu: { count: 1, type: "a" } }, settings: { process: { graceMs: 1 } }, run: () => ({ x: 1, all: [] }) });
const add = step({ name: "add", inputs: { a: num, b: num }, output: num, cacheVersion: "2", run: () => 1 });
const good = step({ name: "good", inputs: { a: num }, output: json(z.boolean()), run: () => true });
const tally = step({ name: "tally", inputs: { all: list(settled(num)), maybe: optional(num) }, output: num, uses: { modelDeployer: "optional" }, requires: { experimentTracker: true }, run: () => 1 });
const component = step({ name: "component", inputs: { all: list(num) }, uses: { modelDeployer: { cache: "by-component" } }, serves: { all: "format" }, run: () => undefined });
const inline = step({ name: "inline", cache: false, files: ["nowhere.txt"], run: () => undefined });

const build = () => {
  const { x, all } = source({ live: () => 1 }, { id: "first" });
  const sums = map(all, (item) => add({ a: item, b: x }), { onFailure: "collect" });
  const nested = map(all, (item) => map(all, (other) => add({ a: item, b: other })), { id: "outer" });
  const maybe = when(good({ a: x }), () => add({ a: x, b: x }));
  const either = when(good({ a: x }), () => add({ a: x, b: x }), () => x);
  tally({ all: sums, maybe }, { after: [nested] });
  component({ all: [x, either] }, { tags: ["own"], retry: { attempts: 2 }, resources: { gpu: { count: 2 } }, settings: { process: { graceMs: 2 } }, timeoutMs: 7 });
  inline();
};
const plan = async (): Promise<Plan> => JSON.parse(JSON.stringify((await compilePlan(definePipeline({ name: "p", params: { n: z.number().default(1), when: z.date().default(new Date(0)) }, build, tags: ["x"], schedule: { cron: "0 6 * * *", timeZone: "Europe/Berlin", catchUp: true } }), {}, testingContext({ env: { TOKEN: "t" } }))).plan)) as Plan;

const problems = (document: unknown) => { published(document); return (published.errors ?? []).map((e) => `${e.instancePath} ${e.message ?? ""}`); };

describe("the published schema", () => {
  test("accepts a plan with maps in maps, conditions of both kinds, data, and a parameter that only its process has", async () => {
    const document = await plan();
    expect(problems(document)).toEqual([]);
    expect(new Set(document.nodes.map((n) => n.kind))).toEqual(new Set(["step", "map", "choose"]));
    expect(JSON.stringify(document)).toContain(`{"opaque":true}`);
  });

  test("accepts what has no identity, no packages and no bundle", async () => {
    const found = (await compilePlan(definePipeline({ name: "p", build: () => { inline(); } }), {}, testingContext({ print: { identity: null, code: null, packages: null }, bundle: () => { throw new Error("nothing to bundle"); } }))).plan;
    expect(problems(JSON.parse(JSON.stringify(found)))).toEqual([]);
    expect(found.bundle).toBeNull();
  });

  type Bag = Record<string, unknown>;
  const at = (value: unknown, ...path: readonly (string | number)[]): Bag => path.reduce<Bag>((bag, key) => bag[key] as Bag, value as Bag);
  const first = "steps.ts#source";
  test.each<[string, (p: Plan) => void]>([
    ["another version", (p) => { at(p)["planVersion"] = 2; }],
    ["a field that is not there", (p) => { delete at(p)["environment"]; }],
    ["a field that nobody knows", (p) => { at(p)["novelty"] = 1; }],
    ["a field that nobody knows, deep inside", (p) => { at(p, "steps", first, "parts")["novelty"] = 1; }],
    ["a node of no kind", (p) => { at(p, "nodes", 0)["kind"] = "loop"; }],
    ["a node that is a step and has a body", (p) => { at(p, "nodes", 0)["body"] = []; }],
    ["a node in a map's body that is none", (p) => { const found = (p.nodes as unknown as Bag[]).find((n) => n["id"] === "outer"); at(found, "body", 0)["kind"] = "loop"; }],
    ["a name that looks like an item's", (p) => { at(p, "nodes", 0)["id"] = "first@1"; }],
    ["an input that leads nowhere in particular", (p) => { const found = (p.nodes as unknown as Bag[]).find((n) => n["id"] === "good"); at(found, "inputs")["a"] = { node: "first" }; }],
    ["a parameter that is neither value, data nor opaque", (p) => { at(p, "nodes", 0, "params")["n"] = 1; }],
    ["a parameter that is said not to be opaque", (p) => { at(p, "nodes", 0, "params")["live"] = { opaque: false }; }],
    ["data of no kind", (p) => { at(p, "nodes", 0, "params", "rows")["data"] = "table"; }],
    ["a condition that equals no boolean", (p) => { const found = (p.nodes as unknown as Bag[]).find((n) => (n["conditions"] as unknown[]).length > 0); at(found, "conditions", 0)["equals"] = "true"; }],
    ["a digest that is none", (p) => { at(p, "steps", first, "parts", "code")["digest"] = "abc"; }],
    ["no attempts", (p) => { at(p, "steps", first, "options", "retry")["attempts"] = 0; }],
    ["half an attempt", (p) => { at(p, "steps", first, "options", "retry")["attempts"] = 1.5; }],
    ["a way to serve that is not known", (p) => { at(p, "steps", "steps.ts#component", "serves", "all")["kind"] = "code"; }],
    ["a use that is not known", (p) => { at(p, "steps", "steps.ts#tally", "uses")["modelDeployer"] = "always"; }],
    ["a variable whose hash is a number", (p) => { at(p, "steps", first, "parts", "env")["TOKEN"] = 1; }],
    ["whether the time zone counts, as a text", (p) => { at(p, "steps", first, "parts")["zone"] = "UTC"; }],
    ["a reason without a fix", (p) => { delete at(p, "steps", "steps.ts#inline", "uncached", 0)["fix"]; }],
    ["an output of no kind", (p) => { at(p, "steps", first, "outputs", "x")["kind"] = "thing"; }],
  ])("refuses %s, as the code does", async (_, plant) => {
    const document = await plan();
    plant(document);
    expect(problems(document)).not.toEqual([]);
    expect(planSchema.safeParse(document).success).toBe(false);
  });
});
