import { existsSync, rmSync, writeFileSync } from "node:fs";
import { MlstackError } from "@mlstack/core";
import { fsError } from "../local/fs-errors.ts";

/** Turns what SQLite or the file system threw into an error that says what to do. */
export function recordsError(e: unknown, path: string): MlstackError {
  if (MlstackError.is(e)) return e;
  const { code = "", errcode = 0, message = "" } = e as { code?: string; errcode?: number; message?: string };
  const primary = errcode & 0xff;
  if (["ENOSPC", "EDQUOT", "EROFS", "EACCES", "EPERM"].includes(code)) return fsError(e, "writing", path);
  // beside the database lie files that it maps into memory: where they can't be made, SQLite says no more than that
  const refused = primary === IOERR || primary === CANTOPEN ? tryToWrite(path) : undefined;
  if (primary === FULL || MlstackError.is(refused, "MLS3004")) return new MlstackError("MLS3004", `no space is left while writing the records ${path}`, { why: "the disk, or this user's share of it, is full", fix: "free space and run again: finished steps are kept", cause: e });
  if (primary === READONLY || primary === CANTOPEN || MlstackError.is(refused, "MLS3005")) return new MlstackError("MLS3005", `the records ${path} can't be written`, { why: message, fix: "make the folder writable, or set MLSTACK_STATE_DIR to one that is", cause: e });
  if (primary === BUSY || primary === LOCKED) return new MlstackError("MLS5002", `the records ${path} were locked for 30 seconds`, { why: "another process holds them", fix: "end it, or wait, and run again", cause: e });
  if (message === "malformed JSON") return damagedValue(path, "JSON", e);
  if (primary === CORRUPT || primary === NOTADB) {
    // met by chance: who opens them next looks at all pages, and restores them
    try { writeFileSync(`${path}.suspect`, ""); } catch { /* they are not this user's to restore */ }
    const hasCopy = existsSync(`${path}.backup`);
    return new MlstackError("MLS5002", `the records ${path} are damaged: ${message}`, { why: "the file is not a database any more", fix: hasCopy ? "run again: they are restored from their last copy" : "move it away: artifacts and cache are not in it and stay usable", details: { damaged: true }, cause: e });
  }
  return new MlstackError("MLS5002", `the records ${path} can't be used: ${message}`, { cause: e });
}

/** For a value that SQLite reads without a complaint, and that is not what was written. */
export function damagedValue(path: string, column: string, cause: unknown): MlstackError {
  const copy = existsSync(`${path}.backup`) ? `put ${path}.backup in its place, or move it away` : "move it away";
  return new MlstackError("MLS5002", `the records ${path} are damaged: a value of ${column} is no JSON any more`, { why: "bytes of the file were changed within a value", fix: `${copy}: artifacts and cache are not in it and stay usable`, details: { column }, cause });
}

/** SQLite's result codes (https://www.sqlite.org/rescode.html). */
const [BUSY, LOCKED, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB] = [5, 6, 8, 10, 11, 13, 14, 26] as const;

/** Writes as much beside the database as its shared memory takes, and says why that can't be done. */
function tryToWrite(path: string): MlstackError | undefined {
  const probe = `${path}.${process.pid}.probe`;
  try { writeFileSync(probe, new Uint8Array(64 * 1024)); return undefined; } catch (e) { return fsError(e, "writing", path); } finally {
    try { rmSync(probe, { force: true }); } catch { /* it could not be made */ }
  }
}
