import { copyFileSync, existsSync, linkSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { MlstackError } from "@mlstack/core";
import { openDatabase, type OpenDatabase } from "./open-database.ts";
import { recordsError } from "./records-error.ts";
import { DatabaseSync } from "./sqlite.ts";

/** How old a copy is when it is made anew, in milliseconds: an hour, a day where copying takes longer. */
const [HOUR, DAY] = [3_600_000, 86_400_000];
const LARGE = 50_000_000;
/** How long another process's restoring is waited for, in milliseconds. */
const LOCK_TIMEOUT = 30_000;

/** The sound copy beside the records. */
export const backupOf = (path: string): string => `${path}.backup`;
/** Left by who met damaged pages: whoever opens the records next looks at all of them. */
export const suspectOf = (path: string): string => `${path}.suspect`;

/**
 * Opens the records; damaged ones are put aside, and the last sound copy takes their place.
 *
 * @param tell told what was restored, in a sentence
 * @throws as `openDatabase`: MLS5002 for damaged records without a copy
 */
export async function openRecords(path: string, durability: "process" | "power", tell: (message: string) => void): Promise<OpenDatabase> {
  try { return await openSound(path, durability); } catch (e) {
    if (!isDamaged(e) || !existsSync(backupOf(path))) throw e;
  }
  // of processes that meet them at once one restores: what it has restored must not be put aside by the next
  const lock = new DatabaseSync(`${path}.restore.lock`, { timeout: LOCK_TIMEOUT });
  let said: string | undefined;
  try {
    lock.exec("begin exclusive");
    // nothing waits while the lock is held: two engines of one process would wait for each other
    if (!isSound(path)) said = restore(path);
  } catch (e) { throw recordsError(e, path); } finally { lock.close(); }
  if (said !== undefined) tell(said);
  return openSound(path, durability);
}

async function openSound(path: string, durability: "process" | "power"): Promise<OpenDatabase> {
  // an empty file would be taken for new records
  if (isEmptied(path)) throw damaged(path);
  const db = await openDatabase(path, durability);
  if (!existsSync(suspectOf(path))) return db;
  if (isSoundAs(db.raw)) { rmSync(suspectOf(path), { force: true }); return db; }
  db.close();
  throw damaged(path);
}

const damaged = (path: string) => new MlstackError("MLS5002", `the records ${path} are damaged`, { why: "pages of the file can't be read", fix: "move it away: artifacts and cache are not in it and stay usable", details: { damaged: true } });

const isEmptied = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.size === 0 && existsSync(backupOf(path)) && !existsSync(`${path}-wal`);

/** Whether every page can be read. */
function isSound(path: string): boolean {
  if (isEmptied(path)) return false;
  let raw: DatabaseSync | undefined;
  try { raw = new DatabaseSync(path, { timeout: LOCK_TIMEOUT }); return isSoundAs(raw); } catch { return false; } finally { raw?.close(); }
}

function isSoundAs(raw: DatabaseSync): boolean {
  try { return (raw.prepare("pragma quick_check(1)").get() as { quick_check: string }).quick_check === "ok"; } catch { return false; }
}

const isDamaged = (e: unknown): boolean => MlstackError.is(e, "MLS5002") && e.details?.["damaged"] === true;

/** Puts the damaged files aside and the copy in their place. Returns what there is to say. */
function restore(path: string): string {
  const aside = `${path}.damaged-${new Date().toISOString().replace(/[-:]|\..*$/g, "")}`;
  for (const end of ["-wal", "-shm", ""]) if (existsSync(path + end)) renameSync(path + end, aside + end);
  const partial = `${path}.${process.pid}.partial`;
  copyFileSync(backupOf(path), partial);
  try { linkSync(partial, path); } finally { rmSync(partial, { force: true }); }
  rmSync(suspectOf(path), { force: true });
  const made = statSync(backupOf(path)).mtime.toISOString();
  return `the records ${path} were damaged, and are restored from their copy of ${made}: runs after that are not in them; results are in the cache as before. The damaged file is kept as ${aside}`;
}

/**
 * Keeps a copy of the records beside them, unless there is one of the last hour; of none that are damaged. A copy that can't be made, for there
 * is no space, is not made.
 */
export function keepBackup({ raw }: OpenDatabase, path: string, now: number): void {
  const to = backupOf(path);
  const partial = `${to}.${process.pid}.partial`;
  try {
    const { size } = statSync(path);
    // one of the future was made while the clock was wrong, and says nothing
    const age = Math.abs(now - (statSync(to, { throwIfNoEntry: false })?.mtimeMs ?? -Infinity));
    if (age < (size > LARGE ? DAY : HOUR)) return;
    if (!isSoundAs(raw)) { writeFileSync(suspectOf(path), ""); return; }
    rmSync(partial, { force: true });
    raw.prepare("vacuum into ?").run(partial);
    renameSync(partial, to);
  } catch { rmSync(partial, { force: true }); }
}
