import { parentPort, workerData } from "node:worker_threads";
import { openDatabase } from "../open-database.ts";

const { barrier, paths, openers } = workerData as { barrier: SharedArrayBuffer; paths: readonly string[]; openers: number };
const arrived = new Int32Array(barrier);
const problems: string[] = [];
for (const [i, path] of paths.entries()) {
  Atomics.add(arrived, i, 1);
  while (Atomics.load(arrived, i) < openers) { /* all at the same moment */ }
  try { (await openDatabase(path, "process")).close(); } catch (e) { problems.push(String(e)); }
}
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
parentPort?.postMessage(problems);
