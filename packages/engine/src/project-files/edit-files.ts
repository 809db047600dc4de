import { chmodSync, existsSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { MlstackError } from "@mlstack/core/errors";
import type { Document } from "yaml";
import { fsError, isMissing } from "../local/fs-errors.ts";
import { exclusive } from "../project/exclusive.ts";
import type { Project } from "../project/project.ts";
import { makeStateFolder } from "./active-stack.ts";
import { loadYaml, readProjectFiles, type ProjectFiles } from "./project-files.ts";
import { parseYaml, type Yaml } from "./yaml-file.ts";

/** How long another process's edit is waited for, in milliseconds. */
const LOCK_TIMEOUT = 10_000;

/** The project's files while nobody else edits them. What is changed is written when the edit has ended without an error. */
export interface Edit {
  readonly yaml: Yaml;
  /** As they were when the edit began. */
  readonly files: ProjectFiles;
  /** The document of a file, to be changed in place: comments and order stay. A file that is not there begins with this text. */
  document(path: string, begin?: string): Document;
  /** Writes a file as a whole. */
  write(path: string, text: string): void;
  remove(path: string): void;
}

/** How an edit is made. */
export interface EditOptions {
  /** Only find out what would be done, or why it is refused: nothing is written, no lock taken. */
  readonly dryRun?: boolean | undefined;
  /** How long another process's edit is waited for, in milliseconds; 10,000. */
  readonly lockTimeoutMs?: number | undefined;
}

/**
 * Edits the project's files. Processes take turns, so that of two edits at once both are kept; each file is written as a whole or not at all.
 *
 * @throws what `work` throws, and then nothing is written; MLS7015 where another process does not let go; MLS3004, MLS3005
 */
export async function editProject<T>(project: Project, work: (edit: Edit) => T, { dryRun, lockTimeoutMs = LOCK_TIMEOUT }: EditOptions = {}): Promise<T> {
  if (dryRun === true) {
    const staged = new Map<string, Staged>();
    const result = work(edit(await loadYaml(), project, staged));
    textsOf(staged);
    return result;
  }
  const yaml = await loadYaml();
  try { makeStateFolder(project); } catch (e) { throw fsError(e, "writing", project.stateDir); }
  const lock = await exclusive(join(project.stateDir, "edit.lock"), lockTimeoutMs);
  if (lock === undefined) throw new MlstackError("MLS7015", `another process has been editing the project's files for ${lockTimeoutMs / 1000} seconds`, { fix: "end it, or wait, and try again" });
  try {
    // nothing below waits: what another edit has written is seen, and none begins before this one has ended
    const staged = new Map<string, Staged>();
    const result = work(edit(yaml, project, staged));
    commit(staged);
    return result;
  } finally { lock.release(); }
}

interface Staged { readonly text: string | undefined; readonly document?: { readonly parsed: Document; readonly before: string } }

function edit(yaml: Yaml, project: Project, staged: Map<string, Staged>): Edit {
  return {
    yaml, files: readProjectFiles(yaml, project.dir),
    document(path, begin = "") {
      const known = staged.get(path);
      if (known?.document !== undefined) return known.document.parsed;
      const text = readOr(path, begin);
      const parsed = parseYaml(yaml, text, path, project.dir).document;
      staged.set(path, { text, document: { parsed, before: text } });
      return parsed;
    },
    write(path, text) { staged.set(path, { text }); },
    remove(path) { staged.set(path, { text: undefined }); },
  };
}

/** What is to be written, in order; what has no text is to be removed. Throws MLS7004 for what can't be edited. */
function textsOf(staged: ReadonlyMap<string, Staged>): (readonly [path: string, text: string | undefined])[] {
  // what is taken out of one file and put into another is never in neither
  return [...staged].toSorted(([, a], [, b]) => Number(a.text === undefined) - Number(b.text === undefined))
    .map(([path, { text, document }]) => [path, text === undefined || document === undefined ? text : textOf(document.parsed, document.before, path)] as const);
}

function commit(staged: ReadonlyMap<string, Staged>): void {
  for (const [path, written] of textsOf(staged)) {
    try {
      if (written === undefined) { rmSync(path, { force: true }); continue; }
      if (readOr(path, "") === written && written !== "") continue;
      mkdirSync(dirname(path), { recursive: true });
      const { at, mode } = placeOf(path);
      const partial = join(dirname(at), `.${process.pid}.partial`);
      try {
        writeFileSync(partial, written);
        if (mode !== undefined) chmodSync(partial, mode);
        renameSync(partial, at);
      } finally { rmSync(partial, { force: true }); }
    } catch (e) { throw fsError(e, "writing", path, true); }
  }
}

/** The file itself, where a link leads to it, and who may read it: both stay as they are. */
function placeOf(path: string): { readonly at: string; readonly mode: number | undefined } {
  if (!existsSync(path)) return { at: path, mode: undefined };
  const at = realpathSync(path);
  return { at, mode: statSync(at).mode & 0o777 };
}

/** The document's text, with the line ends that the file had; long lines stay long. */
function textOf(document: Document, before: string, path: string): string {
  let text: string;
  try { text = document.toString({ lineWidth: 0, flowCollectionPadding: !/[[{][^\s\]}]/.test(before.replaceAll("${", "")) || /\{ \S/.test(before) }); } catch (e) {
    // an anchor that went with what was taken out
    throw new MlstackError("MLS7004", `${path} can't be edited: ${e instanceof Error ? e.message : String(e)}`, { why: "another place of it refers to what would be taken out", fix: "edit it by hand", cause: e });
  }
  return before.includes("\r\n") ? text.replaceAll("\n", "\r\n") : text;
}

function readOr(path: string, otherwise: string): string {
  try { return readFileSync(path, "utf8"); } catch (e) {
    if (isMissing(e)) return otherwise;
    throw fsError(e, "reading", path);
  }
}

/**
 * Sets a value below keys. What stands in the way and is no mapping, such as a key without a value, becomes one; its comments stay.
 *
 * @param path of the file, for messages
 * @throws MLS7004 where an alias stands in the way: what it points to is another place's
 */
export function setAt({ yaml }: Pick<Edit, "yaml">, document: Document, path: string, keys: readonly string[], value: unknown): void {
  for (let n = 1; n < keys.length; n++) {
    const there = document.getIn(keys.slice(0, n), true);
    if (yaml.isAlias(there)) throw new MlstackError("MLS7004", `${path} can't be edited: ${keys.slice(0, n).join(".")} is the alias *${there.source}`, { why: "what it points to belongs to another place, too", fix: "write it out, or edit the file by hand" });
    if (!yaml.isScalar(there)) continue;
    const map = document.createNode({});
    map.comment = there.comment ?? null;
    map.commentBefore = there.commentBefore ?? null;
    document.setIn(keys.slice(0, n), map);
  }
  document.setIn(keys, value);
}
