import { readFileSync } from "node:fs";
import { MlstackError } from "@mlstack/core";
import { fsError } from "../local/fs-errors.ts";
import { loadYaml } from "../project-files/project-files.ts";
import { fileName, placeOf } from "../project-files/yaml-file.ts";

/** Where something stands in a file, from 1. */
export interface Position { readonly line: number; readonly column: number }

/** A YAML file as a value, with the places of its parts. */
export interface YamlDocument {
  /** As it is named from the project; outside of it absolute. */
  readonly file: string;
  readonly value: unknown;
  /** The place of a key, or of the nearest around it that is there. */
  place(path: readonly PropertyKey[]): Position;
  /** The error for a part that is wrong: `run.yaml:3:5: …`. */
  invalid(path: readonly PropertyKey[], message: string, parts?: { readonly why?: string | undefined; readonly fix?: string | undefined }): MlstackError;
}

/**
 * @param projectDir what the file is named from in messages
 * @throws MLS7002 when there is no such file; MLS7004 when it is not YAML, with the place
 */
export async function readYaml(path: string, projectDir: string): Promise<YamlDocument> {
  const { LineCounter, parseDocument } = await loadYaml();
  const file = fileName(path, projectDir);
  let text: string;
  try { text = readFileSync(path, "utf8"); } catch (e) {
    const { code } = e as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "EISDIR") throw new MlstackError("MLS7002", code === "ENOENT" ? `there is no file ${JSON.stringify(file)}` : `${JSON.stringify(file)} is a folder`, { why: `looked at ${path}`, fix: "name a YAML file" });
    throw fsError(e, "reading", path);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: "error" });
  const error = ({ line, column }: Position, message: string, parts: { why?: string | undefined; fix?: string | undefined } = {}) =>
    new MlstackError("MLS7004", `${file}:${line}:${column}: ${message}`, { why: parts.why, fix: parts.fix ?? `correct line ${line} of ${file}`, details: { file, line, column } });
  const at = (offset: number): Position => { const { line, col } = lines.linePos(offset); return { line: Math.max(1, line), column: Math.max(1, col) }; };
  const [problem] = document.errors;
  if (problem !== undefined) throw error(at(problem.pos[0]), `this is not YAML: ${problem.message.split("\n", 1)[0]!}`);
  let value: unknown;
  try { value = document.toJS(); } catch (e) { throw error({ line: 1, column: 1 }, `this is not YAML: ${e instanceof Error ? e.message : String(e)}`); }
  const place = (path: readonly PropertyKey[]): Position => { const { line, col } = placeOf({ document, lines }, path); return { line, column: col }; };
  return { file, value, place, invalid: (path, message, parts) => error(place(path), message, parts) };
}
