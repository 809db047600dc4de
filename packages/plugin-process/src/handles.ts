import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { MlstackError } from "@mlstack/core";
import { isAlive, signalGroup, type ProcessId } from "./processes.ts";
import type { WorkFolder } from "./work-folder.ts";

/** The file that takes what a process prints. */
export const OUTPUT = "output.log";
const TAIL = 64 * 1024;

/** A handle's id: all that is needed to find the process again on its machine. */
export const idOf = ({ pid, born }: ProcessId, { root, dir }: WorkFolder): string => JSON.stringify([hostname(), pid, born, root, dir]);

/** @throws MLS6003 where it is none of these */
export function parseId(id: string): { readonly host: string; readonly process: ProcessId; readonly folder: WorkFolder } {
  let parts: unknown;
  try { parts = JSON.parse(id); } catch { /* of another form */ }
  if (!Array.isArray(parts) || parts.length !== 5 || parts.some((part, n) => typeof part !== (n === 1 ? "number" : "string"))) {
    throw new MlstackError("MLS6003", `${JSON.stringify(id.slice(0, 80))} names no process`, { why: "handles of this orchestrator have a machine, a process and its folder", fix: "use the orchestrator that the run was started with; or start a new run" });
  }
  const [host, pid, born, root, dir] = parts as [string, number, string, string, string];
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
      const read = readSync(fd, bytes, 0, bytes.byteLength, size - bytes.byteLength);
      // from the first whole character on: what is left of one would be shown as more bytes than there are
      let from = 0;
      while (from < read && from < 4 && size > TAIL && (bytes[from]! & 0xc0) === 0x80) from++;
      return bytes.subarray(from, read).toString("utf8");
    } finally { closeSync(fd); }
  } catch { return ""; }
}
