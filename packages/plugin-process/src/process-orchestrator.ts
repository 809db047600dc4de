import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MlstackError, type JsonObject, type Orchestrator, type ProcessEnd, type StepHandle, type StepSpec } from "@mlstack/core";
import { passedOn } from "./environment.ts";
import { identify, isAlive, signalGroup, type ProcessId } from "./processes.ts";
import { makeWorkFolder, removeWorkFolder, type WorkFolder } from "./work-folder.ts";

export interface ProcessConfig {
  readonly concurrency?: number | undefined;
  readonly workDir?: string | undefined;
  readonly keepFolders: boolean;
  readonly packagesFrom?: string | undefined;
  readonly passEnv: readonly string[];
  readonly graceMs: number;
}

const TAIL = 64 * 1024;
const OUTPUT = "output.log";

/**
 * A remote without a cloud: each step is a process of its own, in a folder that has nothing of the project, and tells what it did in the
 * artifact store. Processes outlive the driver; another one finds them again by their handle.
 */
export function processOrchestrator(config: ProcessConfig, projectDir: string): Orchestrator {
  const place = { workDir: config.workDir === undefined ? undefined : resolve(projectDir, config.workDir), packagesFrom: config.packagesFrom === undefined ? projectDir : resolve(projectDir, config.packagesFrom) };

  async function launch(spec: StepSpec | JsonObject, command: readonly string[], env: Readonly<Record<string, string>>, alone = false): Promise<StepHandle> {
    const folder = await makeWorkFolder(spec, place);
    const log = openSync(join(folder.dir, OUTPUT), "a");
    let child: ChildProcess;
    try {
      child = spawn(process.execPath, ["--enable-source-maps", ...(alone && !config.keepFolders ? [cleansUp(folder)] : []), mlstackIn(folder), ...command], {
        cwd: folder.dir, detached: true, stdio: ["ignore", log, log], env: { ...passedOn(process.env, config.passEnv), ...env },
      });
    } finally { closeSync(log); }
    const exit = new Promise<ProcessEnd>((done) => {
      child.once("error", (e) => done({ status: "exited", exitCode: null, reason: e.message }));
      child.once("exit", (exitCode, signal) => done({ status: signal === null ? "exited" : "killed", exitCode, ...(signal !== null && { reason: signal }) }));
    });
    if (child.pid === undefined) {
      const { reason } = await exit;
      await removeWorkFolder(folder);
      throw new MlstackError("MLS6003", `the step's process could not be started: ${reason ?? "unknown"}`, { why: `the program is ${process.execPath}` });
    }
    // the client may leave
    if (alone) child.unref();
    return handleOf(identify(child.pid) ?? { pid: child.pid, born: "" }, folder, exit);
  }

  function handleOf(id: ProcessId, folder: WorkFolder, exit: Promise<ProcessEnd>): StepHandle {
    let tail = "";
    const ended = exit.then(async (end) => {
      tail = readTail(folder);
      // what it has started does not go on without it
      signalGroup(id.pid, "SIGKILL");
      if (!config.keepFolders) await removeWorkFolder(folder);
      return end;
    });
    return {
      id: JSON.stringify([id.pid, id.born, folder.root, folder.dir]), ended,
      async cancel() {
        if (!isAlive(id)) return;
        signalGroup(id.pid, "SIGTERM");
        const timer = setTimeout(() => signalGroup(id.pid, "SIGKILL"), config.graceMs);
        void ended.then(() => clearTimeout(timer));
      },
      tail: async () => tail || readTail(folder),
    };
  }

  return {
    contract: "orchestrator@1",
    launch: {
      maxParallel: config.concurrency ?? availableParallelism(), cancel: "kill", sees: "bundle",
      start: ({ spec, command, env }) => launch(spec, command, env),
      async attach(handle) {
        const [pid, born, root, dir] = JSON.parse(handle) as [number, string, string, string];
        const id = { pid, born };
        if (!isAlive(id)) return undefined;
        // its end is not told to a process that did not start it
        const exit = (async (): Promise<ProcessEnd> => { while (isAlive(id)) await sleep(250); return { status: "exited", exitCode: null }; })();
        return handleOf(id, { root, dir }, exit);
      },
      startDriver: ({ spec, command, env }) => launch(spec, command, env, true),
    },
    check: async () => {
      const program = { name: "packages in reach", ok: true, message: place.packagesFrom };
      try {
        const folder = await makeWorkFolder({}, place);
        await removeWorkFolder(folder);
        return [program];
      } catch (e) { return [{ ...program, ok: false, message: e instanceof Error ? e.message : String(e) }]; }
    },
  };
}

/** An argument of Node that makes a process remove its own folder when it ends: for a driver, whose starter has left. */
function cleansUp({ root }: WorkFolder): string {
  const program = `import { rmSync } from "node:fs"; process.on("exit", () => { try { rmSync(${JSON.stringify(root)}, { recursive: true, force: true }); } catch {} });`;
  return `--import=data:text/javascript,${encodeURIComponent(program)}`;
}

/** The program in the node_modules that the folder sees. */
function mlstackIn({ root, dir }: WorkFolder): string {
  for (let at = dir; ; at = join(at, "..")) {
    const found = join(at, "node_modules", "mlstack", "bin", "mlstack.js");
    if (existsSync(found) || at === root) return found;
  }
}

function readTail({ dir }: WorkFolder): string {
  try {
    const path = join(dir, OUTPUT);
    return readFileSync(path).subarray(Math.max(0, statSync(path).size - TAIL)).toString("utf8");
  } catch { return ""; }
}
