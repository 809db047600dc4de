import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { definePipeline, file, json, list, map, optional, step, when } from "@mlstack/pipeline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { findStepOrArtifact } from "../client/find-artifact.ts";
import { harness, type Harness } from "../testing/harness.ts";
import { readLineage, type Lineage, type LineageOptions } from "./lineage.ts";

let h: Harness;
beforeEach(async () => { h = await harness(); });
afterEach(async () => { await h.close(); });

const num = json(z.number());
const load = step({ name: "load", params: { rows: file() }, output: num, run: async ({ params }) => { let n = 0; for await (const c of params.rows.stream()) n += c.byteLength; return n; } });
const train = step({ name: "train", inputs: { x: num }, params: { depth: z.number() }, outputs: { model: num, score: num }, run: ({ inputs, params }) => ({ model: inputs.x + params.depth, score: inputs.x * params.depth + 1000 }) });
const report = step({ name: "report", inputs: { score: num }, output: num, run: ({ inputs }) => inputs.score + 10_000 });
const p = definePipeline({ name: "p", params: { depth: z.number(), rows: file().default("rows.txt") }, build: (g) => { report({ score: train({ x: load({ rows: g.rows }), depth: g.depth }).score }); } });
beforeEach(() => { writeFileSync(join(h.project.dir, "rows.txt"), "abc"); });

const of = async (name: string, options?: LineageOptions) => readLineage(h.records, await findStepOrArtifact(h.records, name), options);
const nameOf = (found: Lineage, id: string): string => { const n = found.nodes.find((x) => x.id === id)!; return n.kind === "artifact" ? n.artifact.split("/")[1]! : n.kind === "step" ? n.step : n.uri; };
const edges = (found: Lineage) => found.edges.map((e) => `${nameOf(found, e.from)} > ${nameOf(found, e.to)} (${e.port})`).toSorted();

describe("up and down", () => {
  test("steps, inputs and external data, from any place of the chain", async () => {
    await h.run(p, { depth: 2 });
    const all = ["load > load.output (output)", "load.output > train (x)", "report > report.output (output)", "rows.txt > load (rows)", "train > train.score (score)", "train.score > report (score)"];
    expect(edges(await of("last/report"))).toEqual(all);
    expect(edges(await of("last/train.score"))).toEqual(all);
    expect(edges(await of("last/load"))).toEqual([...all, "train > train.model (model)"].toSorted());
    expect(edges(await of("last/train.score", { direction: "up" }))).toEqual(all.filter((e) => !e.includes("report")));
    expect(edges(await of("last/train.score", { direction: "down" }))).toEqual(all.filter((e) => e.includes("report")));
    const { truncated, start, nodes } = await of("last/report", { direction: "up", depth: 1 });
    expect([truncated, start.length, nodes.map((n) => n.kind)]).toEqual([true, 1, ["artifact", "step", "artifact"]]);
    const [data] = (await of("last/report")).nodes.filter((n) => n.kind === "data");
    expect(data).toMatchObject({ uri: "rows.txt", digest: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
  });

  test("a step without its output named means all that it made", async () => {
    await h.run(p, { depth: 2 });
    expect((await of("last/train")).start).toHaveLength(2);
  });

  test("through results that were cached: one execution, and the runs that it served", async () => {
    const first = await h.run(p, { depth: 2 });
    await h.run(p, { depth: 2 });
    await h.run(p, { depth: 3 });
    const up = await of("last/train.score", { direction: "up" });
    expect(up.nodes.find((n) => n.kind === "step" && n.step === "load")).toMatchObject({ run: first.id });
    const down = await of("last/load", { direction: "down" });
    const trained = down.nodes.filter((n) => n.kind === "step" && n.step === "train");
    expect(trained.map((n) => (n.kind === "step" ? n.runs! : 0)).toSorted((a, b) => a - b)).toEqual([1, 2]);
    expect(trained).toHaveLength(2);
  });

  test("across pipelines: what has the same content is the same", async () => {
    await h.run(p, { depth: 2 });
    const other = definePipeline({ name: "other", build: () => { report({ score: step({ name: "constant", output: num, run: () => 1006 })() }); } });
    await h.run(other);
    const down = await of((await h.records.artifacts({ node: "train", output: "score" }))[0]!.manifest.slice(0, 12), { direction: "down" });
    expect(down.nodes.filter((n) => n.kind === "step").map((n) => n.kind === "step" && n.step)).toEqual(["report"]);
    // it was served with what the first run made, and that was made of this
    expect(edges(await of("last/report", { direction: "up" }))).toContain("train.score > report (score)");
    expect(edges(await of("last/constant"))).toContain("constant > constant.output (output)");
  });
});

test("maps: from the list to each item's step and back, in maps too", async () => {
  const spread = step({ name: "spread", output: list(num), run: () => [1, 3] });
  const scale = step({ name: "scale", inputs: { x: num, by: num }, output: num, run: ({ inputs }) => inputs.x * inputs.by });
  const two = step({ name: "two", output: num, run: () => 20 });
  const total = step({ name: "total", inputs: { xs: list(num) }, output: num, run: ({ inputs }) => inputs.xs.reduce((a, b) => a + b, 100) });
  await h.run(definePipeline({ name: "m", build: () => { const by = two(); total({ xs: map(spread(), (x) => scale({ x: scale({ x, by }), by })) }); } }));
  const found = await of("last/total");
  const base = edges(found).map((e) => e.replace(/@[0-9a-f]{12}/g, "@"));
  expect(base).toEqual(expect.arrayContaining(["spread > spread.output (output)", "spread.output > scale@ (x)", "two.output > scale@ (by)", "total > total.output (output)"]));
  expect(base.filter((e) => e === "spread.output > scale@ (x)")).toHaveLength(2);
  const down = (await of("last/spread", { direction: "down" })).nodes.flatMap((n) => (n.kind === "step" ? [n.step.split("@")[0]!] : []));
  expect(down.filter((n) => n.startsWith("scale"))).toHaveLength(4);
  expect(down).toContain("total");
});

test("what a condition has left out is not there, and what it let through is", async () => {
  const one = step({ name: "one", output: num, run: () => 1 });
  const yes = step({ name: "yes", inputs: { x: num }, output: json(z.boolean()), run: () => true });
  const next = step({ name: "next", inputs: { x: num }, output: num, run: ({ inputs }) => inputs.x + 5 });
  const last = step({ name: "last", inputs: { x: num }, output: num, run: ({ inputs }) => inputs.x + 7 });
  const end = step({ name: "end", inputs: { x: optional(num) }, output: num, run: ({ inputs }) => (inputs.x ?? 0) + 50 });
  await h.run(definePipeline({ name: "c", build: () => { const x = one(); end({ x: when(yes({ x }), () => next({ x }), () => last({ x })) }); } }));
  const found = await of("last/end");
  expect(edges(found)).toEqual(expect.arrayContaining(["one.output > next (x)", "next > next.output (output)"]));
  expect(edges(found).some((e) => e.endsWith("> end (x)"))).toBe(true);
  expect(edges(found).some((e) => e.includes("last (x)"))).toBe(false);
});

test("of a step that gave nothing, what it was given; and no more nodes than are asked for", async () => {
  const sink = step({ name: "sink", inputs: { x: num }, outputs: {}, run: () => undefined });
  const one = step({ name: "one", output: num, run: () => 1 });
  await h.run(definePipeline({ name: "s", build: () => { sink({ x: one() }); } }));
  expect(edges(await of("last/sink"))).toEqual(["one > one.output (output)", "one.output > sink (x)"]);
  expect(edges(await of("last/one"))).toContain("one.output > sink (x)");
  const small = await of("last/sink", { limit: 2 });
  expect([small.nodes.length, small.truncated]).toEqual([2, true]);
});
