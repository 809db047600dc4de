import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import type { SnapshotKind } from "../formats.ts";

export const FIXTURES = join(import.meta.dirname, "..", "fixtures");
const INDEX = join(FIXTURES, "index.json");
/** Stands for the folder that a snapshot is laid out in. */
const PLACE = "{{PLACE}}";

/** A folder below fixtures, such as `1-project`. */
export interface Snapshot {
  readonly name: string;
  readonly kind: SnapshotKind;
  /** By format, the version that is in it. */
  readonly formats: Readonly<Record<string, number>>;
  readonly expected: unknown;
}

export function snapshots(): Snapshot[] {
  if (!existsSync(FIXTURES)) return [];
  return readdirSync(FIXTURES, { withFileTypes: true }).filter((e) => e.isDirectory()).map(({ name }) => ({
    name, kind: name.replace(/^\d+-/, "") as SnapshotKind, formats: json(join(FIXTURES, name, "formats.json")) as Record<string, number>, expected: json(join(FIXTURES, name, "expected.json")),
  }));
}

/** Every file below fixtures, with its digest. */
export function digests(): Record<string, string> {
  return Object.fromEntries(filesBelow(FIXTURES).filter((path) => path !== "index.json").map((path) => [path, createHash("sha256").update(readFileSync(join(FIXTURES, path))).digest("hex")]));
}

export const indexed = (): Record<string, string> => (existsSync(INDEX) ? json(INDEX) as Record<string, string> : {});
export const writeIndex = (all: Readonly<Record<string, string>>): void => { writeFileSync(INDEX, `${JSON.stringify(Object.fromEntries(Object.entries(all).toSorted(([a], [b]) => (a < b ? -1 : 1))), null, 2)}\n`); };

/**
 * Keeps a folder as a snapshot's files. What a machine is called, and where things lie on it, is taken out of texts; what is addressed by its content must not have it.
 *
 * @param machine texts that are of this machine, and what stands in their place
 */
export function keep(name: string, from: string, machine: Readonly<Record<string, string>>): void {
  const own = Object.entries({ [from]: PLACE, ...machine }).toSorted(([a], [b]) => b.length - a.length);
  for (const path of filesBelow(from)) {
    const bytes = readFileSync(join(from, path));
    const isText = !bytes.includes(0);
    const isAddressed = /(^|\/)cas\/sha256\//.test(path);
    if (isAddressed && own.some(([text]) => bytes.includes(text))) throw new Error(`${path} has the folder's name in it, and is called by its digest`);
    put(join(FIXTURES, name, "files", path), isText && !isAddressed ? own.reduce((text, [of, to]) => text.replaceAll(of, to), bytes.toString("utf8")) : bytes);
  }
}

/** Lays out a snapshot's files in a folder of its own. */
export function layOut(name: string): { readonly dir: string; remove(): void } {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-compat-")));
  const files = join(FIXTURES, name, "files");
  cpSync(files, dir, { recursive: true });
  for (const path of filesBelow(dir)) {
    const bytes = readFileSync(join(dir, path));
    if (bytes.includes(PLACE)) writeFileSync(join(dir, path), bytes.toString("utf8").replaceAll(PLACE, dir));
  }
  return { dir, remove: () => { rmSync(dir, { recursive: true, force: true, maxRetries: 5 }); } };
}

/** What was read, without the name of the folder that it was read in. */
export const placeless = (read: unknown, dir: string): unknown => JSON.parse(JSON.stringify(read).replaceAll(dir, PLACE)) as unknown;

export function put(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content, { flag: "wx" });
}

export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((e) => e.isFile()).map((e) => relative(folder, join(e.parentPath, e.name)).replaceAll("\\", "/")).toSorted();
}

export const json = (path: string): unknown => JSON.parse(readFileSync(path, "utf8")) as unknown;
