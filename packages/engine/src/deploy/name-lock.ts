import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fsError, isMissing } from "../local/fs-errors.ts";
import { isThere, processId, type ProcessId } from "../project/process-id.ts";
import { deployFault } from "./deploy-fault.ts";

const LOOK_MS = 50;

/**
 * Does work that no other process does for the same name at the same time. The lock of a process that is gone does not count.
 *
 * @param patienceMs how long to wait for another one
 * @throws MLS6003 `busy`
 */
export async function underLock<T>(root: string, name: string, patienceMs: number, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  const folder = join(root, ".locks");
  const path = join(folder, name);
  // one file per call, with its own content: whose lock it is can be told by it
  const mine = join(folder, `.${name}-${randomUUID()}`);
  signal?.throwIfAborted();
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(mine, JSON.stringify({ ...processId(process.pid), call: randomUUID() }));
  } catch (e) { throw fsError(e, "writing", mine); }
  const until = Date.now() + patienceMs;
  try {
    while (!take(path, mine)) {
      if (Date.now() >= until) throw deployFault("busy", `another process changes the deployment ${name} now`, { fix: "try again when it is done" });
      await sleep(LOOK_MS, undefined, { signal });
    }
    try { return await work(); } finally { release(path, mine); }
  } finally { rmSync(mine, { force: true }); }
}

function take(path: string, mine: string): boolean {
  try { linkSync(mine, path); return true; } catch (e) { if ((e as { code?: string }).code !== "EEXIST") throw fsError(e, "writing", path); }
  const held = contentOf(path);
  if (held === undefined) return false;
  const holder = parse(held);
  if (holder !== undefined && isThere(holder) !== false) return false;
  // taken away only where it is still that one's: two who find it left over must not both get in
  const aside = `${mine}.left`;
  try { renameSync(path, aside); } catch (e) { if (isMissing(e)) return false; throw fsError(e, "writing", path); }
  if (contentOf(aside) !== held) { try { linkSync(aside, path); } catch { /* somebody else has it by now, and its owner waits for nobody */ } }
  rmSync(aside, { force: true });
  return false;
}

function release(path: string, mine: string): void {
  if (contentOf(path) === contentOf(mine)) rmSync(path, { force: true });
}

function contentOf(path: string): string | undefined {
  try { return readFileSync(path, "utf8"); } catch { return undefined; }
}

function parse(text: string): ProcessId | undefined {
  try { return JSON.parse(text) as ProcessId; } catch { return undefined; }
}
