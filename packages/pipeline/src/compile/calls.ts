import { withoutTypes, type Node, type NodeOf } from "./ast.ts";
import { chainOf } from "./chains.ts";
import type { Checker } from "./checker.ts";
import { isFixedInstant } from "./globals.ts";
import { argument, ownCall } from "./statements.ts";
import { isHarmlessFunction, isPureMaker, type Context, type Symbolic } from "./symbolic.ts";
import { describedCall, importedCall } from "./trust.ts";

/** What a call does while its module is loaded. Calls of trusted packages describe; few others are known to do nothing. */
export function call(node: NodeOf<"CallExpression">, ctx: Context, check: Checker): void {
  const callee = check.symbols.of(node.callee, ctx);
  const args = () => { for (const a of node.arguments) check.item(a, ctx); };
  const first = node.arguments[0];
  const { root, members } = chainOf(node.callee);
  // what is required is linked like an import, and runs by itself
  if (callee.kind === "global" && callee.name === "require" && callee.path.length === 0 && node.arguments.length === 1 && first?.type === "Literal") return;
  const describes = isPureMaker(callee) || (callee.kind === "import" ? callee.trust !== undefined && importedCall(callee.trust, callee.path) === "describe"
    : callee.kind === "description" && callee.member !== undefined && describedCall(callee.trust, callee.maker, callee.member) === "describe");
  const result = check.symbols.of(node, ctx);
  if (describes || result.kind === "primitive" || result.kind === "symbol") {
    if (root.type !== "Identifier") check.expression(root, ctx);
    args();
  } else if (result.kind === "finding") {
    if (root.type !== "Identifier") check.expression(root, ctx);
    for (const a of node.arguments) argument(a, ctx, check, node);
    check.push(node, false, true);
  } else if (isLiteralCopy(callee, node, ctx, check)) args();
  else if (isHarmlessFunction(callee) || result.kind === "reading") {
    if (root.type !== "Identifier") check.expression(root, ctx);
    for (const a of node.arguments) argument(a, ctx, check);
    check.push(node, false);
  } else if (!ownCall(node, root, members, ctx, check)) check.push(node, true);
}

/** `Object.freeze({ … })` and the like, of a literal that is written there. */
function isLiteralCopy(callee: Symbolic, node: NodeOf<"CallExpression">, ctx: Context, check: Checker): boolean {
  if (callee.kind !== "global" || callee.name !== "Object" || callee.path.length !== 1 || node.arguments.length !== 1) return false;
  const [only] = node.arguments;
  const name = callee.path[0] ?? "";
  if (only === undefined || only.type === "SpreadElement") return false;
  const direct = withoutTypes(only).type;
  if (name === "freeze" || name === "seal") return direct === "ObjectExpression" || direct === "ArrayExpression";
  if (name !== "keys" && name !== "values" && name !== "entries") return false;
  const value = check.symbols.of(only, ctx);
  return value.kind === "enum" || (value.kind === "object" && value.node.properties.every((p) => p.type === "Property" && p.kind === "init"));
}

/** The same of `new`. */
export function construct(node: NodeOf<"NewExpression">, ctx: Context, check: Checker): void {
  const callee = check.symbols.of(node.callee, ctx);
  const first = node.arguments[0];
  const args = () => { for (const a of node.arguments) check.item(a, ctx); };
  if (callee.kind === "import" && callee.trust === "mlstack") { args(); check.push(node, false, true); return; }
  if (isPureMaker(callee)) { args(); return; }
  if (callee.kind === "global" && callee.name === "Intl") { args(); check.push(node, false); return; }
  if (callee.kind !== "global" || callee.path.length > 0) { check.push(node, true); return; }
  const plain = node.arguments.every((a) => a.type !== "SpreadElement" && check.symbols.isPrimitive(a, ctx));
  switch (callee.name) {
    case "Date":
      args();
      if (!(node.arguments.length === 1 && first?.type === "Literal" && isFixedInstant(first.value))) check.push(node, !plain);
      return;
    case "Map": case "Set": case "WeakMap": case "WeakSet":
      if (first === undefined || isPlainCollection(first, callee.name, ctx, check)) args(); else check.push(node, true);
      return;
    case "RegExp": case "Error": case "TypeError": case "RangeError": case "URL": case "TextEncoder": case "TextDecoder": case "AbortController":
    case "Float64Array": case "Float32Array": case "Int32Array": case "Uint8Array": case "Uint32Array": case "BigInt64Array":
      args();
      if (!plain) check.push(node, true);
      else if (callee.name !== "RegExp" && !callee.name.endsWith("Array")) check.push(node, false);
      return;
    default: check.push(node, true);
  }
}

function isPlainCollection(first: Node, name: string, ctx: Context, check: Checker): boolean {
  const value = check.symbols.of(first, ctx);
  if (value.kind !== "array" || value.node.elements.some((e) => e === null || e.type === "SpreadElement")) return false;
  return !name.endsWith("Map") || value.node.elements.every((e) => e !== null && withoutTypes(e).type === "ArrayExpression");
}
