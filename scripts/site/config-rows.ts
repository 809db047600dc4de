import { snakeCase } from "../../packages/core/dist/index.js";

export interface ConfigRow {
  /** As it is written in a stack's file; keys of groups with a dot: `credentials.access_key_id`. */
  readonly key: string;
  readonly type: string;
  /** What values it takes beyond its type, in words. */
  readonly limits: string;
  readonly required: boolean;
  /** The group within which it is required, where the group may be left out. */
  readonly requiredIn: string | undefined;
  /** As JSON. */
  readonly default: string | undefined;
  readonly description: string;
  /** `secret`: a value in its place is refused. `reference`: may be written as one. */
  readonly secret: "secret" | "reference" | undefined;
}

type Schema = Readonly<Record<string, unknown>>;

const isSchema = (value: unknown): value is Schema => typeof value === "object" && value !== null && !Array.isArray(value);
const MAX_DEPTH = 6;

/** A configuration's keys, from its JSON Schema. What the schema says in ways that are not known here is left out, never guessed. */
export function configRows(schema: unknown, within = "", optional = false, depth = 0): ConfigRow[] {
  if (!isSchema(schema) || !isSchema(schema["properties"]) || depth > MAX_DEPTH) return [];
  const required = new Set(Array.isArray(schema["required"]) ? schema["required"] : []);
  return Object.entries(schema["properties"]).flatMap(([name, inner]): ConfigRow[] => {
    const one = isSchema(inner) ? inner : {};
    const key = `${within}${snakeCase(name)}`;
    const needed = required.has(name);
    return [
      {
        key, type: typeOf(one), limits: limitsOf(one), required: needed && !optional, requiredIn: needed && optional ? within.slice(0, -1) : undefined,
        default: "default" in one ? JSON.stringify(one["default"]) : undefined, description: typeof one["description"] === "string" ? one["description"] : "",
        secret: one["secret"] === true ? "secret" : one["reference"] === true ? "reference" : undefined,
      },
      ...configRows(one, `${key}.`, optional || !needed, depth + 1),
    ];
  });
}

/** Dotted keys of what is to be written as a secret. */
export const secretsOf = (schema: unknown): string[] => configRows(schema).filter((row) => row.secret === "secret").map((row) => row.key);

const NAMES: Readonly<Record<string, string>> = { string: "text", integer: "whole number", number: "number", boolean: "true or false", object: "group", array: "list", null: "nothing" };

function typeOf(schema: Schema): string {
  for (const several of ["anyOf", "oneOf"]) {
    const among = schema[several];
    if (Array.isArray(among)) return [...new Set(among.map((one) => typeOf(isSchema(one) ? one : {})))].join(" or ");
  }
  if ("const" in schema) return JSON.stringify(schema["const"]);
  if (Array.isArray(schema["enum"])) return schema["enum"].map((value) => JSON.stringify(value)).join(" or ");
  const { type } = schema;
  if (Array.isArray(type)) return type.map((one) => NAMES[String(one)] ?? String(one)).join(" or ");
  if (type === "array") return `list of ${plural(isSchema(schema["items"]) ? typeOf(schema["items"]) : "values")}`;
  if (type === "object" && !isSchema(schema["properties"])) return isSchema(schema["additionalProperties"]) ? `keys with ${plural(typeOf(schema["additionalProperties"]))}` : "keys with values";
  if (type === "string" && schema["format"] === "uri") return "URL";
  return typeof type === "string" ? (NAMES[type] ?? type) : "any value";
}

const plural = (name: string): string => ({ text: "texts", "whole number": "whole numbers", number: "numbers", URL: "URLs", group: "groups" })[name] ?? name;

const number = (value: unknown): number | undefined => (typeof value === "number" && Math.abs(value) < Number.MAX_SAFE_INTEGER ? value : undefined);
const shown = (n: number): string => n.toLocaleString("en", { maximumFractionDigits: 10 });

function limitsOf(schema: Schema): string {
  const [low, high, above, below, most, least] = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "maxLength", "minLength"].map((key) => number(schema[key]));
  return [
    low !== undefined && high !== undefined ? `${shown(low)} to ${shown(high)}` : low !== undefined ? `at least ${shown(low)}` : "",
    above !== undefined ? `above ${shown(above)}` : "", high !== undefined && low === undefined ? `at most ${shown(high)}` : "", below !== undefined ? `below ${shown(below)}` : "",
    least !== undefined && least > 1 ? `at least ${shown(least)} characters` : "", most !== undefined ? `at most ${shown(most)} characters` : "",
  ].filter((part) => part !== "").join(", ");
}
