import type { JsonObject, JsonValue } from "./json.ts";

/**
 * JSON text in canonical form (RFC 8785): no spaces, keys sorted by UTF-16 code units, numbers and strings as ECMAScript writes them.
 * One difference: a lone surrogate is kept, as its escape. Numbers must be finite.
 */
export function canonicalJson(json: JsonValue): string {
  if (isFlat(json)) return JSON.stringify(json);
  if (Array.isArray(json)) {
    const items = json as readonly JsonValue[];
    return items.every(isFlat) ? JSON.stringify(items) : `[${items.map(canonicalJson).join(",")}]`;
  }
  const object = json as JsonObject;
  const members: string[] = [];
  for (const key of Object.keys(object).toSorted()) {
    const value = object[key];
    if (value !== undefined) members.push(`${JSON.stringify(key)}:${canonicalJson(value)}`);
  }
  return `{${members.join(",")}}`;
}

function isFlat(json: JsonValue): boolean {
  return typeof json !== "object" || json === null;
}
