import { fork, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { ProcessEnd, StepLaunch } from "@mlstack/core";
import { packageDir } from "../plugins.ts";
import { processEnv } from "../step/zone.ts";
import type { FromWorker, ToWorker } from "../step/worker-messages.ts";
import { workerOutput } from "./worker-output.ts";

/** A process that runs one step at a time. */
export interface WorkerProcess {
  readonly pid: number | undefined;
  /** The plan whose code it has loaded, and the language that it was started with. */
  readonly code: string;
  readonly isBusy: boolean;
  /** Whether it can be told anything. */
  readonly isReachable: boolean;
  /** Resolves when it has ended and what it printed is here. */
  readonly gone: Promise<void>;
  /** Runs a step; resolves with how its process ended, which is well when the step has reported its own end. */
  run(launch: StepLaunch): { readonly ended: Promise<ProcessEnd>; /** False where it has ended, or was asked before. */ cancel(reason: string): boolean; tail(): string };
  /** Ends it and what it has started. */
  kill(): void;
}

/** What a step that was asked to stop is given to end in order, in milliseconds. */
const GRACE_MS = 2000;
const TAIL = 16 * 1024;

/**
 * @param zone variables that decide its time zone and language
 * @param place with the worker's own folder, removed when it has ended
 */
export function workerProcess(code: string, zone: Readonly<Record<string, string>>, place: { readonly projectDir: string; readonly stateDir: string; readonly scratch: string }): WorkerProcess {
  const child = fork(program(), [place.projectDir, place.stateDir, place.scratch], {
    cwd: place.projectDir, detached: process.platform !== "win32", stdio: ["ignore", "pipe", "pipe", "ipc"], execArgv: passedFlags(process.execArgv), env: processEnv(process.env, zone),
  });
  let busy: { readonly launch: StepLaunch; readonly end: (end: ProcessEnd) => void; cancelled: boolean; tail: string } | undefined;
  let settleGone!: () => void;
  const gone = new Promise<void>((done) => { settleGone = done; });
  const output = workerOutput(child, (stream, line) => {
    if (busy === undefined) return;
    busy.tail = `${busy.tail}${line}\n`.slice(-TAIL);
    printed(busy.launch, stream, line);
  });

  function release(end: ProcessEnd): void {
    const mine = busy;
    busy = undefined;
    // a process that was asked to stop may have left things running; it must be gone from here before the next step looks for one
    if (mine?.cancelled === true) kill(child);
    keepAlive(child, false);
    mine?.end(mine.cancelled ? { ...end, blame: "cancel" } : end);
  }

  async function ended(end: ProcessEnd): Promise<void> {
    await output.drained();
    output.close();
    release(end);
    await rm(place.scratch, { recursive: true, force: true }).catch(() => undefined);
    settleGone();
  }

  child.on("message", (message: FromWorker) => {
    if (message.kind === "line") busy?.launch.here?.report(message.line);
    else void output.drained().then(() => release({ status: "exited", exitCode: 0 }));
  });
  // not "close": that comes when nobody holds the other ends of the pipes any more, and a step may have handed them to a process that stays
  child.once("exit", (exitCode, signal) => {
    // what it has started does not go on without it
    kill(child);
    void ended({ status: signal === null ? "exited" : "killed", exitCode, ...(signal !== null && { reason: signal }) });
  });
  child.once("error", (e) => {
    if (child.pid !== undefined) return;
    release({ status: "never-started", exitCode: null, reason: e.message });
    settleGone();
  });
  keepAlive(child, false);

  return {
    pid: child.pid, code, gone,
    get isBusy() { return busy !== undefined; },
    get isReachable() { return child.connected; },
    run(launch) {
      let timer: NodeJS.Timeout | undefined;
      output.begin();
      const over = new Promise<ProcessEnd>((done) => { busy = { launch, cancelled: false, tail: "", end: (e) => { clearTimeout(timer); done(e); } }; });
      const mine = busy!;
      keepAlive(child, true);
      post(child, { kind: "run", spec: launch.spec, env: launch.env });
      return {
        ended: over,
        cancel(reason) {
          if (busy !== mine || mine.cancelled) return false;
          mine.cancelled = true;
          post(child, { kind: "cancel", reason });
          timer = setTimeout(() => kill(child), GRACE_MS);
          return true;
        },
        tail: () => mine.tail,
      };
    },
    kill: () => { keepAlive(child, true); kill(child); },
  };
}

function program(): string {
  return [join(packageDir, "dist", "step", "worker-main.js"), join(packageDir, "src", "step", "worker-main.ts")].find((path) => existsSync(path))!;
}

/**
 * The flags of Node that a worker gets, too. Not those that name code to run or to load, for a worker has its own, nor an inspector's, whose
 * port can be used once.
 */
function passedFlags(flags: readonly string[]): string[] {
  const kept: string[] = [];
  for (const [i, flag] of flags.entries()) {
    if (flag === "--conditions" || flag === "-C") kept.push(flag, flags[i + 1] ?? "");
    else if (/^(?:--conditions=|-C=|--max-old-space-size=|--max-semi-space-size=|--stack-size=|--experimental-|--no-|--enable-source-maps|--disable-warning|--trace-)/.test(flag)) kept.push(flag);
  }
  return kept;
}

/** A worker that has something to do keeps this process alive, an idle one does not. */
function keepAlive(child: ChildProcess, yes: boolean): void {
  const held = [child, child.channel, child.stdout, child.stderr] as readonly ({ ref?(): unknown; unref?(): unknown } | null | undefined)[];
  for (const one of held) { if (yes) one?.ref?.(); else one?.unref?.(); }
}

/** What native code printed to the descriptors themselves; the rest comes by the journal. */
function printed({ spec, here }: StepLaunch, stream: "stdout" | "stderr", text: string): void {
  here?.report(`l${JSON.stringify({ run: spec.runId, node: spec.node, attempt: spec.attempt, line: { time: Date.now(), stream, text } })}`);
}

function post(child: ChildProcess, message: ToWorker): void {
  if (child.connected) child.send(message, () => undefined);
}

/** Ends a worker's whole group: a step may have started processes of its own. */
function kill(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try { process.kill(process.platform === "win32" ? child.pid : -child.pid, "SIGKILL"); } catch { child.kill("SIGKILL"); }
}
