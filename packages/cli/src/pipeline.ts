import type { RunConfig, RunOptions, RunView, StackSpec } from "@mlstack/engine";
import { definePipeline, type None, type ParamInputs, type Params, type PipelineDefinition, type PipelineSpec } from "@mlstack/pipeline";

export interface PipelineRunOptions extends Omit<RunOptions, "observer"> {
  /** A folder of the project; the working folder by default. */
  readonly from?: string | undefined;
  /** A configuration, or the path of its YAML file (docs/guides/hooks-and-names.md). What is given here, as an argument or an option, wins over it. */
  readonly config?: string | RunConfig | undefined;
  /** A stack, or the name or path of a stack file; by default the active one. Where CI is set and there is a choice it must be named (MLS7014). */
  readonly stack?: StackSpec | string | undefined;
  /**
   * How many steps run side by side, in worker processes. By default steps run in this process, one at a time, or as the stack's
   * orchestrator is configured.
   */
  readonly concurrency?: number | undefined;
  /** Print nothing; by default progress goes to stderr. */
  readonly quiet?: boolean | undefined;
}

type RunArgs<P extends Params> = None extends ParamInputs<P> ? [params?: ParamInputs<P>, options?: PipelineRunOptions] : [params: ParamInputs<P>, options?: PipelineRunOptions];

/** A pipeline that can be run. */
export interface Pipeline<P extends Params = Params, T = unknown> extends PipelineDefinition<P, T> {
  /**
   * Runs the pipeline on the active stack, to its end.
   *
   * @throws MLS4001 with the step's error as cause when a step failed; MLS4003 when the run was cancelled; and what makes a run
   * impossible before its first step
   */
  run(...args: RunArgs<P>): Promise<RunView<T>>;
}

/**
 * Defines a pipeline: parameters, and a build function that calls steps.
 *
 * @throws MLS1008 when the definition is invalid
 * @example
 * export const squares = pipeline({ name: "squares", params: { n: z.number().default(4) }, build: (p) => ({ result: square({ n: p.n }) }) });
 * const run = await squares.run({ n: 5 });
 * console.log(await run.outputs.result.load());
 */
export function pipeline<const P extends Params = None, T = void>(spec: PipelineSpec<P, T>): Pipeline<P, T> {
  const definition = definePipeline(spec, 1);
  return {
    ...definition,
    // the engine is loaded when something runs: a module that only defines pipelines stays light
    run: async (...[params = {}, options = {}]) => (await import("./run-pipeline.ts")).runPipeline<T>(definition, params, options),
  };
}
