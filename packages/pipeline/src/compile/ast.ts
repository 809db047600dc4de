import type { ArrowFunctionExpression, Class, Function as PlainFunction, Node } from "oxc-parser";

export type { Node };
export type FunctionNode = PlainFunction | ArrowFunctionExpression;
export type ClassNode = Class;
export type NodeOf<T extends Node["type"]> = Extract<Node, { type: T }>;

/** A node by its fields: for code that treats all kinds of nodes alike. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * Fields that hold types or say something to the type checker only. They neither refer to values nor enter a digest.
 * `optional` is not among them: on calls and member reads it is `?.`.
 */
export const TYPE_FIELDS: ReadonlySet<string> = new Set([
  "typeAnnotation", "typeParameters", "typeArguments", "superTypeArguments", "returnType", "implements",
  "accessibility", "override", "readonly", "definite", "abstract",
]);

/** Where a node is, and what links it to others: nothing that a program could notice. */
export const PLACE_FIELDS: ReadonlySet<string> = new Set(["start", "end", "range", "loc", "parent"]);

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";
}

/** Calls `visit` for each child node, types included. */
export function eachChild(node: Node, visit: (child: Node, field: string) => void): void {
  const fields = node as unknown as Fields;
  for (const field in fields) {
    const value = fields[field];
    if (typeof value !== "object" || value === null || PLACE_FIELDS.has(field)) continue;
    if (Array.isArray(value)) {
      for (const item of value) if (isNode(item)) visit(item, field);
    } else if (isNode(value)) visit(value, field);
  }
}

/** Statements and members that exist for the type checker only: a compiler emits nothing for them. */
export function isTypeOnly(node: Node): boolean {
  if ("decorators" in node && node.decorators !== undefined && node.decorators.length > 0) return false; // `@column declare name: string` runs
  switch (node.type) {
    case "TSInterfaceDeclaration": case "TSTypeAliasDeclaration": case "TSDeclareFunction": case "TSNamespaceExportDeclaration":
    case "TSIndexSignature": case "TSAbstractMethodDefinition": case "TSAbstractPropertyDefinition": case "TSAbstractAccessorProperty":
    case "TSEmptyBodyFunctionExpression":
      return true;
    case "Identifier":
      return node.name === "this"; // the parameter that types `this`
    case "MethodDefinition":
      return node.value.type === "TSEmptyBodyFunctionExpression";
    case "TSImportEqualsDeclaration":
      return node.importKind === "type";
    case "TSModuleDeclaration":
      return node.declare || node.kind === "global" || node.body === null || !node.body.body.some((s) => !isTypeOnly(s));
    case "ExportNamedDeclaration":
      if (node.exportKind === "type") return true;
      if (node.declaration !== null) return isTypeOnly(node.declaration);
      return node.source === null && node.specifiers.length > 0 && node.specifiers.every((s) => s.exportKind === "type");
    case "ExportAllDeclaration":
      return node.exportKind === "type";
    case "ExportDefaultDeclaration":
      return isTypeOnly(node.declaration);
    case "ImportDeclaration":
      return node.importKind === "type";
    default:
      return "declare" in node && Boolean(node.declare);
  }
}

/** The expression inside of what only a type checker sees: `x as T`, `x!`, `x satisfies T`, `<T>x`, `f<T>`. */
export function withoutTypes(node: Node): Node {
  let inner = node;
  for (;;) {
    switch (inner.type) {
      case "TSAsExpression": case "TSSatisfiesExpression": case "TSNonNullExpression": case "TSTypeAssertion": case "TSInstantiationExpression": case "ParenthesizedExpression":
        inner = inner.expression;
        continue;
      default:
        return inner;
    }
  }
}

/** The name or number of a property whose key is written in the source; undefined for a computed one. */
export function staticKey(key: Node, computed: boolean): string | undefined {
  if (!computed) {
    if (key.type === "Identifier") return key.name;
    if (key.type === "PrivateIdentifier") return `#${key.name}`;
  }
  return staticText(key);
}

/** The text of a string, number or template without holes. */
export function staticText(node: Node): string | undefined {
  const inner = withoutTypes(node);
  if (inner.type === "Literal" && (typeof inner.value === "string" || typeof inner.value === "number")) return String(inner.value);
  if (inner.type === "TemplateLiteral" && inner.expressions.length === 0) return inner.quasis[0]?.value.cooked ?? undefined;
  return undefined;
}

/** The property that a member expression reads, where the source says it. */
export function memberName(node: Extract<Node, { type: "MemberExpression" }>): string | undefined {
  return staticKey(node.property, node.computed);
}

/** Names that a pattern binds, left to right. */
export function boundNames(pattern: Node, into: string[] = []): string[] {
  switch (pattern.type) {
    case "Identifier": into.push(pattern.name); break;
    case "ObjectPattern": for (const p of pattern.properties) boundNames(p.type === "RestElement" ? p.argument : p.value, into); break;
    case "ArrayPattern": for (const e of pattern.elements) if (e !== null) boundNames(e, into); break;
    case "AssignmentPattern": boundNames(pattern.left, into); break;
    case "RestElement": boundNames(pattern.argument, into); break;
    case "TSParameterProperty": boundNames(pattern.parameter, into); break;
    default: break;
  }
  return into;
}

export const isFunction = (node: Node): node is FunctionNode =>
  node.type === "FunctionDeclaration" || node.type === "FunctionExpression" || node.type === "ArrowFunctionExpression";

export const isClass = (node: Node): node is ClassNode => node.type === "ClassDeclaration" || node.type === "ClassExpression";
