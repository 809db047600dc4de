import { artifactsOf, builtForReport, findActiveStack, findProject, openEngine, processStack, readRunConfig, runView, scratchOf, type RunConfig, type RunConfigFile, type RunView } from "@mlstack/engine";
import type { PipelineDefinition } from "@mlstack/pipeline";
import { configParams, forConfig } from "./params.ts";
import type { PipelineRunOptions } from "./pipeline.ts";
import { runError } from "./run-error.ts";
import { runReporter } from "./ui/run-reporter.ts";

/** Runs a pipeline as `pipeline.run()` does. */
export async function runPipeline<T>(pipeline: PipelineDefinition, params: Readonly<Record<string, unknown>>, { from, stack, quiet, concurrency, config: wantedConfig, ...options }: PipelineRunOptions): Promise<RunView<T>> {
  const project = findProject(from ?? process.cwd());
  const file: RunConfigFile | undefined = typeof wantedConfig === "string" ? await readRunConfig(wantedConfig, project.dir) : undefined;
  const config: RunConfig = file ?? (typeof wantedConfig === "string" ? {} : (wantedConfig ?? {}));
  const wanted = stack ?? config.stack;
  const spec = typeof wanted === "object" ? wanted : (await findActiveStack({ flag: wanted, inProcess: processStack.name }, project, { toRun: true })).spec;
  const given = { ...(file === undefined ? config.params : configParams(file, pipeline)), ...defined(params) };
  const tags = [...(config.tags ?? []), ...(options.tags ?? [])];
  const engine = await openEngine({ from, stack: spec, concurrency });
  const reporter = quiet === true ? undefined : runReporter(process.stderr);
  try {
    const report = await engine.run(pipeline, given, { ...options, name: options.name ?? config.name, tags, steps: { ...config.steps, ...options.steps }, observer: reporter?.observer });
    reporter?.end(report);
    if (report.status !== "completed") throw runError(report);
    // the engine stays open for what the caller loads; nothing of it keeps the process alive
    return await runView<T>(await engine.records.run(report.id), engine.records, artifactsOf(engine), scratchOf(engine), builtForReport(report));
  } catch (e) {
    reporter?.stop();
    await engine.close();
    throw forConfig(e, file, params);
  }
}

/** Without what was left open: `run({ n: undefined })` says nothing of n. */
function defined(params: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined));
}
