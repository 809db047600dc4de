import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { component, definePlugin, MlstackError, type ExperimentTracker, type LogOptions, type TrackerEvent } from "@mlstack/core";
import { definePipeline, json, list, map, step } from "@mlstack/pipeline";
import { afterEach, expect, test, vi } from "vitest";
import { z } from "zod";
import type { JournalEvent } from "../journal/events.ts";
import { LOCAL_STACK } from "../stack/stack.ts";
import { layout } from "../store/layout.ts";
import { listTracker } from "../testing/fake-launcher.ts";
import { harness, type Harness } from "../testing/harness.ts";

const open: Harness[] = [];
afterEach(async () => { vi.useRealTimers(); for (const h of open.splice(0)) await h.close(); });
async function make(tracker: ExperimentTracker): Promise<Harness> {
  const plugin = definePlugin({ name: "fakes", components: [component({ type: "experiment_tracker", version: 1, flavor: "fake", description: "A list", config: z.strictObject({}), create: () => tracker })] });
  const h = await harness({ plugins: [plugin], stack: { ...LOCAL_STACK, components: { ...LOCAL_STACK.components, experiment_tracker: { name: "t", flavor: "fake" } } } });
  open.push(h);
  return h;
}
const num = json(z.number());
const logs = step({ name: "logs", params: { n: z.number() }, output: num, run({ params: { n }, tracker }) { for (let i = 0; i < n; i++) tracker.logMetric(i === 1 ? "bad" : "m", i); return n; } });
const three = definePipeline({ name: "three", build: () => { logs({ n: 3 }); } });

test("a refused event of a run is a warning, and is in the records", async () => {
  const kept: string[] = [];
  const h = await make(listTracker({
    async log(_, events) {
      kept.push(...events.flatMap((e) => (e.key === "bad" ? [] : [e.key])));
      return { refused: events.filter((e) => e.key === "bad").map(({ id }) => ({ id, reason: "bad is no name" })) };
    },
  }));
  const report = await h.run(three);
  expect([report.status, kept]).toEqual(["completed", ["m", "m"]]);
  expect(report.warnings).toEqual([expect.stringContaining("refused what a step has logged, 1 event is kept in the records only: bad is no name")]);
  expect(await h.records.tracked(report.id)).toHaveLength(3);
});

test("ids tell runs, resumes, attempts and nodes apart, also those of the items of a map", async () => {
  const tracker = listTracker();
  const h = await make(tracker);
  let tries = 0;
  const flaky = step({ name: "flaky", inputs: { x: num }, output: num, retry: { attempts: 2, delayMs: 0 }, run: ({ inputs: { x }, tracker: t }) => { t.logParam("x", x); if (++tries % 2 === 1) throw new Error("again"); return x; } });
  const xs = step({ name: "xs", output: list(num), run: () => [1, 1, 2] });
  const p = definePipeline({ name: "p", build: () => { map(xs(), (x) => flaky({ x })); } });
  await h.run(p);
  const first = tracker.sent.splice(0);
  expect(new Set(first.map((e) => e.id)).size).toBe(first.length);
  for (const e of first) expect(e.id).toBe(`${e.node}/0.${e.attempt}/0`);
  // what is served from the cache is sent again, as what it is
  await h.run(p);
  expect(tracker.sent).toHaveLength(3);
  expect(tracker.sent.every((e) => e.cachedFrom !== undefined && e.id === `${e.node}/0.0/0`)).toBe(true);
  expect(new Set(tracker.sent.map((e) => e.node)).size).toBe(3);
});

test("steps and hits do not wait for the tracker; the run's end does", async () => {
  const tracker = listTracker();
  let held = Promise.resolve();
  const h = await make({ ...tracker, async log(...args) { await held; return tracker.log(...args); } });
  const xs = step({ name: "xs", output: list(num), run: () => Array.from({ length: 20 }, (_, i) => i) });
  const each = step({ name: "each", inputs: { x: num }, output: num, run: ({ inputs: { x }, tracker: t }) => { t.logMetric("loss", x); return x; } });
  const p = definePipeline({ name: "p", build: () => { map(xs(), (x) => each({ x })); } });
  // the last of them has ended, and not one call of the tracker
  const onLast = () => {
    let [left, release] = [20, () => {}];
    held = new Promise((go) => { release = go; });
    const before = tracker.sent.length;
    return { observer: { event: (e: JournalEvent) => { if (e.kind === "step-ended" && e.node.startsWith("each") && --left === 0) { expect(tracker.sent).toHaveLength(before); release(); } } } };
  };
  expect((await h.run(p, {}, onLast())).status).toBe("completed");
  expect(tracker.sent).toHaveLength(20);
  await h.run(p, {}, onLast());
  expect([tracker.sent.length, tracker.said.filter((s) => s.startsWith("log")).length]).toEqual([40, expect.toSatisfy((n: number) => n < 8)]);
});

const shows = step({ name: "shows", output: num, async run({ tracker, scratch }) {
  await tracker.logFile("a/text.txt", "t€xt");
  await tracker.logFile("bytes.bin", Uint8Array.of(0, 255));
  const path = join(await scratch(), "f");
  writeFileSync(path, "from a file");
  await tracker.logFile("file.txt", { path });
  return 1;
} });
const files = definePipeline({ name: "files", build: () => { shows(); } });

test("logged files are kept with the step, and are there again when it is served from the cache", async () => {
  const got: Record<string, string> = {};
  const log = async (_: string, events: readonly TrackerEvent[], { open: from }: LogOptions = {}) => {
    for (const e of events) {
      const chunks = [];
      if (e.kind === "file") for await (const c of from!(e.value)) chunks.push(c);
      if (e.kind === "file") { got[e.key] = Buffer.concat(chunks).toString("latin1"); expect(Buffer.concat(chunks)).toHaveLength(e.size); }
    }
    return { refused: [] };
  };
  const h = await make(listTracker({ log }));
  const want = { "a/text.txt": Buffer.from("t€xt").toString("latin1"), "bytes.bin": "\u0000\u00FF", "file.txt": "from a file" };
  await h.run(files);
  expect(got).toEqual(want);
  for (const key of Object.keys(got)) delete got[key];
  const report = await h.run(files);
  expect([h.status(report), got]).toEqual([{ shows: "cached" }, want]);
  // a result whose files are gone is not a result
  const logged = (await h.records.tracked(report.id)).find((e) => e.key === "file.txt");
  await (await h.stack.artifactStore()).delete(layout.blob(String(logged!.value)));
  expect(h.status(await h.run(files))).toEqual({ shows: "completed" });
});

test.each(["", "/etc/passwd", "../up", "a//b", "a\\b", "./a", "x".repeat(251)])("a file can't be shown as %j", async (name) => {
  const h = await make(listTracker());
  const bad = step({ name: "bad", run: ({ tracker }) => tracker.logFile(name, "x") });
  expect((await h.run(definePipeline({ name: "p", build: () => { bad(); } }))).error).toMatchObject({ code: "MLS1009" });
});

test("what a driver logged, and was killed before it could write down, may have been sent: it comes again under its ids, and as that", async () => {
  const calls: { readonly ids: readonly string[]; readonly resent: boolean | undefined }[] = [];
  const h = await make(listTracker({ async log(_, events, options) { calls.push({ ids: events.map((e) => e.id), resent: options?.resent }); return { refused: [] }; } }));
  const { id } = await h.run(three);
  const sent = calls.splice(0);
  // as it is after a kill between the entry and the record
  h.orphan(id);
  for (const change of ["update steps set status = 'running', ended_at = null, work = null where run = ?", "delete from tracker_events where run = ?", "delete from artifacts where run = ?"]) h.db.prepare(change).run(id);
  const report = await h.resume(id, three);
  expect(h.status(report)).toEqual({ logs: "cached" });
  expect(sent.flatMap((c) => c.ids)).toHaveLength(3);
  expect(calls).toEqual([{ ids: sent.flatMap((c) => c.ids), resent: true }]);
});

test("a run that could not go on is finished in the tracker, too", async () => {
  const tracker = listTracker();
  const h = await make(tracker);
  const { transaction } = h.db;
  let full = false;
  const breaks = step({ name: "breaks", output: num, run: () => { full = true; return 1; } });
  Object.assign(h.db, { transaction: ((work) => { if (full) throw new MlstackError("MLS3004", "no space is left"); return transaction(work); }) satisfies typeof transaction });
  await expect(h.run(definePipeline({ name: "p", build: () => { breaks(); } }))).rejects.toSatisfy((e) => MlstackError.is(e, "MLS3004"));
  expect(tracker.said).toEqual(["start", "finish failed"]);
});

test("the local tracker has the files of a run, under their names", async () => {
  const h = await harness();
  open.push(h);
  const { id } = await h.run(files);
  expect(readFileSync(join(h.project.stateDir, "tracking", id, "files", "a", "text.txt"), "utf8")).toBe("t€xt");
});
