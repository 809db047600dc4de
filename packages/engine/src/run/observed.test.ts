import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { inspect } from "node:util";
import type { ArtifactType } from "@mlstack/core";
import { definePipeline, file, json, step } from "@mlstack/pipeline";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { harness, type Harness, type HarnessOptions } from "../testing/harness.ts";
import { explainStep } from "../client/why.ts";

const open: Harness[] = [];
const make = async (options?: HarnessOptions) => { const h = await harness(options); open.push(h); return h; };
afterEach(async () => { for (const h of open.splice(0)) await h.close(); });

/** Runs twice: what the second run says of a step, and why. */
async function twice(h: Harness, build: () => void, node: string): Promise<{ readonly status: string | undefined; readonly rules: readonly string[] }> {
  const p = definePipeline({ name: "p", build });
  await h.run(p);
  const again = await h.run(p);
  const why = await explainStep(h.records, again.id, node);
  if (why.reasons.length > 0) expect(why.summary).toMatch(/never cached/);
  return { status: h.status(again)[node], rules: why.reasons.map((r) => r.rule) };
}

describe("a step that reads which run it is in", () => {
  const text = json(z.unknown());
  const reads = {
    node: step({ name: "s", output: text, run: ({ run }) => run.node }),
    pipeline: step({ name: "s", output: text, run: ({ run: { pipeline } }) => pipeline }),
    attempt: step({ name: "s", output: text, run: ({ run }) => ({ ...run }).attempt }),
    "all of it": step({ name: "s", output: text, run: ({ run }) => run }),
    "all of it, as JSON": step({ name: "s", output: text, run: ({ run }) => JSON.stringify(run) }),
  };
  test.each(Object.entries(reads))("%s: always runs", async (_, s) => {
    expect(await twice(await make(), () => { s(); }, "s")).toEqual({ status: "completed", rules: expect.arrayContaining(["reads-run-info"]) as unknown });
  });
  test("is told its true values", async () => {
    const h = await make();
    const s = step({ name: "s", output: text, run: ({ run }) => run });
    const report = await h.run(definePipeline({ name: "p", build: () => s({}, { id: "n" }) }));
    const [row] = await h.records.artifacts({ run: report.id });
    expect(JSON.parse(row!.preview_json ?? "{}")).toMatchObject({ text: expect.stringContaining(report.id) as unknown });
  });
  test("a step that is only handed it is cached, and so is one that prints it", async () => {
    const s = step({ name: "s", output: text, run: ({ run, log }) => { log(inspect(run)); return typeof run; } });
    expect(await twice(await make(), () => { s(); }, "s")).toEqual({ status: "cached", rules: [] });
  });
  test("the folder of an attempt is not named after it", async () => {
    const s = step({ name: "named", output: text, run: async ({ scratch }) => { expect(basename(await scratch())).not.toMatch(/named|1$/); return 1; } });
    await twice(await make(), () => { s(); }, "named");
  });
});

describe("external data", () => {
  const handed = (read: (d: { readonly uri: string; readonly name: string; path(): Promise<string> }) => unknown) =>
    step({ name: "s", params: { d: file() }, output: json(z.unknown()), run: async ({ params }) => read(params.d) });
  async function both(s: ReturnType<typeof handed>, first: string, second: string): Promise<readonly (string | undefined)[]> {
    const h = await make();
    for (const name of ["a.csv", "b.csv"]) writeFileSync(join(h.project.dir, name), "same\n");
    mkdirSync(join(h.project.dir, "other"));
    copyFileSync(join(h.project.dir, "a.csv"), join(h.project.dir, "other", "a.csv"));
    const p = definePipeline({ name: "p", params: { d: file() }, build: ({ d }) => { s({ d }); } });
    return [h.status(await h.run(p, { d: first }))["s"], h.status(await h.run(p, { d: second }))["s"]];
  }
  test("the same bytes under another name are other data", async () => {
    expect(await both(handed(async (d) => [d.name, basename(await d.path())]), "a.csv", "b.csv")).toEqual(["completed", "completed"]);
  });
  test("the same bytes under the same name in another folder are the same", async () => {
    expect(await both(handed(async (d) => [d.name, basename(await d.path())]), "a.csv", "other/a.csv")).toEqual(["completed", "cached"]);
  });
  test("a step that reads where they lie always runs", async () => {
    expect(await both(handed((d) => d.uri), "a.csv", "a.csv")).toEqual(["completed", "completed"]);
  });
});

describe("an artifact whose format has a digest of its meaning", () => {
  // the writer leaves its mark in the bytes
  let writes = 0;
  const marked: ArtifactType<number> = {
    format: "marked/1", kind: "data",
    codec: {
      reads: ["marked/1"], contentDigest: (value) => String(value),
      save: async (value, dir) => { await dir.write("value", Buffer.from(`${value} written ${++writes}`)); },
      load: async (dir) => Number(Buffer.from(await dir.read("value")).toString("utf8").split(" ")[0]),
    },
  };
  const source = step({ name: "source", output: marked, cache: false, run: () => 5 });
  const value = step({ name: "value", inputs: { x: marked }, output: json(z.number()), run: ({ inputs }) => inputs.x });
  const bytes = step({ name: "bytes", inputs: { x: marked }, output: json(z.string()), run: async ({ artifacts }) => Buffer.from(await (await artifacts.x.open()).read("value")).toString("utf8") });
  test("its value is what counts", async () => { expect((await twice(await make(), () => { value({ x: source() }); }, "value")).status).toBe("cached"); });
  test("a step that looks at its bytes always runs", async () => {
    expect(await twice(await make(), () => { bytes({ x: source() }); }, "bytes")).toEqual({ status: "completed", rules: ["reads-artifact-bytes"] });
  });
  test("bytes that are their own digest may be looked at", async () => {
    const plain = step({ name: "plain", output: json(z.number()), run: () => 1 });
    const looks = step({ name: "looks", inputs: { x: json(z.number()) }, output: json(z.string()), run: ({ artifacts }) => artifacts.x.digest });
    expect((await twice(await make(), () => { looks({ x: plain() }); }, "looks")).status).toBe("cached");
  });
});

test("the order of a record's keys is part of the key, for a step can see it", async () => {
  const h = await make();
  const s = step({ name: "s", params: { w: z.record(z.string(), z.number()) }, output: json(z.string()), run: ({ params }) => Object.keys(params.w).join() });
  const p = definePipeline({ name: "p", params: { w: z.record(z.string(), z.number()) }, build: ({ w }) => { s({ w }); } });
  const statuses = [];
  for (const w of [{ a: 1, b: 2 }, { b: 2, a: 1 }, { b: 2, a: 1 }]) statuses.push(h.status(await h.run(p, { w }))["s"]);
  expect(statuses).toEqual(["completed", "completed", "cached"]);
});

describe("a step that runs in this process", () => {
  const before = process.env["TZ"];
  const inZone = (zone: string) => { process.env["TZ"] = zone; };
  afterEach(() => { if (before === undefined) delete process.env["TZ"]; else process.env["TZ"] = before; });
  const hours = step({ name: "hours", output: json(z.number()), run: () => new Date(0).getHours() });
  const moves = step({ name: "moves", output: json(z.number()), run: () => { inZone("Europe/Berlin"); return 1; } });
  const p = definePipeline({ name: "p", build: () => { hours(); } });

  test("has the process's time zone in its key, where it can depend on it", async () => {
    const h = await make({ zoned: new Set(["hours"]) });
    const statuses = [];
    for (const zone of ["UTC", "Asia/Tokyo", "UTC", "Asia/Tokyo", "Etc/UTC"]) { inZone(zone); statuses.push(h.status(await h.run(p))["hours"]); }
    expect(statuses).toEqual(["completed", "completed", "cached", "cached", "cached"]);
    inZone("Europe/Berlin");
    const moved = await h.run(p);
    expect((await explainStep(h.records, moved.id, "hours")).changes).toMatchObject([{ part: "zone", what: expect.stringContaining("time zone") as unknown, after: expect.stringContaining("Europe/Berlin") as unknown }]);
  });
  test("has not where it can't", async () => {
    const h = await make();
    const statuses = [];
    for (const zone of ["UTC", "Asia/Tokyo"]) { inZone(zone); statuses.push(h.status(await h.run(p))["hours"]); }
    expect(statuses).toEqual(["completed", "cached"]);
  });
  test("is not cached where the zone is another when it ends", async () => {
    const h = await make({ zoned: new Set(["moves"]) });
    const q = definePipeline({ name: "q", build: () => { moves(); } });
    inZone("UTC");
    const report = await h.run(q);
    expect((await explainStep(h.records, report.id, "moves")).reasons).toMatchObject([{ rule: "other-zone", message: expect.stringMatching(/Europe\/Berlin.*UTC/) as unknown }]);
  });
});
