import { Worker } from "node:worker_threads";

/**
 * Ends this process, and what it has started, when its parent is gone. From a thread of its own: a step or a model that computes without waiting
 * keeps the main thread from hearing that the channel has closed.
 */
export function endWithParent(): void {
  const program = `const { workerData } = require("node:worker_threads");
setInterval(() => { if (process.ppid !== workerData) { try { process.kill(-process.pid, "SIGKILL"); } catch { process.kill(process.pid, "SIGKILL"); } } }, 250);`;
  new Worker(program, { eval: true, workerData: process.ppid, stdin: false, execArgv: [], env: {} }).unref();
}
