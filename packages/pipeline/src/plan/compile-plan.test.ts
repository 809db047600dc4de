import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { definePipeline, isStepNode, json, list, planSchema, step, file, type Plan } from "../index.ts";
import { compilePlan } from "./compile-plan.ts";
import { actionKey, flattenParts, type KeyParts } from "./key-parts.ts";
import { planJsonSchema } from "./plan.ts";
import { testingContext } from "./testing/context.ts";

const num = json(z.number());
const source = step({ name: "source", params: { n: z.number().default(1), extra: z.unknown().optional() }, output: num, run: () => 1 });
const add = step({ name: "add", inputs: { a: num, b: num }, output: num, run: () => 1, retry: { attempts: 2 }, timeoutMs: 5000 });
const sum = step({ name: "sum", inputs: { all: list(num) }, output: num, run: () => 1 });
const reads = step({ name: "reads", params: { rows: file(), mode: z.string().default("plain") }, run: () => undefined });
const compile = (build: () => void, context = testingContext()) => compilePlan(definePipeline({ name: "p", build }), {}, context);
const calls = (plan: Plan) => plan.nodes.filter(isStepNode);
const valid = (plan: Plan): Plan => { const parsed = planSchema.parse(JSON.parse(JSON.stringify(plan))); expect(parsed).toEqual(plan); return plan; };

describe("a plan", () => {
  test("is plain JSON that satisfies its schema", async () => {
    const { plan } = await compile(() => { const a = source({}); const b = add({ a, b: source({ n: 2 }) }); sum({ all: [a, b] }); reads({ rows: "data.csv" }, { after: [b] }); });
    valid(plan);
    expect(calls(plan).map((n) => [n.id, n.step, n.inputs])).toEqual([
      ["source", "steps.ts#source", {}], ["source_2", "steps.ts#source", {}], ["add", "steps.ts#add", { a: { node: "source", output: "output" }, b: { node: "source_2", output: "output" } }],
      ["sum", "steps.ts#sum", { all: [{ node: "source", output: "output" }, { node: "add", output: "output" }] }], ["reads", "steps.ts#reads", {}],
    ]);
    expect(plan.nodes.at(-1)).toMatchObject({ after: ["add"], params: { rows: { data: "file", uri: "data.csv" }, mode: { value: "plain" } } });
    expect(plan.steps["steps.ts#add"]!.options).toMatchObject({ retry: { attempts: 2, delayMs: 1000, backoff: 2 }, timeoutMs: 5000 });
  });

  test("is the same for the same pipeline", async () => {
    const build = () => { add({ a: source({}), b: source({}) }); };
    expect(JSON.stringify((await compile(build)).plan)).toBe(JSON.stringify((await compile(build)).plan));
  });

  test("has each step once, however often it is called", async () => {
    let looked = 0;
    const context = testingContext();
    const counting = { ...context, fingerprinters: { node: { fingerprint: (...a: Parameters<(typeof context.fingerprinters)["node"]["fingerprint"]>) => { looked++; return context.fingerprinters["node"]!.fingerprint(...a); } } } };
    const { plan } = await compile(() => { let x = source({}); for (let i = 0; i < 500; i++) x = add({ a: x, b: x }); }, counting);
    expect([Object.keys(plan.steps).length, plan.nodes.length, looked]).toEqual([2, 501, 2]);
  });

  test("takes work in proportion to its calls: 10,000 of a thousand steps", async () => {
    const steps = Array.from({ length: 1000 }, (_, i) => step({ name: `s${i}`, inputs: { a: num }, params: { name: z.string().default("compile-plan.ts") }, output: num, run: () => 1 }));
    const work = async (calls: number) => {
      const pipeline = definePipeline({ name: "p", build: () => { let x = source({}); for (let i = 0; i < calls; i++) x = steps[i % steps.length]!({ a: x }); } });
      const seen = { reads: 0, prints: 0 };
      const counted: typeof pipeline = { ...pipeline, graph: (params) => {
        const built = pipeline.graph(params);
        return { ...built, graph: Object.assign(Object.create(built.graph) as typeof built.graph, { nodes: new Proxy(built.graph.nodes, { get: (nodes, key, self) => { if (typeof key === "string" && /^\d+$/.test(key)) seen.reads++; return Reflect.get(nodes, key, self) as unknown; } }) }) };
      } };
      const context = testingContext();
      const { plan } = await compilePlan(counted, {}, { ...context, fingerprinters: { node: { fingerprint: (...a) => { seen.prints++; return context.fingerprinters["node"]!.fingerprint(...a); } } } });
      expect(plan.nodes).toHaveLength(calls + 1);
      return seen;
    };
    const [one, two, ten] = [await work(1000), await work(2000), await work(10_000)];
    expect(ten).toEqual({ reads: one.reads + 9 * (two.reads - one.reads), prints: 1001 });
  });

  test("says why a call is not cached", async () => {
    const { plan, liveParams } = await compile(() => { source({ extra: () => 1 }); reads({ rows: "x", mode: "compile-plan.ts" }); reads({ rows: "x", mode: "s3://bucket/key" }); });
    expect(calls(plan).map((n) => n.uncached.map((u) => u.rule))).toEqual([["unencodable-parameter"], ["file-named-by-string"], ["file-named-by-string"]]);
    expect(calls(plan)[0]!.params["extra"]).toEqual({ opaque: true });
    expect(liveParams.get("source")!["extra"]).toBeTypeOf("function");
    const named = step({ name: "named", params: { label: z.string().meta({ file: false }) }, run: () => undefined });
    expect(calls((await compile(() => { named({ label: "compile-plan.ts" }); })).plan)[0]!.uncached).toEqual([]);
  });

  test("says why a step is not cached: effects, cache: false, a file that is not there", async () => {
    const effect = step({ name: "effect", uses: { modelDeployer: "optional" }, run: () => undefined });
    const byComponent = step({ name: "by_component", uses: { modelDeployer: { cache: "by-component" } }, run: () => undefined });
    const off = step({ name: "off", cache: false, run: () => undefined });
    const missing = step({ name: "missing", files: ["nope.txt"], run: () => undefined });
    const { plan } = await compile(() => { effect(); byComponent(); off(); missing(); });
    expect(Object.values(plan.steps).map((s) => s.uncached.map((u) => u.rule))).toEqual([["effects"], [], [], ["missing-file"]]);
    expect(calls(plan).map((n) => n.uncached.map((u) => u.rule))).toEqual([[], [], ["switched-off"], []]);
  });

  test("holds environment variables as keyed hashes only", async () => {
    const env = step({ name: "env", env: ["TOKEN", "UNSET"], run: () => undefined });
    const plan = async (value: string, salt: string) => (await compile(() => { env(); }, testingContext({ env: { TOKEN: value }, envSalt: salt }))).plan;
    const one = await plan("hunter2", "a");
    expect(JSON.stringify(one)).not.toContain("hunter2");
    const hash = (p: Plan) => p.steps["steps.ts#env"]!.parts.env;
    expect(hash(one)["UNSET"]).toBeNull();
    expect(hash(await plan("hunter2", "a"))).toEqual(hash(one));
    expect(hash(await plan("hunter3", "a"))["TOKEN"]).not.toBe(hash(one)["TOKEN"]);
    expect(hash(await plan("hunter2", "b"))["TOKEN"]).not.toBe(hash(one)["TOKEN"]);
  });

  test("names the platform only where native code is reached", async () => {
    const platform = async (native: boolean) => Object.values((await compile(() => { source({}); }, testingContext({ print: { native } }))).plan.steps)[0]!.parts.platform;
    expect([await platform(false), await platform(true)]).toEqual(["any", "linux-x64-glibc"]);
  });

  test("a pipeline without steps is refused", async () => { await expect(compile(() => undefined)).rejects.toMatchObject({ code: "MLS1008" }); });

  test("its published schema is the one in the code", () => {
    expect(JSON.parse(readFileSync(join(import.meta.dirname, "..", "..", "schemas", "plan.v1.json"), "utf8"))).toEqual(JSON.parse(JSON.stringify(planJsonSchema())));
  });
});

describe("a key", () => {
  const text = fc.string({ maxLength: 6 });
  const record = fc.dictionary(text, text, { maxKeys: 3, noNullPrototype: true });
  const parts: fc.Arbitrary<KeyParts> = fc.record({
    code: text, packages: text, runtime: text, platform: text, zone: fc.option(text), cacheVersion: text, env: fc.dictionary(text, fc.option(text), { maxKeys: 3, noNullPrototype: true }), files: record, params: record, data: record,
    inputs: fc.dictionary(text, fc.record({ identity: fc.stringMatching(/^[0-9a-f]{0,4}$/), format: fc.constantFrom("json/1", "npy/1") }), { maxKeys: 3, noNullPrototype: true }), outputs: record, components: record,
  });
  const canonical = (p: KeyParts) => JSON.stringify([p.code, p.packages, p.runtime, p.platform, p.zone, p.cacheVersion, ...[p.env, p.files, p.params, p.data, p.inputs, p.outputs, p.components].map((r) => Object.entries(r).toSorted(([a], [b]) => (a < b ? -1 : 1)))]);

  test("is equal exactly when all parts are", () => {
    fc.assert(fc.property(parts, parts, (a, b) => { expect(actionKey(a) === actionKey(b)).toBe(canonical(a) === canonical(b)); }), { numRuns: 2000 });
    // random parts are seldom nearly equal: change one at a time as well
    fc.assert(fc.property(parts, fc.constantFrom("code", "packages", "runtime", "platform", "cacheVersion" as const), text, (a, name, value) => { expect(actionKey(a) === actionKey({ ...a, [name]: value })).toBe(a[name as "code"] === value); }));
  });
  test("does not depend on the order of names", () => {
    fc.assert(fc.property(parts, (p) => { expect(actionKey({ ...p, params: Object.fromEntries(Object.entries(p.params).toReversed()) })).toBe(actionKey(p)); }));
  });
  test("tells an unset variable from every value", () => {
    const base: KeyParts = { code: "", packages: "", runtime: "", platform: "", zone: null, cacheVersion: "", env: { A: null }, files: {}, params: {}, data: {}, inputs: {}, outputs: {}, components: {} };
    for (const value of ["", "unset", "=", "null"]) expect(actionKey({ ...base, env: { A: value } })).not.toBe(actionKey(base));
    expect([...flattenParts(base).keys()]).toEqual(["cacheVersion", "code", "env.A", "packages", "platform", "runtime"]);
  });
});
