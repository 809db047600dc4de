import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { MlstackError, type ProcessEnd, type StepHandle, type StepLaunch } from "@mlstack/core";
import { passedOn } from "./environment.ts";
import { findMlstack, workFolder } from "./work-folder.ts";

/** What a step that is asked to stop is given to end in order, in milliseconds. */
const GRACE_MS = 2000;
const TAIL_BYTES = 64 * 1024;
const OUTPUT = "output.log";
/** Ends a step, and what it has started, when the process that has started it is gone; in a thread of its own, for a step may compute without a pause. */
const END_WITH_PARENT = `import { Worker } from "node:worker_threads";
new Worker(\`const { workerData } = require("node:worker_threads");
setInterval(() => { if (process.ppid !== workerData) { try { process.kill(-process.pid, "SIGKILL"); } catch { process.kill(process.pid, "SIGKILL"); } } }, 250);\`,
{ eval: true, workerData: process.ppid, execArgv: [], env: {} }).unref();`;

/**
 * Runs a step's command in a process of its own.
 *
 * @param from where the packages are found
 * @throws MLS6003 where it can't be started
 */
export async function startProcess({ spec, command, env }: Pick<StepLaunch, "spec" | "command" | "env">, from: string): Promise<StepHandle> {
  const program = findMlstack(from);
  const folder = await workFolder(spec, from).catch((cause: unknown) => { throw new MlstackError("MLS6003", "no folder could be made for the step", { cause }); });
  const output = await open(join(folder.dir, OUTPUT), "a");
  // it leads a group, with what it starts itself
  const child = spawn(process.execPath, ["--import", `data:text/javascript,${encodeURIComponent(END_WITH_PARENT)}`, program, ...command], {
    cwd: folder.dir, detached: true, stdio: ["ignore", output.fd, output.fd], env: { ...passedOn(), ...env },
  });
  const exited = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
  // where it can't be started, that is what `spawn` is told
  exited.catch(() => undefined);
  const failed = await once(child, "spawn").then(() => undefined, (e: unknown) => e);
  await output.close();
  if (failed !== undefined) {
    await rm(folder.root, { recursive: true, force: true });
    throw new MlstackError("MLS6003", "the step's process could not be started", { why: `the program is ${process.execPath}`, cause: failed });
  }

  let last: string | undefined;
  let isCancelled = false;
  const ended = exited.then(async ([exitCode, signal]): Promise<ProcessEnd> => {
    // what it has started does not go on without it
    signalGroup(child, "SIGKILL");
    last = await tailOf(folder.dir);
    await rm(folder.root, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
    return { status: signal === null ? "exited" : "killed", exitCode, ...(signal !== null && { reason: signal }), ...(isCancelled && { blame: "cancel" as const }) };
  });
  return {
    id: `${process.pid}/${child.pid ?? 0}`, ended,
    async cancel(_reason, { signal } = {}) {
      signal?.throwIfAborted();
      if (isCancelled || child.exitCode !== null || child.signalCode !== null) return;
      isCancelled = true;
      signalGroup(child, "SIGTERM");
      const timer = setTimeout(() => { signalGroup(child, "SIGKILL"); }, GRACE_MS);
      void exited.finally(() => { clearTimeout(timer); });
    },
    async tail({ signal } = {}) {
      signal?.throwIfAborted();
      return last ?? tailOf(folder.dir);
    },
  };
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try { process.kill(process.platform === "win32" ? pid : -pid, signal); } catch { /* it has ended */ }
}

/** The end of what a step has printed, from a whole character on. */
async function tailOf(dir: string): Promise<string> {
  const file = await open(join(dir, OUTPUT)).catch(() => undefined);
  if (file === undefined) return "";
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(size, TAIL_BYTES)), 0, undefined, Math.max(0, size - TAIL_BYTES));
    const end = buffer.subarray(0, bytesRead);
    return end.subarray(size > TAIL_BYTES ? end.findIndex((byte) => (byte & 0xc0) !== 0x80) : 0).toString("utf8");
  } finally { await file.close(); }
}
