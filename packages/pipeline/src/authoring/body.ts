import { MlstackError, type ArtifactType, type StepCallOptions, type StepDefinition } from "@mlstack/core";
import type { RefTarget } from "./refs.ts";

/** An input's source: one output, or for a list one output per item. */
export type InputSource = RefTarget | readonly RefTarget[];

export interface GraphCondition { readonly source: RefTarget; readonly equals: boolean }

/** One call of a step inside of a pipeline's build function. */
export interface GraphStepNode {
  readonly kind: "step";
  readonly id: string;
  readonly step: StepDefinition;
  readonly inputs: Readonly<Record<string, InputSource>>;
  /** After parsing; external data as it was named. */
  readonly params: Readonly<Record<string, unknown>>;
  /** What was said where it is called, over what the step says. */
  readonly options: StepCallOptions;
  readonly after: readonly string[];
  readonly conditions: readonly GraphCondition[];
}

/** One call of `map`. */
export interface GraphMapNode {
  readonly kind: "map";
  readonly id: string;
  readonly over: RefTarget;
  readonly keys: RefTarget | undefined;
  readonly onFailure: "fail" | "collect";
  readonly body: readonly GraphNode[];
  /** By name, what of the body is collected. */
  readonly outputs: Readonly<Record<string, RefTarget>>;
  readonly after: readonly string[];
  readonly conditions: readonly GraphCondition[];
}

/** The result of `when` with two branches. */
export interface GraphChooseNode {
  readonly kind: "choose";
  readonly id: string;
  readonly condition: RefTarget;
  readonly outputs: Readonly<Record<string, { readonly whenTrue: RefTarget; readonly whenFalse: RefTarget }>>;
  readonly conditions: readonly GraphCondition[];
}

export type GraphNode = GraphStepNode | GraphMapNode | GraphChooseNode;

/** Where calls are made: the build itself, the body of a map, or a branch of a condition. A reference is known in it and in what it holds. */
export interface Body {
  readonly kind: "build" | "map" | "when";
  readonly parent: Body | undefined;
  /** The nodes of the nearest map, or of the build. */
  readonly nodes: GraphNode[];
  /** Of the branches between it and the nearest map, or the build. */
  readonly conditions: readonly GraphCondition[];
}

/** The body of a map. It gets its id from its first call, if its author gave none. */
export interface MapBody extends Body { readonly kind: "map"; id: string | undefined }

/** The body of a map inside of another. */
export function mapBody(parent: Body, id: string | undefined): MapBody {
  return { kind: "map", parent, nodes: [], conditions: [], id };
}

/** What the body of a map gets. Its node is known once the map has its id. */
export function itemTarget(graph: object, body: MapBody, type: ArtifactType<unknown>): RefTarget {
  return { graph, get node() { return body.id ?? "map"; }, output: "item", type, body, isItem: true };
}

/** A branch of a condition. */
export function branch(parent: Body, source: RefTarget, equals: boolean): Body {
  return { kind: "when", parent, nodes: parent.nodes, conditions: [...parent.conditions, { source, equals }] };
}

/** Whether what was made in one body is known in another. */
export function isKnownIn(made: Body, used: Body): boolean {
  for (let at: Body | undefined = used; at !== undefined; at = at.parent) if (at === made) return true;
  return false;
}

/** The error for a reference that left its body by closure. */
export function leaked(target: RefTarget, where: string): MlstackError {
  const isMap = target.body.kind === "map";
  return new MlstackError("MLS1004", `${where} was given "${target.node}.${target.output}", which was made in ${isMap ? "the body of a map" : "a branch of when"}`, {
    why: isMap ? "outside of the body there is one per item of the list" : "outside of the branch it may have no value",
    fix: isMap ? "return it from the body, and use what map returns" : "return it from the branch, and use what when returns",
    details: { node: target.node, output: target.output },
  });
}
