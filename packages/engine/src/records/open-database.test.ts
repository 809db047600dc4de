import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { sql } from "kysely";
import { afterAll, describe, expect, test } from "vitest";
import type { RunStarted } from "../journal/events.ts";
import { foldEvents } from "./fold.ts";
import { MIGRATIONS, type Migration } from "./migrations.ts";
import { openDatabase, type OpenDatabase } from "./open-database.ts";
import { DatabaseSync } from "./sqlite.ts";

const dir = mkdtempSync(join(tmpdir(), "mlstack-records-"));
afterAll(() => { rmSync(dir, { recursive: true, force: true }); });

/** Opens one new database after the other, each at the moment when all openers do. */
function opener(barrier: SharedArrayBuffer, paths: readonly string[]): Promise<string[]> {
  const worker = new Worker(new URL("./testing/opener.ts", import.meta.url), { workerData: { barrier, paths, openers: 3 }, execArgv: ["--no-warnings"], env: {} });
  return new Promise((done, failed) => { worker.once("message", done); worker.once("error", failed); });
}

test("connections that make the same new database at once wait for each other", { timeout: 60_000 }, async () => {
  const paths = Array.from({ length: 40 }, (_, i) => join(dir, `${i}.db`));
  const barrier = new SharedArrayBuffer(4 * paths.length);
  const all = await Promise.all(Array.from({ length: 3 }, () => opener(barrier, paths)));
  expect(all.flat()).toEqual([]);
});

const started = (run: string): RunStarted => ({
  kind: "run-started", run, time: 1, pipeline: "p", plan: "p1", params: {}, given: {}, stack: { name: "s", components: {}, plugins: {} }, bundle: null, versions: {}, project: "x", driver: { host: "h", pid: 1, born: "", journal: "direct" }, tags: [], lost: [], settings: { cache: "use", trustDomain: "shared", onFailure: "stop" },
});
const addColumn: Migration = async (db) => { await db.schema.alterTable("runs").addColumn("note", "text", (c) => c.notNull().defaultTo("none")).execute(); };
const versionAt = (path: string): unknown => { const db = new DatabaseSync(path, { readOnly: true }); try { return { ...db.prepare("pragma user_version").get() }["user_version"]; } finally { db.close(); } };
const runsAt = (path: string): unknown[] => { const db = new DatabaseSync(path, { readOnly: true }); try { return db.prepare("select * from runs order by id").all().map((r) => ({ ...r })); } finally { db.close(); } };

describe("records of an older version", () => {
  let made = 0;
  /** As this version writes them; its connection stays open, so that what was written last lies in the log beside the file. */
  async function older(): Promise<{ path: string; db: OpenDatabase }> {
    const path = join(dir, `older-${made++}.db`);
    const db = await openDatabase(path, "process");
    foldEvents(db, [started("r1"), started("r2")]);
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
    return { path, db };
  }

  test("are kept as they were, and then migrated", async () => {
    const { path, db } = await older();
    const rows = runsAt(path);
    const migrated = await openDatabase(path, "process", [...MIGRATIONS, addColumn]);
    expect(await migrated.kysely.selectFrom("runs").select(["id", sql`note`.as("note")]).orderBy("id").execute()).toEqual([{ id: "r1", note: "none" }, { id: "r2", note: "none" }]);
    migrated.close();
    db.close();
    const backup = `${path}.v${MIGRATIONS.length}.backup`;
    expect([versionAt(path), versionAt(backup), runsAt(backup)]).toEqual([MIGRATIONS.length + 1, MIGRATIONS.length, rows]);
    // the copy is records like any other
    const old = await openDatabase(backup, "process");
    expect(await old.kysely.selectFrom("runs").select("id").execute()).toHaveLength(2);
    old.close();
    expect(readdirSync(dir).filter((name) => name.includes("partial"))).toEqual([]);
  });

  test("are left as they are when a migration fails", async () => {
    const { path, db } = await older();
    const fails: Migration = async (k) => { await addColumn(k); throw new Error("half done"); };
    await expect(openDatabase(path, "process", [...MIGRATIONS, fails])).rejects.toMatchObject({ code: "MLS5002", message: expect.stringContaining("half done") as string });
    db.close();
    expect([versionAt(path), runsAt(path).map((r) => Object.keys(r as object).includes("note"))]).toEqual([MIGRATIONS.length, [false, false]]);
    expect(existsSync(`${path}.v${MIGRATIONS.length}.backup`)).toBe(true);
    // and are migrated by a version that can
    (await openDatabase(path, "process", [...MIGRATIONS, addColumn])).close();
    expect(versionAt(path)).toBe(MIGRATIONS.length + 1);
  });

  test("are neither copied nor touched when they are of this version", async () => {
    const { path, db } = await older();
    (await openDatabase(path, "process")).close();
    db.close();
    expect(readdirSync(dir).filter((name) => name.startsWith(path.slice(dir.length + 1)) && name.endsWith(".backup"))).toEqual([]);
  });
});
