import type { PlanNode, PlanSource } from "../../index.ts";

/**
 * For tests: goes through a plan as a driver would, and throws for the first node that depends on one that does not come before it, or is
 * not known where it is. Returns all ids.
 */
export function checkedOrder(nodes: readonly PlanNode[]): string[] {
  const ids: string[] = [];
  const body = (list: readonly PlanNode[], outside: ReadonlySet<string>, item: string | undefined): Set<string> => {
    const known = new Set(outside);
    const has = (at: string, { node, output }: PlanSource): void => {
      // `item` may be the item of an enclosing map only; every other source is a node that came before
      if (!known.has(`${node}.${output}`) && !known.has(`${node}.*`)) throw new Error(`${at} reads ${node}.${output}, which is not known there`);
    };
    if (item !== undefined) known.add(`${item}.item`);
    for (const node of list) {
      for (const { source } of node.conditions) has(`a condition of ${node.id}`, source);
      for (const id of node.after) if (!known.has(`${id}.*`)) throw new Error(`${node.id} comes after ${id}, which is not known there`);
      if (node.kind === "step") for (const source of Object.values(node.inputs).flat()) has(node.id, source);
      if (node.kind === "choose") for (const source of [node.condition, ...Object.values(node.outputs).flatMap((o) => [o.whenTrue, o.whenFalse])]) has(node.id, source);
      if (node.kind === "map") {
        for (const source of node.keys === null ? [node.over] : [node.over, node.keys]) has(node.id, source);
        const inside = body(node.body, known, node.id);
        const own = new Set([...inside].filter((k) => !known.has(k)));
        for (const { node: from, output } of Object.values(node.outputs)) if (!own.has(`${from}.*`) && !own.has(`${from}.${output}`)) throw new Error(`${node.id} collects ${from}.${output}, which is not of its body`);
      }
      ids.push(node.id);
      known.add(`${node.id}.*`);
    }
    return known;
  };
  body(nodes, new Set(), undefined);
  if (new Set(ids).size !== ids.length) throw new Error(`an id is used twice: ${ids.join(", ")}`);
  return ids;
}
