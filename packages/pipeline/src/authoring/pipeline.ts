import { MlstackError, type CallSite, type StepOptions } from "@mlstack/core";
import { describe, parseParams, runs } from "./arguments.ts";
import { collect } from "./build-scope.ts";
import { callSite } from "./call-site.ts";
import { checkKeys, checkOptions, checkParams, PIPELINE_KEYS, type Invalid } from "./check-definition.ts";
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
  const named = typeof spec === "object" && spec !== null && (spec.name as unknown) !== undefined ? `the pipeline ${describe(spec.name)}` : "a pipeline";
  const invalid: Invalid = (message, fix) => new MlstackError("MLS1008", `${named} is invalid: ${message}`, { fix });
  if (typeof spec !== "object" || spec === null) throw invalid(`pipeline() was called with ${(spec as unknown) === undefined ? "nothing" : describe(spec)}`, 'write pipeline({ name: "training", build() { … } })');
  checkKeys("it", spec, PIPELINE_KEYS, invalid);
  const { name, params = {} as P, build, cache, cacheVersion, retry, timeoutMs, resources, env, files, settings, tags } = spec;
  if (typeof name !== "string" || !/^[A-Za-z][A-Za-z0-9_-]{0,127}$/.test(name)) throw invalid("its name must begin with a letter and hold letters, digits, _ and - only", 'give it a plain name: name: "training"');
  if (typeof build !== "function") throw invalid("it has no build function", "add build(p) { … } that calls its steps");
  checkParams(params, invalid);
  checkOptions(spec, invalid);
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
