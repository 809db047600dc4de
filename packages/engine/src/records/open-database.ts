import { renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { Kysely } from "kysely";
import { MlstackError } from "@mlstack/core";
import { fsError, makeFolder } from "../local/fs-errors.ts";
import { MIGRATIONS } from "./migrations.ts";
import type { Database } from "./schema.ts";
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
export async function openDatabase(path: string, durability: "process" | "power"): Promise<OpenDatabase> {
  let raw: DatabaseSync;
  try {
    makeFolder(dirname(path));
    raw = new DatabaseSync(path, { timeout: BUSY_TIMEOUT });
  } catch (e) { throw recordsError(e, path); }
  try {
    enterWal(raw);
    raw.exec(`pragma synchronous = ${durability === "power" ? "full" : "normal"}`);
    const prepare = statementCache(raw);
    const kysely = new Kysely<Database>({ dialect: nodeSqliteDialect(raw, prepare) });
    await migrate(raw, kysely, path);
    return {
      raw, kysely, prepare,
      transaction(work) {
        try {
          prepare("begin immediate").run();
          try { work(); prepare("commit").run(); } catch (e) { if (raw.isTransaction) raw.exec("rollback"); throw e; }
        } catch (e) { throw recordsError(e, path); }
      },
      close: () => { if (raw.isOpen) raw.close(); },
    };
  } catch (e) {
    raw.close();
    throw recordsError(e, path);
  }
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

async function migrate(raw: DatabaseSync, kysely: Kysely<Database>, path: string): Promise<void> {
  const version = () => (raw.prepare("pragma user_version").get() as { user_version: number }).user_version;
  const newer = (found: number) => new MlstackError("MLS5001", `the records ${path} are of version ${found}, this mlstack knows versions up to ${MIGRATIONS.length}`, {
    why: "a newer mlstack wrote them", fix: "update mlstack in this project: npm install mlstack@latest", details: { found, known: MIGRATIONS.length },
  });
  const before = version();
  if (before > MIGRATIONS.length) throw newer(before);
  if (before === MIGRATIONS.length) return;
  if (before > 0) backup(raw, `${path}.v${before}.backup`);
  // two processes may come here at once: the lock decides who migrates, and the other finds it done
  raw.exec("begin immediate");
  try {
    for (let v = version(); v < MIGRATIONS.length; v++) await MIGRATIONS[v]!(kysely as unknown as Kysely<unknown>);
    raw.exec(`pragma user_version = ${MIGRATIONS.length}`);
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

function recordsError(e: unknown, path: string): MlstackError {
  if (MlstackError.is(e)) return e;
  const { code = "", errcode = 0, message = "" } = e as { code?: string; errcode?: number; message?: string };
  const primary = errcode & 0xff;
  if (["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM"].includes(code)) return fsError(e, "writing", path);
  if (primary === 13) return new MlstackError("MLS3004", `no space is left while writing the records ${path}`, { why: "the disk, or this user's share of it, is full", fix: "free space and run again: finished steps are kept", cause: e });
  if (primary === 8 || primary === 14) return new MlstackError("MLS3005", `the records ${path} can't be written`, { why: message, fix: "make the folder writable, or set MLSTACK_STATE_DIR to one that is", cause: e });
  if (primary === 5 || primary === 6) return new MlstackError("MLS5002", `the records ${path} were locked for 30 seconds`, { why: "another process holds them", fix: "end it, or wait, and run again", cause: e });
  if (primary === 11 || primary === 26) return new MlstackError("MLS5002", `the records ${path} are damaged: ${message}`, { why: "the file is not a database any more", fix: "move it away: artifacts and cache are not in it and stay usable", cause: e });
  return new MlstackError("MLS5002", `the records ${path} can't be used: ${message}`, { cause: e });
}
