import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import type { JsonObject, StepSpec } from "@mlstack/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DriverPlace, JournalEvent, RunResumed, RunSettings, RunStarted, StepEnded } from "../journal/events.ts";
import { rowsOf } from "../testing/values.ts";
import { foldEvents } from "./fold.ts";
import { liveStatus, thisDriver } from "./liveness.ts";
import { openDatabase, type OpenDatabase } from "./open-database.ts";
import { recordsOf } from "./records.ts";
import { stackAt } from "./stack-at.ts";

let dir: string;
const open: OpenDatabase[] = [];
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), "mlstack-records-")); });
afterEach(() => { for (const db of open.splice(0)) db.close(); rmSync(dir, { recursive: true, force: true }); });
let made = 0;
const database = async () => { const db = await openDatabase(join(dir, `${made++}.db`), "process"); open.push(db); return db; };

const run = "run1";
const driver: DriverPlace = { host: "h", pid: 1, born: "", journal: "direct" };
const stackOf = (name: string, config: JsonObject = {}): JsonObject => ({ name, components: { artifact_store: { name, flavor: "local", config } }, plugins: { "@mlstack/engine": "0.1.0" } });
const settings: RunSettings = { cache: "use", trustDomain: "shared", onFailure: "stop" };
const started = (more: Partial<RunStarted> = {}): RunStarted => ({ kind: "run-started", run, time: 100, pipeline: "p", plan: "p1", params: {}, given: {}, stack: stackOf("a"), bundle: null, versions: {}, project: "x", driver, tags: [], lost: [], settings, ...more });
const resumed = (ordinal: number, time: number, more: Partial<RunResumed> = {}): RunResumed => ({ kind: "run-resumed", run, time, ordinal, plan: `p${ordinal + 1}`, bundle: null, stack: stackOf("b"), driver: { ...driver, pid: 2 }, settings, ...more });
const runEnd = (ordinal: number, time: number, status: "completed" | "failed"): JournalEvent => ({ kind: "run-ended", run, ordinal, time, status, ...(status === "failed" && { error: { name: "E", message: "no" } }), warnings: status === "failed" ? ["w"] : [] });
const specOf = (node: string, attempt: number, ordinal: number): Omit<StepSpec, "stack"> => ({ version: 1, runId: run, project: "x", node, attempt, ordinal, willRetry: false, plan: "p", inputs: {}, data: {}, files: null, cache: { domain: "shared", store: true }, trackedRun: null, zone: null, timeoutMs: null, driver: null });
const begin = (node: string, ordinal: number, attempt: number, time: number): JournalEvent => ({ kind: "step-started", run, ordinal, node, attempt, time, spec: specOf(node, attempt, ordinal) });
const out = (identity: string) => ({ manifest: identity, identity, format: "json/1", size: 1, kind: "data" as const, metadata: {} });
const end = (node: string, ordinal: number, attempt: number, time: number, status: StepEnded["status"], more: Partial<StepEnded> = {}): JournalEvent => ({
  kind: "step-ended", run, ordinal, node, attempt, startedAt: time - 1, time, status, key: null, parts: null, cache: { state: "none" }, outputs: status === "completed" || status === "cached" ? { x: out(`${node}${ordinal}`) } : {}, tracker: [],
  ...(status === "failed" && { error: { name: "E", message: "no" } }), ...more,
});

/** A run that failed, was resumed, and resumed again. */
const STORY: readonly JournalEvent[] = [
  started(), begin("a", 0, 1, 110), end("a", 0, 1, 120, "completed"), begin("b", 0, 1, 130), end("b", 0, 1, 140, "failed", { retried: true }), begin("b", 0, 2, 150), end("b", 0, 2, 160, "failed"), end("c", 0, 0, 161, "skipped", { error: { name: "E", message: "b failed" } }), runEnd(0, 170, "failed"),
  resumed(1, 1000), begin("b", 1, 3, 1010), end("b", 1, 3, 1020, "completed"), begin("c", 1, 1, 1030), end("c", 1, 1, 1040, "completed"), end("d", 1, 0, 1041, "cached", { cache: { state: "hit", run: "r0", node: "d", madeAt: 1, platform: "any", savedMs: 5 } }), runEnd(1, 1050, "completed"),
  resumed(2, 5000), end("b", 2, 0, 5010, "cached", { cache: { state: "hit", run: "r0", node: "b", madeAt: 1, platform: "any", savedMs: 5 } }), begin("c", 2, 2, 5020), end("c", 2, 2, 5030, "failed"), end("d", 2, 0, 5031, "skipped", { condition: "b.x" }), runEnd(2, 5040, "failed"),
];

describe("a run that was resumed", () => {
  const folded = async (events: readonly JournalEvent[]) => { const db = await database(); foldEvents(db, events); return { db, records: recordsOf(db), rows: rowsOf(db, run) as Record<string, Record<string, unknown>[]> }; };

  test("has the newest word on every step, and what it did not do again as it was", async () => {
    const { rows } = await folded(STORY);
    expect(rows["runs"]).toMatchObject([{ status: "failed", started_at: 100, ended_at: 5040, ordinal: 2, plan: "p3", pid: 2, error_json: expect.stringContaining("no") as string }]);
    expect(rows["steps"]).toMatchObject([
      { node: "a", status: "completed", ordinal: 0, attempt: 1 }, { node: "b", status: "cached", ordinal: 2, attempt: 0, error_json: null }, { node: "c", status: "failed", ordinal: 2, attempt: 2 }, { node: "d", status: "skipped", ordinal: 2, condition: "b.x" },
    ]);
    expect(rows["attempts"]!.map((a) => [a["node"], a["attempt"], a["status"]])).toEqual([["a", 1, "completed"], ["b", 1, "failed"], ["b", 2, "failed"], ["b", 3, "completed"], ["c", 1, "completed"], ["c", 2, "failed"]]);
  });

  test("knows the stacks that it was on, part by part", async () => {
    const { records } = await folded([...STORY, ...STORY]);
    const row = await records.run(run);
    expect([0, 1, 2, undefined].map((ordinal) => stackAt(row, ordinal).name)).toEqual(["a", "b", "b", "b"]);
    expect((JSON.parse(row.earlier_stacks_json) as unknown[]).length).toBe(2);
  });

  test("in between it is as it was then", async () => {
    const { rows } = await folded(STORY.slice(0, 11));
    expect(rows["runs"]).toMatchObject([{ status: "running", ended_at: null, error_json: null, warnings_json: "[]", ordinal: 1 }]);
    expect(rows["steps"]).toMatchObject([{ node: "a", status: "completed" }, { node: "b", status: "running", attempt: 3, ended_at: null, error_json: null }, { node: "c", status: "skipped" }]);
  });

  test("a step took as long as it took this time, not since it was first tried", async () => {
    const { rows } = await folded(STORY);
    expect(rows["steps"]!.map((s) => [s["node"], s["started_at"]])).toEqual([["a", 110], ["b", 5009], ["c", 5020], ["d", 5030]]);
  });

  test("an artifact belongs to the newest word: what failed or was left out has none of an earlier time", async () => {
    const { rows } = await folded(STORY);
    expect(rows["artifacts"]!.map((a) => [a["node"], a["identity"]])).toEqual([["a", "a0"], ["b", "b2"]]);
  });

  test("folding again, from anywhere, changes nothing", async () => {
    const { db, rows } = await folded(STORY);
    for (let from = 0; from < STORY.length; from++) {
      foldEvents(db, STORY.slice(from));
      expect(rowsOf(db, run), `from ${from}`).toEqual(rows);
    }
    for (const event of STORY) foldEvents(db, [event]);
    expect(rowsOf(db, run)).toEqual(rows);
  });

  test("a late word of an earlier time is not the last", async () => {
    const { db, rows } = await folded(STORY);
    foldEvents(db, [STORY[2]!, STORY[6]!, STORY[11]!, STORY[8]!]);
    expect(rowsOf(db, run)).toEqual(rows);
  });

  test("knows what its nodes were started with last", async () => {
    const { records } = await folded(STORY);
    expect(Object.fromEntries([...(await records.specs(run))].map(([node, s]) => [node, [s.attempt, s.spec.ordinal]]))).toEqual({ a: [1, 0], b: [3, 1], c: [2, 2] });
  });
});

test("stores that runs have used are known, the latest first, each once", async () => {
  const db = await database();
  const records = recordsOf(db);
  foldEvents(db, [started(), started({ run: "run2", time: 300, stack: stackOf("two", { path: "x" }) }), started({ run: "run3", time: 200, stack: stackOf("renamed") }), started({ run: "run4", time: 150, stack: { name: "none", components: {}, plugins: {} } })]);
  expect(await records.stores()).toEqual([
    { name: "two", flavor: "local", config: { path: "x" }, plugins: ["@mlstack/engine"] }, { name: expect.any(String) as string, flavor: "local", config: {}, plugins: ["@mlstack/engine"] },
  ]);
  foldEvents(db, [resumed(1, 900, { stack: stackOf("a") }), started({ time: 100 })]);
  expect((await records.stores()).map((s) => s.config)).toEqual([{}, { path: "x" }]);
});

describe("whether a run that is recorded as running still runs", () => {
  const now = 1_000_000;
  const row = (of: Partial<DriverPlace>, heartbeat_at = now, status = "running") => ({ status, ...thisDriver("direct"), ...of, heartbeat_at });

  test("a process of this machine is looked for, however long it has said nothing", () => {
    expect(liveStatus(row({}, 0), now)).toBe("running");
    expect(liveStatus(row({ born: "" }, 0), now)).toBe("running");
  });

  test("one that has ended, and one whose number was given to another, is interrupted", async () => {
    const child = spawn(process.execPath, ["-e", ""]);
    await once(child, "close");
    expect(liveStatus(row({ pid: child.pid! }), now)).toBe("interrupted");
    if (process.platform === "linux") expect(liveStatus(row({ born: "12" }), now)).toBe("interrupted");
  });

  test("on another machine the last sign of life counts", () => {
    const host = `not ${hostname()}`;
    expect(liveStatus(row({ host, pid: 999_999_999 }, now - 59_000), now)).toBe("running");
    expect(liveStatus(row({ host }, now - 61_000), now)).toBe("interrupted");
  });

  test("of a run whose journal is in the store, the records here can't tell", () => {
    expect(liveStatus(row({ host: `not ${hostname()}`, journal: "store" }, 0), now)).toBe("running");
    expect(liveStatus(row({ pid: 999_999_999, journal: "store" }, 0), now)).toBe("running");
  });

  test("what has ended has ended", () => {
    expect(liveStatus(row({ pid: 999_999_999 }, 0, "failed"), now)).toBe("failed");
  });
});
