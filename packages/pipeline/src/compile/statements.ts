import { boundNames, isFunction, isTypeOnly, memberName, withoutTypes, type FunctionNode, type Node, type NodeOf } from "./ast.ts";
import type { Checker } from "./checker.ts";
import type { Context } from "./symbolic.ts";
import { lexicalNames, varNames } from "./scope.ts";

/**
 * Which statements have no effect on the project's modules. This is what lets a file hold steps and also the line that starts the
 * pipeline (`await pipeline.run()`, a `main()` that does it and logs): without it, each step would depend on everything.
 */
export function statement(node: Node, ctx: Context, check: Checker): void {
  if (isTypeOnly(node)) return;
  switch (node.type) {
    case "EmptyStatement": case "FunctionDeclaration": return;
    case "ExpressionStatement": {
      check.expression(node.expression, ctx);
      const value = check.symbols.of(node.expression, ctx);
      // a description that nobody keeps was made for what it does: `schema.register(registry)`
      if (value.kind === "description" && value.trust !== "mlstack") check.push(node, true);
      return;
    }
    case "BlockStatement": block(node.body, ctx, check); return;
    case "IfStatement":
      check.expression(node.test, ctx);
      for (const s of [node.consequent, node.alternate]) if (s !== null) statement(s, ctx, check);
      return;
    case "TryStatement":
      statement(node.block, ctx, check);
      if (node.handler !== null) statement(node.handler.body, hiding(ctx, node.handler.param === null ? [] : boundNames(node.handler.param)), check);
      if (node.finalizer !== null) statement(node.finalizer, ctx, check);
      return;
    case "ForOfStatement": {
      check.expression(node.right, ctx);
      const isPlain = !node.await && check.symbols.of(node.right, ctx).kind === "array" && node.left.type === "VariableDeclaration" && node.left.declarations.every((d) => d.id.type === "Identifier");
      if (isPlain) statement(node.body, hiding(ctx, boundBy(node.left)), check);
      else check.push(node, true);
      return;
    }
    case "VariableDeclaration": for (const d of node.declarations) check.declaration(d, node.kind, ctx); return;
    case "ClassDeclaration": case "TSEnumDeclaration": case "TSModuleDeclaration": case "TSImportEqualsDeclaration": check.declaration(node, undefined, ctx); return;
    case "ReturnStatement": if (node.argument !== null) check.expression(node.argument, ctx); return;
    case "ThrowStatement": check.expression(node.argument, ctx); return;
    default: check.push(node, true);
  }
}

function block(statements: readonly Node[], ctx: Context, check: Checker): void {
  const inner = binding(statements, ctx);
  for (const s of statements) statement(s, inner, check);
}

/** Names that a statement binds, where it stands. */
export const boundBy = (node: Node): string[] => [...lexicalNames([node]), ...varNames(node)];

const hiding = (ctx: Context, names: readonly string[]): Context => ({ ...ctx, locals: new Map([...ctx.locals, ...names.map((n) => [n, undefined] as const)]) });

/** The scope of a block: constants are known by what they are set to. */
function binding(statements: readonly Node[], ctx: Context): Context {
  const locals = new Map(ctx.locals);
  const inner: Context = { ...ctx, locals };
  for (const s of statements) {
    for (const name of boundBy(s)) locals.set(name, undefined);
    if (s.type !== "VariableDeclaration" || s.kind !== "const") continue;
    for (const d of s.declarations) if (d.id.type === "Identifier" && d.init !== null) locals.set(d.id.name, { init: d.init, ctx: inner });
  }
  return inner;
}

/**
 * An argument of a call that itself changes nothing: a function among them may be called, so its body is looked at.
 *
 * @param given what the function is called with, where that is known
 */
export function argument(node: Node, ctx: Context, check: Checker, given?: Node): void {
  const inner = withoutTypes(node);
  if (isFunction(inner)) body(inner, inner.params.map(() => given), ctx, ctx, check);
  else check.item(node, ctx);
}

/** What a function does when it is called with arguments that stand in the caller's context. */
function body(fn: FunctionNode, given: readonly (Node | undefined)[], ctx: Context, caller: Context, check: Checker): void {
  if (fn.generator || fn.body === null || !fn.params.every((p) => p.type === "Identifier")) { check.push(fn, true); return; }
  const locals = new Map(ctx.locals);
  for (const name of varNames(fn.body)) locals.set(name, undefined);
  fn.params.forEach((p, i) => {
    const value = given[i];
    if (p.type === "Identifier") locals.set(p.name, value === undefined || value.type === "SpreadElement" ? undefined : { init: value, ctx: caller });
  });
  const inner: Context = { ...ctx, locals };
  if (fn.body.type === "BlockStatement") block(fn.body.body, inner, check);
  else check.expression(fn.body, inner);
}

/** How deep calls of functions of the project are followed. */
const MAX_CALLS = 4;

/**
 * A call of a function of the project that changes nothing: `main()` where main starts a pipeline and logs, a factory that makes a
 * step. Also `main().catch(report)`. Records the call as a read and answers true; false when it may have an effect.
 */
export function ownCall(node: NodeOf<"CallExpression">, root: Node, members: readonly NodeOf<"MemberExpression">[], ctx: Context, check: Checker): boolean {
  const isFree = members.length === 0 ? callsFreely(node, ctx, check) : handlesFreely(node, root, members, ctx, check);
  if (isFree) check.push(node, false);
  return isFree;
}

function callsFreely(node: NodeOf<"CallExpression">, ctx: Context, check: Checker): boolean {
  const callee = check.symbols.of(node.callee, ctx);
  if (callee.kind !== "function" || check.running.length >= MAX_CALLS || check.running.includes(callee.node)) return false;
  check.running.push(callee.node);
  const hasEffect = check.hasEffect(() => {
    for (const a of node.arguments) argument(a, ctx, check);
    const spread = node.arguments.findIndex((a) => a.type === "SpreadElement");
    body(callee.node, spread < 0 ? node.arguments : node.arguments.slice(0, spread), callee.ctx, ctx, check);
  });
  check.running.pop();
  return !hasEffect;
}

/** `main().then(…).catch(…)` */
function handlesFreely(node: NodeOf<"CallExpression">, root: Node, members: readonly NodeOf<"MemberExpression">[], ctx: Context, check: Checker): boolean {
  const [only] = members;
  if (members.length !== 1 || only === undefined || root.type !== "CallExpression" || !/^(then|catch|finally)$/.test(memberName(only) ?? "")) return false;
  return !check.hasEffect(() => {
    check.expression(root, ctx);
    for (const a of node.arguments) {
      const value = check.symbols.of(a, ctx);
      if (value.kind === "function") body(value.node, [], value.ctx, ctx, check);
      else if (!(value.kind === "global" && value.name === "console")) check.push(a, true);
    }
  });
}
