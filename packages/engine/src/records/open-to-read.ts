import { copyFileSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { MlstackError } from "@mlstack/core";
import { isMissing } from "../local/fs-errors.ts";
import { MIGRATIONS } from "./migrations.ts";
import { openRecords } from "./open-records.ts";
import { databaseOver, openDatabase, openNothing, versionOf, type OpenDatabase } from "./open-database.ts";
import { DatabaseSync } from "./sqlite.ts";

/**
 * Opens the records for who only looks: also on a full or read-only disk, or where they are another user's. Where there are none, nothing
 * is made.
 *
 * @param tell told what was restored
 * @throws MLS5001 when a newer version wrote them; MLS5002 when they can't be read
 */
export async function openToRead(path: string, tell: (message: string) => void): Promise<OpenDatabase> {
  if (sizeOf(path) === 0) return openNothing();
  try { return await openRecords(path, "process", tell); } catch (e) {
    if (!MlstackError.is(e, "MLS3004") && !MlstackError.is(e, "MLS3005")) throw e;
  }
  return readOnly(path) ?? copied(path);
}

/**
 * The same without anything being written, not even what SQLite notes beside a database while it is read: where somebody writes, or records are of an
 * earlier version, by a copy.
 *
 * @throws MLS5001, MLS5002
 */
export async function openUntouched(path: string): Promise<OpenDatabase> {
  if (sizeOf(path) === 0) return openNothing();
  return (sizeOf(`${path}-wal`) === 0 ? connected(immutable(path), path) : undefined) ?? copied(path);
}

/**
 * A connection that writes nothing. What was committed last may lie in the file beside the database, and to read that SQLite needs a third one: it is
 * there while somebody writes, and can't be made here. Where nobody does, and the last one has left nothing, the database alone is all.
 */
function readOnly(path: string): OpenDatabase | undefined {
  return connected(path, path) ?? (sizeOf(`${path}-wal`) === 0 ? connected(immutable(path), path) : undefined);
}

/** The database alone, as it is: SQLite looks for no other file. */
function immutable(path: string): URL {
  const alone = pathToFileURL(path);
  alone.searchParams.set("immutable", "1");
  return alone;
}

/** Undefined where it can't be read so, or is of an earlier version. */
function connected(place: string | URL, path: string): OpenDatabase | undefined {
  let raw: DatabaseSync | undefined;
  try {
    raw = new DatabaseSync(place, { readOnly: true, timeout: 5000 });
    if (versionOf(raw) === MIGRATIONS.length) return databaseOver(raw, path);
  } catch { /* another way may do */ }
  raw?.close();
  return undefined;
}

/** A copy in a temporary folder, to be read like any other: it is brought to this version, and to what was committed last. */
async function copied(path: string): Promise<OpenDatabase> {
  const dir = mkdtempSync(join(tmpdir(), "mlstack-records-"));
  const away = () => rmSync(dir, { recursive: true, force: true });
  try {
    const to = join(dir, basename(path));
    copyFileSync(path, to);
    if (sizeOf(`${path}-wal`) > 0) copyFileSync(`${path}-wal`, `${to}-wal`);
    const db = await openDatabase(to, "process");
    return { ...db, close() { db.close(); away(); } };
  } catch (e) {
    away();
    if (MlstackError.is(e, "MLS5001")) throw e;
    throw new MlstackError("MLS5002", `the records ${path} can't be read: ${e instanceof Error ? e.message : String(e)}`, { why: `they can't be written here, and a copy of them could not be made in ${tmpdir()}`, fix: "make the folder writable, or free space", cause: e });
  }
}

/** In bytes; 0 where there is no such file. */
function sizeOf(path: string): number {
  try { return statSync(path).size; } catch (e) {
    if (isMissing(e)) return 0;
    throw new MlstackError("MLS5002", `the records ${path} can't be read: ${(e as Error).message}`, { fix: "ask for the right to read them", cause: e });
  }
}
