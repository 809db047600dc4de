import type { StepSpec } from "@mlstack/core";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { localArtifactStore } from "../local/local-artifact-store.ts";
import { foldEvents } from "../records/fold.ts";
import { openDatabase, type OpenDatabase } from "../records/open-database.ts";
import { recordsOf } from "../records/records.ts";
import { trackedBefore } from "../run/tracked-before.ts";
import { layout } from "../store/layout.ts";
import { channelJournal, decodeMessage } from "./channel-journal.ts";
import { directJournal } from "./direct-journal.ts";
import type { JournalEvent } from "./events.ts";
import { logFiles } from "./log-files.ts";
import { objectJournal, readObjectJournal, readObjectLogs } from "./object-journal.ts";

let dir: string;
const open: OpenDatabase[] = [];
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "mlstack-journal-")); });
afterEach(() => { for (const db of open.splice(0)) db.close(); rmSync(dir, { recursive: true, force: true }); });
const database = async (name: string) => { const db = await openDatabase(join(dir, name), "process"); open.push(db); return db; };

const output = { manifest: "a".repeat(64), identity: "b".repeat(64), format: "json/1", size: 3, kind: "data" as const, metadata: { rows: 1 } };
const run = "run1";
const specOf = (attempt: number): Omit<StepSpec, "stack"> => ({ version: 1, runId: run, project: "x", node: "one", attempt, ordinal: 0, willRetry: false, plan: "c".repeat(64), inputs: {}, data: {}, files: null, cache: { domain: "shared", store: true }, trackedRun: null, zone: null, timeoutMs: null, driver: null });
const EVENTS: readonly JournalEvent[] = [
  { kind: "run-started", run, time: 1, pipeline: "p", plan: "c".repeat(64), params: { n: 1 }, stack: { name: "local", components: {}, plugins: {} }, bundle: null, versions: {}, project: "x", driver: { host: "h", pid: 1, born: "", journal: "direct" }, given: { n: 1 }, lost: ["callback"], settings: { cache: "use", trustDomain: "shared", onFailure: "stop" }, tags: ["t"] },
  { kind: "run-tracked", run, ordinal: 0, time: 2, tracker: "mlflow:abc", externalId: "x1", url: "https://mlflow.example.com/x1" },
  { kind: "step-started", run, ordinal: 0, spec: specOf(1), node: "one", attempt: 1, time: 2 },
  { kind: "step-ended", run, ordinal: 0, node: "one", attempt: 1, startedAt: 2, time: 3, status: "failed", retried: true, key: null, parts: null, cache: { state: "none" }, outputs: {}, error: { name: "Error", message: "no" }, tracker: [] },
  { kind: "step-started", run, ordinal: 0, spec: specOf(2), node: "one", attempt: 2, time: 4 },
  { kind: "step-launched", run, ordinal: 0, node: "one", attempt: 2, time: 4, handle: "job/7" },
  { kind: "step-ended", run, ordinal: 0, node: "one", attempt: 2, startedAt: 4, time: 5, status: "completed", key: "k", parts: { code: "1" }, work: "w", cache: { state: "stored" }, outputs: { x: output }, tracker: [
    { kind: "metric", key: "loss", value: Number.NaN, step: 0.5, id: "one/2/0", node: "one", attempt: 2, time: 4 }, { kind: "param", key: "flag", value: true, id: "one/2/1", node: "one", attempt: 2, time: 4 },
    { kind: "metric", key: "big", value: Infinity, step: 1, id: "one/2/2", node: "one", attempt: 2, time: 4 }, { kind: "metric", key: "acc", value: 0.5, step: 1, id: "one/2/3", node: "one", attempt: 2, time: 4 }] },
  { kind: "step-ended", run, ordinal: 0, node: "two", attempt: 0, startedAt: 6, time: 6, status: "cached", key: "k2", parts: { code: "2" }, cache: { state: "hit", run: "r0", node: "two", madeAt: 0, platform: "any", savedMs: 5 }, outputs: { y: output }, tracker: [{ kind: "file", key: "a.png", value: "d".repeat(64), size: 7, id: "two/0.0/0", node: "two", attempt: 0, time: 6, cachedFrom: "r0" }] },
  { kind: "run-ended", run, ordinal: 0, time: 7, status: "completed", warnings: ["w"] },
];
const tables = ["runs", "steps", "attempts", "artifacts", "keys", "tracker_events"];
const dump = (db: OpenDatabase) => Object.fromEntries(tables.map((t) => [t, db.raw.prepare(`select * from ${t} order by 1, 2`).all()]));

async function direct(): Promise<OpenDatabase> {
  const db = await database("direct.db");
  const journal = directJournal(db, logFiles(join(dir, "logs")), { run, ordinal: 0 });
  for (const e of EVENTS) { journal.append(e); await journal.flush(); }
  return db;
}

test("both carriers give the same records", async () => {
  const store = localArtifactStore({ root: join(dir, "store"), durability: "process" });
  const journal = objectJournal(store);
  for (const e of EVENTS) { journal.append(e); await journal.flush(); }
  const db = await database("object.db");
  foldEvents(db, await readObjectJournal(store, run));
  const expected = dump(await direct());
  expect(dump(db)).toEqual(expected);
  expect(expected["steps"]).toMatchObject([{ node: "one", status: "completed", attempt: 2 }, { node: "two", status: "cached" }]);
  expect(expected["attempts"]).toMatchObject([{ attempt: 1, status: "failed" }, { attempt: 2, status: "completed", handle: "job/7" }]);
  expect(expected["tracker_events"]!.map((e) => [e["key"], e["value"], e["type"]])).toEqual([["loss", "NaN", "number"], ["flag", "true", "boolean"], ["big", "Infinity", "number"], ["acc", 0.5, "number"], ["a.png", "d".repeat(64), "string"]]);
  expect(JSON.parse(String(expected["runs"]![0]!["tracked_json"]))).toEqual({ tracker: "mlflow:abc", externalId: "x1", url: "https://mlflow.example.com/x1" });
  // what was logged can be sent again as it was
  const row = await recordsOf(db).run(run);
  expect(await trackedBefore(row, recordsOf(db), "mlflow:abc")).toEqual({ externalId: "x1", events: EVENTS.flatMap((e) => (e.kind === "step-ended" ? e.tracker : [])) });
  expect((await trackedBefore(row, recordsOf(db), "other:abc")).externalId).toBeUndefined();
});

test("folding again, and folding what is written twice, changes nothing", async () => {
  const store = localArtifactStore({ root: join(dir, "store"), durability: "process" });
  for (let twice = 0; twice < 2; twice++) {
    const journal = objectJournal(store);
    for (const e of EVENTS) journal.append(e);
    await journal.flush();
  }
  const db = await database("object.db");
  const events = await readObjectJournal(store, run);
  expect(events).toHaveLength(EVENTS.length);
  foldEvents(db, events);
  const once = dump(db);
  foldEvents(db, events);
  foldEvents(db, events.slice(2, 4));
  expect(dump(db)).toEqual(once);
});

test("a journal that breaks off is folded as far as it goes", async () => {
  const db = await database("part.db");
  foldEvents(db, EVENTS.slice(0, 5));
  expect(dump(db)["steps"]).toMatchObject([{ node: "one", status: "running", attempt: 2, ended_at: null }]);
  expect(dump(db)["runs"]).toMatchObject([{ status: "running", ended_at: null }]);
  foldEvents(db, EVENTS);
  expect(dump(db)).toEqual(dump(await direct()));
});

test("lines are kept in order by both carriers, and a line that was cut off is left out", async () => {
  const logs = logFiles(join(dir, "logs"));
  const store = localArtifactStore({ root: join(dir, "store"), durability: "process" });
  const journal = objectJournal(store);
  for (let i = 0; i < 5; i++) {
    logs.append(run, "one", 1, { time: i, stream: "stdout", text: `line ${i}\u2028` });
    journal.log(run, "one", 1, { time: i, stream: "stdout", text: `line ${i}\u2028` });
    if (i % 2 === 0) await journal.flush();
  }
  await journal.flush();
  const { appendFileSync } = await import("node:fs");
  appendFileSync(join(dir, "logs", run, "one.1.jsonl"), '{"time":9,"str');
  const collect = async (lines: AsyncIterable<{ text: string }>) => { const all = []; for await (const l of lines) all.push(l.text); return all; };
  const want = [0, 1, 2, 3, 4].map((i) => `line ${i}\u2028`);
  expect(await collect(logs.read(run, "one"))).toEqual(want);
  expect((await readObjectLogs(store, layout.journalOf(run))).flatMap((p) => p.lines.map((l) => l.text))).toEqual(want);
  expect(await collect(logs.read(run, "other"))).toEqual([]);
});

test("what a step has logged so far comes over a channel as it was", async () => {
  const lines: string[] = [];
  const journal = channelJournal(async (line) => { lines.push(line); });
  const [step] = EVENTS.flatMap((e) => (e.kind === "step-ended" && e.tracker.length > 1 ? [e.tracker] : []));
  journal.tracked!(step!);
  await journal.flush();
  expect(lines.map(decodeMessage)).toEqual([{ kind: "tracked", events: step }]);
});

test("a step's process and its driver may both have lines of it; a part whose answer was lost is not written twice", async () => {
  const store = localArtifactStore({ root: join(dir, "store"), durability: "process" });
  const line = (text: string) => ({ time: 1, stream: "stderr" as const, text });
  const step = objectJournal(store);
  step.log(run, "one", 1, line("from the step"));
  await step.flush();
  let lose = false;
  const driver = objectJournal({ ...store, async put(key, source, options) { await store.put(key, source, options); if (lose) { lose = false; throw new Error("the answer was lost"); } } });
  driver.log(run, "one", 1, line("its last words"));
  await driver.flush();
  await step.flush();
  const lines = async () => (await readObjectLogs(store, layout.journalOf(run))).flatMap((p) => p.lines.map((l) => l.text));
  expect(await lines()).toEqual(["from the step", "its last words"]);
  lose = true;
  driver.log(run, "one", 1, line("and one more"));
  await expect(driver.flush()).rejects.toThrow("the answer was lost");
  await driver.flush();
  expect(await lines()).toEqual(["from the step", "its last words", "and one more"]);
});
