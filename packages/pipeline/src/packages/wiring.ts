import type { PackageNode } from "./graph.ts";
import { sha256 } from "./hash.ts";

/** The edges of a package that count, by the name that is imported. */
export type Edges = (node: PackageNode) => Iterable<readonly [name: string, target: PackageNode]>;

/** What this machine has. */
export const edgesHere: Edges = (node) => [...node.edges, ...node.here];
/** What machines of all platforms share. */
export const edgesAnywhere: Edges = (node) => [...node.edges, ...node.locked];

/** All packages that the given ones reach, themselves included. */
export function closure(roots: Iterable<PackageNode>, edges: Edges): Set<PackageNode> {
  const reached = new Set(roots);
  // A set hands out what is added while it is walked.
  for (const node of reached) for (const [, target] of edges(node)) reached.add(target);
  return reached;
}

type Labels = (node: PackageNode) => string;

/**
 * Gives every package a label that holds its name, version and content, and to what each name leads from it.
 *
 * A list of packages is not enough: with two versions of one dependency, it matters which of them is seen by whom. Nor can a package's
 * label hold its dependencies' labels, since packages may form cycles. So labels are refined: each round a label takes in those of its
 * direct dependencies, until a round tells no more packages apart than the one before. Then two packages share a label exactly when no
 * program could tell them apart, such as copies that a package manager put in two places. The result depends on neither the order of
 * the roots nor on folders. Nearly always the first round is the last; it is the same for all steps and is remembered.
 */
export function labeller(edges: Edges): (roots: Iterable<PackageNode>) => Labels {
  const first = new Map<PackageNode, string>();
  const own: Labels = (node) => `${node.id}\0${node.content}`;
  const refined = (node: PackageNode, before: Labels): string => {
    const lines = [...edges(node)].map(([name, target]) => `${JSON.stringify(name)} ${JSON.stringify(before(target))}\n`);
    return sha256(`${JSON.stringify(before(node))}\n${lines.toSorted().join("")}`);
  };
  const byFirst: Labels = (node) => {
    let label = first.get(node);
    if (label === undefined) first.set(node, label = refined(node, own));
    return label;
  };

  return (roots) => {
    const nodes = closure(roots, edges);
    const classes = (labels: Labels) => new Set([...nodes].map(labels)).size;
    let labels = byFirst;
    for (let before = classes(own), now = classes(labels); now > before; before = now, now = classes(labels)) {
      const last = labels;
      const next = new Map([...nodes].map((node) => [node, refined(node, last)]));
      labels = (node) => next.get(node)!;
    }
    return labels;
  };
}
