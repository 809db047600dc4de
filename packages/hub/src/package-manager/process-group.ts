import { spawnSync } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";

/** Windows has no process groups; there the tree of the process is ended. */
export const OWN_GROUP = process.platform !== "win32";

/** How long a manager has to end in order, in milliseconds. */
const GRACE_MS = 5000;
/** How long is waited for what was killed: a process that hangs in the kernel must not hang this one. */
const KILLED_MS = 5000;

/** Asks all processes of the group to end, then kills what is left of it. Done when none is. */
export async function endGroup(pid: number, graceMs = GRACE_MS): Promise<void> {
  signalGroup(pid, "SIGTERM");
  if (await isGone(pid, graceMs)) return;
  signalGroup(pid, "SIGKILL");
  await isGone(pid, KILLED_MS);
}

export function killGroupNow(pid: number): void {
  signalGroup(pid, "SIGKILL");
}

async function isGone(pid: number, ms: number): Promise<boolean> {
  for (const end = performance.now() + ms; performance.now() < end; await wait(20)) if (!isThere(pid)) return true;
  return !isThere(pid);
}

function isThere(pid: number): boolean {
  try { process.kill(OWN_GROUP ? -pid : pid, 0); return true; } catch (e) { return (e as NodeJS.ErrnoException).code === "EPERM"; }
}

function signalGroup(pid: number, signal: "SIGTERM" | "SIGKILL"): void {
  if (!OWN_GROUP) { spawnSync("taskkill", ["/pid", String(pid), "/T", "/F"], { stdio: "ignore" }); return; }
  try { process.kill(-pid, signal); } catch { /* it has just ended */ }
}
