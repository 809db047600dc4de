import { isFunction, memberName, withoutTypes, type Node, type NodeOf } from "./ast.ts";
import { chainOf, literalOf } from "./chains.ts";
import { ITERATING_METHODS, MUTATING_FUNCTIONS, MUTATING_METHODS } from "./globals.ts";
import type { Mutation } from "./model.ts";
import { pathText, type PathText } from "./path-text.ts";
import type { Walker, WalkState } from "./references.ts";
import { binderOf, type Scope } from "./scope.ts";

/** Calls: what they are given, what they change, and which functions run where they stand. */
export function visitCall(w: Walker, node: NodeOf<"CallExpression" | "NewExpression">, scope: Scope | undefined): void {
  const { root, members } = chainOf(node.callee);
  const last = members.at(-1);
  const method = last === undefined ? "" : (memberName(last) ?? "");
  const [first] = node.arguments;
  if (MUTATING_METHODS.has(method) && last !== undefined) mutates(w.state, last.object, scope, "method", true);
  if (root.type === "Identifier" && MUTATING_FUNCTIONS.has(`${root.name}.${method}`) && first !== undefined) mutates(w.state, first, scope, "write", true);
  const inner = withoutTypes(node.callee);
  // what follows an await runs later
  if (node.type === "CallExpression" && isFunction(inner) && !inner.generator && !inner.async) w.state.atOnce.add(inner);
  if (ITERATING_METHODS.has(method)) for (const a of node.arguments) w.state.atOnce.add(withoutTypes(a));
  const items = node.arguments.flatMap((a): readonly Node[] => (a.type === "ArrayExpression" ? a.elements.filter((e) => e !== null) : [a]));
  const texts = items.map((a) => (a.type === "SpreadElement" ? undefined : pathText(a, isLocal(scope))));
  w.visitChain(node.callee, scope, node.type === "NewExpression" ? "new" : "call", {
    argument: node.arguments.length === 1 && first !== undefined ? literalOf(first) : undefined, count: node.arguments.some((a) => a.type === "SpreadElement") ? undefined : node.arguments.length, texts,
  });
  for (const a of node.arguments) w.visit(a, scope);
}

/** Notes that something which the module, an import or a global holds may be changed here. `isWhole`: also what a name alone stands for. */
export function mutates(state: WalkState, holder: Node, scope: Scope | undefined, by: Mutation["by"], isWhole = false): void {
  const { root, members } = chainOf(holder);
  if (root.type !== "Identifier" || (members.length === 0 && !isWhole)) return;
  const binder = binderOf(root.name, scope);
  if (binder !== undefined && !binder.isNamespace) return;
  const names = members.map((m) => (m.property.type === "PrivateIdentifier" ? undefined : memberName(m)));
  const known = names.findIndex((n) => n === undefined);
  state.mutations.push({ name: binder === undefined ? root.name : "", path: (known < 0 ? names : names.slice(0, known)) as string[], start: root.start, depth: state.depth, by });
}

/** The longest path that the source makes of the place where the walk is: `join(import.meta.dirname, "x")`. */
export function pathAround(state: WalkState, scope: Scope | undefined): PathText | undefined {
  let found: PathText | undefined;
  for (let i = state.above.length - 1; i >= 0; i--) {
    const longer = pathText(state.above[i] as Node, isLocal(scope));
    if (longer === undefined) break;
    found = longer;
  }
  return found;
}

const isLocal = (scope: Scope | undefined) => (name: string) => binderOf(name, scope) !== undefined;
