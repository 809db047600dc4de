import { readFileSync } from "node:fs";
import { isAbsolute, relative } from "node:path";
import { didYouMean, MlstackError } from "@mlstack/core/errors";
import type { Document, LineCounter, YAMLError } from "yaml";
import { fsError } from "../local/fs-errors.ts";

/** The library, given by whoever has loaded it: what reads files must not wait while it holds the project's lock. */
export type Yaml = typeof import("yaml");

/** The version of the project's files that this code reads. */
const VERSION = 1;

/** A YAML file of the project: what it says, and where. */
export interface YamlFile {
  readonly path: string;
  /** As messages name it: from the project's folder, or absolute outside of it. */
  readonly file: string;
  readonly text: string;
  readonly document: Document;
  readonly lines: LineCounter;
  readonly value: unknown;
}

/**
 * Reads a YAML file whose top is a mapping.
 *
 * @param what such as `stack`; `form` is what such a file looks like, for messages
 * @throws MLS7004 for what is no YAML, with line and column, or no mapping; MLS7010 for a `version` that is not known; MLS3005
 */
export function readYaml(yaml: Yaml, path: string, projectDir: string, what: string, form: string): YamlFile & { readonly value: Readonly<Record<string, unknown>> } {
  let text: string;
  try { text = readFileSync(path, "utf8"); } catch (e) { throw fsError(e, "reading", path); }
  const found = parseYaml(yaml, text, path, projectDir);
  const { file, value } = found;
  if (value === null || value === undefined) throw new MlstackError("MLS7004", `${file} is empty`, { fix: form, details: { file } });
  if (!isMapping(value)) throw new MlstackError("MLS7004", `${file} is not a ${what}: it holds ${Array.isArray(value) ? "a list" : "a text"}`, { fix: form, details: { file } });
  const { version } = value;
  if (version === undefined || version === VERSION) return { ...found, value };
  if (typeof version !== "number" || !Number.isInteger(version) || version < 1) throw invalid(found, ["version"], `is not a ${what}: version is ${JSON.stringify(version)}`, `write version: ${VERSION}`);
  throw new MlstackError("MLS7010", `${file} is of version ${version}, this mlstack knows version ${VERSION}`, { why: "a newer mlstack wrote it", fix: "update mlstack in this project: npm install mlstack@latest", details: { file, found: version, known: VERSION } });
}

/** @throws MLS7004 for what is no YAML */
export function parseYaml({ LineCounter, parseDocument }: Yaml, text: string, path: string, projectDir: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const found = { path, file: fileName(path, projectDir), text, document, lines };
  const [problem] = document.errors;
  if (problem !== undefined) throw notYaml(found, problem);
  try { return { ...found, value: document.toJS() as unknown }; } catch (e) { throw invalid(found, [], `is not YAML: ${e instanceof Error ? e.message : String(e)}`); }
}

/** As messages name a file: from the project's folder, or absolute outside of it. */
export function fileName(path: string, projectDir: string): string {
  const short = relative(projectDir, path);
  return short.startsWith("..") || isAbsolute(short) ? path : short.replaceAll("\\", "/");
}

export function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null);
}

type Place = Pick<YamlFile, "file" | "document" | "lines">;

function notYaml({ file, lines }: Omit<Place, "document">, problem: YAMLError): MlstackError {
  const { line, col } = lines.linePos(problem.pos[0]);
  const message = problem.code === "MULTIPLE_DOCS" ? "a second document begins, and a file holds one" : problem.message.split("\n", 1)[0]!.replace(/ at line \d+, column \d+:?$/, "");
  return new MlstackError("MLS7004", `${file} is not YAML: line ${line}, column ${col}: ${message}`, { fix: `correct line ${line} of ${file}`, details: { file, line, column: col } });
}

/** @param path to the part that is wrong, or to one that is missing in what is there */
export function invalid(place: Place, path: readonly PropertyKey[], message: string, fix?: string): MlstackError {
  const { line, col } = placeOf(place, path);
  return new MlstackError("MLS7004", `${place.file} ${message}`, { fix: fix === undefined ? `correct line ${line} of ${place.file}` : `${fix}, in line ${line} of ${place.file}`, details: { file: place.file, line, column: col } });
}

/** Where a key stands, or the nearest around it that is there. */
export function placeOf({ document, lines }: Omit<Place, "file">, path: readonly PropertyKey[]): { readonly line: number; readonly col: number } {
  for (let n = path.length; n > 0; n--) {
    const parent = (n === 1 ? document.contents : document.getIn(path.slice(0, n - 1), true)) as { readonly items?: readonly { readonly key?: { readonly value?: unknown; readonly range?: readonly number[] | null } | null }[] } | null | undefined;
    const key = parent?.items?.find((item) => String(item.key?.value) === String(path[n - 1]))?.key;
    if (key?.range !== undefined && key.range !== null) return lines.linePos(key.range[0]!);
  }
  return { line: 1, col: 1 };
}

/**
 * Refuses keys that nobody reads: a misspelt one would be one that is not heeded. Keys that begin with `x-` are the user's own, such as for
 * anchors.
 *
 * @param meant what people write in the place of a key
 * @throws MLS7004
 */
export function knownKeys(place: Place, path: readonly PropertyKey[], value: Readonly<Record<string, unknown>>, keys: readonly string[], what: string, meant: Readonly<Record<string, string>> = {}): void {
  const unknown = Object.keys(value).find((key) => !keys.includes(key) && !key.startsWith("x-"));
  if (unknown === undefined) return;
  const near = (Object.hasOwn(meant, unknown) ? meant[unknown] : undefined) ?? didYouMean(unknown, keys.filter((key) => !Object.hasOwn(value, key)));
  throw invalid(place, [...path, unknown], `is not a ${what}: ${path.length === 0 ? "it" : path.join(".")} has ${JSON.stringify(unknown)}, which is not known`, near === undefined ? `leave it out; known are ${keys.join(", ")}` : `write ${near}`);
}

/** @throws MLS7004 for what is no text, or an empty one; undefined where the key is not there */
export function textAt(place: Place, path: readonly PropertyKey[], value: unknown, what: string): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "string" && value !== "") return value;
  throw invalid(place, path, `is not a ${what}: ${path.join(".")} is ${value === "" ? "empty" : shown(value)}`, `write a text${typeof value === "number" || typeof value === "boolean" ? `, in quotes: ${String(path.at(-1))}: "${String(value)}"` : ""}`);
}

/** @throws MLS7004 */
export function textsAt(place: Place, path: readonly PropertyKey[], value: unknown, what: string): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((item) => typeof item === "string" && item !== "")) return value as string[];
  throw invalid(place, path, `is not a ${what}: ${path.join(".")} is no list of texts`, `write ${String(path.at(-1))}: [NAME]`);
}

export function shown(value: unknown): string {
  return value === null ? "empty" : Array.isArray(value) ? "a list" : typeof value === "object" ? "a mapping" : `the ${typeof value} ${JSON.stringify(value)}`;
}
