import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { isAlive, signalGroup, type ProcessId } from "./processes.ts";
import type { WorkFolder } from "./work-folder.ts";

/** The file that takes what a process prints. */
export const OUTPUT = "output.log";
const TAIL = 64 * 1024;

/** A handle's id: all that is needed to find the process again on its machine. */
export const idOf = ({ pid, born }: ProcessId, { root, dir }: WorkFolder): string => JSON.stringify([hostname(), pid, born, root, dir]);

export function parseId(id: string): { readonly host: string; readonly process: ProcessId; readonly folder: WorkFolder } {
  const [host, pid, born, root, dir] = JSON.parse(id) as [string, number, string, string, string];
  return { host, process: { pid, born }, folder: { root, dir } };
}

/** Ends a process: asks first, and after a while does not ask. */
export function stopper(id: ProcessId, ended: Promise<unknown>, graceMs: number): () => void {
  return () => {
    if (!isAlive(id)) return;
    signalGroup(id.pid, "SIGTERM");
    const timer = setTimeout(() => signalGroup(id.pid, "SIGKILL"), graceMs);
    void ended.then(() => clearTimeout(timer));
  };
}

/** The end of what a process has printed; of a long one only that is read. */
export function readTail({ dir }: Pick<WorkFolder, "dir">): string {
  try {
    const fd = openSync(join(dir, OUTPUT), "r");
    try {
      const { size } = fstatSync(fd);
      const bytes = Buffer.alloc(Math.min(size, TAIL));
      return bytes.subarray(0, readSync(fd, bytes, 0, bytes.byteLength, size - bytes.byteLength)).toString("utf8");
    } finally { closeSync(fd); }
  } catch { return ""; }
}
