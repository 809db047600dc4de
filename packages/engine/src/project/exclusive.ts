import { accessSync, constants } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fsError } from "../local/fs-errors.ts";

const LOOK_MS = 50;
/** SQLite's result codes (https://www.sqlite.org/rescode.html). */
const [BUSY, CANTOPEN] = [5, 14];

/** A file that one holder has at a time, over all processes. */
export interface Exclusive { release(): void }

/**
 * Takes a file for this holder alone. It is a lock of SQLite, so it is the system's: it goes with the process that holds it, however that ends.
 * The file stays, empty: whoever removed it might remove it from under another one.
 *
 * @param path in a folder that is there
 * @param patienceMs how long to wait for another holder
 * @returns undefined where the other one did not let go
 * @throws the signal's reason; MLS3003 to MLS3005
 */
export async function exclusive(path: string, patienceMs: number, signal?: AbortSignal): Promise<Exclusive | undefined> {
  const { DatabaseSync } = await import("../records/sqlite.ts");
  signal?.throwIfAborted();
  let lock: InstanceType<typeof DatabaseSync>;
  try { lock = new DatabaseSync(path, { timeout: 0 }); } catch (e) { throw refused(e, path); }
  try {
    for (const until = performance.now() + patienceMs; ;) {
      try {
        lock.exec("begin exclusive");
        return { release: () => { lock.close(); } };
      } catch (e) { if ((e as { errcode?: number }).errcode !== BUSY) throw refused(e, path); }
      if (performance.now() >= until) { lock.close(); return undefined; }
      await sleep(LOOK_MS, undefined, { signal }).catch((e: unknown) => { signal?.throwIfAborted(); throw e; });
    }
  } catch (e) { if (lock.isOpen) lock.close(); throw e; }
}

/** SQLite does not say why a file can't be opened: the folder does. */
function refused(e: unknown, path: string): Error {
  if ((e as { errcode?: number }).errcode !== CANTOPEN) return fsError(e, "writing", path);
  try { accessSync(dirname(path), constants.W_OK); } catch (why) { return fsError(why, "writing", path); }
  return fsError(e, "writing", path);
}
