import type { RunReport } from "@mlstack/engine";
import { runError } from "../run-error.ts";
import { errorDocument } from "./error-document.ts";
import { printError } from "./errors.ts";
import { iso, stderr, stdout, writeJson, type GlobalFlags } from "./output.ts";

/**
 * Prints how a run ended, and sets the exit code.
 *
 * @param stopped the exit code of a run that was told to stop: 130, or 143 where that was by SIGTERM
 */
export function printReport(report: RunReport, flags: GlobalFlags, stopped = 130): void {
  const error = report.status === "completed" ? undefined : runError(report);
  const exitCode = report.status === "cancelled" ? stopped : (error?.exitCode ?? 0);
  if (flags.json === true) {
    const steps = [...report.nodes.values()].filter((n) => n.node.kind !== "choose").map((n) => ({ step: n.id, status: n.status, outputs: Object.fromEntries(Object.entries(n.outputs).map(([name, pointer]) => [name, { ...pointer }])), ...(n.condition !== undefined && { condition: n.condition }), ...(n.error !== undefined && { error: errorDocument(n.error, "MLS4001") }) }));
    const document = error === undefined ? undefined : { ...errorDocument(error), exitCode };
    writeJson("run", { run: report.id, name: report.name ?? null, pipeline: report.plan.pipeline.name, status: report.status, steps, copied: [...report.copied], error: document ?? null, endedAt: iso(Date.now()) }, report.warnings, document);
  } else if (error !== undefined) printError(error, stderr(flags), flags);
  else if (!process.stdout.isTTY || flags.quiet === true || flags.plain === true) stdout(flags).line(report.id);
  else stdout(flags).line(stdout(flags).style(`look at it: mlstack run show ${report.id}`, "dim"));
  if (exitCode !== 0) process.exitCode = exitCode;
}
