import { MlstackError, type ArtifactKind, type ArtifactType, type Codec, type InputDir } from "@mlstack/core";

/** What every built-in format takes. */
export interface FormatOptions {
  /** What the artifact is for, in lists and filters; `data` by default. No part of a cache key. */
  readonly kind?: ArtifactKind | undefined;
}

/** Makes an artifact type whose codec reads the one format that it writes. */
export function artifactType<T>(format: string, options: FormatOptions, codec: Omit<Codec<T>, "reads">): ArtifactType<T> {
  return { format, kind: options.kind ?? "data", codec: { reads: [format], ...codec } };
}

/** The error for a value of another type than was declared. */
export function typeMismatch(format: string, value: unknown, expected: string): MlstackError {
  return new MlstackError("MLS1009", `the value is ${describeValue(value)}, but its output is declared as ${format}`, {
    fix: `return ${expected}`, details: { format, found: describeValue(value) },
  });
}

/** The error for files that are not of their format. */
export function unreadable(format: string, found: string, parts: { fix?: string; cause?: unknown } = {}): MlstackError {
  return new MlstackError("MLS3008", `this is not a ${format} artifact: ${found}`, { ...parts, details: { format, found } });
}

/** The error for a value that would come back changed. */
export function unstorable(format: string, found: string, fix: string): MlstackError {
  return new MlstackError("MLS3006", `${found}: ${format} cannot hold it without changing it`, { fix, details: { format, found } });
}

/** A file in memory of its own, whatever its size: files of more than 2 GiB too. */
export async function readWhole(dir: InputDir, format: string, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(sizeOf(dir, format, name));
  let at = 0;
  for await (const piece of dir.stream(name)) {
    if (at + piece.length > bytes.length) throw longerThanListed(name);
    bytes.set(piece, at);
    at += piece.length;
  }
  if (at !== bytes.length) throw longerThanListed(name);
  return bytes;
}

/** A file's size in bytes. */
export function sizeOf(dir: InputDir, format: string, name: string): number {
  const entry = dir.files.find((file) => file.path === name);
  if (entry === undefined) throw unreadable(format, `it has no file "${name}"`);
  return entry.size;
}

/** A file as text. A byte order mark is kept or dropped, as asked. */
export async function readText(dir: InputDir, format: string, name: string, bom: "keep" | "drop"): Promise<string> {
  sizeOf(dir, format, name);
  const bytes = await dir.read(name);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: bom === "keep" }).decode(bytes);
  } catch (cause) {
    throw unreadable(format, `"${name}" is not UTF-8, or longer than a string can be`, { cause });
  }
}

function longerThanListed(name: string): MlstackError {
  return new MlstackError("MLS3002", `"${name}" has another size than its manifest says`, { details: { file: name } });
}

function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== "object") return `a ${typeof value}`;
  const name: unknown = (value as { constructor?: { name?: unknown } }).constructor?.name;
  return typeof name === "string" && name !== "" && name !== "Object" ? `an instance of ${name}` : "an object";
}
