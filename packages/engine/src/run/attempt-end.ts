import { MlstackError, serializeError, type ProcessEnd, type StepHandle } from "@mlstack/core";
import type { StepEnded } from "../journal/events.ts";
import type { Prepared } from "./attempt.ts";
import type { Drive } from "./drive.ts";
import { withoutStack } from "./run-step.ts";
import type { StepOutcome } from "./step-outcome.ts";

/** Why a run stops that somebody wants to stop. */
export function cancelled(signal: AbortSignal): MlstackError {
  return MlstackError.is(signal.reason) ? signal.reason : new MlstackError("MLS4003", "the run was cancelled");
}

/** That a step has run out of time; its own process says the same. */
export function timedOut(step: string, limitMs: number): MlstackError {
  return new MlstackError("MLS4002", `the step "${step}" took longer than its timeout of ${limitMs} ms`, { fix: "raise timeoutMs, or make the step faster" });
}

/** The end of an attempt that did not come to be. */
export function neverBegun(d: Drive, { spec, key }: Prepared, attempt: number, status: "failed" | "cancelled", cause: unknown): StepOutcome {
  const error = d.io.redactor.data(serializeError(cause));
  const time = d.io.now();
  // it has a number of its own, which a resumed run must not use again
  d.io.journal.append({ kind: "step-started", run: spec.runId, ordinal: d.ordinal, node: spec.node, attempt, time, spec: withoutStack({ ...spec, attempt }) });
  d.io.journal.append({
    kind: "step-ended", run: spec.runId, ordinal: d.ordinal, node: spec.node, attempt, startedAt: time, time, status, key: key.key, parts: key.key === null ? null : key.parts, cache: { state: "none", miss: spec.cache.miss }, outputs: {}, error, tracker: [],
    ...(status === "failed" && spec.willRetry && { retried: true }),
  });
  return { status, error };
}

/** The end of a step that its process did not live to write. */
export async function died(d: Drive, { spec, key, step }: Prepared, startedAt: number, end: ProcessEnd, handle: StepHandle, stopped: AbortSignal): Promise<StepEnded> {
  const wasCancelled = stopped.aborted && !MlstackError.is(stopped.reason, "MLS4002");
  // hidden as a whole: a part of a secret is not found
  const tail = d.io.redactor.text(stopped.aborted ? "" : ((await handle.tail?.().catch(() => "")) ?? "").trim());
  const error = stopped.aborted ? (stopped.reason as Error) : new MlstackError("MLS4008", `the step "${step.name}" ended without a result: ${manner(end)}${end.reason === undefined ? "" : ` (${end.reason})`}`, {
    why: tail === "" ? "nothing of it is in the journal" : `the last that it printed: ${tail.slice(-2000)}`, fix: "look at its output; where it was killed for memory, ask for more or use less",
    details: { handle: handle.id, exitCode: end.exitCode },
  });
  if (tail !== "") d.io.journal.log(spec.runId, spec.node, spec.attempt, { time: d.io.now(), stream: "stderr", text: tail.slice(-8000) });
  return {
    kind: "step-ended", run: spec.runId, ordinal: d.ordinal, node: spec.node, attempt: spec.attempt, startedAt, time: d.io.now(), status: wasCancelled ? "cancelled" : "failed", key: key.key, parts: key.key === null ? null : key.parts,
    cache: { state: "none", miss: spec.cache.miss }, outputs: {}, error: serializeError(error), tracker: [], ...(spec.willRetry && !wasCancelled && { retried: true }),
  };
}

function manner({ status, exitCode }: ProcessEnd): string {
  if (status === "lost") return "its process can't be found any more";
  if (status === "never-started") return "its process never began";
  if (exitCode === 0) return "its process ended with exit code 0 before the step had";
  return `its process ended with ${exitCode === null ? "a signal" : `exit code ${exitCode}`}`;
}
