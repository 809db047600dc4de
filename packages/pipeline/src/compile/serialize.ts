import { isNode, isTypeOnly, PLACE_FIELDS, staticKey, TYPE_FIELDS, withoutTypes, type Fields, type Node } from "./ast.ts";

/**
 * A unit's syntax tree as text: the same for sources that differ in comments, layout, quotes, parentheses, types and the like, and
 * different for sources that could behave differently. Fields are written unless they are known not to matter, so that a field
 * nobody thought of makes a needless difference and never hides a real one.
 *
 * @param withTypes also writes types: with emitDecoratorMetadata they are values
 */
export function serialize(node: Node, withTypes = false): string {
  const out: string[] = [];
  write(node, withTypes, out);
  return out.join("");
}

/** `?` on declarations says something to the type checker; on calls and reads it is an operator. */
const OPTIONAL_IS_TYPE: ReadonlySet<string> = new Set(["Identifier", "PropertyDefinition", "MethodDefinition", "AccessorProperty", "RestElement", "ObjectPattern", "ArrayPattern", "AssignmentPattern", "Property", "FunctionExpression"]);

const KEYED: ReadonlySet<string> = new Set(["Property", "MethodDefinition", "PropertyDefinition", "AccessorProperty"]);

function write(wrapped: Node, withTypes: boolean, out: string[]): void {
  const node = withoutTypes(wrapped);
  if (node.type === "Literal") { out.push(literal(node)); return; }
  out.push("(", node.type);
  const fields = node as unknown as Fields;
  // in the parser's order: the golden test tells when that changes
  for (const field in fields) {
    const value = fields[field];
    // false, null and an absent field are the same: parsers write one or the other
    if (value === undefined || value === null || value === false) continue;
    if (field === "type" || PLACE_FIELDS.has(field) || (!withTypes && TYPE_FIELDS.has(field))) continue;
    if (field === "optional" && OPTIONAL_IS_TYPE.has(node.type)) continue;
    if (field === "shorthand" && !isProto(node)) continue;
    if (field === "key" && KEYED.has(node.type)) { writeKey(node, withTypes, out); continue; }
    if (field === "decorators" && Array.isArray(value) && value.length === 0) continue;
    out.push(" ", field, ":");
    writeValue(value, withTypes, out);
    if (node.type === "JSXAttribute" && field === "value" && isNode(value) && value.type === "Literal") out.push(" raw:", JSON.stringify(value.raw));
  }
  out.push(")");
}

function writeValue(value: unknown, withTypes: boolean, out: string[]): void {
  if (isNode(value)) write(value, withTypes, out);
  else if (Array.isArray(value)) {
    out.push("[");
    for (const item of value as unknown[]) {
      if (isNode(item)) {
        if (item.type === "EmptyStatement" || isTypeOnly(item)) continue;
        write(item, withTypes, out);
      } else if (item === null) out.push("_");
      else writeValue(item, withTypes, out);
      out.push(",");
    }
    out.push("]");
  } else if (typeof value === "object" && value !== null) {
    out.push("{");
    for (const key of Object.keys(value).toSorted()) { out.push(key, ":"); writeValue((value as Fields)[key], withTypes, out); out.push(","); }
    out.push("}");
  } else out.push(typeof value === "bigint" ? `${value}n` : JSON.stringify(value) ?? "undefined");
}

/** Values count, spelling does not: 1_000 is 1e3, "a" is 'a'. */
function literal(node: Extract<Node, { type: "Literal" }>): string {
  if ("regex" in node && node.regex !== null) return `/${JSON.stringify([node.regex.pattern, node.regex.flags])}`;
  if ("bigint" in node && node.bigint !== null) return `${node.bigint}n`;
  if (typeof node.value === "number") return `#${node.value}`;
  return JSON.stringify(node.value) ?? "undefined";
}

/** `a: 1` and `"a": 1` make the same property; so do `1: x` and `"1": x`. */
function writeKey(node: Node, withTypes: boolean, out: string[]): void {
  const { key, computed } = node as unknown as { readonly key: Node; readonly computed: boolean };
  const name = computed ? undefined : staticKey(key, false);
  out.push(" key:");
  if (name === undefined || key.type === "TemplateLiteral") write(key, withTypes, out);
  else out.push(key.type === "PrivateIdentifier" ? "#" : "", JSON.stringify(name));
}

/** `{ __proto__ }` makes a property; `{ __proto__: __proto__ }` sets the prototype. */
const isProto = (node: Node) => node.type === "Property" && !node.computed && staticKey(node.key, false) === "__proto__";
