import { deserializeError, MlstackError, type SerializedError } from "@mlstack/core";
import type { RunReport } from "@mlstack/engine";

/** The error that a run ended with. */
export function runError(report: RunReport): MlstackError {
  return runFailure(report.id, report.status, [...report.nodes.values()].find((n) => n.status === "failed" && n.node.kind === "step")?.id, report.error);
}

/** @param failed the first step that failed */
export function runFailure(run: string, status: string, failed: string | undefined, error: SerializedError | undefined): MlstackError {
  if (status === "cancelled") return new MlstackError("MLS4003", `the run ${run} was cancelled`, { fix: `mlstack run resume ${run}` });
  const cause = error === undefined ? undefined : deserializeError(error);
  const own = MlstackError.is(cause) && cause.code !== "MLS4001" ? cause : undefined;
  if (own !== undefined && (failed === undefined || own.fix !== undefined)) return own;
  if (failed === undefined) return new MlstackError("MLS4007", `the run ${run} failed: ${cause?.message ?? "no reason was given"}`, { fix: `mlstack run show ${run}`, cause });
  return new MlstackError(own?.code ?? "MLS4001", own?.message ?? `the step "${failed}" failed: ${cause?.message ?? "unknown"}`, {
    why: own?.why, fix: `mlstack run logs ${run} ${failed}, or at your desk: mlstack debug ${run}/${failed}`, cause: own === undefined ? cause : own.cause, details: own?.details ?? { run, node: failed },
  });
}
