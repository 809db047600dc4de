import { accessSync, constants, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MlstackError } from "@mlstack/core/errors";
import type * as Sqlite from "node:sqlite";

/** How long another process's change is waited for, and how often it is looked, in milliseconds. */
const [PATIENCE, LOOK] = [2000, 50];
/** SQLite's result codes (https://www.sqlite.org/rescode.html). */
const [BUSY, CANTOPEN, FULL] = [5, 14, 13];

/**
 * Takes the integrations that a state folder is of for this process. It is a lock of SQLite, so it is the system's: it goes with the process that holds it, however
 * that ends. Nothing is ever written to its file, so it can be taken where no space is left, too.
 *
 * @returns what lets go of it; undefined where another process has it
 * @throws MLS3004, MLS3005 where its file can't be made; the signal's reason
 */
export async function takeChangeLock(stateDir: string, signal?: AbortSignal): Promise<(() => void) | undefined> {
  signal?.throwIfAborted();
  const path = join(stateDir, "hub", "change.lock");
  const { DatabaseSync } = sqlite();
  let lock: Sqlite.DatabaseSync;
  try {
    mkdirSync(dirname(path), { recursive: true });
    lock = new DatabaseSync(path, { timeout: 0 });
  } catch (e) { throw refused(e, path); }
  try {
    for (const until = performance.now() + PATIENCE; ;) {
      try {
        lock.exec("begin exclusive");
        return () => { lock.close(); };
      } catch (e) { if ((e as { errcode?: number }).errcode !== BUSY) throw refused(e, path); }
      if (performance.now() >= until) { lock.close(); return undefined; }
      // Ctrl-C is heard meanwhile: SQLite's own waiting would hold up this process
      await sleep(LOOK, undefined, { signal }).catch((e: unknown) => { signal?.throwIfAborted(); throw e; });
    }
  } catch (e) { if (lock.isOpen) lock.close(); throw e; }
}

/** Node 22 says, when its SQLite is loaded, that it is experimental: a user can do nothing about that. */
function sqlite(): typeof Sqlite {
  const { emitWarning } = process;
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    if (!(warning instanceof Error ? warning.message : warning).startsWith("SQLite is an experimental feature")) (emitWarning as (...args: unknown[]) => void).call(process, warning, ...rest);
  });
  try { return process.getBuiltinModule("node:sqlite"); } finally { process.emitWarning = emitWarning; }
}

/** What to do about a file that can't be made. SQLite does not say why one can't be opened: its folder does. */
function refused(e: unknown, path: string): Error {
  let cause = e as { readonly code?: string; readonly errcode?: number; readonly message?: string };
  if (cause.errcode === CANTOPEN) {
    try { accessSync(dirname(path), constants.W_OK); } catch (why) { cause = why as typeof cause; }
  }
  if (cause.code === "ENOSPC" || cause.code === "EDQUOT" || cause.errcode === FULL) return new MlstackError("MLS3004", `no space is left while writing ${path}`, { why: "the disk, or this user's share of it, is full", fix: "free space, and try again", cause: e });
  if (["EROFS", "EACCES", "EPERM"].includes(cause.code ?? "") || ((cause.errcode ?? 0) & 0xff) === 8) return new MlstackError("MLS3005", `${path} can't be written`, { why: cause.code === "EROFS" ? "it lies on a read-only file system" : "this user has no right to write there", fix: "make it writable, or set MLSTACK_STATE_DIR to a folder that is", cause: e });
  return new MlstackError("MLS3003", `writing ${path} failed: ${cause.message ?? ""}`, { cause: e });
}
