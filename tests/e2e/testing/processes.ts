import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Command lines of the processes that mention a text, such as a project's folder; of Linux only. */
export function processesOf(text: string): { readonly pid: number; readonly group: number; readonly command: string }[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return fields[0] !== "Z" && command.includes(text) ? [{ pid: Number(name), group: Number(fields[2]), command }] : [];
    } catch { return []; }
  });
}

/** How many processes of a group are there, those that wait to be buried not counted. */
export function groupSize(group: number): number {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).filter((name) => {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return fields[0] !== "Z" && Number(fields[2]) === group;
    } catch { return false; }
  }).length;
}

/** Looks until something holds, for at most some seconds; says whether it came to hold. */
export async function until(holds: () => boolean | Promise<boolean>, seconds = 20): Promise<boolean> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(50)) if (await holds()) return true;
  return holds();
}
