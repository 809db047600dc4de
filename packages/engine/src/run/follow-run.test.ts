import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Launcher, ProcessEnd, StepHandle } from "@mlstack/core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { JournalEvent } from "../journal/events.ts";
import { logFiles } from "../journal/log-files.ts";
import { objectJournal } from "../journal/object-journal.ts";
import { foldEvents } from "../records/fold.ts";
import { openDatabase, type OpenDatabase } from "../records/open-database.ts";
import { recordsOf } from "../records/records.ts";
import { memoryStore, type MemoryStore } from "../testing/memory-store.ts";
import { attachRun, isDriven } from "./attach.ts";
import { follower, type Attachment } from "./follow-run.ts";
import { beatKey } from "./heartbeat.ts";

let dir: string;
let db: OpenDatabase;
let store: MemoryStore;
beforeEach(async () => { dir = mkdtempSync(join(tmpdir(), "mlstack-follow-")); db = await openDatabase(join(dir, "records.db"), "process"); store = memoryStore(); });
afterEach(() => { vi.useRealTimers(); db.close(); rmSync(dir, { recursive: true, force: true }); });

const run = "r";
const plan = JSON.stringify({ planVersion: 1, nodes: [], steps: {} });
const START: JournalEvent = {
  kind: "run-started", run, time: Date.now(), pipeline: "p", plan: "p1", bundle: null, params: {}, given: {}, lost: [], stack: { components: {} }, versions: {}, project: "x", tags: [], settings: { cache: "use", trustDomain: "shared", onFailure: "stop" },
  driver: { host: "client", pid: 1, born: "", journal: "store" },
};
const END: JournalEvent = { kind: "run-ended", run, ordinal: 0, time: Date.now(), status: "completed", warnings: [] };
const step = (node: string): JournalEvent => ({ kind: "step-ended", run, ordinal: 0, node, attempt: 1, startedAt: 1, time: 2, status: "completed", key: null, parts: null, cache: { state: "none" }, outputs: {}, tracker: [] });

async function write(...events: JournalEvent[]): Promise<void> {
  const journal = objectJournal(store);
  for (const event of events) journal.append(event);
  await journal.flush();
}
/** A run that was started from here and is driven elsewhere. */
async function place(attach?: Launcher["attach"]): Promise<Attachment> {
  await write(START);
  foldEvents(db, [START]);
  db.prepare("insert into plans (digest, document) values ('p1', ?)").run(plan);
  db.prepare("update runs set driver_handle = 'job/7'").run();
  return { store, db, logs: logFiles(join(dir, "logs")), records: recordsOf(db), launcher: async () => ({ maxParallel: 1, cancel: "kill", sees: "bundle", start: () => { throw new Error("not here"); }, ...(attach !== undefined && { attach }) }) };
}
const handle = (ended: Promise<ProcessEnd>, tail = ""): StepHandle => ({ id: "job/7", ended, cancel: async () => undefined, tail: async () => tail });
const never = new Promise<ProcessEnd>(() => undefined);
const steps = () => db.raw.prepare("select node, status from steps order by node").all();

test("a driver that what started it says is there is there, and one that it says is not is dead", async () => {
  const seen: unknown[] = [];
  const alive = await place(async (launched) => { seen.push(launched); return handle(never); });
  expect((await follower(run, alive).pass()).run.status).toBe("running");
  expect(seen).toEqual([{ id: "job/7", runId: run, node: "_driver", ordinal: 0, attempt: 1 }]);
  expect(await follower(run, { ...alive, launcher: async () => undefined }).pass()).toMatchObject({ run: { status: "running" }, driver: { state: "unknown" } });
  const gone = { ...alive, launcher: async () => ({ ...(await alive.launcher())!, attach: async () => undefined }) };
  expect(await follower(run, gone).pass()).toMatchObject({ run: { status: "interrupted" }, driver: { state: "gone" } });
});

test("what it printed last is said of a driver that died; one that has ended in order is not taken for dead", async () => {
  const dead = await place(async () => handle(Promise.resolve({ status: "exited", exitCode: 1 }), "Error: no such package\n"));
  await expect(attachRun(await recordsOf(db).run(run), dead)).rejects.toMatchObject({ code: "MLS4010", message: "the driver of the run r has died with exit code 1", why: "the last that it printed: Error: no such package", fix: "mlstack run resume r" });
  // it ends between the reading of its journal and the look at it
  const ended = { ...dead, launcher: async () => ({ ...(await dead.launcher())!, attach: async () => { await write(END); return undefined; } }) };
  expect((await attachRun(await recordsOf(db).run(run), ended)).status).toBe("completed");
});

test("a list that is no picture of one moment loses no step's end", async () => {
  const attachment = await place();
  // the end of a step is written while the list is made: the run's end is in it, the step's is not
  let late = true;
  const torn: MemoryStore = { ...store, async *list(prefix, options) {
    for await (const object of store.list(prefix, options)) if (!(late && object.key.includes("/b/"))) yield object;
    late = false;
  } };
  await write(step("a"), step("b"), END);
  const { run: row } = await follower(run, { ...attachment, store: torn }).pass();
  expect([row.status, steps()]).toEqual(["completed", [{ node: "a", status: "completed" }, { node: "b", status: "completed" }]]);
});

test("a driver that is silent while it is watched is dead, where nobody else can tell", async () => {
  const attachment = await place();
  vi.useFakeTimers({ toFake: ["Date", "setTimeout"] });
  const follow = follower(run, attachment);
  expect((await follow.pass()).run.status).toBe("running");
  vi.setSystemTime(Date.now() + 29_000);
  expect((await follow.pass()).run.status).toBe("running");
  vi.setSystemTime(Date.now() + 2000);
  expect((await follow.pass()).run.status).toBe("interrupted");
});

test("a sign of life is seen by its change", async () => {
  vi.useFakeTimers({ toFake: ["Date", "setTimeout", "setImmediate"] });
  let beats = 0;
  const watched: MemoryStore = { ...store, stat: async (key) => ({ key, size: 1, modifiedAt: new Date(beats) }) };
  expect(beatKey({ run, ordinal: 2 })).toBe("journal/r/_run/0/beat-2");
  const silent = isDriven(watched, { run, ordinal: 0 });
  await vi.advanceTimersByTimeAsync(31_000);
  expect(await silent).toBe(false);
  const alive = isDriven(watched, { run, ordinal: 0 });
  await vi.advanceTimersByTimeAsync(10_000);
  beats = 5;
  await vi.advanceTimersByTimeAsync(1500);
  expect(await alive).toBe(true);
  const control = new AbortController();
  const left = isDriven(watched, { run, ordinal: 0 }, { signal: control.signal });
  await vi.advanceTimersByTimeAsync(500);
  control.abort();
  await expect(left).rejects.toMatchObject({ code: "MLS4003" });
});
