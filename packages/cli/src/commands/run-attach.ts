import { deserializeError, MlstackError, type SerializedError } from "@mlstack/core";
import type { RunRow } from "@mlstack/engine";
import { printError } from "../ui/errors.ts";
import { iso, stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { runReporter } from "../ui/run-reporter.ts";
import { withEngine } from "./with-engine.ts";

/** `mlstack run attach RUN`. */
export async function runAttach(id: string, flags: GlobalFlags): Promise<void> {
  const abort = new AbortController();
  const leave = () => abort.abort();
  process.once("SIGINT", leave);
  await withEngine(flags, async (engine) => {
    const reporter = flags.quiet === true || flags.json === true ? undefined : runReporter(process.stderr);
    let run: RunRow;
    try { run = await engine.attach(id, { signal: abort.signal, observer: reporter?.observer }); } finally { reporter?.stop(); }
    if (flags.json === true) { writeJson({ run: run.id, pipeline: run.pipeline, status: run.status, startedAt: iso(run.started_at), endedAt: iso(run.ended_at), error: run.error_json === null ? null : (JSON.parse(run.error_json) as unknown) }); }
    if (run.status === "running") { if (flags.json !== true) stderr(flags).line(`left; the run goes on: mlstack run attach ${run.id}`); return; }
    if (run.status === "completed") { if (flags.json !== true) stdout(flags).line(run.id); return; }
    const cause = run.error_json === null ? undefined : deserializeError(JSON.parse(run.error_json) as SerializedError);
    const error = MlstackError.is(cause) ? cause : new MlstackError("MLS4001", `the run ${run.id} ${run.status}: ${cause?.message ?? "no reason was given"}`, { fix: `mlstack run logs ${run.id}`, cause });
    if (flags.json !== true) printError(error, stderr(flags), flags.debug === true);
    process.exitCode = error.exitCode;
  }).finally(() => process.off("SIGINT", leave));
}

/** `mlstack run cancel RUN`. */
export async function runCancel(id: string, flags: GlobalFlags): Promise<void> {
  await withEngine(flags, async (engine) => {
    const run = await engine.cancel(id);
    if (flags.json === true) writeJson({ run: run.id, asked: true });
    else stderr(flags).line(`asked the run ${run.id} to stop`);
  });
}
