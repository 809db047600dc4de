import { createHash } from "node:crypto";
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { MlstackError } from "@mlstack/core";

/** Hex SHA-256 of a file, read in pieces. */
export function fileDigest(path: string): string {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(1 << 20);
  const fd = openSync(path, "r");
  try { for (let n; (n = readSync(fd, buffer)) > 0;) hash.update(buffer.subarray(0, n)); } finally { closeSync(fd); }
  return hash.digest("hex");
}

/**
 * Digest of a file, or of a folder's files by relative path (POSIX, NFC), without what lies in a `.mlstack`. Links count as the files that they
 * lead to. Undefined when there is nothing.
 *
 * @param name how errors call it
 * @throws MLS3010 for what can't be read, and for a folder that holds a link to a folder or to nothing
 */
export function pathDigest(path: string, name = path): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  try {
    if (stat.isFile()) return fileDigest(path);
    const hash = createHash("sha256").update("dir\0");
    for (const file of folderFiles(path, name)) hash.update(`${Buffer.byteLength(file.name)}:${file.name}${fileDigest(file.path)}`);
    return hash.digest("hex");
  } catch (cause) {
    if (MlstackError.is(cause)) throw cause;
    throw new MlstackError("MLS3010", `${JSON.stringify(name)} can't be read: ${cause instanceof Error ? cause.message : String(cause)}`, { why: "its content is part of a step's key", fix: "make it readable", cause });
  }
}

/** A name may be decomposed on disk: it is opened as it is, and counts in NFC. */
function folderFiles(folder: string, shown: string): readonly { readonly path: string; readonly name: string }[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((e) => e.isFile() || e.isSymbolicLink());
  const all = entries.map((e) => { const path = join(e.parentPath, e.name); return { path, isLink: e.isSymbolicLink(), name: relative(folder, path).split(sep).join("/").normalize("NFC") }; });
  // what mlstack itself keeps changes with every run
  const files = all.filter(({ name }) => !name.split("/").includes(".mlstack"));
  for (const { path, name, isLink } of files) {
    if (isLink && !leadsToFile(path)) throw new MlstackError("MLS3010", `${JSON.stringify(shown)} holds the link ${name}, which leads to no file`, { why: "a step that declares the folder could read what it leads to", fix: "remove it, or declare single files" });
  }
  return files.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.path < b.path ? -1 : 1));
}

function leadsToFile(link: string): boolean {
  try { return statSync(link).isFile(); } catch { return false; }
}

/** Finds parameters that name data by a plain string; answers are remembered for one compilation. */
export function dataNameFinder(projectDir: string): (value: unknown) => string | undefined {
  const known = new Map<string, boolean>();
  const names = (s: string): boolean => {
    let hit = known.get(s);
    if (hit === undefined) {
      hit = /^[a-z][a-z0-9+.-]+:\/\//i.test(s) || (s.length > 0 && s.length < 1024 && !/[\0\n]/.test(s) && s !== "." && existsSync(resolve(projectDir, s)));
      known.set(s, hit);
    }
    return hit;
  };
  const find = (value: unknown, depth: number): string | undefined => {
    if (typeof value === "string") return names(value) ? value : undefined;
    if (typeof value !== "object" || value === null || depth > 8) return undefined;
    const items = value instanceof Map ? [...value.keys(), ...value.values()] : value instanceof Set ? [...value] : ArrayBuffer.isView(value) ? [] : Object.values(value);
    for (const item of items) { const found = find(item, depth + 1); if (found !== undefined) return found; }
    return undefined;
  };
  return (value) => find(value, 0);
}
