import { createHash } from "node:crypto";
import { statSync } from "node:fs";

const LOADED = Symbol.for("mlstack.loaded-sources");
// shared by all copies of this package: hooks may have been installed by another one than the one that asks
const loaded = ((globalThis as { [LOADED]?: Map<string, string> })[LOADED] ??= new Map());

/** Remembers which text of a file this process has loaded. */
export function note(file: string, text: string): void {
  loaded.set(file, digestOf(text));
}

/**
 * Whether this process runs another text of a file than the given one. Where the hooks did not load it nobody knows the text; then a
 * file that was written after the process was started counts as another.
 */
export function runsAnother(file: string, text: string | undefined): boolean {
  const digest = text === undefined ? undefined : loaded.get(file);
  if (digest !== undefined && text !== undefined) return digest !== digestOf(text);
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined || Math.max(stat.mtimeMs, stat.ctimeMs) > performance.timeOrigin;
}

const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");
