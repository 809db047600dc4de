import type { ArtifactPointer, SerializedError } from "@mlstack/core";
import { planSources, type Plan, type PlanNode, type PlanSource } from "@mlstack/pipeline";

/** A node of the plan while a run is going on; of a map's body, one per item. */
export interface NodeState {
  /** Of a body's node: `<node>@<item>`. */
  readonly id: string;
  readonly node: PlanNode;
  readonly scope: Scope;
  /** The item of a map that it belongs to. */
  readonly item: ItemRun | undefined;
  /** How many of the nodes before it have not ended. */
  waiting: number;
  readonly dependents: NodeState[];
  status: "waiting" | "running" | "completed" | "cached" | "failed" | "cancelled" | "skipped";
  /** Of what was skipped by a condition: none. */
  outputs: Readonly<Record<string, ArtifactPointer>>;
  error?: SerializedError;
  /** The condition that did not hold. */
  condition?: string;
  /** Of a map that was expanded. */
  map?: MapRun;
}

/** Where a node finds the nodes that it names: those of its own body first. */
export interface Scope {
  readonly states: Map<string, NodeState>;
  readonly outer: Scope | undefined;
  /** What is appended to the ids of its nodes. */
  readonly suffix: string;
}

/** One item of a map. */
export interface ItemRun {
  readonly map: MapRun;
  readonly scope: Scope;
  /** Its nodes that have not ended. */
  open: number;
  /** Why it has no result; only of a map that collects failures. */
  failure?: SerializedError;
  /** Why nothing of it is started any more. */
  over?: SerializedError;
}

/** A map that was expanded. */
export interface MapRun {
  readonly state: NodeState;
  readonly node: Extract<PlanNode, { kind: "map" }>;
  readonly items: ItemRun[];
  /** Items that are not done. */
  open: number;
  /** How it ends once nothing of it runs any more, where an item around it has failed. */
  over?: { readonly status: "failed" | "skipped"; readonly error: SerializedError };
}

export function find(scope: Scope, id: string): NodeState {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.outer) {
    const found = at.states.get(id);
    if (found !== undefined) return found;
  }
  throw new Error(`the plan names a node ${id} that it does not have`);
}

/** What a source has given; undefined where it was skipped by a condition. */
export function valueOf(scope: Scope, source: PlanSource): ArtifactPointer | undefined {
  return find(scope, source.node).outputs[source.output];
}

export const hasEnded = ({ status }: NodeState): boolean => status !== "waiting" && status !== "running";

/** Ended, so that what depends on it can go on: with results, or left out by a condition. */
export const hasSettled = ({ status, condition }: NodeState): boolean => status === "completed" || status === "cached" || (status === "skipped" && condition !== undefined);

/** The plan as a graph of states. Linear in nodes and edges. */
export function nodeStates(plan: Plan): Scope {
  const scope: Scope = { states: new Map(), outer: undefined, suffix: "" };
  addStates(scope, plan.nodes, undefined);
  return scope;
}

/** Adds the nodes of a plan or body to a scope, and returns those that wait for nothing. */
export function addStates(scope: Scope, nodes: readonly PlanNode[], item: ItemRun | undefined): NodeState[] {
  const added = nodes.map((node): NodeState => {
    const state: NodeState = { id: node.id + scope.suffix, node, scope, item, waiting: 0, dependents: [], status: "waiting", outputs: {} };
    scope.states.set(node.id, state);
    return state;
  });
  for (const state of added) {
    const before = new Set([...planSources(state.node).map((s) => s.node), ...state.node.after]);
    for (const id of before) {
      const other = find(scope, id);
      if (hasSettled(other)) continue;
      state.waiting++;
      other.dependents.push(state);
    }
  }
  return added.filter((s) => s.waiting === 0);
}

/** An item's own scope: in it the map's name stands for the item. */
export function itemScope(map: NodeState, key: string, item: ArtifactPointer): Scope {
  const suffix = `${map.scope.suffix}@${key}`;
  const stand: NodeState = { id: map.id + suffix, node: map.node, scope: map.scope, item: undefined, waiting: 0, dependents: [], status: "completed", outputs: { item } };
  return { states: new Map([[map.node.id, stand]]), outer: map.scope, suffix };
}
