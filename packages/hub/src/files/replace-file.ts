import { closeSync, existsSync, fchmodSync, fsyncSync, lstatSync, openSync, readFileSync, readlinkSync, realpathSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

/**
 * Writes a file of the user's as a whole: whoever reads it sees the old bytes or the new ones, also after a loss of power. A link stays one, and leads where it did;
 * a mode stays what it was. The folder must exist.
 */
export function replaceFile(path: string, bytes: Uint8Array): void {
  if (bytesOf(path)?.equals(bytes) === true) return;
  const place = placeOf(path);
  const partial = join(dirname(place), `.${basename(place)}.${process.pid}.partial`);
  try { writeDurably(partial, bytes, statSync(place, { throwIfNoEntry: false })?.mode); renameSync(partial, place); } finally { rmSync(partial, { force: true }); }
}

/** Where the bytes of a file lie, or would: behind a link. */
function placeOf(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true ? resolve(realpathSync(dirname(path)), readlinkSync(path)) : path;
}

/** Writes a file that nobody reads yet, onto the disk. */
export function writeDurably(path: string, bytes: Uint8Array, mode?: number): void {
  const fd = openSync(path, "w", mode === undefined ? undefined : 0o600);
  try {
    if (mode !== undefined) fchmodSync(fd, mode & 0o7777);
    for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
    fsyncSync(fd);
  } finally { closeSync(fd); }
}

/** A file's bytes; undefined where there is none. */
export function bytesOf(path: string): Buffer | undefined {
  try { return readFileSync(path); } catch (e) { if ((e as { code?: string }).code === "ENOENT") return undefined; throw e; }
}
