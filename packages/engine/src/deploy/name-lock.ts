import { createHash, randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fsError } from "../local/fs-errors.ts";
import { isThere, processId, type ProcessId } from "../project/process-id.ts";
import { ownTag, sweep } from "../project/processes.ts";
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
  const mine = join(folder, `${ownTag()}${randomUUID()}`);
  signal?.throwIfAborted();
  try {
    try {
      mkdirSync(folder, { recursive: true });
      writeFileSync(mine, JSON.stringify({ ...processId(process.pid), call: randomUUID() }));
    } catch (e) { throw fsError(e, "writing", mine); }
    await sweep(folder);
    const until = performance.now() + patienceMs;
    while (!take(path, mine)) {
      if (performance.now() >= until) throw busy(name, path);
      await sleep(LOOK_MS, undefined, { signal });
    }
    try { return await work(); } finally { release(path, mine); }
  } finally { rmSync(mine, { force: true }); }
}

function busy(name: string, path: string) {
  const held = contentOf(path);
  const isUnknown = held !== undefined && liveness(held) === undefined;
  return deployFault("busy", `another process changes the deployment ${name} now`, isUnknown
    ? { why: "it is none of this machine, so it can't be told whether it is still there", fix: `try again when it is done, or remove ${path} where it is gone` }
    : { fix: "try again when it is done" });
}

function take(path: string, mine: string): boolean {
  if (linked(mine, path)) return true;
  const held = contentOf(path);
  if (held !== undefined && liveness(held) === false) breakLock(path, held, mine);
  return false;
}

/**
 * Removes the lock of one that is gone. Only who has the right to remove this very lock does: between looking at a file and removing it, it would
 * else be another one's. The right is a lock itself, and one that was left over is removed in the same way.
 */
function breakLock(path: string, held: string, mine: string): void {
  const right = join(dirname(path), `.${createHash("sha256").update(held).digest("hex")}`);
  if (!linked(mine, right)) {
    const by = contentOf(right);
    if (by !== undefined && liveness(by) === false) breakLock(right, by, mine);
    return;
  }
  try { if (contentOf(path) === held) rmSync(path, { force: true }); } finally { rmSync(right, { force: true }); }
}

function release(path: string, mine: string): void {
  if (contentOf(path) === contentOf(mine)) rmSync(path, { force: true });
}

/** Whether a file could be put there: not where there is one. */
function linked(from: string, to: string): boolean {
  try { linkSync(from, to); return true; } catch (e) { if ((e as { code?: string }).code === "EEXIST") return false; throw fsError(e, "writing", to); }
}

function contentOf(path: string): string | undefined {
  try { return readFileSync(path, "utf8"); } catch { return undefined; }
}

/** Whether the process that a lock names is there; undefined where that can't be told. What names none is nobody's. */
function liveness(content: string): boolean | undefined {
  let id: Partial<ProcessId> | null;
  try { id = JSON.parse(content) as Partial<ProcessId> | null; } catch { return false; }
  return typeof id?.machine === "string" && typeof id.pid === "number" && typeof id.born === "string" ? isThere(id as ProcessId) : false;
}
