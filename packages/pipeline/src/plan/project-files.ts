import { createHash } from "node:crypto";
import { closeSync, existsSync, lstatSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join, resolve, sep } from "node:path";

/** Hex SHA-256 of a file, read in pieces. */
export function fileDigest(path: string): string {
  const hash = createHash("sha256");
  const buffer = Buffer.allocUnsafe(1 << 20);
  const fd = openSync(path, "r");
  try { for (let n; (n = readSync(fd, buffer)) > 0;) hash.update(buffer.subarray(0, n)); } finally { closeSync(fd); }
  return hash.digest("hex");
}

/**
 * Digest of a file, or of a folder's regular files by relative path. Links are followed for the path itself and not inside of a folder.
 * Undefined when there is nothing.
 */
export function pathDigest(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (stat.isFile()) return fileDigest(path);
  const hash = createHash("sha256").update("dir\0");
  const names = readdirSync(path, { recursive: true }).map((n) => String(n).split(sep).join("/").normalize("NFC")).toSorted();
  for (const name of names) {
    const file = join(path, name);
    if (lstatSync(file).isFile()) hash.update(`${Buffer.byteLength(name)}:${name}${fileDigest(file)}`);
  }
  return hash.digest("hex");
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
