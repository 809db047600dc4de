import { readdirSync, readFileSync } from "node:fs";

/** Whether this process leads a group of its own, which holds what it has started. Process 1 of a machine would mean everybody. */
export function leadsGroup(): boolean {
  if (process.platform === "win32" || process.pid === 1) return false;
  try { process.kill(-process.pid, 0); return true; } catch { return false; }
}

/** Ends this process at once and, where it leads a group, everything in it. */
export function endOwnGroup(): never {
  process.kill(leadsGroup() ? -process.pid : process.pid, "SIGKILL");
  // the signal may take a moment; a process that can't be killed from inside ends as well as it can
  process.exit(1);
}

/** Ends what this process has started and what is still there, where it leads a group. Where nobody can list its members they are asked to end. */
export function endOthersOfGroup(): void {
  if (!leadsGroup()) return;
  if (process.platform !== "linux") {
    process.on("SIGTERM", () => undefined);
    process.kill(-process.pid, "SIGTERM");
    return;
  }
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid || groupOf(pid) !== process.pid) continue;
    try { process.kill(pid, "SIGKILL"); } catch { /* it has just ended */ }
  }
}

function groupOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // the name may hold anything, so fields are counted from the parenthesis that closes it: state, parent, group
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2]);
  } catch { return undefined; }
}
