import { fork, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { ProcessEnd, StepHandle, StepLaunch } from "@mlstack/core";
import { packageDir } from "../plugins.ts";
import { languageOf, processEnv, zoneVariables } from "../step/zone.ts";
import { END_OF_OUTPUT, type FromWorker, type ToWorker } from "../step/worker-messages.ts";

interface Busy { readonly launch: StepLaunch; end(end: ProcessEnd): void; cancelled: boolean }
interface PoolWorker {
  readonly child: ChildProcess;
  /** The plan whose code it has, and the language that it was started with. */
  readonly code: string;
  busy: Busy | undefined;
  tail: string;
  /** How many of its streams have ended the output of the step. */
  drained: number;
  onDrained: (() => void) | undefined;
}

/** Processes of this machine that run steps, one step at a time each; kept between steps, for starting one costs a tenth of a second. */
export interface WorkerPool {
  start(launch: StepLaunch): StepHandle;
  /** Ends all of them, and what they have started. */
  dispose(): Promise<void>;
}

/** What a step that was asked to stop is given to end in order, in milliseconds. */
const GRACE_MS = 2000;
const TAIL = 16 * 1024;
/** How long output that is still on its way is waited for, in milliseconds; a step may have closed a stream. */
const DRAIN_MS = 1000;

export function workerPool(place: { readonly projectDir: string; readonly stateDir: string }): WorkerPool {
  /** Those that may get a step. */
  const workers = new Set<PoolWorker>();
  /** All whose process has not ended. */
  const alive = new Set<ChildProcess>();
  // a process that exits without closing its engine leaves nobody behind
  const killAll = () => { for (const child of alive) kill(child); };
  let listening = false;

  function spawn(code: string, env: StepLaunch["env"]): PoolWorker {
    const program = [join(packageDir, "dist", "step", "worker-main.js"), join(packageDir, "src", "step", "worker-main.ts")].find((path) => existsSync(path))!;
    const scratch = join(place.stateDir, "scratch", `worker-${randomUUID()}`);
    const child = fork(program, [place.projectDir, place.stateDir, scratch], {
      cwd: place.projectDir, detached: process.platform !== "win32", stdio: ["ignore", "pipe", "pipe", "ipc"],
      execArgv: passedFlags(process.execArgv), env: processEnv(process.env, zoneVariables(env)),
    });
    const worker: PoolWorker = { child, code, busy: undefined, tail: "", drained: 0, onDrained: undefined };
    if (!listening) process.on("exit", killAll);
    listening = true;
    workers.add(worker);
    alive.add(child);
    for (const [name, stream] of [["stdout", child.stdout], ["stderr", child.stderr]] as const) {
      let rest = "";
      stream?.setEncoding("utf8").on("data", (chunk: string) => {
        const text = rest + chunk;
        const isEnd = text.includes(END_OF_OUTPUT);
        // a pipe may cut anywhere, also in the middle of the mark
        const cut = isEnd ? -1 : text.indexOf(END_OF_OUTPUT[0]!);
        rest = cut >= 0 && END_OF_OUTPUT.startsWith(text.slice(cut)) ? text.slice(cut) : "";
        const own = isEnd ? text.replace(END_OF_OUTPUT, "") : text.slice(0, text.length - rest.length);
        if (own !== "") { worker.tail = (worker.tail + own).slice(-TAIL); printed(worker, name, own); }
        if (isEnd && ++worker.drained === 2) worker.onDrained?.();
      });
    }
    child.on("message", (message: FromWorker) => {
      if (message.kind === "line") worker.busy?.launch.report(message.line);
      else void drained(worker).then(() => release(worker, { status: "exited", exitCode: 0 }));
    });
    child.once("exit", () => { workers.delete(worker); alive.delete(child); });
    child.once("close", (exitCode, signal) => {
      rm(scratch, { recursive: true, force: true }).catch(() => undefined);
      workers.delete(worker);
      alive.delete(child);
      release(worker, { status: worker.busy?.cancelled === true ? "killed" : "exited", exitCode, ...(signal !== null && { reason: signal }) });
    });
    child.once("error", (e) => {
      workers.delete(worker);
      alive.delete(child);
      release(worker, { status: "never-started", exitCode: null, reason: e.message });
    });
    keepAlive(child, false);
    return worker;
  }

  function release(worker: PoolWorker, end: ProcessEnd): void {
    const { busy } = worker;
    worker.busy = undefined;
    // a process that was asked to stop may have left things running; it must be gone from here before the next step looks for one
    if (busy?.cancelled === true) { workers.delete(worker); kill(worker.child); }
    keepAlive(worker.child, false);
    busy?.end(end);
  }

  return {
    start(launch) {
      // a worker has the modules that it has imported: of other code than the plan's it would give the results of that
      const { plan } = launch.spec;
      const code = `${plan} ${languageOf(launch.env)}`;
      for (const w of workers) if (w.busy === undefined && !w.code.startsWith(`${plan} `)) { workers.delete(w); kill(w.child); }
      const worker = [...workers].find((w) => w.busy === undefined && w.code === code && w.child.connected) ?? spawn(code, launch.env);
      worker.tail = "";
      worker.drained = 0;
      let timer: NodeJS.Timeout | undefined;
      const ended = new Promise<ProcessEnd>((done) => { worker.busy = { launch, cancelled: false, end: (e) => { clearTimeout(timer); done(e); } }; });
      const mine = worker.busy!;
      keepAlive(worker.child, true);
      post(worker.child, { kind: "run", spec: launch.spec, env: launch.env });
      return {
        id: `${worker.child.pid ?? 0}`, ended,
        async cancel(reason) {
          if (worker.busy !== mine || mine.cancelled) return;
          mine.cancelled = true;
          post(worker.child, { kind: "cancel", reason });
          timer = setTimeout(() => kill(worker.child), GRACE_MS);
        },
        tail: async () => worker.tail,
      };
    },
    async dispose() {
      const all = [...alive];
      workers.clear();
      await Promise.all(all.map((child) => new Promise<void>((done) => {
        if (child.exitCode !== null || child.signalCode !== null) { done(); return; }
        keepAlive(child, true);
        child.once("close", () => done());
        kill(child);
      })));
      process.off("exit", killAll);
      listening = false;
    },
  };
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

/** Resolves when what a step has printed has arrived. */
async function drained(worker: PoolWorker): Promise<void> {
  if (worker.drained >= 2) return;
  await new Promise<void>((done) => {
    const timer = setTimeout(done, DRAIN_MS);
    worker.onDrained = () => { clearTimeout(timer); done(); };
  });
  worker.onDrained = undefined;
}

/** What native code printed to the descriptors themselves; the rest comes by the journal. */
function printed(worker: PoolWorker, stream: "stdout" | "stderr", text: string): void {
  const spec = worker.busy?.launch.spec;
  if (spec === undefined) return;
  for (const line of text.replace(/\n$/, "").split("\n")) worker.busy?.launch.report(`l${JSON.stringify({ run: spec.runId, node: spec.node, attempt: spec.attempt, line: { time: Date.now(), stream, text: line } })}`);
}

function post(child: ChildProcess, message: ToWorker): void {
  if (child.connected) child.send(message, () => undefined);
}

/** Ends a worker's whole group: a step may have started processes of its own. */
function kill(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try { process.kill(process.platform === "win32" ? child.pid : -child.pid, "SIGKILL"); } catch { child.kill("SIGKILL"); }
}
