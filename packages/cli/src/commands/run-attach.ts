import { deserializeError, MlstackError, type SerializedError } from "@mlstack/core";
import type { RunRow } from "@mlstack/engine";
import { errorDocument } from "../ui/error-document.ts";
import { printError } from "../ui/errors.ts";
import { duration } from "../ui/format.ts";
import { iso, stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { runReporter } from "../ui/run-reporter.ts";
import { colored } from "./run-list.ts";
import { withEngine } from "./with-engine.ts";

/** `mlstack run attach RUN`. */
export async function runAttach(id: string, flags: GlobalFlags): Promise<void> {
  const abort = new AbortController();
  const leave = () => abort.abort();
  // not once: without a listener the second signal, or whoever counts listeners, would end this process before it has said a word
  process.on("SIGINT", leave);
  await withEngine(flags, async (engine) => {
    const reporter = flags.quiet === true || flags.json === true ? undefined : runReporter(process.stderr, flags);
    let run: RunRow;
    try { run = await engine.attach(id, { signal: abort.signal, observer: reporter?.observer }); } finally { reporter?.stop(); }
    if (reporter !== undefined && run.ended_at !== null) stderr(flags).line(`${colored(stderr(flags), run.status)} in ${duration(run.ended_at - run.started_at)}`);
    const cause = run.error_json === null ? undefined : deserializeError(JSON.parse(run.error_json) as SerializedError);
    const hasFailed = run.status !== "running" && run.status !== "completed";
    const error = !hasFailed ? undefined : MlstackError.is(cause) ? cause : new MlstackError("MLS4001", `the run ${run.id} ${run.status}: ${cause?.message ?? "no reason was given"}`, { fix: `mlstack run logs ${run.id}`, cause });
    if (error !== undefined) process.exitCode = error.exitCode;
    if (flags.json === true) {
      const document = error === undefined ? undefined : errorDocument(error);
      writeJson("run-attach", { run: run.id, pipeline: run.pipeline, status: run.status, startedAt: iso(run.started_at), endedAt: iso(run.ended_at), error: document ?? null }, [], document);
    } else if (run.status === "running") stderr(flags).line(`left; the run goes on: mlstack run attach ${run.id}`);
    else if (error !== undefined) printError(error, stderr(flags), flags);
    else stdout(flags).line(run.id);
  }).finally(() => process.off("SIGINT", leave));
}

/** `mlstack run cancel RUN`. */
export async function runCancel(id: string, flags: GlobalFlags): Promise<void> {
  await withEngine(flags, async (engine) => {
    const run = await engine.cancel(id);
    if (flags.json === true) writeJson("run-cancel", { run: run.id, asked: true });
    else stderr(flags).line(`asked the run ${run.id} to stop`);
  });
}
