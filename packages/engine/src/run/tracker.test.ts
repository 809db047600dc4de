import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { component, definePlugin, MlstackError, type ExperimentTracker, type LogOptions, type TrackerEvent } from "@mlstack/core";
import { definePipeline, json, list, map, step } from "@mlstack/pipeline";
import { afterEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { LOCAL_STACK } from "../stack/stack.ts";
import { layout } from "../store/layout.ts";
import { listTracker } from "../testing/fake-launcher.ts";
import { harness, type Harness } from "../testing/harness.ts";
import { trackerLink } from "./tracker-link.ts";

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
const run = { runId: "r", pipeline: "p", params: {}, tags: {}, startedAt: new Date(0) };
const event = (key: string): TrackerEvent => ({ kind: "param", key, value: 1, id: `n/0.1/${key}`, node: "n", attempt: 1, time: 1 });
const noFile = () => { throw new Error("no file"); };
const refuses = (keys: readonly string[]) => {
  const kept: string[] = [];
  return { kept, log: async (_: string, events: readonly TrackerEvent[]) => { const bad = events.find((e) => keys.includes(e.key)); if (bad !== undefined) throw new MlstackError("MLS6003", `${bad.key} is too long`); kept.push(...events.map((e) => e.key)); } };
};

test("an event that the service refuses does not hold up the others, before it and behind it", async () => {
  const { kept, log } = refuses(["bad", "worse"]);
  const link = await trackerLink(listTracker({ log }), run, { required: false, open: noFile, delayMs: 0 });
  await link.send(["a", "bad", "b", "bad", "worse", "c"].map(event));
  await link.send([event("d")]);
  expect([kept, link.left]).toEqual([["a", "b", "c", "d"], 0]);
  expect(await link.finish("completed", new Date())).toEqual([
    "the experiment tracker refused 2 events, which are kept in the records only: bad is too long", "the experiment tracker refused 1 event, which are kept in the records only: worse is too long",
  ]);
});

test("a service that goes away in the middle gets the rest later, and nothing is lost or out of order", async () => {
  const kept: string[] = [];
  let away = true;
  const link = await trackerLink(listTracker({ log: async (_, events) => { if (away) throw new MlstackError("MLS6001", "out of reach"); kept.push(...events.map((e) => e.key)); } }), run, { required: false, open: noFile, delayMs: 0 });
  await link.send([event("a"), event("b")]);
  expect([kept, link.left]).toEqual([[], 2]);
  away = false;
  await Promise.all([link.send([event("c")]), link.send([event("d")])]);
  expect([kept, await link.finish("completed", new Date())]).toEqual([["a", "b", "c", "d"], []]);
});

test("a refused event of a run is a warning, and is in the records", async () => {
  const { kept, log } = refuses(["bad"]);
  const h = await make(listTracker({ log }));
  const report = await h.run(three);
  expect([report.status, kept]).toEqual(["completed", ["m", "m"]]);
  expect(report.warnings).toEqual([expect.stringContaining("refused 1 event")]);
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

test("a service that wants to hear something hears it, until the run is finished", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const tracker = listTracker({ keepAliveMs: 1000 });
  const link = await trackerLink(tracker, run, { required: false, open: noFile });
  await vi.advanceTimersByTimeAsync(3500);
  expect(tracker.said).toEqual(["start", "log 0", "log 0", "log 0"]);
  await link.finish("completed", new Date());
  await vi.advanceTimersByTimeAsync(5000);
  expect(tracker.said.slice(4)).toEqual(["finish completed"]);
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

test("a tracker that can't be opened costs a warning, or the run where a step requires it", async () => {
  const away = listTracker({ startRun: async () => { throw new MlstackError("MLS6001", "out of reach"); } });
  const link = await trackerLink(away, run, { required: false, open: noFile, delayMs: 0 });
  await link.send([event("a")]);
  expect(await link.finish("completed", new Date())).toEqual(["the experiment tracker could not be reached (out of reach): 1 events are kept in the records only"]);
  await expect(trackerLink(away, run, { required: true, open: noFile, delayMs: 0 })).rejects.toSatisfy((e) => MlstackError.is(e, "MLS6001"));
});

test("the local tracker has the files of a run, under their names", async () => {
  const h = await harness();
  open.push(h);
  const { id } = await h.run(files);
  expect(readFileSync(join(h.project.stateDir, "tracking", id, "files", "a", "text.txt"), "utf8")).toBe("t€xt");
});
