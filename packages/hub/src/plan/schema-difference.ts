import { snakeCase } from "@mlstack/core/key-case";
import { canonicalJson } from "../digest/digest.ts";

/** What of a setting is another one in a newer schema. */
export interface SchemaDifference {
  /** Keys as they stand in a stack's file, such as `retry.attempts`; of a list's items `hosts[]`, of any other key `labels.*`. Empty for the configuration as a whole. */
  readonly key: string;
  /** `rule`: which values are taken, such as a minimum or a pattern. `secret`: whether it must be a reference. */
  readonly kind: "added" | "removed" | "required" | "optional" | "type" | "default" | "values" | "secret" | "rule";
  /** In words; undefined where there was nothing. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

type Schema = Readonly<Record<string, unknown>>;

/** A setting as a schema describes it, in words that can be compared. */
interface Setting {
  readonly required: boolean;
  readonly type: string;
  readonly default: string | undefined;
  readonly values: string | undefined;
  readonly secret: boolean;
  readonly rule: string | undefined;
}

/** How deep settings in settings are looked at: a schema may refer to itself. */
const DEEPEST = 8;
/** What says nothing about which values are taken, or is compared by itself. */
const APART = new Set(["$schema", "$id", "$defs", "$ref", "$comment", "title", "description", "examples", "deprecated", "readOnly", "writeOnly", "type", "properties", "required", "items", "additionalProperties", "anyOf", "oneOf", "default", "enum", "const", "secret", "reference"]);

/**
 * How the schema of a newer configuration differs. Titles and descriptions don't count.
 *
 * @param before JSON Schema, as is `after`
 * @returns by key
 */
export function schemaDifferences(before: Schema, after: Schema): readonly SchemaDifference[] {
  const [was, is] = [settingsOf(before), settingsOf(after)];
  const found: SchemaDifference[] = [];
  for (const key of [...new Set([...was.keys(), ...is.keys()])].toSorted()) {
    const [a, b] = [was.get(key), is.get(key)];
    const isBelow = (others: ReadonlyMap<string, Setting>): boolean => [...others.keys()].some((other) => other !== "" && !was.has(other) !== !is.has(other) && isPartOf(key, other));
    if (a === undefined) { if (!isBelow(is)) found.push({ key, kind: "added", before: undefined, after: text(b!) }); continue; }
    if (b === undefined) { if (!isBelow(was)) found.push({ key, kind: "removed", before: text(a), after: undefined }); continue; }
    if (a.type !== b.type) found.push({ key, kind: "type", before: a.type, after: b.type });
    if (a.required !== b.required) found.push({ key, kind: b.required ? "required" : "optional", before: undefined, after: undefined });
    if (a.default !== b.default) found.push({ key, kind: "default", before: a.default, after: b.default });
    if (a.values !== b.values && a.type === b.type) found.push({ key, kind: "values", before: a.values, after: b.values });
    if (a.secret !== b.secret) found.push({ key, kind: "secret", before: a.secret ? "a secret" : "no secret", after: b.secret ? "a secret" : "no secret" });
    if (a.rule !== b.rule) found.push({ key, kind: "rule", before: a.rule, after: b.rule });
  }
  return found;
}

/** Whether a setting stands in another one, which is there or away as a whole. */
const isPartOf = (key: string, other: string): boolean => key !== other && (key.startsWith(`${other}.`) || key.startsWith(`${other}[`));

function text({ type, required, default: usual, values, secret }: Setting): string {
  return [values ?? type, ...(secret ? ["a secret"] : []), required ? "required" : usual === undefined ? "optional" : `${usual} by default`].join(", ");
}

function settingsOf(root: Schema): Map<string, Setting> {
  const found = new Map<string, Setting>();
  const at = (value: unknown): Schema => {
    let schema = (typeof value === "object" && value !== null ? value : {}) as Schema;
    for (let i = 0; i < DEEPEST && typeof schema["$ref"] === "string"; i++) {
      const path = schema["$ref"].replace(/^#\/?/, "").split("/").filter((part) => part !== "");
      const target = path.reduce<unknown>((in_, name) => (in_ as Schema | undefined)?.[name], root);
      if (typeof target !== "object" || target === null || !schema["$ref"].startsWith("#")) break;
      const { $ref: _, ...rest } = schema;
      schema = { ...target, ...rest };
    }
    return schema;
  };

  function walk(value: unknown, key: string, required: boolean, depth: number): void {
    const schema = at(value);
    const { default: usual, enum: values, const: only } = schema;
    const rules = Object.entries(schema).filter(([word]) => !APART.has(word)).map(([word, of]) => `${word} ${canonicalJson(of)}`);
    if (schema["additionalProperties"] === false) rules.push("no other keys");
    found.set(key, {
      required, type: typeText(schema, at, 0), default: usual === undefined ? undefined : JSON.stringify(usual), secret: schema["secret"] === true, rule: rules.length === 0 ? undefined : rules.toSorted().join(", "),
      values: Array.isArray(values) ? values.map((v) => JSON.stringify(v)).toSorted().join(" or ") : only === undefined ? undefined : JSON.stringify(only),
    });
    if (depth >= DEEPEST) return;
    const names = new Set(Array.isArray(schema["required"]) ? schema["required"] as string[] : []);
    for (const [name, of] of Object.entries((schema["properties"] ?? {}) as Schema)) walk(of, key === "" ? snakeCase(name) : `${key}.${snakeCase(name)}`, names.has(name), depth + 1);
    if (typeof schema["items"] === "object") walk(schema["items"], `${key}[]`, false, depth + 1);
    if (typeof schema["additionalProperties"] === "object") walk(schema["additionalProperties"], key === "" ? "*" : `${key}.*`, false, depth + 1);
  }

  walk(root, "", true, 0);
  return found;
}

/** Such as `string`, `list of integer`, `string or mapping`. What a mapping or list holds is compared by its own keys, but for one of several forms. */
function typeText(schema: Schema, at: (value: unknown) => Schema, depth: number): string {
  const forms = [schema["anyOf"], schema["oneOf"]].flatMap((list) => (Array.isArray(list) ? list as unknown[] : []));
  if (forms.length > 0 && depth < DEEPEST) return [...new Set(forms.map((form) => { const one = at(form); return one["properties"] === undefined ? typeText(one, at, depth + 1) : `mapping ${canonicalJson(one["properties"])}`; }))].toSorted().join(" or ");
  if (Array.isArray(schema["enum"])) return "one of several";
  if (schema["const"] !== undefined) return "one value";
  const { type } = schema;
  if (Array.isArray(type)) return [...type as string[]].toSorted().join(" or ");
  return type === undefined ? "anything" : type === "object" ? "mapping" : type === "array" ? "list" : typeof type === "string" ? type : "anything";
}
