import type { RunReport } from "@mlstack/engine";
import { runError } from "../run-error.ts";
import { printError } from "./errors.ts";
import { iso, stderr, stdout, writeJson, type GlobalFlags } from "./output.ts";

/** Prints how a run ended, and sets the exit code. */
export function printReport(report: RunReport, flags: GlobalFlags): void {
  if (flags.json === true) {
    const steps = [...report.nodes.values()].filter((n) => n.node.kind !== "choose").map((n) => ({ step: n.id, status: n.status, outputs: n.outputs, ...(n.condition !== undefined && { condition: n.condition }), ...(n.error !== undefined && { error: n.error }) }));
    writeJson({ run: report.id, pipeline: report.plan.pipeline.name, status: report.status, steps, copied: report.copied, error: report.error ?? null, endedAt: iso(Date.now()) }, report.warnings);
  } else if (report.status !== "completed") printError(runError(report), stderr(flags), flags.debug === true);
  else if (!process.stdout.isTTY || flags.quiet === true) stdout(flags).line(report.id);
  else stdout(flags).line(stdout(flags).style(`look at it: mlstack run show ${report.id}`, "dim"));
  if (report.status !== "completed") process.exitCode = runError(report).exitCode;
}
