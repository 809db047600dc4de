import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { definePipeline, file, json, localFile, step, storedFile, type PipelineDefinition } from "@mlstack/pipeline";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { layout } from "../store/layout.ts";
import { harness, type Harness } from "../testing/harness.ts";
import type { StepEnded } from "../journal/events.ts";

const open: Harness[] = [];
const VARIABLE = "MLSTACK_TEST_MODE";
afterEach(async () => { delete process.env[VARIABLE]; for (const h of open.splice(0)) await h.close(); });
const make = async (options: Parameters<typeof harness>[0] = {}) => { const h = await harness(options); open.push(h); return h; };

/** How a step ended, as the journal has it. */
async function ended(h: Harness, p: PipelineDefinition, node: string): Promise<Pick<StepEnded, "status" | "key" | "parts" | "cache">> {
  const seen: StepEnded[] = [];
  await h.run(p, {}, { observer: { event: (e) => { if (e.kind === "step-ended" && e.node === node) seen.push(e); } } });
  const { status, key, parts, cache } = seen.at(-1)!;
  return { status, key, parts, cache };
}
const uncached = (message: unknown) => ({ status: "completed", key: null, parts: null, cache: { state: "uncached", reasons: [{ rule: "changed-after-load", message }] } });
const stored = { status: "completed", key: expect.any(String) as string, cache: { state: "stored" } };

test("an environment variable that another step has written to", async () => {
  const h = await make();
  let poison = true;
  const first = step({ name: "first", cache: false, output: json(z.number()), run: () => { if (poison) process.env[VARIABLE] = "poisoned"; else delete process.env[VARIABLE]; return 1; } });
  const second = step({ name: "second", inputs: { n: json(z.number()) }, env: [VARIABLE], output: json(z.string()), run: () => process.env[VARIABLE] ?? "unset" });
  const p = definePipeline({ name: "p", build: () => { second({ n: first() }); } });
  expect(await ended(h, p, "second")).toMatchObject(uncached(expect.stringContaining(VARIABLE)));
  poison = false;
  expect(await ended(h, p, "second")).toMatchObject(stored);
});

test("an environment variable that the step itself writes to, and an engine whose environment is another than the process's", async () => {
  const h = await make();
  const own = step({ name: "own", env: [VARIABLE], output: json(z.number()), run: () => { process.env[VARIABLE] = "x"; return 1; } });
  const p = definePipeline({ name: "p", build: () => { own(); } });
  expect(await ended(h, p, "own")).toMatchObject(uncached(expect.stringContaining(VARIABLE)));
  // it is set now, and the plan says that it is not
  const reads = step({ name: "reads", env: [VARIABLE], output: json(z.number()), run: () => 1 });
  expect(await ended(h, definePipeline({ name: "q", build: () => { reads(); } }), "reads")).toMatchObject(uncached(expect.stringContaining(VARIABLE)));
});

test("external data that changes after the step was given its path", async () => {
  const h = await make();
  const at = join(h.project.dir, "d.txt");
  writeFileSync(at, "old");
  let change = true;
  const reads = step({ name: "reads", params: { d: file() }, output: json(z.string()), async run({ params }) { const path = await params.d.path(); if (change) writeFileSync(at, "new"); return readFileSync(path, "utf8"); } });
  const p = definePipeline({ name: "p", params: { d: file().default("d.txt") }, build: ({ d }) => { reads({ d }); } });
  expect(await ended(h, p, "reads")).toMatchObject(uncached(expect.stringContaining("d.txt")));
  change = false;
  writeFileSync(at, "old");
  expect(await ended(h, p, "reads")).toMatchObject(stored);
  expect((await ended(h, p, "reads")).status).toBe("cached");
});

test("a declared file that changes while the step runs", async () => {
  const h = await make();
  const at = join(h.project.dir, "model.yaml");
  writeFileSync(at, "a: 1");
  const reads = step({ name: "reads", files: ["model.yaml"], output: json(z.number()), run: () => { writeFileSync(at, "a: 2"); return 1; } });
  expect(await ended(h, definePipeline({ name: "p", build: () => { reads(); } }), "reads")).toMatchObject(uncached(expect.stringContaining("model.yaml")));
});

test("code that is loaded while the step runs", async () => {
  let loaded = false;
  const check = { changed: () => (loaded ? ({ rule: "changed-after-load", message: "late.ts was changed", fix: "run again" } as const) : undefined) };
  const h = await make({ check });
  const reads = step({ name: "reads", output: json(z.number()), run: () => { loaded = true; return 1; } });
  expect(await ended(h, definePipeline({ name: "p", build: () => { reads(); } }), "reads")).toMatchObject(uncached("late.ts was changed"));
});

test("an input that was changed fails the step that has read its beginning only", async () => {
  const h = await make();
  const store = await h.stack.artifactStore();
  const large = step({ name: "large", output: storedFile(), async run({ scratch }) { const path = join(await scratch(), "big.csv"); writeFileSync(path, `a,b\n${"1,2\n".repeat(500_000)}`); return localFile(path); } });
  const header = step({
    name: "header", inputs: { f: storedFile() }, output: json(z.string()),
    async run({ inputs }) {
      const blob = store.localPath!(layout.blob(await inputs.f.sha256()));
      chmodSync(blob, 0o644);
      writeFileSync(blob, readFileSync(blob, "utf8").replace("a,b", "x,y"));
      for await (const piece of inputs.f.stream()) return Buffer.from(piece).toString("utf8").slice(0, 3);
      return "";
    },
  });
  const report = await h.run(definePipeline({ name: "p", build: () => { header({ f: large() }); } }));
  expect([report.nodes.get("header")?.status, report.error?.code]).toEqual(["failed", "MLS3002"]);
});

test("files of the attempt and of inputs may be given for several outputs, and the scratch folder as a whole", async () => {
  const h = await make();
  const made = step({ name: "made", outputs: { a: storedFile(), b: storedFile() }, async run({ scratch }) { const path = join(await scratch(), "m.bin"); writeFileSync(path, "x"); const f = localFile(path); return { a: f, b: f }; } });
  const on = step({ name: "on", inputs: { a: storedFile(), b: storedFile() }, outputs: { a: storedFile(), b: storedFile() }, run: async ({ inputs }) => ({ a: inputs.a, b: localFile(await inputs.b.path()) }) });
  const report = await h.run(definePipeline({ name: "p", build: () => { on(made()); } }));
  expect(report.error).toBeUndefined();
  expect(new Set(["made", "on"].flatMap((n) => Object.values(report.nodes.get(n)!.outputs).map((o) => o.manifest))).size).toBe(1);
});
