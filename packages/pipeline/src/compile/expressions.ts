import { isClass, isFunction, isTypeOnly, memberName, staticKey, withoutTypes, type ClassNode, type Node, type NodeOf } from "./ast.ts";
import { call, construct } from "./calls.ts";
import type { Checker } from "./checker.ts";
import { STEADY_GLOBALS } from "./globals.ts";
import { isEffectful, isUnsteady, propertyOf, type Context } from "./symbolic.ts";

/** What of an expression runs when it is evaluated, functions in it left out, and can't be told from the source alone. */
export function expression(wrapped: Node, ctx: Context, check: Checker): void {
  const node = withoutTypes(wrapped);
  if (isFunction(node)) return;
  if (isClass(node)) { classParts(node, ctx, check); return; }
  const each = (nodes: readonly Node[]) => { for (const n of nodes) check.expression(n, ctx); };
  const isFinding = (n: Node) => check.symbols.of(n, ctx).kind === "finding";
  /** Turning a value into text or a number calls its methods. */
  const converted = (parts: readonly Node[]) => {
    each(parts);
    const values = parts.map((p) => check.symbols.of(p, ctx));
    if (values.some((v) => v.kind !== "primitive")) check.push(node, values.some((v) => v.kind !== "primitive" && isEffectful(v)), values.some((v) => v.kind === "finding"));
  };
  switch (node.type) {
    case "Literal": case "Identifier": case "ThisExpression": case "MetaProperty": return;
    case "TemplateLiteral": converted(node.expressions); return;
    case "UnaryExpression":
      if (node.operator === "delete") check.push(node, true);
      else if (node.operator === "-" || node.operator === "+" || node.operator === "~") converted([node.argument]);
      else each([node.argument]);
      return;
    case "BinaryExpression":
      if (node.left.type === "PrivateIdentifier" || node.operator === "in" || node.operator === "instanceof") check.push(node, true);
      else if (node.operator === "===" || node.operator === "!==") each([node.left, node.right]);
      else converted([node.left, node.right]);
      return;
    case "LogicalExpression": each([node.left, node.right]); return;
    case "ConditionalExpression": each([node.test, node.consequent, node.alternate]); return;
    case "SequenceExpression": each(node.expressions); return;
    case "ChainExpression": each([node.expression]); return;
    case "ArrayExpression": for (const e of node.elements) if (e !== null) item(e, ctx, check); return;
    case "ObjectExpression": for (const p of node.properties) property(p, ctx, check); return;
    case "MemberExpression": member(node, ctx, check); return;
    case "CallExpression": call(node, ctx, check); return;
    case "NewExpression": construct(node, ctx, check); return;
    case "AssignmentExpression": assignment(node, ctx, check); return;
    case "AwaitExpression":
      if (!isFinding(node.argument)) { check.push(node, true); return; }
      each([node.argument]);
      check.push(node, false, true);
      return;
    default: check.push(node, true);
  }
}

/** An argument or element: it may be spread. */
export function item(node: Node, ctx: Context, check: Checker): void {
  if (node.type !== "SpreadElement") { check.expression(node, ctx); return; }
  check.expression(node.argument, ctx);
  const value = check.symbols.of(node.argument, ctx);
  if (value.kind !== "array" && value.kind !== "primitive") check.push(node, isEffectful(value), value.kind === "finding");
}

function property(p: NodeOf<"Property"> | NodeOf<"SpreadElement">, ctx: Context, check: Checker): void {
  if (p.type === "SpreadElement") {
    check.expression(p.argument, ctx);
    const value = check.symbols.of(p.argument, ctx);
    const plain = value.kind === "object" ? value.node.properties.every((q) => q.type === "Property" && q.kind === "init") : ["primitive", "own-namespace", "enum", "description"].includes(value.kind);
    if (!plain) check.push(p, isEffectful(value), value.kind === "finding");
    return;
  }
  if (p.computed) computedKey(p.key, ctx, check);
  check.expression(p.value, ctx);
}

function computedKey(key: Node, ctx: Context, check: Checker): void {
  check.expression(key, ctx);
  const value = check.symbols.of(key, ctx);
  if (value.kind !== "primitive" && value.kind !== "symbol" && !(value.kind === "global" && value.name === "Symbol")) check.push(key, true);
}

function member(node: NodeOf<"MemberExpression">, ctx: Context, check: Checker): void {
  check.expression(node.object, ctx);
  if (node.computed) computedKey(node.property, ctx, check);
  const name = memberName(node);
  const object = check.symbols.of(node.object, ctx);
  switch (object.kind) {
    case "primitive": case "enum": case "ts-namespace": case "description": case "own-namespace": case "date": case "symbol": return;
    case "object": if (name === undefined || propertyOf(object.node, name) === undefined) check.push(node, true); return;
    case "array": if (object.node.elements.some((e) => e?.type === "SpreadElement")) check.push(node, true); return;
    case "import": if (isUnsteady(object)) check.push(node, false); return;
    case "global": if (!STEADY_GLOBALS.has(object.name) && object.name !== "Math" && object.name !== "Date") check.push(node, false); return;
    case "import-meta": check.push(node, false); return;
    case "finding": check.push(node, false, true); return;
    case "reading": check.push(node, false); return;
    case "class": {
      const plain = name !== undefined && object.node.superClass === null && object.node.decorators.length === 0
        && object.node.body.body.some((m) => m.type === "PropertyDefinition" && m.static && staticKey(m.key, m.computed) === name);
      if (!plain) check.push(node, true);
      return;
    }
    default: check.push(node, true);
  }
}

/** A plain store runs nothing but what is stored: a function that is assigned is not called by that. */
function assignment(node: NodeOf<"AssignmentExpression">, ctx: Context, check: Checker): void {
  const left = withoutTypes(node.left);
  const isStore = node.operator === "=" && (left.type === "Identifier" || (left.type === "MemberExpression" && hasNoSetters(left, ctx, check)));
  if (!isStore) { check.push(node, true); return; }
  check.expression(node.right, ctx);
  check.store(left, node.right);
}

function hasNoSetters(target: NodeOf<"MemberExpression">, ctx: Context, check: Checker): boolean {
  if (target.computed && !check.symbols.isPrimitive(target.property, ctx)) return false;
  const object = check.symbols.of(target.object, ctx);
  switch (object.kind) {
    case "object": return object.node.properties.every((p) => p.type === "Property" && p.kind === "init");
    case "global": return STEADY_GLOBALS.has(object.name) || ["module", "globalThis", "global"].includes(object.name);
    case "function": case "array": return true;
    case "class": return object.node.superClass === null && !object.node.body.body.some((m) => m.type === "MethodDefinition" && m.static && m.kind === "set");
    default: return false;
  }
}

function classParts(node: ClassNode, ctx: Context, check: Checker): void {
  const locals = new Map(ctx.locals);
  if (node.id !== null && node.type === "ClassExpression") locals.set(node.id.name, undefined);
  const inner: Context = { ...ctx, locals };
  const members = node.body.body.filter((m) => !isTypeOnly(m));
  const isDecorated = node.decorators.length > 0 || members.some((m) => ("decorators" in m && m.decorators.length > 0)
    || (m.type === "MethodDefinition" && m.value.params.some((p) => (p.decorators ?? []).length > 0)));
  // a decorator is handed the class and may call any part of it
  if (isDecorated) { check.push(node, true); return; }
  if (node.superClass !== null) {
    check.expression(node.superClass, inner);
    const base = check.symbols.of(node.superClass, inner);
    if (!(base.kind === "class" || base.kind === "import" || (base.kind === "global" && STEADY_GLOBALS.has(base.name)) || withoutTypes(node.superClass).type === "Literal")) check.push(node.superClass, true);
  }
  for (const m of members) {
    if (m.type === "StaticBlock") { check.push(m, true); continue; }
    if (m.type === "TSIndexSignature") continue;
    if (m.computed) computedKey(m.key, inner, check);
    if (m.type === "MethodDefinition" || !m.static || m.value === null) continue;
    // a static field of a derived class may run into a setter of its base
    if (node.superClass !== null) check.push(m, true);
    else check.expression(m.value, inner);
  }
}
