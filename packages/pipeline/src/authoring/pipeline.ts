import { MlstackError, type CallSite, type PipelineHooks, type Schedule, type StepOptions } from "@mlstack/core";
import { describe, parseParams, runs } from "./arguments.ts";
import { collect } from "./build-scope.ts";
import { callSite } from "./call-site.ts";
import { checkHooks, checkKeys, checkOptions, checkParams, PIPELINE_KEYS, type Invalid } from "./check-definition.ts";
import { checkSchedule } from "./check-schedule.ts";
import type { Graph } from "./graph.ts";
import type { None, Params, ParamsInBuild } from "./types.ts";

const PIPELINE: unique symbol = Symbol.for("mlstack.pipeline") as never;

export interface PipelineSpec<P extends Params, T> extends StepOptions {
  /** Shown everywhere: letters, digits, `_` and `-`. */
  readonly name: string;
  readonly description?: string;
  readonly params?: P;
  /**
   * What its runs are called, unless a run is given another name: `{date}-{n}`. Placeholders: `{pipeline}`, `{stack}`, `{date}` and `{time}`
   * (UTC), `{n}` (counts the pipeline's runs), `{params.NAME}`.
   */
  readonly runName?: string | undefined;
  /** When an orchestrator is to run it. Declared only: `mlstack run` runs it now. */
  readonly schedule?: Schedule | undefined;
  /** Told how a run goes, in the process that drives it. Those of its steps are their own. */
  readonly hooks?: PipelineHooks | undefined;
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
  readonly runName?: string | undefined;
  readonly schedule?: Schedule | undefined;
  readonly hooks?: PipelineHooks | undefined;
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
  const { name, params = {} as P, build, cache, cacheVersion, retry, timeoutMs, resources, env, files, settings, tags, runName, schedule, hooks } = spec;
  if (typeof name !== "string" || !/^[A-Za-z][A-Za-z0-9_-]{0,127}$/.test(name)) throw invalid("its name must begin with a letter and hold letters, digits, _ and - only", 'give it a plain name: name: "training"');
  if (typeof build !== "function") throw invalid("it has no build function", "add build(p) { … } that calls its steps");
  checkParams(params, invalid);
  checkOptions(spec, invalid);
  checkHooks(hooks, invalid);
  checkSchedule(schedule, invalid);
  if (runName !== undefined && (typeof (runName as unknown) !== "string" || runName === "")) throw invalid(`runName is ${describe(runName)}`, 'write runName: "{date}-{n}"');
  return {
    [PIPELINE]: 1, name, params, site: callSite(depth),
    options: { cache, cacheVersion, retry, timeoutMs, resources, env, files, settings, tags },
    ...(runName !== undefined && { runName }), ...(schedule !== undefined && { schedule: { ...schedule } }), ...(hooks !== undefined && { hooks: { ...hooks } }),
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
