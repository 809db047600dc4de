import { execFileSync } from "node:child_process";
import { bornAt, machine } from "./processes.ts";

/** A process by its number and the moment of its birth: numbers come back, most of all after the machine was started again. */
export interface ProcessId {
  /** Where the number means something: this machine, and in it this container. */
  readonly machine: string;
  readonly pid: number;
  /** As the system says it; empty where it does not say. */
  readonly born: string;
}

/** Undefined for a process that is not there. */
export function processId(pid: number): ProcessId | undefined {
  const born = birth(pid);
  return born === undefined ? undefined : { machine: machine(), pid, born };
}

/** Whether it is this very process that is there; undefined where that can't be told: another machine, or a system that tells no births. */
export function isThere(id: ProcessId): boolean | undefined {
  if (id.machine !== machine()) return undefined;
  const now = birth(id.pid);
  if (now === undefined) return false;
  return id.born === "" || now === "" ? undefined : now === id.born;
}

/**
 * Sends a signal to a process, and to the group that it leads; never to another one that has its number.
 *
 * @returns whether it was there
 */
export function signal(id: ProcessId, name: NodeJS.Signals): boolean {
  if (isThere(id) !== true) return false;
  try { process.kill(process.platform === "win32" ? id.pid : -id.pid, name); return true; } catch { /* leads no group */ }
  try { process.kill(id.pid, name); return true; } catch { return false; }
}

function birth(pid: number): string | undefined {
  const known = bornAt(pid);
  if (known !== "" || process.platform !== "darwin") return known;
  try { return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim(); } catch { return undefined; }
}
