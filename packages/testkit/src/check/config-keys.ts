import { record } from "./package-folder.ts";

/** A key of a component's configuration, wherever it stands. */
export interface ConfigKey {
  /** `credentials.secretAccessKey`. */
  readonly path: string;
  readonly name: string;
  /** Of the value, without what stands beside it. */
  readonly types: readonly string[];
  readonly described: boolean;
  readonly isSecret: boolean;
  /** Whether it may be written as a reference: it goes with a secret. */
  readonly isReference: boolean;
}

/** What the schema of a configuration has. */
export interface ConfigFacts {
  readonly keys: readonly ConfigKey[];
  /** Paths of objects that take any key; empty for the configuration itself. */
  readonly open: readonly string[];
}

type Schema = Readonly<Record<string, unknown>>;

/** @param schema JSON Schema (2020-12), as in a manifest */
export function configFacts(schema: Schema): ConfigFacts {
  const keys = new Map<string, ConfigKey>();
  const open = new Set<string>();
  walk(schema, "", 0);
  return { keys: [...keys.values()], open: [...open] };

  function walk(at: unknown, path: string, depth: number): void {
    const each = resolved(at, schema);
    // a schema may hold itself
    if (each === undefined || depth > 12) return;
    const properties = record(each["properties"]);
    if (properties !== undefined) {
      if (each["additionalProperties"] !== false) open.add(path);
      for (const [name, value] of Object.entries(properties)) {
        const inner = path === "" ? name : `${path}.${name}`;
        const known = keys.get(inner);
        const key = keyOf(name, inner, value, schema);
        keys.set(inner, known === undefined ? key : { ...known, described: known.described || key.described, isSecret: known.isSecret || key.isSecret, isReference: known.isReference || key.isReference, types: [...new Set([...known.types, ...key.types])] });
        walk(value, inner, depth + 1);
      }
    }
    for (const branch of branchesOf(each)) walk(branch, path, depth + 1);
    // what a list or a map holds has no key of its own
    for (const part of ["items", "additionalProperties"]) walk(each[part], path, depth + 1);
  }
}

function keyOf(name: string, path: string, value: unknown, root: Schema): ConfigKey {
  const all = alternatives(value, root, 0);
  return {
    name, path, types: [...new Set(all.flatMap((each) => (Array.isArray(each["type"]) ? (each["type"] as readonly unknown[]) : [each["type"]])).filter((type) => typeof type === "string"))],
    described: all.some((each) => typeof each["description"] === "string" && each["description"].trim() !== ""),
    isSecret: all.some((each) => each["secret"] === true), isReference: all.some((each) => each["reference"] === true),
  };
}

/** A schema and all that may stand in its place. */
function alternatives(value: unknown, root: Schema, depth: number): readonly Schema[] {
  const each = resolved(value, root);
  if (each === undefined || depth > 12) return [];
  const own = record(value);
  return [...(own === undefined || own === each ? [] : [own]), each, ...branchesOf(each).flatMap((branch) => alternatives(branch, root, depth + 1))];
}

function branchesOf(schema: Schema): readonly unknown[] {
  return ["anyOf", "oneOf", "allOf"].flatMap((key) => (Array.isArray(schema[key]) ? (schema[key] as readonly unknown[]) : []));
}

function resolved(value: unknown, root: Schema): Schema | undefined {
  const schema = record(value);
  const ref = schema?.["$ref"];
  if (typeof ref !== "string") return schema;
  return ref.split("/").slice(1).reduce<Schema | undefined>((at, part) => record(at?.[part]), root);
}
