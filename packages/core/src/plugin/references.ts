import type { z } from "zod";
import { MlstackError } from "../errors/mlstack-error.ts";
import { snakeCase } from "../values/key-case.ts";
import type { JsonObject, JsonValue } from "../values/json.ts";

/*
 * References in configurations. A stack's file is committed, and its components are kept with every run, sent to every step and shown by
 * commands: a secret is there as a reference, `${env:NAME}` or `${secret:NAME}`, and becomes a value in the process that creates the
 * component, and nowhere else. Which fields are secrets is said by the schema, and by that in the manifest. In any other field
 * `${secret:NAME}` is a secret all the same, and `${env:NAME}` an ordinary setting that each machine has for itself: it becomes a value
 * before the configuration is kept or compared (`settledConfig`).
 */

/** Marks a field of a component's configuration as a secret: it is written as a reference, and a value in its place is refused. */
export function secret<S extends z.ZodType>(schema: S): S {
  return schema.meta({ secret: true });
}

/** Marks a field that goes with a secret, such as a user's name: it may be written as a reference, or as it is. */
export function reference<S extends z.ZodType>(schema: S): S {
  return schema.meta({ reference: true });
}

/** What is said of a component in messages. */
export interface Owner { readonly type: string; readonly name: string; readonly flavor: string }

export interface Resolved {
  readonly config: JsonValue;
  /** The values of secrets, and of what goes with one, that took the place of references: for taking them out of messages. */
  readonly secrets: readonly string[];
  /** Those of them that are secrets by themselves, and not only told with one, such as a user's name. */
  readonly hidden: readonly string[];
}

/** Where references lead. */
export interface References {
  readonly env: Env;
  /** By name, the values of the secrets that the configuration refers to (`referencedSecrets`); undefined where there are no secret stores. */
  readonly secrets?: ReadonlyMap<string, string> | undefined;
  /** Where secrets are looked for, in words. */
  readonly stores?: string | undefined;
}

type Env = Readonly<Record<string, string | undefined>>;
type Schema = Readonly<Record<string, unknown>>;

const WHOLE = /^\$\{(env|secret):([^}]*)\}$/;
const ANYWHERE = /\$\{(?:env|secret):[^}]*\}/;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** What any store may take for a name; most take less. */
const SECRET_NAME = /^[^\s\p{Cc}]{1,256}$/u;

/**
 * Puts values in the place of references. Where the schema takes no text, a number, `true` or `false` is read from it.
 *
 * @param schema JSON Schema of the configuration, as the manifest has it
 * @param strict refuse a secret that is written as it is
 * @throws MLS2008 for a reference inside of a text, and, when strict, for a secret as text; MLS2010 for one that leads to nothing
 */
export function resolveReferences(config: JsonValue, schema: JsonObject, { owner, env, secrets: kept, stores = "", strict }: References & { readonly owner: Owner; readonly strict: boolean }): Resolved {
  const secrets: string[] = [];
  const hidden: string[] = [];
  const who = whoOf(owner);

  function text(value: string, { path, isSecret, goesWithOne, typed }: Field): JsonValue {
    const where = path.map(snakeCase).join(".");
    const [, source, name = ""] = WHOLE.exec(value) ?? [];
    if (source === undefined) {
      plain(value, { path, isSecret }, owner, strict);
      return value;
    }
    const details = { component: owner.name, field: where };
    let found: string | undefined;
    if (source === "secret") {
      if (!SECRET_NAME.test(name)) throw new MlstackError("MLS2010", `${who}: ${where} refers to a secret with the name ${JSON.stringify(name)}`, { why: "a name has no blanks, and is not empty", fix: `write ${where}: \${secret:NAME}`, details });
      if (kept === undefined) throw new MlstackError("MLS2010", `${who}: ${where} refers to a secret store, and there is none here`, { why: "a secret store can't be opened by what another one keeps", fix: `write ${where}: \${env:NAME}`, details });
      found = kept.get(name);
      if (found === undefined) throw new MlstackError("MLS2010", `there is no secret ${JSON.stringify(name)}`, { why: `${who} takes its ${where} from it; looked for in ${stores}`, fix: `mlstack secret set ${name}`, details: { ...details, secret: name } });
    } else {
      found = NAME.test(name) ? env[name] : undefined;
      if (found === undefined) throw new MlstackError("MLS2010", `the variable ${NAME.test(name) ? name : JSON.stringify(name)} is not set`, { why: `${who} takes its ${where} from it`, fix: NAME.test(name) ? `export ${name}=…` : `write ${where}: \${env:NAME}`, details: { ...details, variable: name } });
    }
    if (isSecret || source === "secret") hidden.push(found);
    if (isSecret || goesWithOne || source === "secret") secrets.push(found);
    return typed(found);
  }

  return { config: mapTexts(config, schema, text), secrets, hidden };
}

/** Looks at a text that is no reference. @throws MLS2008 for one inside of it, and, when strict, for a secret */
function plain(value: string, { path, isSecret }: Pick<Field, "path" | "isSecret">, owner: Owner, strict: boolean): void {
  const who = whoOf(owner);
  const where = path.map(snakeCase).join(".");
  if (ANYWHERE.test(value)) throw new MlstackError("MLS2008", `${who}: ${where} has a reference inside of a text`, { why: "a reference stands for the whole value", fix: `write ${where}: \${env:NAME}` });
  if (!strict || !isSecret) return;
  const suggested = `${owner.flavor}_${snakeCase(path.at(-1) ?? "secret")}`.replace(/[^A-Za-z0-9]+/g, "_").toUpperCase();
  throw new MlstackError("MLS2008", `${who}: ${where} is a secret, and is written as text`, { why: "a stack is committed, kept with every run and sent to every step", fix: `write ${where}: \${env:${suggested}}, and set that variable`, details: { component: owner.name, field: where } });
}

const whoOf = ({ type, name, flavor }: Owner): string => `the ${type} "${name}" (${flavor})`;

/** Looks at how texts of a configuration are written: secrets as references, and those not inside of a text. Where references lead is not looked at. @throws MLS2008 */
export function checkWritten(config: JsonValue, schema: JsonObject, owner: Owner): void {
  mapTexts(config, schema, (value, field) => {
    if (!WHOLE.test(value)) plain(value, field, owner, true);
    return value;
  });
}

/** Whether a value is a reference, and nothing else. */
export function isReference(value: JsonValue | undefined): boolean {
  return typeof value === "string" && WHOLE.test(value);
}

/**
 * The configuration as it is kept and compared: what `${env:NAME}` leads to stands in its place, where that is no secret and goes with none.
 * A variable that is not set stays a reference.
 */
export function settledConfig(config: JsonValue, schema: JsonObject, env: Env): JsonValue {
  return mapTexts(config, schema, (value, { isSecret, goesWithOne, typed }) => {
    const [, source, name = ""] = WHOLE.exec(value) ?? [];
    const found = source === "env" && !isSecret && !goesWithOne && NAME.test(name) ? env[name] : undefined;
    return found === undefined ? value : typed(found);
  });
}

/** The values of secrets that a configuration gets, as far as they are there: those in `Resolved.hidden`. */
export function hiddenValues(config: JsonValue, schema: JsonObject, { env, secrets }: Pick<References, "env" | "secrets">): string[] {
  const found: string[] = [];
  mapTexts(config, schema, (value, { isSecret }) => {
    const [, source, name = ""] = WHOLE.exec(value) ?? [];
    const kept = source === "secret" ? secrets?.get(name) : source === "env" && isSecret ? env[name] : undefined;
    if (kept !== undefined) found.push(kept);
    return value;
  });
  return found;
}

/** Where a text stands in a configuration. */
interface Field {
  readonly path: readonly string[];
  readonly isSecret: boolean;
  readonly goesWithOne: boolean;
  /** The text as the schema takes it here: a number or a truth value where it takes no text. */
  typed(text: string): JsonValue;
}

/** A configuration with all its texts replaced. */
function mapTexts(config: JsonValue, schema: JsonObject, text: (value: string, field: Field) => JsonValue): JsonValue {
  const root = schema as Schema;

  function walk(value: JsonValue, schemas: readonly Schema[], path: readonly string[]): JsonValue {
    if (typeof value === "string") return text(value, { path, isSecret: schemas.some((s) => s["secret"] === true), goesWithOne: schemas.some((s) => s["reference"] === true), typed: (found) => typedBy(found, schemas) });
    if (Array.isArray(value)) return value.map((item, i) => walk(item, below(schemas, "items"), [...path, String(i)]));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, walk(part as JsonValue, below(schemas, "properties", key), [...path, key])]));
  }

  /** Schemas of a part of what these describe; a name that none of them has is described by none. */
  function below(schemas: readonly Schema[], keyword: "items" | "properties", key?: string): Schema[] {
    return schemas.flatMap((s) => {
      const found = keyword === "items" ? s["items"] : ((s["properties"] as Schema | undefined)?.[key!] ?? s["additionalProperties"]);
      return typeof found === "object" && found !== null ? flat(found as Schema) : [];
    });
  }

  /** A schema with those that it is made of. */
  function flat(s: Schema, depth = 0): Schema[] {
    const parts = ["anyOf", "oneOf", "allOf"].flatMap((word) => (Array.isArray(s[word]) ? (s[word] as Schema[]) : []));
    const target = typeof s["$ref"] === "string" && s["$ref"].startsWith("#/") ? s["$ref"].slice(2).split("/").reduce<unknown>((at, name) => (at as Schema | undefined)?.[name], root) : undefined;
    return depth > 16 ? [s] : [s, ...[...parts, ...(target === undefined ? [] : [target as Schema])].flatMap((part) => flat(part, depth + 1))];
  }

  return walk(config, flat(root), []);
}

function typedBy(text: string, schemas: readonly Schema[]): JsonValue {
  const types = schemas.flatMap((s) => s["type"] ?? []);
  if (types.includes("string")) return text;
  if ((types.includes("number") || types.includes("integer")) && /^-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text))) return Number(text);
  return types.includes("boolean") && /^(?:true|false)$/.test(text) ? text === "true" : text;
}

/** The environment variables that a configuration, or anything that holds some, refers to. */
export function referencedVariables(config: JsonValue | undefined): string[] {
  return referenced(config, "env").filter((name) => NAME.test(name));
}

/** The names of the secrets that a configuration, or anything that holds some, refers to. */
export function referencedSecrets(config: JsonValue | undefined): string[] {
  return referenced(config, "secret").filter((name) => SECRET_NAME.test(name));
}

function referenced(config: JsonValue | undefined, source: "env" | "secret"): string[] {
  if (typeof config === "string") {
    const [, found, name = ""] = WHOLE.exec(config) ?? [];
    return found === source ? [name] : [];
  }
  if (typeof config !== "object" || config === null) return [];
  return [...new Set(Object.values(config).flatMap((part) => referenced(part as JsonValue, source)))];
}
