import { artifactsOf, builtForReport, findActiveStack, findProject, openEngine, processStack, runView, scratchOf, type RunView } from "@mlstack/engine";
import type { PipelineDefinition } from "@mlstack/pipeline";
import type { PipelineRunOptions } from "./pipeline.ts";
import { runError } from "./run-error.ts";
import { runReporter } from "./ui/run-reporter.ts";

/** Runs a pipeline as `pipeline.run()` does. */
export async function runPipeline<T>(pipeline: PipelineDefinition, params: Readonly<Record<string, unknown>>, { from, stack, quiet, concurrency, ...options }: PipelineRunOptions): Promise<RunView<T>> {
  const spec = typeof stack === "object" ? stack : (await findActiveStack({ flag: stack, inProcess: processStack.name }, findProject(from ?? process.cwd()), { toRun: true })).spec;
  const engine = await openEngine({ from, stack: spec, concurrency });
  const reporter = quiet === true ? undefined : runReporter(process.stderr);
  try {
    const report = await engine.run(pipeline, params, { ...options, observer: reporter?.observer });
    reporter?.end(report);
    if (report.status !== "completed") throw runError(report);
    // the engine stays open for what the caller loads; nothing of it keeps the process alive
    return await runView<T>(await engine.records.run(report.id), engine.records, artifactsOf(engine), scratchOf(engine), builtForReport(report));
  } catch (e) {
    reporter?.stop();
    await engine.close();
    throw e;
  }
}
