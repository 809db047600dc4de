import { didYouMean, encodeValue, MlstackError, nameList, type PipelineHooks, type StepCallOptions, type StepDefinition, type StepOptions } from "@mlstack/core";
import type { GraphStepNode } from "../authoring/body.ts";
import { over } from "../authoring/call-options.ts";
import { verifyCron } from "../authoring/check-schedule.ts";
import type { PipelineDefinition } from "../authoring/pipeline.ts";
import type { CodeBundle } from "../compile/types.ts";
import { dataNameFinder } from "./project-files.ts";
import { KEY_ALGORITHM } from "./key-parts.ts";
import type { Plan, PlanStep } from "./plan.ts";
import { planNodeOf, stepCalls } from "./compile-nodes.ts";
import { planStepOf } from "./plan-step.ts";
import type { CompileContext } from "./compile-context.ts";

/** A plan, and what only this process has: the steps themselves and parameters that JSON can't carry. */
export interface CompiledPlan {
  readonly plan: Plan;
  readonly steps: ReadonlyMap<string, StepDefinition>;
  readonly liveParams: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  readonly bundle: CodeBundle | undefined;
  /** What build returned: references into the plan. */
  readonly outputs: unknown;
  readonly hooks: PipelineHooks | undefined;
  /** What the run is called, unless it is given another name; placeholders are not filled in. */
  readonly runName: string | undefined;
}

/**
 * Options for the calls of one run, over what the code says. By the id of a call, or by the name of a step for all its calls; an id that is
 * named itself wins.
 */
export type CallOverrides = Readonly<Record<string, StepCallOptions>>;

/**
 * Compiles a pipeline with its parameters. Linear in the number of calls; each step's code is looked at once.
 *
 * @throws MLS1001–MLS1008 for mistakes of the author; MLS1013 and MLS1014 for source that can't be read; MLS1018 for options of a call
 * that is not there
 */
export async function compilePlan(pipeline: PipelineDefinition, params: Readonly<Record<string, unknown>>, context: CompileContext, overrides: CallOverrides = {}): Promise<CompiledPlan> {
  await verifyCron(pipeline.name, pipeline.schedule);
  const { graph, params: parsed, outputs } = pipeline.graph(params);
  if (graph.nodes.length === 0) throw new MlstackError("MLS1008", `the pipeline "${pipeline.name}" calls no step`, { fix: "call its steps inside of build" });
  const module = context.moduleOf(pipeline.site);
  const loaded = module === null ? [] : [module];
  const ids = new Map<StepDefinition, string>();
  const steps: Record<string, PlanStep> = {};
  const definitions = new Map<string, StepDefinition>();
  const ownOptions = overriding(pipeline.name, [...stepCalls(graph.nodes)], overrides);
  const merged = new Map<StepDefinition, StepOptions>();
  for (const { step } of stepCalls(graph.nodes)) {
    if (ids.has(step)) continue;
    const options = mergeOptions(step.options, pipeline.options);
    merged.set(step, options);
    const planned = await planStepOf(step, options, context, loaded);
    const wanted = planned.identity === null ? `(inline)#${step.name}` : `${planned.identity.module}#${planned.identity.export}`;
    let id = wanted;
    for (let n = 2; id in steps; n++) id = `${wanted}~${n}`;
    ids.set(step, id);
    steps[id] = planned;
    definitions.set(id, step);
  }
  const namesData = dataNameFinder(context.projectDir);
  const liveParams = new Map<string, Readonly<Record<string, unknown>>>();
  const nodes = graph.nodes.map((node) => planNodeOf(node, { ids, liveParams, namesData, ownOptions, options: (step) => merged.get(step)! }));
  const modules = [...new Set(Object.values(steps).flatMap((s) => (s.identity === null ? [] : [s.identity.module])))].toSorted();
  const bundled = modules.length === 0 ? undefined : context.bundle(modules);
  const plan: Plan = {
    planVersion: 1,
    pipeline: { name: pipeline.name, module, tags: [...(pipeline.options.tags ?? [])], ...(pipeline.schedule !== undefined && { schedule: { ...pipeline.schedule } }) },
    params: Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, pipelineParam(value)])),
    environment: { algorithms: { code: context.codeAlgorithm, key: KEY_ALGORITHM }, runtime: context.runtime, platform: context.platform },
    steps, nodes, bundle: bundled?.digest ?? null,
  };
  return { plan, steps: definitions, liveParams, bundle: bundled?.bundle, outputs, hooks: pipeline.hooks, runName: pipeline.runName };
}

/** What was said for a call alone: in the code, and over that for this run. */
function overriding(pipeline: string, calls: readonly GraphStepNode[], overrides: CallOverrides): (node: GraphStepNode) => StepCallOptions {
  const known = new Set(calls.flatMap(({ id, step }) => [id, step.name]));
  for (const name of Object.keys(overrides)) {
    if (known.has(name)) continue;
    const near = didYouMean(name, known);
    throw new MlstackError("MLS1018", `the pipeline "${pipeline}" calls no step "${name}"`, { why: `its calls are ${nameList(calls.map((c) => c.id))}`, fix: near === undefined ? `leave ${name} out` : `write ${near}`, details: { pipeline, step: name, ...(near !== undefined && { near }) } });
  }
  return ({ id, step, options }) => {
    const ofAll = Object.hasOwn(overrides, step.name) ? overrides[step.name]! : {};
    const ofThis = id !== step.name && Object.hasOwn(overrides, id) ? overrides[id]! : {};
    return over(over(options, ofAll), ofThis);
  };
}

type JsonPlain = Plan["params"][string];

function pipelineParam(value: unknown): JsonPlain {
  try { return encodeValue(value) as JsonPlain; } catch { return String(value); }
}

function mergeOptions(own: StepOptions, defaults: StepOptions): StepOptions {
  const merged: Record<string, unknown> = { ...defaults };
  for (const [key, value] of Object.entries(own)) if (value !== undefined) merged[key] = value;
  return { ...merged, env: [...new Set([...(defaults.env ?? []), ...(own.env ?? [])])], files: [...new Set([...(defaults.files ?? []), ...(own.files ?? [])])], tags: [...new Set((own.tags ?? []))], settings: { ...defaults.settings, ...own.settings } };
}
