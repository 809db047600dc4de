import type { Plan, PlanMapNode, PlanNode, PlanSource, PlanStepNode } from "@mlstack/pipeline";

/** A use of an output in a plan. */
export interface Use {
  readonly by: PlanStepNode | PlanMapNode;
  /** The input that it goes into; `items` for what a map gathers. */
  readonly port: string;
  /** Into each item of this many maps, from where the output is made. */
  readonly deeper: number;
  /** Out of so many maps: 1 for what a map gathers. */
  readonly outer: number;
}

/** Who uses what in a plan, and where it lies. */
export interface PlanIndex {
  node(id: string): PlanNode | undefined;
  /** Maps around a node, from outside. */
  mapsOf(id: string): readonly string[];
  usesOf(source: PlanSource): readonly Use[];
}

export function planIndex(plan: Pick<Plan, "nodes">): PlanIndex {
  const nodes = new Map<string, { readonly node: PlanNode; readonly maps: readonly string[] }>();
  const add = (all: readonly PlanNode[], maps: readonly string[]): void => {
    for (const node of all) {
      nodes.set(node.id, { node, maps });
      if (node.kind === "map") add(node.body, [...maps, node.id]);
    }
  };
  add(plan.nodes, []);
  const mapsOf = (id: string) => nodes.get(id)?.maps ?? [];
  const uses = new Map<string, Use[]>();
  const idOf = ({ node, output }: PlanSource) => `${node}.${output}`;
  const note = (source: PlanSource, use: Use): void => { uses.set(idOf(source), [...(uses.get(idOf(source)) ?? []), use]); };
  for (const { node, maps } of nodes.values()) {
    if (node.kind === "step") {
      for (const [port, from] of Object.entries(node.inputs)) {
        for (const source of Array.isArray(from) ? from : [from]) {
          const made = listBehind(source, maps);
          note(made, { by: node, port, deeper: maps.length - mapsOf(made.node).length, outer: 0 });
        }
      }
    } else if (node.kind === "map") {
      for (const source of Object.values(node.outputs)) if (source.node !== node.id) note(source, { by: node, port: "items", deeper: 0, outer: mapsOf(source.node).length - maps.length });
    }
  }

  /** An item of a map is of the list that the map goes over. */
  function listBehind(source: PlanSource, maps: readonly string[]): PlanSource {
    const found = nodes.get(source.node)?.node;
    return found?.kind === "map" && maps.includes(found.id) ? listBehind(found.over, maps.slice(0, maps.indexOf(found.id))) : source;
  }

  return { node: (id) => nodes.get(id)?.node, mapsOf, usesOf: (source) => uses.get(idOf(source)) ?? [] };
}

/** `train@a@b` → `train` and `["a", "b"]`. */
export function splitNode(id: string): { readonly base: string; readonly items: readonly string[] } {
  const [base = id, ...items] = id.split("@");
  return { base, items };
}

export const joinNode = (base: string, items: readonly string[]): string => [base, ...items].join("@");
