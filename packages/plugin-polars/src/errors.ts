import { MlstackError } from "@mlstack/core";

/** The error for a value of another type than was declared. */
export function typeMismatch(format: string, value: unknown, expected: string): MlstackError {
  const kind = polarsKind(value);
  const found = kind === undefined ? describeValue(value) : `a ${kind}`;
  const fix = kind === "LazyDataFrame" ? "return the result of its collect()" : `return ${expected}`;
  return new MlstackError("MLS1009", `the value is ${found}, but its output is declared as ${format}`, { fix, details: { format, found } });
}

/** The error for a value that would come back changed. */
export function unstorable(format: string, found: string, parts: { readonly fix?: string; readonly why?: string; readonly cause?: unknown }): MlstackError {
  return new MlstackError("MLS3006", `${found}: ${format} cannot hold it without changing it`, { ...parts, details: { format, found } });
}

/** The error for files that are not of their format. */
export function unreadable(format: string, found: string, cause?: unknown): MlstackError {
  return new MlstackError("MLS3008", `this is not a ${format} artifact: ${found}`, { cause, details: { format, found } });
}

/** Which of polars' classes a value is of, from whichever copy of nodejs-polars; undefined for others. */
export function polarsKind(value: unknown): "DataFrame" | "LazyDataFrame" | "Series" | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const tag = (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
  // a series has a method there
  const name: unknown = typeof tag === "function" ? tag.call(value) : tag;
  return name === "DataFrame" || name === "LazyDataFrame" || name === "Series" ? name : undefined;
}

function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
