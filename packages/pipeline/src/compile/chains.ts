import { staticText, withoutTypes, type Node, type NodeOf } from "./ast.ts";

/** The value of an argument that is a text or number in the source. */
export function literalOf(node: Node): string | number | undefined {
  const inner = withoutTypes(node);
  return inner.type === "Literal" && typeof inner.value === "number" ? inner.value : staticText(inner);
}

/** A member chain from its root outward: `a.b["c"]` is a with b and c. Calls end it. */
export function chainOf(node: Node): { readonly root: Node; readonly members: readonly NodeOf<"MemberExpression">[] } {
  const members: NodeOf<"MemberExpression">[] = [];
  let root = withoutTypes(node);
  for (;;) {
    if (root.type === "ChainExpression") root = withoutTypes(root.expression);
    else if (root.type === "MemberExpression") { members.unshift(root); root = withoutTypes(root.object); }
    else return { root, members };
  }
}

export const isImportMeta = (node: Node): boolean => node.type === "MetaProperty" && node.meta.name === "import";

/** The members that a pattern takes out, as paths; undefined where it takes the rest, or by a computed key. */
export function patternPaths(pattern: Node): string[][] | undefined {
  const inner = pattern.type === "AssignmentPattern" ? pattern.left : pattern;
  if (inner.type !== "ObjectPattern") return [[]];
  const paths: string[][] = [];
  for (const p of inner.properties) {
    if (p.type === "RestElement") return undefined;
    const key = p.computed ? staticText(p.key) : p.key.type === "Identifier" ? p.key.name : staticText(p.key);
    const below = key === undefined ? undefined : patternPaths(p.value);
    if (key === undefined || below === undefined) return undefined;
    paths.push(...below.map((rest) => [key, ...rest]));
  }
  return paths;
}
