import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { PackageNode } from "./graph.ts";
import { edgesHere, closure, labeller } from "./wiring.ts";

/** A graph as numbers: node → kind of package, and for each name the node that it leads to. */
interface Shape { readonly kinds: readonly number[]; readonly edges: readonly (readonly (number | null)[])[] }

const names = ["x", "y"];
/** Two graphs of five nodes each that differ do so within this many steps. */
const DEPTH = 9;
const shape = fc.integer({ min: 1, max: 5 }).chain((size) => fc.record<Shape>({
  kinds: fc.array(fc.nat(1), { minLength: size, maxLength: size }),
  edges: fc.array(fc.tuple(...names.map(() => fc.option(fc.nat(size - 1)))), { minLength: size, maxLength: size }),
}));

function build({ kinds, edges }: Shape): PackageNode[] {
  const nodes = kinds.map((kind) => ({ id: `p@${kind}`, content: "", native: false, folder: undefined, tree: undefined, declared: new Set<string>(), problem: undefined, edges: new Map<string, PackageNode>(), here: new Map<string, PackageNode>(), locked: new Map<string, PackageNode>() }));
  edges.forEach((targets, i) => targets.forEach((target, n) => { if (target !== null) nodes[i]!.edges.set(names[n]!, nodes[target]!); }));
  return nodes;
}

/** What a program sees that follows imports to a depth: the definition that labels are checked against. */
function unfold(node: PackageNode, depth: number): string {
  return depth === 0 ? node.id : `${node.id}(${[...node.edges].map(([name, target]) => `${name}:${unfold(target, depth - 1)}`).toSorted().join()})`;
}

test("two packages of a graph share a label exactly when nothing can tell them apart", () => {
  fc.assert(fc.property(shape, (graph) => {
    const nodes = build(graph);
    const labels = labeller(edgesHere)(nodes);
    for (const a of nodes) for (const b of nodes) expect(labels(a) === labels(b)).toBe(unfold(a, DEPTH) === unfold(b, DEPTH));
  }), { numRuns: 300 });
});

test("the labels of two graphs agree exactly when nothing can tell their roots apart", () => {
  fc.assert(fc.property(shape, fc.nat(4), fc.nat(1), fc.nat(4), (graph, at, name, target) => {
    const size = graph.kinds.length;
    const edges = graph.edges.map((targets, i) => (i === at % size ? targets.with(name, target % size) : targets));
    const seen = (g: Shape) => {
      const [root] = build(g);
      const labels = labeller(edgesHere)([root!]);
      return { labels: [labels(root!), ...[...new Set([...closure([root!], edgesHere)].map(labels))].toSorted()].join(), unfolded: unfold(root!, DEPTH) };
    };
    const [before, after] = [seen(graph), seen({ ...graph, edges })];
    expect(before.labels === after.labels).toBe(before.unfolded === after.unfolded);
  }), { numRuns: 500 });
});

test("a deep graph does not take a deep stack", () => {
  const size = 5_000;
  const [root] = build({ kinds: Array.from({ length: size }, (_, i) => i), edges: Array.from({ length: size }, (_, i) => [i + 1 < size ? i + 1 : 0, null]) });
  expect(labeller(edgesHere)([root!])(root!)).toMatch(/^[0-9a-f]{64}$/);
});
