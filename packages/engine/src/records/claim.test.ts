import { mkdtempSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { directJournal } from "../journal/direct-journal.ts";
import type { DriverPlace, RunResumed, RunStarted } from "../journal/events.ts";
import { logFiles } from "../journal/log-files.ts";
import { claimRun } from "./claim.ts";
import { foldEvents } from "./fold.ts";
import { thisDriver } from "./liveness.ts";
import { openDatabase, type OpenDatabase } from "./open-database.ts";

let dir: string;
let db: OpenDatabase;
beforeEach(async () => { dir = mkdtempSync(join(tmpdir(), "mlstack-claim-")); db = await openDatabase(join(dir, "records.db"), "process"); });
afterEach(() => { db.close(); rmSync(dir, { recursive: true, force: true }); });

const common = { run: "r", time: Date.now(), plan: "p", bundle: null, stack: { components: {} }, settings: { cache: "use", trustDomain: "shared", onFailure: "stop" } } as const;
/** A process of this machine that is certainly not there. */
const dead: DriverPlace = { host: hostname(), pid: 2 ** 22 + 1, born: "1", journal: "direct" };
const started = (driver: DriverPlace): RunStarted => ({ kind: "run-started", pipeline: "p", params: {}, given: {}, lost: [], versions: {}, project: "x", tags: [], driver, ...common });
const resumed = (ordinal: number, driver: DriverPlace = thisDriver("direct")): RunResumed => ({ kind: "run-resumed", ordinal, driver, ...common });
const row = () => db.raw.prepare("select status, ordinal, pid from runs").get();

describe("one driver per run", () => {
  test("of two that go on with a run at once, one does", () => {
    foldEvents(db, [started(dead)]);
    claimRun(db, resumed(1), false);
    expect(() => claimRun(db, resumed(1), false)).toThrow(expect.objectContaining({ code: "MLS4009", why: `it is driven by the process ${process.pid} on ${hostname()} now` }) as Error);
    expect(row()).toEqual({ status: "running", ordinal: 1, pid: process.pid });
  });

  test("what is driven is not taken over, whatever was known a moment ago", () => {
    foldEvents(db, [started(thisDriver("direct"))]);
    expect(() => claimRun(db, resumed(1), true)).toThrow(expect.objectContaining({ code: "MLS4009", message: "the run r is still going on" }) as Error);
    expect(row()).toMatchObject({ ordinal: 0 });
  });

  test("a driver elsewhere is taken over only where it was found to be dead", () => {
    foldEvents(db, [started({ ...dead, journal: "store" })]);
    expect(() => claimRun(db, resumed(1), false)).toThrow(expect.objectContaining({ code: "MLS4009", why: expect.stringContaining("its driver is elsewhere") as string }) as Error);
    claimRun(db, resumed(1), true);
    expect(row()).toMatchObject({ ordinal: 1 });
  });

  test("a driver that was taken over writes nothing more", async () => {
    foldEvents(db, [started(dead)]);
    const journal = directJournal(db, logFiles(join(dir, "logs")), { run: "r", ordinal: 0 });
    claimRun(db, resumed(1), false);
    journal.append({ kind: "run-ended", run: "r", ordinal: 0, time: 1, status: "completed", warnings: [] });
    await expect(journal.flush()).rejects.toMatchObject({ code: "MLS4009", message: "the run r was taken over by another process" });
    expect(row()).toMatchObject({ status: "running", ordinal: 1 });
  });
});
