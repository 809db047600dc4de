import { MlstackError, type CallSite, type StepOptions } from "@mlstack/core";
import { parseParams, runs } from "./arguments.ts";
import { collect } from "./build-scope.ts";
import { callSite } from "./call-site.ts";
import type { Graph } from "./graph.ts";
import type { None, Params, ParamsInBuild } from "./types.ts";

const PIPELINE: unique symbol = Symbol.for("mlstack.pipeline") as never;

export interface PipelineSpec<P extends Params, T> extends StepOptions {
  /** Shown everywhere: letters, digits, `_` and `-`. */
  readonly name: string;
  readonly description?: string;
  readonly params?: P;
  /** Calls steps and returns the references that are the pipeline's outputs. Runs at every compilation: keep it free of effects. */
  build(params: ParamsInBuild<P>): T;
}

/** A pipeline: compiled to a plan by `compilePlan`, run by an engine. */
export interface PipelineDefinition<P extends Params = Params, T = unknown> {
  readonly [PIPELINE]: 1;
  readonly name: string;
  readonly params: P;
  /** Defaults for its steps; a step's own options win. */
  readonly options: StepOptions;
  readonly site: CallSite | undefined;
  /**
   * Runs the build function.
   *
   * @throws MLS1005 for bad parameters; MLS1001–1008 for what build does wrong; MLS1016 where its code or that of a schema fails
   */
  graph(params: Readonly<Record<string, unknown>>): { readonly graph: Graph; readonly params: Readonly<Record<string, unknown>>; readonly outputs: T };
}

/**
 * Defines a pipeline.
 *
 * @param depth how many functions lie between this one and the author's module
 * @throws MLS1008 when the definition is invalid
 */
export function definePipeline<const P extends Params = None, T = void>(spec: PipelineSpec<P, T>, depth = 0): PipelineDefinition<P, T> {
  const { name, params = {} as P, build, cache, cacheVersion, retry, timeoutMs, resources, env, files, settings, tags } = spec;
  if (typeof name !== "string" || !/^[A-Za-z][A-Za-z0-9_-]{0,127}$/.test(name)) {
    throw new MlstackError("MLS1008", `the pipeline ${JSON.stringify(name)} is invalid: its name must begin with a letter and hold letters, digits, _ and - only`, { fix: "give it a plain name" });
  }
  if (typeof build !== "function") throw new MlstackError("MLS1008", `the pipeline "${name}" has no build function`, { fix: "add build(p) { … } that calls its steps" });
  return {
    [PIPELINE]: 1, name, params, site: callSite(depth),
    options: { cache, cacheVersion, retry, timeoutMs, resources, env, files, settings, tags },
    graph(given) {
      const parsed = parseParams(params, given, `the pipeline "${name}"`);
      const { graph, result } = collect(name, () => runs(`the build function of the pipeline "${name}"`, () => build(parsed as ParamsInBuild<P>)));
      graph.requireKnown(result, `the result of the pipeline "${name}"`);
      return { graph, params: parsed, outputs: result };
    },
  };
}

/** Whether a value is a pipeline, from whichever copy of the package. */
export function isPipeline(value: unknown): value is PipelineDefinition {
  return typeof value === "object" && value !== null && PIPELINE in value;
}
