import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { definePipeline, json, list, map, step } from "@mlstack/pipeline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { actionSpace } from "../store/action-space.ts";
import { layout } from "../store/layout.ts";
import { harness, type Harness } from "../testing/harness.ts";
import { explainStep } from "./why.ts";

let h: Harness;
beforeEach(async () => { h = await harness({ uncached: new Set(["fragile"]) }); });
afterEach(async () => { await h.close(); });
const why = (node: string, run = "last") => explainStep(h.records, run, node);
const blobOf = (digest: string) => join(h.project.stateDir, "store", layout.blob(digest));

const num = json(z.number());
const load = step({ name: "load", params: { n: z.number() }, output: num, run: ({ params }) => params.n % 2 });
const train = step({ name: "train", inputs: { x: num }, params: { depth: z.number() }, files: ["model.yaml"], output: num, run: ({ inputs, params }) => inputs.x + params.depth });
const training = definePipeline({ name: "training", params: { n: z.number().default(1), depth: z.number().default(3) }, build: (p) => { train({ x: load({ n: p.n }), depth: p.depth }); } });
const started = async (params: Record<string, unknown> = {}, options = {}) => { const report = await h.run(training, params, options); expect(report.status).toBe("completed"); return report; };

describe("what changed", () => {
  beforeEach(async () => { writeFileSync(join(h.project.dir, "model.yaml"), "a: 1"); await started(); });

  test("is named: a parameter, the input and where it comes from, a file, code with its module and symbol", async () => {
    await started({ depth: 4 });
    expect(await why("train")).toMatchObject({ summary: "ran because the parameter depth changed", miss: "no-entry", changes: [{ part: "params.depth", before: "3", after: "4", details: [] }] });
    await started({ n: 2 });
    expect(await why("train")).toMatchObject({ summary: "ran because the input x changed", changes: [{ part: "inputs.x", details: ["comes from load.output"] }] });
    writeFileSync(join(h.project.dir, "model.yaml"), "a: 2");
    await started();
    expect(await why("train")).toMatchObject({ summary: "ran because the file model.yaml changed" });
    h.code.set("train", "edited");
    await started();
    expect(await why("train")).toMatchObject({ summary: "ran because its code changed", changes: [{ details: ["steps.ts: train changed"] }] });
    await started({ depth: 9, n: 2 });
    expect((await why("train")).summary).toBe("ran because the input x and the parameter depth changed");
  });

  test("is nothing for a hit, which says who made it", async () => {
    const { id } = await h.run(training);
    const first = (await h.records.runs({ limit: 2 }))[1]!.id;
    expect(await why("train", id)).toMatchObject({ summary: "served from the cache: everything in its key is as it was", madeBy: { run: first, node: "train" }, changes: [] });
  });

  test("is told from the nearest earlier result, not from the last", async () => {
    const { id } = (await h.records.runs({ limit: 1 }))[0]!;
    await started({ n: 2, depth: 8 });
    await started({ depth: 5 });
    expect(await why("train")).toMatchObject({ comparedWith: { run: id }, summary: "ran because the parameter depth changed" });
  });
});

test("of a call that has another name since another was taken out, the results under its old name are found", async () => {
  const of = (depths: readonly number[]) => definePipeline({ name: "many", build: () => { for (const depth of depths) train({ x: load({ n: 1 }), depth }); } });
  writeFileSync(join(h.project.dir, "model.yaml"), "a: 1");
  await h.run(of([1, 2]));
  h.code.set("train", "edited");
  await h.run(of([2]));
  expect(await why("train")).toMatchObject({ summary: "ran because its code changed", comparedWith: { node: "train_2" } });
});

test("a step that was never run before, though another had its name, is new", async () => {
  const first = step({ name: "first", output: num, run: () => 1 });
  await h.run(definePipeline({ name: "p", build: () => { first({}, { id: "it" }); } }));
  await h.run(definePipeline({ name: "p", build: () => { load({ n: 1 }, { id: "it" }); } }));
  expect(await why("it")).toMatchObject({ summary: "ran because no earlier run has a result of this step", changes: [] });
});

test("an item of a map is compared with itself first, and with its neighbours where it is new", async () => {
  const spread = step({ name: "spread", params: { to: z.number() }, output: list(num), run: ({ params }) => Array.from({ length: params.to }, (_, i) => i) });
  const scale = step({ name: "scale", inputs: { x: num }, params: { by: z.number() }, output: num, run: ({ inputs, params }) => inputs.x * params.by });
  const p = definePipeline({ name: "scaled", params: { to: z.number(), by: z.number() }, build: ({ to, by }) => { map(spread({ to }), (x) => scale({ x, by })); } });
  await h.run(p, { to: 3, by: 2 });
  const before = (await h.records.steps((await h.records.run("last")).id)).map((s) => s.node).filter((n) => n.startsWith("scale@"));
  await h.run(p, { to: 3, by: 4 });
  expect(await why(before[1]!)).toMatchObject({ summary: "ran because the parameter by changed", comparedWith: { node: before[1] } });
  await h.run(p, { to: 4, by: 4 });
  const added = (await h.records.steps((await h.records.run("last")).id)).map((s) => s.node).find((n) => n.startsWith("scale@") && !before.includes(n))!;
  expect(await why(added)).toMatchObject({ summary: "ran because the input x changed", changes: [{ details: ["comes from map_scale.item"] }] });
  expect((await why("map_scale")).summary).toContain("is a map, which does no work of its own");
});

describe("why there was no hit although the key is the same", () => {
  beforeEach(async () => { writeFileSync(join(h.project.dir, "model.yaml"), "a: 1"); await started(); });
  const keyOf = async () => { const { id } = await h.records.run("last"); return (await h.records.step(id, "train")).key!; };
  const space = async () => actionSpace(await h.stack.artifactStore(), "shared");

  test("bytes of the result are gone", async () => {
    const [artifact] = await h.records.artifacts({ node: "train" });
    rmSync(blobOf(artifact!.manifest));
    await started();
    expect(await why("train")).toMatchObject({ miss: "bytes-missing", summary: expect.stringContaining("some of its bytes are not in the store") as string });
  });

  test("executions gave different results", async () => {
    const actions = await space();
    const there = await actions.get(await keyOf());
    if (there.state !== "found") throw new Error("no entry");
    await actions.commit({ ...there.entry, outputs: { output: { ...there.entry.outputs["output"]!, identity: "other" } }, writer: { ...there.entry.writer, run: "elsewhere" } });
    await started();
    expect(await why("train")).toMatchObject({ miss: "non-deterministic", summary: expect.stringContaining("different results") as string });
    await actions.accept(await keyOf());
    await started();
    expect((await why("train")).status).toBe("cached");
  });

  test("the entry was removed", async () => {
    await (await space()).evict(await keyOf());
    await started();
    expect(await why("train")).toMatchObject({ miss: "no-entry", summary: expect.stringContaining("the earlier result was not stored, has been removed") as string });
    expect((await started()).nodes.get("train")!.status).toBe("cached");
  });

  test("what lies there can't be read: it stays, and the result is not kept", async () => {
    const at = layout.action("shared", await keyOf());
    await (await h.stack.artifactStore()).put(at, { kind: "bytes", bytes: Buffer.from("{") });
    await started();
    expect(await why("train")).toMatchObject({ summary: expect.stringMatching(/^ran because what lies under its key can't be read/) as string, reasons: [{ rule: "unreadable-entry", message: expect.stringContaining(at) as string }] });
  });

  test("the run was told not to look, or not to keep", async () => {
    await started({}, { cache: "refresh" });
    expect(await why("train")).toMatchObject({ miss: "not-read", summary: "ran because the run was told not to use earlier results of it", changes: [] });
    await started({}, { cache: "off" });
    expect(await why("train")).toMatchObject({ summary: "ran because the run was started with the cache switched off" });
  });
});

describe("a step that did not come to a result", () => {
  const off = step({ name: "off", cache: false, output: num, run() { throw new Error("no"); } });
  const fragile = step({ name: "fragile", output: num, run: () => 1 });
  const keyed = step({ name: "keyed", params: { n: z.number() }, output: num, run({ params }) { if (params.n > 1) throw new Error("no"); return 1; } });

  test("and is never cached says so, with the reason", async () => {
    await h.run(definePipeline({ name: "p", build: () => { off(); } }));
    expect(await why("off")).toMatchObject({ status: "failed", summary: "failed; it is never cached: cache: false is set", reasons: [{ rule: "switched-off", fix: "remove cache: false" }] });
    await h.run(definePipeline({ name: "p", build: () => { fragile(); } }));
    expect(await why("fragile")).toMatchObject({ status: "completed", summary: "ran because it is never cached: made at run time" });
  });

  test("and has a key says what of it was new", async () => {
    const p = definePipeline({ name: "p", params: { n: z.number() }, build: ({ n }) => { keyed({ n }); } });
    await h.run(p, { n: 1 });
    await h.run(p, { n: 2 });
    expect(await why("keyed")).toMatchObject({ status: "failed", miss: "no-entry", summary: "ran because the parameter n changed" });
  });
});

test("in a pipeline of many steps each is compared with its own results, and plans are read once", { timeout: 60_000 }, async () => {
  const next = step({ name: "next", params: { i: z.number() }, output: num, run: ({ params }) => params.i });
  const final = step({ name: "final", params: { k: z.number() }, output: num, run: ({ params }) => params.k });
  const wide = definePipeline({ name: "wide", params: { k: z.number() }, build: ({ k }) => { for (let i = 0; i < 2200; i++) next({ i }); final({ k }, { id: "zz_final" }); } });
  for (const k of [1, 2, 3]) await h.run(wide, { k });
  let plans = 0;
  const counted = { ...h.records, plan: (digest: string) => { plans++; return h.records.plan(digest); } };
  expect(await explainStep(counted, "last", "zz_final")).toMatchObject({ summary: "ran because the parameter k changed", changes: [{ before: "2", after: "3" }] });
  // the run's own, and that of the result
  expect(plans).toBe(2);
});
