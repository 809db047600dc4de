import { accessSync, constants, mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";

/** Where to measure: a folder of the clone, and one in memory where there is such a thing. What the disk itself takes is the difference. */
export function benchFolders(): Readonly<Record<string, () => string>> {
  const clone = join(import.meta.dirname, "..", ".mlstack");
  const onDisk = () => { mkdirSync(clone, { recursive: true }); return mkdtempSync(join(clone, "bench-")); };
  try { accessSync("/dev/shm", constants.W_OK); } catch { return { disk: onDisk }; }
  return { memory: () => mkdtempSync("/dev/shm/mlstack-bench-"), disk: onDisk };
}
