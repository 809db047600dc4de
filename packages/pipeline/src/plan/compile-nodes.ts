import { encodeValue, isDataParam, MlstackError, type DataRef, type StepCallOptions, type StepDefinition, type StepOptions } from "@mlstack/core";
import type { GraphCondition, GraphMapNode, GraphNode, GraphStepNode } from "../authoring/body.ts";
import type { RefTarget } from "../authoring/refs.ts";
import type { UncachedReason } from "../compile/types.ts";
import { nodeOptions } from "./plan-step.ts";
import type { PlanCondition, PlanMapNode, PlanNode, PlanSource, PlanStepNode } from "./plan-node.ts";

type LiveParams = Map<string, Readonly<Record<string, unknown>>>;

/** What the nodes of a plan are made with. */
export interface NodeContext {
  /** Keys of the plan's steps. */
  readonly ids: ReadonlyMap<StepDefinition, string>;
  /** Gets the parameters that JSON can't carry, by node. */
  readonly liveParams: LiveParams;
  /** What a step says of all its calls, its pipeline's defaults included. */
  options(step: StepDefinition): StepOptions;
  /** What was said for a call alone. */
  ownOptions(node: GraphStepNode): StepCallOptions;
  namesData(value: unknown): string | undefined;
}

/** The calls of steps, those of all bodies included. */
export function* stepCalls(nodes: readonly GraphNode[]): Generator<GraphStepNode, void, undefined> {
  for (const node of nodes) {
    if (node.kind === "step") yield node;
    else if (node.kind === "map") yield* stepCalls(node.body);
  }
}

/** A node as the plan has it. */
export function planNodeOf(node: GraphNode, context: NodeContext): PlanNode {
  const common = { id: node.id, conditions: node.conditions.map(conditionOf) };
  if (node.kind === "step") return stepNode(node, common, context);
  if (node.kind === "map") return mapNode(node, common, context);
  const outputs = Object.fromEntries(Object.entries(node.outputs).map(([name, o]) => [name, { whenTrue: sourceOf(o.whenTrue), whenFalse: sourceOf(o.whenFalse) }]));
  return { kind: "choose", ...common, outputs, condition: sourceOf(node.condition), after: [] };
}

interface Common { id: string; conditions: PlanCondition[] }

function stepNode(node: GraphStepNode, common: Common, context: NodeContext): PlanStepNode {
  const { params, uncached, opaque } = planParams(node, context.namesData);
  if (opaque) context.liveParams.set(node.id, node.params);
  const [step, own] = [context.options(node.step), context.ownOptions(node)];
  if ((own.cache ?? step.cache) === false) uncached.push({ rule: "switched-off", message: "cache: false is set", fix: "remove cache: false" });
  const options = nodeOptions(own, step);
  const inputs = Object.fromEntries(Object.entries(node.inputs).map(([port, s]) => [port, Array.isArray(s) ? s.map((t: RefTarget) => sourceOf(t)) : sourceOf(s as RefTarget)]));
  return { kind: "step", ...common, step: context.ids.get(node.step)!, inputs, params, after: [...node.after], uncached, ...(options !== undefined && { options }) };
}

function mapNode(node: GraphMapNode, common: Common, context: NodeContext): PlanMapNode {
  const outputs = Object.entries(node.outputs);
  return {
    kind: "map", ...common, over: sourceOf(node.over), keys: node.keys === undefined ? null : sourceOf(node.keys), onFailure: node.onFailure,
    body: node.body.map((n) => planNodeOf(n, context)),
    outputs: Object.fromEntries(outputs.map(([name, target]) => [name, sourceOf(target)])),
    outputTypes: Object.fromEntries(outputs.map(([name, { type }]) => [name, { format: "list/1", items: type.format, kind: type.kind }])),
    after: [...node.after],
  };
}

function sourceOf(target: RefTarget): PlanSource {
  return { node: target.node, output: target.output };
}

function conditionOf({ source, equals }: GraphCondition): PlanCondition {
  return { source: sourceOf(source), equals };
}

function planParams(node: GraphStepNode, namesData: (value: unknown) => string | undefined): { params: PlanStepNode["params"]; uncached: UncachedReason[]; opaque: boolean } {
  const params: PlanStepNode["params"] = {};
  const uncached: UncachedReason[] = [];
  let opaque = false;
  for (const [name, spec] of Object.entries(node.step.params)) {
    const value = node.params[name];
    if (isDataParam(spec)) { params[name] = { data: spec.kind, uri: (value as DataRef).uri }; continue; }
    try { params[name] = { value: encodeValue(value) as JsonPlain }; } catch (e) {
      if (!MlstackError.is(e, "MLS3006")) throw e;
      params[name] = { opaque: true };
      opaque = true;
      uncached.push({ rule: "unencodable-parameter", message: `the parameter "${name}" can't be part of a key: ${e.message}`, fix: `give ${name} as plain data` });
      continue;
    }
    const isFile = spec.meta()?.["file"] === false ? undefined : namesData(value);
    if (isFile !== undefined) uncached.push({ rule: "file-named-by-string", message: `the parameter "${name}" names ${JSON.stringify(isFile)}, whose content is not part of the key`, fix: `declare ${name}: file(), dir() or dataset(); or, if it is only a name, add .meta({ file: false })` });
  }
  return { params, uncached, opaque };
}

type JsonPlain = Extract<PlanStepNode["params"][string], { value: unknown }>["value"];
