import { MlstackError, type ErrorCode, type StepInvocation } from "@mlstack/core";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { json, list, text } from "../formats/index.ts";
import { dataset, definePipeline, refTarget, step, type GraphStepNode, type PipelineDefinition } from "../index.ts";
import type { Graph } from "./graph.ts";

// what TypeScript refuses, plain JavaScript can still write: everything here goes through a type that knows nothing
type Loose = (...args: unknown[]) => Record<string, unknown>;
const loose = (s: unknown) => s as Loose;

const load = step({ name: "load", params: { uri: z.string(), data: dataset().default("d.parquet") }, outputs: { raw: json(z.array(z.number())), profile: text() }, run: () => ({ raw: [1], profile: "p" }) });
const train = step({ name: "train", inputs: { x: json(z.array(z.number())) }, params: { n: z.number().min(1).default(100) }, output: json(z.number()), run: ({ inputs }) => inputs.x.length });
const join = step({ name: "join", inputs: { parts: list(json(z.number())) }, output: json(z.number()), run: ({ inputs }) => inputs.parts.length });

const calls = (graph: Graph) => graph.nodes.map((n) => n as GraphStepNode);
const build = (b: () => unknown): unknown => definePipeline({ name: "p", build: b }).graph({}).outputs;
function refused(code: ErrorCode, work: () => unknown): MlstackError {
  try { work(); } catch (e) {
    if (!MlstackError.is(e, code)) throw e;
    expect(e.fix, "every refusal says what mends it").toBeTypeOf("string");
    return e;
  }
  throw new Error(`not refused with ${code}`);
}

describe("a build", () => {
  test("collects calls, names them, and fills in defaults", () => {
    const { graph, params } = definePipeline({ name: "p", params: { uri: z.string().default("u") }, build: (p) => { const { raw } = load({ uri: p.uri }); train({ x: raw }); train({ x: raw, n: 5 }, { id: "last" }); train({ x: raw }); } }).graph({});
    expect(params).toEqual({ uri: "u" });
    expect(calls(graph).map((n) => [n.id, n.params])).toEqual([["load", { uri: "u", data: { uri: "d.parquet" } }], ["train", { n: 100 }], ["last", { n: 5 }], ["train_2", { n: 100 }]]);
  });
  test("gives a name that is taken to nobody else", () => {
    const { graph } = definePipeline({ name: "p", build: () => { const { raw } = load({ uri: "a" }); train({ x: raw }, { id: "train_2" }); train({ x: raw }); train({ x: raw }); train({ x: raw }, { id: "train" }); } }).graph({});
    expect(new Set(graph.nodes.map((n) => n.id)).size).toBe(5);
  });
  test("takes several outputs for a list", () => {
    const { graph } = definePipeline({ name: "p", build: () => { const { raw } = load({ uri: "a" }); join({ parts: [train({ x: raw }), train({ x: raw })] }); } }).graph({});
    expect(calls(graph).at(-1)!.inputs["parts"]).toHaveLength(2);
  });
  test("orders by after", () => {
    const { graph } = definePipeline({ name: "p", build: () => { const { raw } = load({ uri: "a" }); load({ uri: "b" }, { after: [raw, raw] }); } }).graph({});
    expect(calls(graph)[1]!.after).toEqual(["load"]);
  });
  test("nests: a pipeline compiled inside of a build does not disturb it", () => {
    const inner = definePipeline({ name: "inner", build: () => { load({ uri: "i" }); } });
    const { graph } = definePipeline({ name: "outer", build: () => { load({ uri: "a" }); inner.graph({}); load({ uri: "b" }); } }).graph({});
    expect(calls(graph).map((n) => n.params["uri"])).toEqual(["a", "b"]);
  });
});

describe("mistakes from plain JavaScript are refused when the pipeline is compiled", () => {
  test("a step called outside of a build", () => { refused("MLS1001", () => load({ uri: "a" })); });
  test("an argument that is not declared", () => { expect(refused("MLS1002", () => build(() => loose(load)({ uir: "a" }))).fix).toBe("write uri"); });
  test("a missing input", () => { refused("MLS1003", () => build(() => loose(train)({}))); });
  test("a value in the place of a reference", () => { refused("MLS1004", () => build(() => loose(train)({ x: [1, 2] }))); });
  test("an output of another build", () => { const ref = (build(() => load({ uri: "a" })) as Record<string, unknown>)["raw"]; refused("MLS1004", () => build(() => loose(train)({ x: ref }))); });
  test("a missing parameter, a wrong one, one out of range", () => {
    refused("MLS1005", () => build(() => loose(load)({})));
    expect(refused("MLS1005", () => build(() => loose(load)({ uri: 3 }))).message).toContain('"uri" of the step "load" is 3');
    refused("MLS1005", () => build(() => { const { raw } = load({ uri: "a" }); train({ x: raw, n: 0 }); }));
  });
  test("an unknown output", () => { expect(refused("MLS1006", () => build(() => loose(load)({ uri: "a" })["profil"])).fix).toBe("write profile"); });
  test("an artifact of another format", () => { refused("MLS1007", () => build(() => { const { profile } = load({ uri: "a" }); loose(train)({ x: profile }); })); });
  test("a reference that a list can't take", () => { refused("MLS1007", () => build(() => { const { profile } = load({ uri: "a" }); loose(join)({ parts: [profile] }); })); });
  test("an asynchronous build", () => { refused("MLS1008", () => build(async () => undefined)); });
  test("a pipeline's unknown or wrong parameter", () => {
    const p = definePipeline({ name: "p", params: { depth: z.number().max(5) }, build: () => { load({ uri: "a" }); } });
    expect(refused("MLS1005", () => p.graph({ dpeth: 3 })).fix).toBe("write depth");
    refused("MLS1005", () => p.graph({ depth: 9 }));
  });
  test("definitions that cannot work", () => {
    for (const spec of [{ name: "1x", run() {} }, { name: "x" }, { name: "x", output: json(), outputs: { a: json() }, run() {} }, { name: "x", output: {}, run() {} }, { name: "x", inputs: { a: json() }, params: { a: z.string() }, run() {} }]) refused("MLS1008", () => loose(step)(spec));
    refused("MLS1008", () => (definePipeline as unknown as Loose)({ name: "p" }));
    refused("MLS1008", () => (definePipeline as unknown as Loose)({ name: "", build() {} }));
  });
});

describe("what run returns", () => {
  const invoke = (spec: Record<string, unknown>, context: Partial<StepInvocation> = {}) => (loose(step)(spec) as unknown as { definition: { invoke(c: unknown): Promise<unknown> } }).definition.invoke({ components: {}, ...context });
  const rejected = async (code: ErrorCode, work: Promise<unknown>) => expect(work).rejects.toSatisfy((e) => MlstackError.is(e, code) && e.fix !== undefined);
  test("must be what was declared", async () => {
    await rejected("MLS1009", invoke({ name: "s", outputs: { a: json(), b: json() }, run: () => ({ a: 1 }) }));
    await rejected("MLS1009", invoke({ name: "s", outputs: { a: json() }, run: () => ({ a: 1, b: 2 }) }));
    await rejected("MLS1009", invoke({ name: "s", outputs: { a: json() }, run: () => undefined }));
    await rejected("MLS1009", invoke({ name: "s", run: () => 5 }));
    await expect(invoke({ name: "s", outputs: { a: json() }, run: () => ({ a: undefined }) })).resolves.toEqual({ a: undefined });
    await expect(invoke({ name: "s", output: json(), run: () => 5 })).resolves.toEqual({ output: 5 });
  });
  test("a component that was not asked for is refused, with what to write", async () => {
    const e: unknown = await invoke({ name: "s", run: (c: { deployer: unknown }) => c.deployer }).catch((x: unknown) => x);
    expect(e).toMatchObject({ code: "MLS1010", fix: 'add requires: { modelDeployer: true }, or uses: { modelDeployer: "optional" }' });
    const deployer = { contract: "model_deployer@1" };
    await expect(invoke({ name: "s", output: json(), uses: { modelDeployer: "optional" }, run: (c: { deployer: unknown }) => c.deployer }, { components: { modelDeployer: deployer } })).resolves.toEqual({ output: deployer });
  });
});

test("an output reference knows where it comes from", () => {
  const out = definePipeline({ name: "p", build: () => load({ uri: "a" }) }) as unknown as PipelineDefinition;
  expect(refTarget((out.graph({}).outputs as Record<string, unknown>)["raw"])).toMatchObject({ node: "load", output: "raw" });
});
