import { existsSync, mkdirSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { MlstackError } from "@mlstack/core/errors";

/** Whether an error of the file system says that there is no such file. */
export function isMissing(e: unknown): boolean {
  const code = (e as { code?: string }).code;
  return code === "ENOENT" || code === "ENOTDIR";
}

/**
 * Turns an error of the file system into one that says what to do.
 *
 * @param isOfProject a file of the project, such as a stack's: another state folder does not help
 */
export function fsError(e: unknown, doing: string, path: string, isOfProject = false): MlstackError {
  if (MlstackError.is(e)) return e;
  const { code = "", errcode, message } = e as { code?: string; errcode?: number; message?: string };
  if (code === "ENOSPC" || code === "EDQUOT" || errcode === 13) {
    return new MlstackError("MLS3004", `no space is left while ${doing} ${path}`, { why: "the disk, or this user's share of it, is full", fix: "free space and run again: finished steps are kept", cause: e });
  }
  if (code === "EROFS" || code === "EACCES" || code === "EPERM" || (errcode !== undefined && (errcode & 0xff) === 8)) {
    return new MlstackError("MLS3005", `${path} can't be ${doing === "reading" ? "read" : "written"}`, { why: code === "EROFS" ? "it lies on a read-only file system" : `this user has no right to ${doing === "reading" ? "read" : "write there"}`, fix: doing === "reading" ? "give this user the right to read it" : isOfProject ? "make it writable" : "make it writable, or set MLSTACK_STATE_DIR to a folder that is", cause: e });
  }
  return new MlstackError("MLS3003", `${doing} ${path} failed: ${message ?? code}`, { cause: e });
}

/** Makes a folder and those above it. Node says "no such file" where a read-only file system is the reason; this says the reason. */
export function makeFolder(path: string): void {
  try { mkdirSync(path, { recursive: true }); } catch (e) {
    if (!isMissing(e)) throw e;
    let above = dirname(path);
    while (!existsSync(above) && dirname(above) !== above) above = dirname(above);
    // made one by one: the first that can't be made says why
    for (const name of relative(above, path).split(sep)) mkdirSync((above = join(above, name)));
  }
}
