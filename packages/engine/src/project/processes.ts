import { createHash } from "node:crypto";
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

/** When a process was started, in clock ticks since the system was; undefined where the process is not there, empty where the system does not say. */
export function bornAt(pid: number): string | undefined {
  if (process.platform !== "linux") return isThere(pid) ? "" : undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // the name may hold anything, so fields are counted from the parenthesis that closes it: state, then 19 more
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[19];
  } catch { return isThere(pid) ? "" : undefined; }
}

function isThere(pid: number): boolean {
  try { process.kill(pid, 0); return true; } catch (e) { return (e as { code?: string }).code === "EPERM"; }
}

/** Where numbers of processes mean the same: this machine, and in it this container. */
export function machine(): string {
  let namespace = "";
  try { namespace = readlinkSync("/proc/self/ns/pid"); } catch { /* only Linux has them */ }
  return createHash("sha256").update(`${hostname()}\0${namespace}`).digest("hex").slice(0, 8);
}

/** The beginning of a name for what is this process's own and of no use without it: another one can tell when it is gone. */
export function ownTag(): string {
  return `${machine()}-${process.pid}-${bornAt(process.pid) ?? ""}-`;
}

/** Whether a name is of a process of this machine that is gone. */
function isLeftBehind(name: string): boolean {
  const [, where, pid, born] = /^([0-9a-f]{8})-(\d+)-(\d*)-/.exec(name) ?? [];
  if (where !== machine() || pid === undefined) return false;
  const now = bornAt(Number(pid));
  return now === undefined || (born !== "" && now !== "" && now !== born);
}

/**
 * Removes what processes that are gone have left in a folder. Never rejects.
 *
 * @param idleMs how long it must not have been written to, in milliseconds
 */
export async function sweep(folder: string, idleMs = 0): Promise<void> {
  let names: string[];
  try { names = readdirSync(folder); } catch { return; }
  for (const name of names.filter(isLeftBehind)) {
    const path = join(folder, name);
    const changed = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (Date.now() - changed >= idleMs) await rm(path, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
  }
}
