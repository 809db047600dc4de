import { readFileSync } from "node:fs";

/** What JSON written by others is read as: nothing about its inside is taken for granted. */
export type Loose = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Loose {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value as an object; an empty one when it is something else. */
export function record(value: unknown): Loose {
  return isRecord(value) ? value : {};
}

export function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The strings in a list, or the one string given instead of a list. */
export function texts(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).filter((v) => typeof v === "string");
}

/** A JSON object from a file; undefined when there is no such file. @throws for one that can't be read or parsed */
export function readJson(path: string): Loose | undefined {
  let content: string;
  try { content = readFileSync(path, "utf8"); } catch (e) {
    if (isMissing(e)) return undefined;
    throw e;
  }
  return record(JSON.parse(content.charCodeAt(0) === 0xfeff ? content.slice(1) : content));
}

function isMissing(e: unknown): boolean {
  return ["ENOENT", "ENOTDIR"].includes(reasonOf(e));
}

/** An error in a word, without its path, which differs between machines. */
export function reasonOf(e: unknown): string {
  return e instanceof SyntaxError ? "it is not JSON" : (text((e as { code?: unknown }).code) ?? "unreadable");
}
