import { setTimeout as sleep } from "node:timers/promises";
import { MlstackError, serializeError, type ProcessEnd, type StepHandle, type StepLaunch, type StepSpec } from "@mlstack/core";
import { decodeMessage } from "../journal/channel-journal.ts";
import type { StepEnded } from "../journal/events.ts";
import { readObjectLogs, readStepEnd } from "../journal/object-journal.ts";
import { componentEnv } from "../stack/component-env.ts";
import { stepEnv } from "../step/zone.ts";
import { layout } from "../store/layout.ts";
import type { Drive } from "./drive.ts";
import { outcomeOf, type StepOutcome } from "./step-outcome.ts";
import { runStep, withoutStack, type StepTask } from "./run-step.ts";

/** A step before it is started: as a task where its definition is here, else as the data that travels. */
export type Prepared = Omit<StepTask, "definition"> & { readonly definition: StepTask["definition"] | undefined };

/** Starts a step, again after a failure where its retry policy says so. */
export async function attempts(d: Drive, task: Prepared, before: number): Promise<StepOutcome> {
  const { retry } = task.step.options;
  for (let n = 1; ; n++) {
    const again = n < retry.attempts;
    const attempt = before + n;
    const outcome = await oneAttempt(d, { ...task, spec: { ...task.spec, attempt, willRetry: again } });
    if (outcome.status !== "failed" || !again) return outcome;
    const paused = await sleep(retry.delayMs * retry.backoff ** (n - 1), true, { signal: d.signal }).catch(() => false);
    if (!paused) return neverBegun(d, task, attempt + 1, "cancelled", cancelled(d.signal));
  }
}

/** The end of an attempt that did not come to be. */
function neverBegun(d: Drive, { spec, key }: Prepared, attempt: number, status: "failed" | "cancelled", cause: unknown): StepOutcome {
  const error = serializeError(cause);
  const time = d.io.now();
  // it has a number of its own, which a resumed run must not use again
  d.io.journal.append({ kind: "step-started", run: spec.runId, ordinal: d.ordinal, node: spec.node, attempt, time, spec: withoutStack({ ...spec, attempt }) });
  d.io.journal.append({
    kind: "step-ended", run: spec.runId, ordinal: d.ordinal, node: spec.node, attempt, startedAt: time, time, status, key: key.key, parts: key.key === null ? null : key.parts, cache: { state: "none", miss: spec.cache.miss }, outputs: {}, error, tracker: [],
    ...(status === "failed" && spec.willRetry && { retried: true }),
  });
  return { status, error };
}

async function oneAttempt(d: Drive, task: Prepared): Promise<StepOutcome> {
  const { spec, step } = task;
  const stop = new AbortController();
  const seen: { outcome?: StepOutcome; broken?: { error: unknown } } = {};
  // a process says that it was told to stop, but not why; only here it is known who told it, if anybody did
  const judged = (event: StepEnded): StepEnded => (event.status !== "cancelled" || d.signal.aborted ? event : {
    ...event, status: "failed", ...(spec.willRetry && { retried: true }),
    error: serializeError(stop.signal.aborted ? stop.signal.reason : new MlstackError("MLS4008", `the process of the step "${step.name}" was told to stop by somebody else`, { why: "the machine may have been taken away", fix: "run again, or give the step a retry" })),
  });
  const ended = (event: StepEnded) => {
    // a process that was told to stop may still report its end: the first word counts
    if (seen.outcome !== undefined) return;
    const last = judged(event);
    keep(d, last, spec);
    seen.outcome = outcomeOf(last);
  };
  const launch: StepLaunch = {
    spec, command: ["step", "run", "spec.json"], env: { ...componentEnv(d.stack, d.env), ...stepEnv(step.options.env, d.env) }, hereOnly: hereOnly(d, task),
    async runHere(signal) {
      try { seen.outcome = await runStep(defined(task), d.io, AbortSignal.any([signal, stop.signal])); } catch (error) { seen.broken = { error }; }
    },
    report(line) {
      // called from where a flavor hears of it: what is thrown here would end the process
      try { receive(d, line, ended); } catch (error) {
        seen.broken ??= { error };
        stop.abort(error);
      }
      d.io.journal.flush().catch((error: unknown) => { seen.broken ??= { error }; });
    },
  };
  const startedAt = d.io.now();
  d.onLaunch(spec.node, spec.attempt);
  let handle: StepHandle;
  try { handle = await d.launch.start(launch, { signal: d.signal }); } catch (e) {
    return d.signal.aborted ? neverBegun(d, task, spec.attempt, "cancelled", cancelled(d.signal)) : neverBegun(d, task, spec.attempt, "failed", e);
  }
  let timer: NodeJS.Timeout | undefined;
  let over = false;
  const limit = spec.timeoutMs;
  const startTimer = () => {
    if (limit === null || over) return;
    timer = setTimeout(() => {
      stop.abort(new MlstackError("MLS4002", `the step "${step.name}" took longer than its timeout of ${limit} ms`, { fix: "raise timeoutMs, or make the step faster" }));
      ask(handle, "timeout");
    }, limit);
  };
  if (handle.started === undefined) startTimer(); else void handle.started.then(startTimer, () => undefined);
  const cancel = () => { stop.abort(cancelled(d.signal)); ask(handle, "the run was cancelled"); };
  stop.signal.addEventListener("abort", () => { if (seen.broken !== undefined) ask(handle, "the journal can't be written"); }, { once: true });
  if (d.signal.aborted) cancel(); else d.signal.addEventListener("abort", cancel, { once: true });
  const logs = followLogs(d, spec, launch.hereOnly === undefined && d.launch.sees === "bundle");
  try {
    const end = await handle.ended;
    await logs.stop().catch(() => undefined);
    // the journal could not be written: nothing that comes after would be kept, so the run ends here
    if (seen.broken !== undefined) throw seen.broken.error;
    if (seen.outcome === undefined) {
      const event = (await readStepEnd(d.io.content.store, { run: spec.runId, node: spec.node, attempt: spec.attempt, ordinal: d.ordinal })) ?? (await died(d, task, startedAt, end, handle, stop.signal));
      d.io.journal.append({ kind: "step-started", run: spec.runId, ordinal: d.ordinal, node: spec.node, attempt: spec.attempt, time: event.startedAt, spec: withoutStack(spec) });
      ended(event);
    }
    return seen.outcome!;
  } finally { over = true; clearTimeout(timer); d.signal.removeEventListener("abort", cancel); }
}

function defined(task: Prepared): StepTask {
  if (task.definition !== undefined) return { ...task, definition: task.definition };
  throw new MlstackError("MLS4011", `the step "${task.step.name}" can't run in this process: its code is not here`, { fix: "use an orchestrator that runs steps from the bundle" });
}

/** Why a step can't leave the process that defined it. */
export function hereOnly(d: Pick<Drive, "liveParams">, { step, node }: Pick<Prepared, "step" | "node">): string | undefined {
  if (step.identity === null) return `the step "${step.name}" is not an exported constant, so no other process can find it`;
  const opaque = Object.entries(node.params).find(([, p]) => "opaque" in p);
  return opaque === undefined || !d.liveParams.has(node.id) ? undefined : `the parameter "${opaque[0]}" can't be written down`;
}

/** Takes a line from a step process; a line that nobody of ours wrote is left alone. */
function receive(d: Drive, line: string, ended: (event: StepEnded) => void): void {
  let message: ReturnType<typeof decodeMessage>;
  try { message = decodeMessage(line); } catch { return; }
  if (message.kind === "log") {
    d.io.journal.log(message.run, message.node, message.attempt, message.line);
    d.io.onLog(message.node, message.attempt, message.line);
    return;
  }
  if (message.kind === "tracked") { void d.io.track(message.events); return; }
  if (message.event.kind === "step-ended") ended(message.event); else d.io.journal.append(message.event);
}

/** Asks a step to end. A flavor may ask a service, and that may fail; then the step's own end is waited for. */
function ask(handle: StepHandle, reason: string): void {
  handle.cancel(reason).catch(() => undefined);
}

/** Keeps the end of a step that ran in another process, and sends to the tracker what that one could not or was not to send. */
function keep(d: Drive, event: StepEnded, { trackedRun }: StepSpec): void {
  d.io.journal.append(event);
  if (event.tracker.length > 0 && (event.untracked === true || trackedRun === null)) void d.io.track(event.tracker, trackedRun !== null);
}

/** The end of a step that its process did not live to write. */
async function died(d: Drive, { spec, key, step }: Prepared, startedAt: number, end: ProcessEnd, handle: StepHandle, stopped: AbortSignal): Promise<StepEnded> {
  const timedOut = MlstackError.is(stopped.reason, "MLS4002");
  const wasCancelled = stopped.aborted && !timedOut;
  const tail = stopped.aborted ? "" : ((await handle.tail?.().catch(() => "")) ?? "").trim();
  const how = end.status === "lost" ? "its process can't be found any more" : end.status === "never-started" ? "its process never began" : `its process ended with ${end.exitCode === null ? "a signal" : `exit code ${end.exitCode}`}`;
  const error = stopped.aborted ? (stopped.reason as Error) : new MlstackError("MLS4008", `the step "${step.name}" ended without a result: ${how}${end.reason === undefined ? "" : ` (${end.reason})`}`, {
    why: tail === "" ? "nothing of it is in the journal" : `the last that it printed: ${tail.slice(-2000)}`, fix: "look at its output; where it was killed for memory, ask for more or use less",
    details: { handle: handle.id, exitCode: end.exitCode },
  });
  if (tail !== "") d.io.journal.log(spec.runId, spec.node, spec.attempt, { time: d.io.now(), stream: "stderr", text: tail.slice(-8000) });
  return {
    kind: "step-ended", run: spec.runId, ordinal: d.ordinal, node: spec.node, attempt: spec.attempt, startedAt, time: d.io.now(), status: wasCancelled ? "cancelled" : "failed", key: key.key, parts: key.key === null ? null : key.parts,
    cache: { state: "none", miss: spec.cache.miss }, outputs: {}, error: serializeError(error), tracker: [], ...(spec.willRetry && !wasCancelled && { retried: true }),
  };
}

/** Shows and keeps what a step elsewhere prints, while it prints it. */
function followLogs(d: Drive, spec: StepSpec, needed: boolean): { stop(): Promise<void> } {
  if (!needed) return { stop: async () => undefined };
  const seen = new Set<string>();
  const prefix = `${layout.journal(spec.runId, spec.node, spec.attempt, "log")}-`;
  const read = async () => {
    for (const part of await readObjectLogs(d.io.content.store, prefix, seen)) {
      d.logs?.keep(spec.runId, part);
      for (const line of part.lines) d.io.onLog(spec.node, spec.attempt, line);
    }
  };
  let reading: Promise<void> = Promise.resolve();
  const timer = setInterval(() => { reading = reading.then(read).catch(() => undefined); }, FOLLOW_EVERY_MS);
  return { stop: async () => { clearInterval(timer); await reading; await read(); } };
}

const FOLLOW_EVERY_MS = 1000;

export function cancelled(signal: AbortSignal): MlstackError {
  return MlstackError.is(signal.reason) ? signal.reason : new MlstackError("MLS4003", "the run was cancelled");
}
