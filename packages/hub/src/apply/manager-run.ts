import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { endGroup } from "../package-manager/process-group.ts";

/*
 * A package manager leads a process group of its own, so it outlives a process that is killed, and would go on writing what is just put back. Its id is
 * written down while it works. Ids are given again, so what tells one process from another is written down, too: without that nothing is ended.
 */

const noted = z.object({ pid: z.int().positive(), identity: z.string() });
const fileOf = (stateDir: string): string => join(stateDir, "hub", "manager.json");

/** What tells a process from others that have had its id or will have it: the system's start, and the process's. Undefined where the system does not say. */
export function processIdentity(pid: number): string | undefined {
  try {
    if (process.platform === "linux") {
      // the name, in brackets, may hold anything
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
      return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${fields[19]!}`;
    }
    if (process.platform === "win32") return undefined;
    const { stdout, status } = spawnSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8", env: { ...process.env, LC_ALL: "C", TZ: "UTC" } });
    return status === 0 && stdout.trim() !== "" ? stdout.trim() : undefined;
  } catch { return undefined; }
}

/** Notes a manager's process while it works. */
export function noteManager(stateDir: string, pid: number): void {
  const identity = processIdentity(pid);
  if (identity === undefined) return;
  mkdirSync(dirname(fileOf(stateDir)), { recursive: true });
  writeFileSync(fileOf(stateDir), JSON.stringify({ pid, identity } satisfies z.output<typeof noted>));
}

export function forgetManager(stateDir: string): void {
  rmSync(fileOf(stateDir), { force: true });
}

/**
 * Ends what a killed process has left at work. A manager whose own process is gone has left nobody who could be told from others.
 *
 * @returns whether there was one
 */
export async function endLeftManager(stateDir: string): Promise<boolean> {
  const path = fileOf(stateDir);
  if (!existsSync(path)) return false;
  let found: z.output<typeof noted> | undefined;
  try { found = noted.safeParse(JSON.parse(readFileSync(path, "utf8"))).data; } catch { /* it was killed while it wrote this, before the manager did anything */ }
  const isLeft = found !== undefined && processIdentity(found.pid) === found.identity;
  if (isLeft) await endGroup(found!.pid);
  forgetManager(stateDir);
  return isLeft;
}
