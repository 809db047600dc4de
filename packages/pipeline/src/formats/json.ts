import { encodeValue, parseValue, stringifyValue, type ArtifactType, type JsonObject } from "@mlstack/core";
import type { z } from "zod";
import { artifactType, readText, type FormatOptions } from "./artifact-type.ts";
import { jsonPreview } from "./preview.ts";
import { checkSchema } from "./schema-check.ts";

const FILE = "value.json";
/** Strings up to this length are shown in the metadata. */
const SHORT = 200;

/**
 * A value as JSON text: format `json/1`, one file `value.json`, UTF-8, in the tagged form that `encodeValue` of @mlstack/core documents.
 * Plain JSON values are plain JSON; Map, Set, Date, bigint, undefined, NaN, -0 and binary data come back unchanged too.
 *
 * With a schema, a value must be a result of it: accepted, and given back unchanged. A value is stored as it is, never as the schema
 * would make it. So a schema that changes what it reads (transform, trim, coerce, default, codec) takes only values that it leaves
 * alone, and properties that a `z.object` does not know are neither dropped nor refused; use `z.strictObject` to refuse them. The check
 * is made on save and on load.
 *
 * @throws on save MLS3006 for a value that JSON cannot hold unchanged, MLS1009 for one that is no result of its schema; on load MLS3007
 *   for a stored value that is no result of the schema, MLS3008 for text that is not of this format
 */
export function json<S extends z.ZodType>(schema: S, options?: FormatOptions): ArtifactType<z.output<S>>;
/** The same without a check: the type parameter is a promise of the author's. */
export function json<T = unknown>(schema?: undefined, options?: FormatOptions): ArtifactType<T>;
export function json(schema?: z.ZodType, options: FormatOptions = {}): ArtifactType<unknown> {
  return artifactType<unknown>("json/1", options, {
    async save(value, dir) {
      const text = stringifyValue(value);
      if (schema !== undefined) await checkSchema(schema, value, "MLS1009");
      await dir.write(FILE, text);
    },
    async load(dir, format) {
      const value = parseValue(await readText(dir, format, FILE, "drop"));
      if (schema !== undefined) await checkSchema(schema, value, "MLS3007");
      return value;
    },
    extractMetadata: summary,
    preview: (value) => jsonPreview(encodeValue(value)),
  });
}

/** The value's type and size, and a short scalar itself. */
function summary(value: unknown): JsonObject {
  if (value === null || typeof value === "boolean") return { type: value === null ? "null" : "boolean", value };
  if (typeof value === "number") return { type: "number", value: Number.isFinite(value) ? value : String(value) };
  if (typeof value === "string") return { type: "string", characters: value.length, ...(value.length <= SHORT && { value }) };
  if (typeof value !== "object") return { type: typeof value };
  if (Array.isArray(value)) return { type: "array", items: value.length };
  if (value instanceof Map || value instanceof Set) return { type: value instanceof Map ? "Map" : "Set", items: value.size };
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return { type: value.constructor.name, bytes: value.byteLength };
  return value instanceof Date ? { type: "Date" } : { type: "object", keys: Object.keys(value).length };
}
