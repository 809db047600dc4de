import { MlstackError, serializeError, type LaunchHere, type StepHandle, type StepLaunch, type StepSpec } from "@mlstack/core";
import { callOptionsOf } from "@mlstack/pipeline";
import { decodeMessage } from "../journal/channel-journal.ts";
import type { StepEnded } from "../journal/events.ts";
import { readStepEnd } from "../journal/object-journal.ts";
import { stepEnv } from "../step/zone.ts";
import { cancelled, died, neverBegun, timedOut } from "./attempt-end.ts";
import type { Drive } from "./drive.ts";
import { followLogs } from "./follow-logs.ts";
import { packSpec } from "./large-spec.ts";
import { outcomeOf, type StepOutcome } from "./step-outcome.ts";
import { runStep, withoutStack, type StepTask } from "./run-step.ts";
import { after, pause } from "./timers.ts";

/** A step before it is started: as a task where its definition is here, else as the data that travels. */
export type Prepared = Omit<StepTask, "definition"> & { readonly definition: StepTask["definition"] | undefined };

/** Starts a step, again after a failure where its retry policy says so. */
export async function attempts(d: Drive, task: Prepared, before: number): Promise<StepOutcome> {
  const { retry } = callOptionsOf(task.step, task.node);
  for (let n = 1; ; n++) {
    const again = n < retry.attempts;
    const attempt = before + n;
    const outcome = await oneAttempt(d, { ...task, spec: { ...task.spec, attempt, willRetry: again } });
    if (outcome.status !== "failed" || !again) return outcome;
    if (!(await pause(retry.delayMs * retry.backoff ** (n - 1), d.signal))) return neverBegun(d, task, attempt + 1, "cancelled", cancelled(d.signal));
  }
}

async function oneAttempt(d: Drive, task: Prepared): Promise<StepOutcome> {
  const { spec, step } = task;
  const isAway = d.launch.sees === "bundle";
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
    const { error, ...rest } = judged(event);
    // whatever process it ran in, only this one is sure to know every secret of the stack
    const last: StepEnded = error === undefined ? rest : { ...rest, error: d.io.redactor.data(error) };
    keep(d, last, spec);
    seen.outcome = outcomeOf(last);
  };
  const broken = (error: unknown) => { seen.broken ??= { error }; stop.abort(error); };
  const here: LaunchHere = {
    only: hereOnly(d, task),
    async run(signal) {
      try { seen.outcome = await runStep(defined(task), d.io, AbortSignal.any([signal, stop.signal])); } catch (error) { seen.broken = { error }; }
    },
    report(line) {
      // called from where a flavor hears of it: what is thrown here would end the process
      try { receive(d, line, ended); } catch (error) { broken(error); }
      d.io.journal.flush().catch((error: unknown) => { seen.broken ??= { error }; });
    },
  };
  const launch: StepLaunch = { spec: isAway ? await packSpec(spec, d.io.content) : spec, command: ["step", "run", "spec.json"], env: { ...(await d.componentEnv()), ...stepEnv(step.options.env, d.env) }, ...(!isAway && { here }) };
  const startedAt = d.io.now();
  d.onLaunch(spec.node, spec.attempt);
  // a driver that dies from here on leaves a trace of what it may have started
  if (isAway) await begin(d, task, startedAt);
  let handle: StepHandle;
  try { handle = await d.launch.start(launch, { signal: d.signal }); } catch (e) {
    return d.signal.aborted ? neverBegun(d, task, spec.attempt, "cancelled", cancelled(d.signal)) : neverBegun(d, task, spec.attempt, "failed", e);
  }
  let stopTimer: () => void = () => undefined;
  let over = false;
  const limit = spec.timeoutMs;
  const startTimer = () => {
    if (limit === null || over) return;
    stopTimer = after(limit, () => {
      stop.abort(timedOut(step.name, limit));
      ask(handle, "timeout");
    });
  };
  if (handle.started === undefined) startTimer(); else void handle.started.then(startTimer, () => undefined);
  const cancel = () => { stop.abort(cancelled(d.signal)); ask(handle, "the run was cancelled"); };
  stop.signal.addEventListener("abort", () => { if (seen.broken !== undefined) ask(handle, "the journal can't be written"); }, { once: true });
  if (d.signal.aborted) cancel(); else d.signal.addEventListener("abort", cancel, { once: true });
  const logs = isAway ? followLogs(d, spec) : undefined;
  if (isAway && d.launch.attach !== undefined) {
    d.io.journal.append({ kind: "step-launched", run: spec.runId, ordinal: d.ordinal, node: spec.node, attempt: spec.attempt, time: d.io.now(), handle: handle.id });
    await d.io.journal.flush().catch(broken);
  }
  try {
    const end = await handle.ended;
    await logs?.stop().catch(() => undefined);
    // the journal could not be written: nothing that comes after would be kept, so the run ends here
    if (seen.broken !== undefined) throw seen.broken.error;
    if (seen.outcome === undefined) {
      const event = (await readStepEnd(d.io.content.store, { run: spec.runId, node: spec.node, attempt: spec.attempt, ordinal: d.ordinal })) ?? (await died(d, task, startedAt, end, handle, stop.signal));
      if (!isAway) d.io.journal.append({ kind: "step-started", run: spec.runId, ordinal: d.ordinal, node: spec.node, attempt: spec.attempt, time: event.startedAt, spec: withoutStack(spec) });
      ended(event);
    }
    return seen.outcome!;
  } finally { over = true; stopTimer(); d.signal.removeEventListener("abort", cancel); }
}

/** Says that a step is about to be started, before anything of it can be there. */
async function begin(d: Drive, { spec }: Prepared, time: number): Promise<void> {
  d.io.journal.append({ kind: "step-started", run: spec.runId, ordinal: d.ordinal, node: spec.node, attempt: spec.attempt, time, spec: withoutStack(spec) });
  await d.io.journal.flush();
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
    const shown = d.io.redactor.data(message.line);
    d.io.journal.log(message.run, message.node, message.attempt, shown);
    d.io.onLog(message.node, message.attempt, shown);
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
