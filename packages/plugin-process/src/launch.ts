import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { MlstackError, type JsonObject, type ProcessEnd, type StepHandle, type StepSpec } from "@mlstack/core";
import { attached } from "./attached.ts";
import { passedOn } from "./environment.ts";
import { idOf, OUTPUT, readTail, stopper } from "./handles.ts";
import { identify, signalGroup } from "./processes.ts";
import { claim, preload, writeStarter } from "./traces.ts";
import { fillFolder, makeRoot, removeRoot, type WorkFolder, type WorkPlace } from "./work-folder.ts";

export interface ProcessConfig {
  readonly concurrency?: number | undefined;
  readonly workDir?: string | undefined;
  readonly keepFolders: boolean;
  readonly packagesFrom?: string | undefined;
  readonly passEnv: readonly string[];
  readonly graceMs: number;
  readonly driverSilenceMs?: number | undefined;
}

export interface Launch {
  /** Of the folder. */
  readonly name: string;
  readonly spec: StepSpec | JsonObject;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** A driver stays when this process ends; a step that this process has started does not. */
  readonly isDriver: boolean;
}

/** Starts processes, or finds those that were started before for the same thing. */
export function launcher(config: ProcessConfig, place: WorkPlace): (launch: Launch, signal: AbortSignal | undefined) => Promise<StepHandle> {
  /** Steps that run, by the leaders of their groups. */
  const running = new Set<number>();
  // a driver that exits takes its steps along; one that is killed can't, and they see it by its sign of life
  const killAll = () => { for (const pid of running) signalGroup(pid, "SIGKILL"); };

  async function spawnIn(folder: WorkFolder, { command, env, isDriver }: Launch): Promise<StepHandle> {
    const log = openSync(join(folder.dir, OUTPUT), "a");
    let child: ChildProcess;
    try {
      child = spawn(process.execPath, ["--enable-source-maps", preload(folder.root, isDriver && !config.keepFolders), mlstackIn(folder), ...command], {
        cwd: folder.dir, detached: true, stdio: ["ignore", log, log], env: { ...passedOn(process.env, config.passEnv), ...env },
      });
    } finally { closeSync(log); }
    const exit = new Promise<ProcessEnd>((done) => {
      child.once("error", (e) => done({ status: "never-started", exitCode: null, reason: e.message }));
      child.once("exit", (exitCode, signal) => done({ status: signal === null ? "exited" : "killed", exitCode, ...(signal !== null && { reason: signal }) }));
    });
    const { pid } = child;
    if (pid === undefined) {
      const { reason } = await exit;
      throw new MlstackError("MLS6003", `the step's process could not be started: ${reason ?? "unknown"}`, { why: `the program is ${process.execPath}` });
    }
    const started = { ...(identify(pid) ?? { pid, born: "" }), dir: folder.dir };
    claim(folder.root, started);
    // the client may leave
    if (isDriver) child.unref(); else watch(pid, exit);
    let tail = "";
    let cancelled = false;
    const ended = exit.then(async (end) => {
      tail = readTail(folder);
      // what it has started does not go on without it
      signalGroup(pid, "SIGKILL");
      if (!config.keepFolders && (!isDriver || end.exitCode === 0)) await removeRoot(folder.root);
      return cancelled ? { ...end, blame: "cancel" as const } : end;
    });
    const stop = stopper(started, ended, config.graceMs);
    return {
      id: idOf(started, folder), ended,
      async cancel(_reason, options) { options?.signal?.throwIfAborted(); cancelled = true; stop(); },
      async tail(options) { options?.signal?.throwIfAborted(); return tail || readTail(folder); },
    };
  }

  function watch(pid: number, exit: Promise<unknown>): void {
    if (running.size === 0) process.on("exit", killAll);
    running.add(pid);
    void exit.finally(() => {
      running.delete(pid);
      if (running.size === 0) process.off("exit", killAll);
    });
  }

  return async function start(launch, signal) {
    signal?.throwIfAborted();
    for (;;) {
      const root = await makeRoot(launch.name, place);
      if (root === undefined) {
        const found = await attached(launch.name, place, config, signal, true);
        if (found !== undefined) return found;
        // somebody has made the folder and not lived to start anything in it
        continue;
      }
      try {
        writeStarter(root);
        const folder = await fillFolder(root, launch.spec, place);
        signal?.throwIfAborted();
        return await spawnIn(folder, launch);
      } catch (e) {
        await removeRoot(root);
        throw e;
      }
    }
  };
}

/** The program in the node_modules that the folder sees. */
function mlstackIn({ root, dir }: WorkFolder): string {
  for (let at = dir; ; at = join(at, "..")) {
    const found = join(at, "node_modules", "mlstack", "bin", "mlstack.js");
    if (existsSync(found) || at === root) return found;
  }
}
