import { renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import type { StatementSync } from "node:sqlite";
import { Kysely } from "kysely";
import { MlstackError } from "@mlstack/core";
import { makeFolder } from "../local/fs-errors.ts";
import { MIGRATIONS, type Migration } from "./migrations.ts";
import { recordsError } from "./records-error.ts";
import type { Database } from "./schema.ts";
import { DatabaseSync } from "./sqlite.ts";
import { nodeSqliteDialect, statementCache } from "./sqlite-dialect.ts";

/** Milliseconds that a statement waits for another process's lock. */
const BUSY_TIMEOUT = 30_000;
const SQLITE_BUSY = 5;

export interface OpenDatabase {
  readonly raw: DatabaseSync;
  readonly kysely: Kysely<Database>;
  prepare(sql: string): StatementSync;
  /** Runs `work` in one write transaction that takes its lock at once, so that it waits for others instead of failing. */
  transaction(work: () => void): void;
  close(): void;
}

/**
 * Opens the records, making or migrating them as needed.
 *
 * WAL: readers and the one writer do not wait for each other. `process` durability leaves the fsync of a commit to the operating
 * system: what was committed survives the death of this process, not that of the machine; `power` syncs every commit.
 *
 * @throws MLS5001 when a newer version wrote them; MLS5002 when they can't be opened; MLS3004, MLS3005
 */
export async function openDatabase(path: string, durability: "process" | "power", migrations: readonly Migration[] = MIGRATIONS): Promise<OpenDatabase> {
  let raw: DatabaseSync;
  try {
    makeFolder(dirname(path));
    raw = new DatabaseSync(path, { timeout: BUSY_TIMEOUT });
  } catch (e) { throw recordsError(e, path); }
  try {
    enterWal(raw);
    raw.exec(`pragma synchronous = ${durability === "power" ? "full" : "normal"}`);
    const db = databaseOver(raw, path);
    await migrate(db, path, migrations);
    return db;
  } catch (e) {
    raw.close();
    throw recordsError(e, path);
  }
}

/** Records that nobody has written anything into, and that leave no trace. */
export async function openNothing(): Promise<OpenDatabase> {
  const db = databaseOver(new DatabaseSync(":memory:"), "in memory");
  await migrate(db, "in memory", MIGRATIONS);
  return db;
}

/** A connection to records that are of this version. */
export function databaseOver(raw: DatabaseSync, path: string): OpenDatabase {
  const prepare = statementCache(raw);
  return {
    raw, prepare, kysely: new Kysely<Database>({ dialect: nodeSqliteDialect(raw, prepare, path) }),
    transaction(work) {
      try {
        prepare("begin immediate").run();
        try { work(); prepare("commit").run(); } catch (e) { if (raw.isTransaction) raw.exec("rollback"); throw e; }
      } catch (e) { throw recordsError(e, path); }
    },
    close: () => { if (raw.isOpen) raw.close(); },
  };
}

/** The version of the records behind a connection; 0 for a file that nobody has written to. */
export function versionOf(raw: DatabaseSync): number {
  return (raw.prepare("pragma user_version").get() as { user_version: number }).user_version;
}

/**
 * SQLite answers "locked" at once, without waiting for its busy timeout, where two connections turn a new database to WAL at the same
 * time: each holds the read lock that the other needs gone (https://www.sqlite.org/c3ref/busy_handler.html).
 */
function enterWal(raw: DatabaseSync): void {
  for (const end = Date.now() + BUSY_TIMEOUT; ;) {
    try { raw.exec("pragma journal_mode = wal"); return; } catch (e) {
      if ((e as { errcode?: number }).errcode !== SQLITE_BUSY || Date.now() > end) throw e;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 + Math.random() * 8);
    }
  }
}

async function migrate({ raw, kysely }: OpenDatabase, path: string, migrations: readonly Migration[]): Promise<void> {
  const before = versionOf(raw);
  if (before > migrations.length) {
    throw new MlstackError("MLS5001", `the records ${path} are of version ${before}, this mlstack knows versions up to ${migrations.length}`, {
      why: "a newer mlstack wrote them", fix: "update mlstack in this project: npm install mlstack@latest", details: { found: before, known: migrations.length },
    });
  }
  if (before === migrations.length) return;
  if (before > 0) backup(raw, `${path}.v${before}.backup`);
  // two processes may come here at once: the lock decides who migrates, and the other finds it done
  raw.exec("begin immediate");
  try {
    for (let v = versionOf(raw); v < migrations.length; v++) await migrations[v]!(kysely as unknown as Kysely<unknown>);
    raw.exec(`pragma user_version = ${migrations.length}`);
    raw.exec("commit");
  } catch (e) { if (raw.isTransaction) raw.exec("rollback"); throw e; }
}

/** Keeps the records as they were before a migration. */
function backup(raw: DatabaseSync, to: string): void {
  const partial = `${to}.${process.pid}.partial`;
  rmSync(partial, { force: true });
  raw.prepare("vacuum into ?").run(partial);
  renameSync(partial, to);
}
