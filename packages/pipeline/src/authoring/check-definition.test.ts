import { MlstackError, type ErrorCode } from "@mlstack/core";
import { describe, expect, test } from "vitest";
import { inspect } from "node:util";
import { z } from "zod";
import { definePipeline, json, list, map, predictor, step, tensor, when } from "../index.ts";

// what TypeScript refuses, plain JavaScript can still write: everything here goes through a type that knows nothing
type Loose = (...args: unknown[]) => unknown;
const loose = (f: unknown) => f as Loose;
const run = () => 1;
/** An output as careless code takes it. */
const value = (output: unknown) => output as string;
const num = step({ name: "num", output: json(z.number()), run });
const flag = step({ name: "flag", output: json(z.boolean()), run: () => true });
const none = step({ name: "none", output: json(), run });
const any = step({ name: "any", params: { s: z.any() }, output: json(), run });
const two = step({ name: "two", outputs: { a: json(), b: json() }, run: () => ({ a: 1, b: 2 }) });
const items = step({ name: "items", output: list(json(z.number())), run: () => [1] });

function refused(code: ErrorCode, work: () => unknown): MlstackError {
  try { work(); } catch (e) {
    if (!MlstackError.is(e, code)) throw e;
    expect(e.fix, "every refusal says what mends it").toBeTypeOf("string");
    return e;
  }
  throw new Error(`not refused with ${code}`);
}
const build = (b: () => unknown): unknown => definePipeline({ name: "p", build: b }).graph({}).outputs;

describe("an output has no value while the plan is made", () => {
  test.each<[string, () => unknown]>([
    ["template", () => `v ${num() as unknown as string}`], ["String", () => String(value(num()))], ["+", () => (num() as unknown as number) + 1], [">", () => (num() as unknown as number) > 3], ["JSON", () => JSON.stringify(num())],
    ["JSON around it", () => JSON.stringify({ deep: [num()] })], ["join", () => [value(num())].join()], ["a key", () => ({ [num() as unknown as string]: 1 })], ["Number", () => Number(num())], ["item of a map", () => loose(map)(items(), (item: unknown) => { none(); return String(value(item)); })],
    ["result of when", () => String(value(when(flag(), () => num())))],
  ])("%s", (_, use) => {
    const e = refused("MLS1004", () => build(use));
    expect(e.message).toMatch(/^the output (num\.output|any\.item|none\.item|map\.item|map_none\.item) was used as a value inside of build$/);
    expect(e.fix).toContain("input of a step");
  });
  test("several outputs as one text", () => {
    expect(refused("MLS1004", () => build(() => String(value(two())))).message).toContain('the outputs of the step "two"');
    refused("MLS1004", () => build(() => JSON.stringify(two())));
  });
  test("it is no parameter, also where the schema takes anything", () => {
    expect(refused("MLS1004", () => build(() => loose(any)({ s: num() }))).fix).toBe("declare s under inputs");
    refused("MLS1004", () => build(() => loose(any)({ s: { deep: [num()] } })));
  });
  test("it can still be looked at", () => { build(() => { expect(inspect({ a: num() })).toBe("{ a: Ref(num.output) }"); }); });
});

describe("a step is called with one object of arguments", () => {
  test.each([[[3]], [[null]], [[[1]]], [["x"]], [[{}, 2]], [[{}, {}, 3]]])("%j", (args) => { refused("MLS1002", () => build(() => loose(none)(...args))); });
  test("an output by its place", () => { expect(refused("MLS1002", () => build(() => loose(none)(num()))).message).toContain("the output of a step"); });
  test("an unknown option", () => {
    expect(refused("MLS1002", () => build(() => loose(none)({}, { ide: "x" }))).fix).toBe("write id");
    expect(refused("MLS1002", () => build(() => loose(none)({}, { nme: "x" }))).message).toContain('it has no option "nme": its options are "id", "after", "cache"');
    refused("MLS1002", () => build(() => loose(none)({}, { after: num() })));
    refused("MLS1008", () => build(() => loose(when)(flag(), () => num(), undefined, { idd: "x" })));
  });
});

describe("a definition says only what is heeded", () => {
  const base = { name: "s", output: json(), run };
  const text = predictor({ model: { ...json(), format: "text/1", codec: { ...json().codec, reads: ["text/1"] } }, inputs: { x: tensor("FP64", [-1]) }, outputs: { y: tensor("FP64", [-1]) }, predict: () => ({ y: [1] }) });
  test.each<[Record<string, unknown>, RegExp]>([
    [{ inptus: {} }, /write inputs/], [{ cahce: false }, /write cache/], [{ cache: "no" }, /cache: false/], [{ cacheVersion: 2 }, /cacheVersion: "2"/],
    [{ retries: 3 }, /write retry|known are/], [{ retry: 3 }, /attempts: 3/], [{ retry: {} }, /attempts: 3/], [{ retry: { attempts: 0 } }, /attempts: 3/], [{ retry: { attempts: 2, delay: 5 } }, /delayMs|known are/], [{ retry: { attempts: 2, delayMs: "1s" } }, /delayMs: 1000/], [{ retry: { attempts: 2, backoff: 0 } }, /backoff/],
    [{ timeoutMs: "5s" }, /timeoutMs: 5000/], [{ timeoutMs: 0 }, /timeoutMs/], [{ timeoutMs: Number.NaN }, /timeoutMs/], [{ env: "HOME" }, /env: \["…"\]/], [{ env: [1] }, /env/], [{ files: "a.txt" }, /files/], [{ tags: "x" }, /tags/],
    [{ resources: 2 }, /object/], [{ resources: { cpus: 2 } }, /write cpu/], [{ resources: { memory: "4GB" } }, /bytes/], [{ resources: { gpu: 1 } }, /object/], [{ resources: { gpu: { count: 1.5 } } }, /count: 1/], [{ settings: { kfp: 3 } }, /settings/],
    [{ params: { n: 3 } }, /n: z\.number\(\)\.default\(3\)/], [{ params: { n: "number" } }, /n: z\.number\(\)$/], [{ params: [] }, /params: \{/], [{ inputs: { a: z.number() } }, /a: json/], [{ inputs: "a" }, /inputs: \{/], [{ output: undefined, outputs: { a: json } }, /a: json/],
    [{ requires: { modelDeployer: false } }, /modelDeployer: true/], [{ requires: ["x"] }, /requires: \{/], [{ uses: { modelDeployer: true } }, /"optional"/], [{ uses: { modelDeployer: { cache: "x" } } }, /by-component/],
    ...([[{ serves: "format" }, /model: "format"/], [{ serves: {} }, /model: "format"/], [{ serves: { modle: "format" } }, /write model/], [{ serves: { model: "onnx" } }, /model: "format"/], [{ serves: { model: { kind: "format" } } }, /predictor/], [{ serves: { model: "image" }, uses: {} }, /uses: \{ modelDeployer: "optional" \}/], [{ serves: { model: text } }, /predictor's model/]] as const).map(([more, fix]): [Record<string, unknown>, RegExp] => [{ inputs: { model: json() }, uses: { modelDeployer: "optional" }, ...more }, fix]),
  ])("step %j", (more, fix) => { expect(refused("MLS1008", () => loose(step)({ ...base, ...more })).fix).toMatch(fix); });
  test.each([[undefined], [null], [3], ["s"], [{}], [{ name: 3, run }], [{ name: "é", run }]])("step(%j)", (spec) => { expect(refused("MLS1008", () => loose(step)(spec)).message).not.toContain("undefined"); });
  test.each<[unknown, RegExp]>([[undefined, /write pipeline/], [{ name: "p", build: run, paramz: {} }, /write params/], [{ name: "p", build: run, params: { n: 3 } }, /z\.number/], [{ name: "p", build: run, cache: "no" }, /cache: false/], [{ name: "p", build: run, retry: 3 }, /attempts/], [{ name: "p", biuld: run }, /write build/]])("pipeline(%j)", (spec, fix) => {
    expect(refused("MLS1008", () => loose(definePipeline)(spec)).fix).toMatch(fix);
  });
  test("all that may be said is taken", () => {
    step({ ...base, description: "d", cache: false, cacheVersion: "2", retry: { attempts: 2, delayMs: 0, backoff: 1.5 }, timeoutMs: 5, resources: { cpu: 0.5, memory: 1e9, gpu: { count: 1, type: "a100" } }, env: ["HOME"], files: ["a"], settings: { x: { a: 1 } }, tags: ["t"], inputs: { a: json(), b: json(), c: json() }, serves: { a: "format", b: "image", c: predictor({ model: json(), inputs: { x: tensor("FP64", [-1]) }, outputs: { y: tensor("FP64", [-1]) }, predict: () => ({ y: [1] }) }) }, requires: { experimentTracker: "name" }, uses: { modelDeployer: "optional", alerter: { cache: "by-component" } } });
  });
});

test("what an author's build throws is an error of its own, with its cause", () => {
  const cause = new TypeError("x is not a function");
  const e = refused("MLS1016", () => build(() => { throw cause; }));
  expect([e.message, e.cause, e.exitCode]).toEqual(['the build function of the pipeline "p" failed: TypeError: x is not a function', cause, 1]);
});
