import { readFileSync } from "node:fs";

/** A process, told apart from later ones that have its number. */
export interface ProcessId { readonly pid: number; /** Its start in the system's own terms; empty where the system does not say. */ readonly born: string }

/** The identity of a running process; undefined when it is not there, or is only waiting for its parent to notice its end. */
export function identify(pid: number): ProcessId | undefined {
  if (process.platform !== "linux") return isThere(pid) ? { pid, born: "" } : undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : { pid, born: fields[19] ?? "" };
  } catch { return undefined; }
}

export function isAlive({ pid, born }: ProcessId): boolean {
  const now = identify(pid);
  return now !== undefined && (born === "" || now.born === born);
}

/** Sends a signal to a process and all that it has started. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try { process.kill(process.platform === "win32" ? pid : -pid, signal); } catch { /* it has ended */ }
}

function isThere(pid: number): boolean {
  try { process.kill(pid, 0); return true; } catch (e) { return (e as { code?: string }).code === "EPERM"; }
}
