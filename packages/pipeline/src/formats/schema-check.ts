import { MlstackError } from "@mlstack/core";
import { z } from "zod";

type Path = readonly PropertyKey[];

/**
 * Checks that a value is a result of its schema: the schema accepts it and gives it back as it is. Properties that the schema does
 * not know and drops are the one exception. A schema that changes what it reads (transform, trim, coerce, default, catch, codec)
 * therefore accepts only values that it has nothing to change in.
 *
 * @param code MLS1009 for a value that a step returned, MLS3007 for one that was stored
 */
export async function checkSchema(schema: z.ZodType, value: unknown, code: "MLS1009" | "MLS3007"): Promise<void> {
  let result: z.ZodSafeParseResult<unknown>;
  try {
    result = await schema.safeParseAsync(value);
  } catch (cause) {
    throw new MlstackError(code, `the schema failed on the value: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
  if (!result.success) throw invalid(result.error.issues, code);
  const path = firstChange(value, result.data, []);
  if (path === undefined) return;
  const where = pathText(path);
  throw new MlstackError(code, `${where} is not as its schema makes it: the schema would change it, and a value is stored as it is`, {
    why: "json() takes a value that its schema accepts and gives back unchanged",
    fix: code === "MLS1009" ? "return the schema's own result (schema.parse), or leave transform, trim, coerce and default out of it" : "read it with the schema that it was written with",
    details: { path: where },
  });
}

function invalid(issues: readonly z.core.$ZodIssue[], code: "MLS1009" | "MLS3007"): MlstackError {
  const lines = issues.slice(0, 3).map((issue) => `${pathText(issue.path)}: ${issue.message}`);
  const more = issues.length > lines.length ? ` (and ${issues.length - lines.length} more)` : "";
  return new MlstackError(code, `the value does not satisfy its schema: ${lines.join("; ")}${more}`, {
    details: { issues: issues.slice(0, 20).map((issue) => ({ path: pathText(issue.path), message: issue.message })) },
  });
}

function pathText(path: Path): string {
  const text = z.core.toDotPath([...path]);
  return text === "" || text.startsWith("[") ? `value${text}` : `value.${text}`;
}

/** The path of the first place where what the schema made is not the value. */
function firstChange(value: unknown, made: unknown, path: Path): Path | undefined {
  if (Object.is(value, made)) return undefined;
  if (typeof value !== "object" || typeof made !== "object" || value === null || made === null) return path;
  if (Array.isArray(value)) return Array.isArray(made) ? changeInItems(value, made, path) : path;
  if (value instanceof Set) return made instanceof Set ? changeInItems([...value], [...made], path) : path;
  if (value instanceof Map) return made instanceof Map ? changeInItems([...value], [...made], path) : path;
  if (isRecord(value) && isRecord(made)) return changeInProperties(value, made, path);
  return isSameLeaf(value, made) ? undefined : path;
}

function changeInItems(value: readonly unknown[], made: readonly unknown[], path: Path): Path | undefined {
  if (value.length !== made.length) return path;
  for (const [i, item] of value.entries()) {
    if (Object.is(item, made[i])) continue;
    const change = firstChange(item, made[i], [...path, i]);
    if (change !== undefined) return change;
  }
  return undefined;
}

function changeInProperties(value: Readonly<Record<string, unknown>>, made: Readonly<Record<string, unknown>>, path: Path): Path | undefined {
  for (const key of Object.keys(made)) {
    const change = firstChange(Object.hasOwn(value, key) ? value[key] : undefined, made[key], [...path, key]);
    if (change !== undefined) return change;
  }
  return undefined;
}

/** Dates and binary data: equal in class and content. */
function isSameLeaf(value: object, made: object): boolean {
  if (Object.getPrototypeOf(value) !== Object.getPrototypeOf(made)) return false;
  if (value instanceof Date) return Object.is(value.getTime(), (made as Date).getTime());
  if (ArrayBuffer.isView(value)) return Buffer.compare(bytesOf(value), bytesOf(made as ArrayBufferView)) === 0;
  return value instanceof ArrayBuffer && Buffer.compare(Buffer.from(value), Buffer.from(made as ArrayBuffer)) === 0;
}

function bytesOf(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

function isRecord(value: object): value is Readonly<Record<string, unknown>> {
  const proto: unknown = Object.getPrototypeOf(value);
  return proto === Object.prototype || proto === null;
}
