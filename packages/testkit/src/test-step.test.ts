import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MlstackError, type Deployer, type SecretStore } from "@mlstack/core";
import { dataset, dir, file, json, list, localFile, optional, settled, step, storedFile, text } from "@mlstack/pipeline";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { memoryStack, testStep } from "./index.ts";

let folder: string;
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), "mlstack-testkit-")); writeFileSync(join(folder, "a.csv"), "1\n2\n"); });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const num = json(z.number());
const refused = async (work: Promise<unknown>) => work.then(() => "nothing", (e: unknown) => (MlstackError.is(e) ? `${e.code} ${e.message}` : Promise.reject(e as Error)));

const train = step({
  name: "train", inputs: { xs: json(z.array(z.number())) }, params: { scale: z.number().default(2), at: z.date().default(new Date(0)) }, outputs: { sum: num, note: text() },
  async run({ inputs, params, log, tracker, metadata, scratch, artifacts, signal, run }) {
    const sum = inputs.xs.reduce((a, b) => a + b, 0) * params.scale;
    log(`sum ${sum}`);
    tracker.logParams({ scale: params.scale });
    tracker.logMetric("sum", sum);
    tracker.logMetrics({ sum: sum + 1 });
    tracker.setTag("kind", "test");
    const path = join(await scratch(), "plot.txt");
    await writeFile(path, "plot");
    await tracker.logFile("plots/a.txt", { path });
    metadata("sum", { unit: "points" });
    const [first] = (await artifacts.xs.open()).files;
    return { sum, note: `${run.node} ${signal.aborted} ${artifacts.xs.format} ${first!.path} ${params.at.toISOString()}` };
  },
});

test("a step runs by itself: values in, values out, and what it said on the way", async () => {
  const { outputs, logs, tracked, metadata } = await testStep(train, { inputs: { xs: [1, 2, 3] } });
  expect(outputs).toEqual({ sum: 12, note: "train false json/1 value.json 1970-01-01T00:00:00.000Z" });
  expect(logs).toEqual(["sum 12"]);
  expect(tracked).toMatchObject({ params: { scale: 2 }, tags: { kind: "test" }, metrics: [{ key: "sum", value: 12, step: 0 }, { key: "sum", value: 13, step: 1 }] });
  expect(tracked.metric("sum")).toBe(13);
  expect(tracked.metric("none")).toBeUndefined();
  expect(tracked.files.map((f) => [f.path, new TextDecoder().decode(f.bytes)])).toEqual([["plots/a.txt", "plot"]]);
  expect(metadata.sum).toMatchObject({ unit: "points" });
});

test("inputs and outputs go through their codecs", async () => {
  const same = step({ name: "same", inputs: { x: json(z.unknown()) }, output: json(z.unknown()), run: ({ inputs }) => inputs.x });
  const given = { when: new Date(5), many: new Set(["a"]) };
  const { outputs } = await testStep(same, { inputs: { x: given } });
  expect(outputs.output).toEqual(given);
  expect(outputs.output).not.toBe(given);
  expect(await refused(testStep(same, { inputs: { x: () => 1 } }))).toMatch(/^MLS3006 the input "x" of the step "same" can't be stored as json\/1: /);
  const wrong = step({ name: "wrong", output: num, run: () => "one" as unknown as number });
  expect(await refused(testStep(wrong))).toMatch(/^MLS1009 the output "output" of the step "wrong" can't be stored as json\/1: /);
  const missing = step({ name: "missing", outputs: { a: num }, run: () => ({}) as { a: number } });
  expect(await refused(testStep(missing))).toBe('MLS1009 the step "missing" did not return a');
});

test("whatever JSON can hold comes back equal", async () => {
  const same = step({ name: "same", inputs: { x: json(z.json()) }, output: json(z.json()), run: ({ inputs }) => inputs.x });
  await fc.assert(fc.asyncProperty(fc.jsonValue(), async (x) => { expect((await testStep(same, { inputs: { x: x as z.core.util.JSONType } })).outputs.output).toEqual(x); }), { numRuns: 30 });
});

test("lists, failures, what is missing, and files", async () => {
  const joins = step({
    name: "joins", inputs: { all: list(settled(num)), maybe: optional(num), one: storedFile() }, output: list(text()),
    async run({ inputs, artifacts }) { return [...inputs.all.map((r) => (r.ok ? String(r.value) : r.error.message)), String(inputs.maybe), await readFile(await inputs.one.path(), "utf8"), typeof artifacts.maybe, artifacts.all.format]; },
  });
  const all = [{ ok: true as const, value: 1 }, { ok: false as const, error: { code: "E", message: "no luck" } }];
  expect((await testStep(joins, { inputs: { all, maybe: undefined, one: localFile(join(folder, "a.csv")) } })).outputs.output).toEqual(["1", "no luck", "undefined", "1\n2\n", "undefined", "list/1"]);
});

describe("parameters", () => {
  const reads = step({ name: "reads", params: { rows: file(), all: dir(), set: dataset().default("nowhere"), n: z.number() }, output: json(z.unknown()), async run({ params: { rows, all, n } }) {
    let bytes = 0;
    for await (const piece of rows.stream()) bytes += piece.byteLength;
    return { bytes, name: rows.name, size: rows.size, digests: [rows.digest.length, all.digest.length], text: await readFile(await rows.path(), "utf8"), n };
  } });
  test("are parsed, and external data is a path", async () => {
    const { outputs } = await testStep(reads, { params: { rows: join(folder, "a.csv"), all: folder, set: folder, n: 1 } });
    expect(outputs.output).toEqual({ bytes: 4, name: "a.csv", size: 4, digests: [64, 64], text: "1\n2\n", n: 1 });
    expect(await refused(testStep(reads, { params: { rows: join(folder, "a.csv"), all: folder, n: 1 } }))).toBe('MLS3010 there is nothing at "nowhere"');
  });
  test("that are wrong are refused before the step runs", async () => {
    expect(await refused(testStep(train, { inputs: { xs: [] }, params: { scale: "2" as unknown as number } }))).toMatch(/^MLS1005 the parameter "scale" of the step "train" is "2": /);
    expect(await refused(testStep(train, { inputs: { xs: [] }, params: { sclae: 2 } as never }))).toBe('MLS1005 the parameter "sclae" of the step "train" is not declared');
    expect(await refused(testStep(train, { inputs: {} as never }))).toBe('MLS1003 the input "xs" of the step "train" is missing');
    expect(await refused(testStep(train, { inputs: { xs: [], ys: [] } as never }))).toBe('MLS1002 the step "train" has no input "ys"');
    expect(await refused(testStep({} as typeof train, {} as never))).toBe("MLS1008 testStep was given something that is no step");
  });
});

test("components are stand-ins, and only what the step names", async () => {
  const deploy = step({ name: "deploy", requires: { modelDeployer: true }, output: json(z.boolean()), run: ({ deployer }) => Promise.resolve(typeof deployer.deploy === "function") });
  const fake = { deploy: () => undefined } as unknown as Deployer;
  expect((await testStep(deploy, { components: { modelDeployer: fake } })).outputs.output).toBe(true);
  expect(await refused(testStep(deploy))).toBe('MLS4004 the step "deploy" requires modelDeployer');
  expect(await refused(testStep(train, { inputs: { xs: [] }, components: { modelDeployer: fake } }))).toBe('MLS1010 the step "train" does not name the component modelDeployer');
});

describe("components of a stack", () => {
  const reads = step({ name: "reads", requires: { secretStore: true, "acme.index": true }, uses: { modelDeployer: "optional" }, output: json(z.string()), run: async (context) => `${(await (context.secretStore as SecretStore).get("token")) ?? "none"} ${String((context["acme.index"] as unknown as { name: string }).name)} ${typeof context.deployer}` });

  test("are those that the step names, and stand-ins go before them", async () => {
    const stack = memoryStack({ secrets: { token: "t" }, components: { "acme.index": { name: "of the stack" } } });
    expect((await testStep(reads, { stack })).outputs.output).toBe("t of the stack object");
    expect((await testStep(reads, { stack, components: { "acme.index": { name: "mine" } } })).outputs.output).toBe("t mine object");
    expect(await refused(testStep(reads, { stack: memoryStack() }))).toBe('MLS4004 the step "reads" requires acme.index, and the stack has none');
    expect(await refused(testStep(reads))).toBe('MLS4004 the step "reads" requires secretStore');
  });

  test("come from whatever has components, which is asked for those only", async () => {
    const asked: string[] = [];
    const stack = { component: async (name: string) => { asked.push(name); return { name }; } };
    const one = step({ name: "one", uses: { "acme.index": "optional" }, run: () => undefined });
    await testStep(one, { stack });
    expect(asked).toEqual(["acme.index"]);
  });
});

test("what a step throws comes as it is, and a signal reaches it", async () => {
  const bad = step({ name: "bad", run: ({ signal }) => { signal.throwIfAborted(); throw new TypeError("no luck"); } });
  await expect(testStep(bad)).rejects.toThrow(TypeError);
  await expect(testStep(bad, { signal: AbortSignal.abort(new Error("stop")) })).rejects.toThrow("stop");
});

test.each(["../up.txt", "/abs.txt", "a//b", "a\\b", ""])("a file that a run's tracker would refuse is refused: %j", async (path) => {
  const logs = step({ name: "logs", output: json(z.number()), async run({ tracker }) { await tracker.logFile(path, "text"); return 1; } });
  await expect(testStep(logs)).rejects.toMatchObject({ code: "MLS1009", message: `the file name ${JSON.stringify(path)} is not usable` });
});
