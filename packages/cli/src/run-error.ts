import { deserializeError, MlstackError } from "@mlstack/core";
import type { RunReport } from "@mlstack/engine";

/** The error that a run ended with. */
export function runError(report: RunReport): MlstackError {
  if (report.status === "cancelled") return new MlstackError("MLS4003", `the run ${report.id} was cancelled`, { fix: `mlstack run resume ${report.id}` });
  const failed = [...report.nodes.values()].find((n) => n.status === "failed" && n.node.kind === "step");
  const cause = report.error === undefined ? undefined : deserializeError(report.error);
  if (MlstackError.is(cause) && cause.code !== "MLS4001") return cause;
  return new MlstackError("MLS4001", `the step "${failed?.id ?? "?"}" failed: ${cause?.message ?? "unknown"}`, { fix: `mlstack run logs ${report.id} ${failed?.id ?? ""}`.trim(), cause, details: { run: report.id, node: failed?.id ?? null } });
}
