import { boundNames, eachChild, isTypeOnly, withoutTypes, type ClassNode, type FunctionNode, type Node } from "./ast.ts";
import type { Walker } from "./references.ts";
import { lexicalNames, scopeOf, varNames, type Scope } from "./scope.ts";
import { UnsupportedSyntax } from "./syntax.ts";

/** How functions, classes and namespaces are walked over: the parts of the language that bind names. */

export function visitFunction(w: Walker, fn: FunctionNode, scope: Scope | undefined): void {
  const own = fn.type === "FunctionExpression" && fn.id !== null ? scopeOf([fn.id.name], scope) : scope;
  const params = fn.params.flatMap((p) => boundNames(p as Node));
  const inner = scopeOf(fn.type === "ArrowFunctionExpression" ? params : [...params, "arguments"], own);
  const deeper = w.state.atOnce.has(fn) ? 0 : 1;
  w.state.depth += deeper;
  for (const param of fn.params) {
    for (const decorator of param.decorators ?? []) visitDecorator(w, decorator, scope);
    if (param.type === "TSParameterProperty") for (const decorator of param.parameter.decorators ?? []) visitDecorator(w, decorator, scope);
    // defaults see the parameters, and not what the body binds
    w.visitBinding(param, inner);
  }
  if (fn.body?.type === "BlockStatement") {
    const body = scopeOf([...varNames(fn.body), ...lexicalNames(fn.body.body)], inner);
    for (const statement of fn.body.body) w.visit(statement, body);
  } else if (fn.body !== null) w.visit(fn.body, inner);
  w.state.depth -= deeper;
}

export function visitClass(w: Walker, node: ClassNode, scope: Scope | undefined): void {
  const outer = scope;
  const inner = node.id === null || node.type === "ClassDeclaration" ? scope : scopeOf([node.id.name], scope);
  const decorators = decoratorsOf(node);
  for (const decorator of decorators.outside) visitDecorator(w, decorator, outer);
  if (node.superClass !== null) w.visit(node.superClass, inner);
  w.state.classDepth++;
  for (const member of node.body.body) {
    if (isTypeOnly(member)) continue;
    switch (member.type) {
      case "StaticBlock": {
        const block = scopeOf([...member.body.flatMap((s) => varNames(s)), ...lexicalNames(member.body), "arguments"], inner);
        for (const s of member.body) w.visit(s, block);
        break;
      }
      case "MethodDefinition":
        if (member.computed) w.visit(member.key, inner);
        visitFunction(w, member.value, inner);
        break;
      case "PropertyDefinition": case "AccessorProperty": case "TSAbstractMethodDefinition": case "TSAbstractPropertyDefinition": case "TSAbstractAccessorProperty":
        if (member.computed) w.visit(member.key, inner);
        if (member.value === null || member.value.type === "TSEmptyBodyFunctionExpression") break;
        // a field of an instance is set when one is made
        w.state.depth += member.static ? 0 : 1;
        w.visit(member.value, scopeOf(["arguments"], inner));
        w.state.depth -= member.static ? 0 : 1;
        break;
      default: throw new UnsupportedSyntax(member);
    }
  }
  w.state.classDepth--;
  // the types of decorated members are handed to Reflect.metadata: a compiler emits them as values
  if (w.state.typesAreValues && decorators.any) visitTypes(w, node, inner);
}

/** A decorator is called where the class is made. */
function visitDecorator(w: Walker, decorator: Node, scope: Scope | undefined): void {
  const inner = decorator.type === "Decorator" ? withoutTypes(decorator.expression) : decorator;
  if (inner.type === "Identifier" || inner.type === "MemberExpression") w.visitChain(inner, scope, "call");
  else w.visit(decorator, scope);
}

function decoratorsOf(node: ClassNode): { readonly outside: readonly Node[]; readonly any: boolean } {
  const outside: Node[] = [...node.decorators];
  let inParams = false;
  for (const member of node.body.body) {
    if (member.type === "StaticBlock" || member.type === "TSIndexSignature") continue;
    outside.push(...member.decorators);
    if (member.type === "MethodDefinition") inParams ||= member.value.params.some((p) => (p.decorators ?? []).length > 0);
  }
  return { outside, any: outside.length > 0 || inParams };
}

/** Every name that the types inside of a node mention. */
export function visitTypes(w: Walker, node: Node, scope: Scope | undefined): void {
  if (node.type === "TSTypeReference") {
    let name: Node = node.typeName;
    const path: string[] = [];
    while (name.type === "TSQualifiedName") { path.unshift(name.right.name); name = name.left; }
    if (name.type === "Identifier") w.refer(name.name, name.start, scope, { path });
  }
  eachChild(node, (child) => visitTypes(w, child, scope));
}

export function visitNamespace(w: Walker, node: Extract<Node, { type: "TSModuleDeclaration" }>, scope: Scope | undefined): void {
  if (node.body === null) return;
  const statements = node.body.body;
  // its own name stays free: it may be merged with a class, a function or another block of the same name
  const inner = scopeOf([...statements.flatMap((s) => varNames(s)), ...lexicalNames(statements)], scope, true);
  for (const statement of statements) w.visit(statement, inner);
}
