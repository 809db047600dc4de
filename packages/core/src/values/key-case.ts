import { MlstackError } from "../errors/mlstack-error.ts";
import type { JsonObject, JsonValue } from "./json.ts";

/** `tracking_uri` → `trackingUri`. What has no underscore stays as it is. */
export function camelCase(key: string): string {
  return key.replace(/(?<=[A-Za-z0-9])_+([a-z0-9])/g, (_, c: string) => c.toUpperCase());
}

/** `trackingUri` → `tracking_uri`. */
export function snakeCase(key: string): string {
  return key.replace(/(?<=[a-z0-9])[A-Z]/g, (c) => `_${c.toLowerCase()}`);
}

/**
 * Configurations are written in snake_case and read in camelCase: all keys of an object, those of objects inside of it included.
 *
 * @throws MLS2008 when two keys become the same
 */
export function camelKeys(config: JsonObject): JsonObject {
  // no object: `__proto__` and `constructor` are keys like any other
  const mapped = new Map<string, JsonValue>();
  for (const [key, value] of Object.entries(config)) {
    const name = camelCase(key);
    if (mapped.has(name)) throw new MlstackError("MLS2008", `${JSON.stringify(key)} and another key of the configuration both mean ${name}`, { fix: "keep one of them" });
    if (value !== undefined) mapped.set(name, inner(value));
  }
  return Object.fromEntries(mapped);
}

function inner(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(inner);
  return typeof value === "object" && value !== null ? camelKeys(value as JsonObject) : value;
}
