import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { MlstackError } from "@mlstack/core/errors";
import { canonicalJson, sha256, type Digest } from "../digest/digest.ts";
import type { PackageFiles } from "./read-tarball.ts";

/** The digest of each file of a package, by its path: what `files` of the lock is made of, and what names a file that differs. */
export type FileDigests = ReadonlyMap<string, Digest>;

/**
 * The digests of a package's files, in the form that is the same for every package manager and system. Not counted: its own node_modules,
 * where package managers put things, and `.DS_Store`, which a look into the folder makes.
 */
export function fileDigests(files: PackageFiles): FileDigests {
  const counted = [...files].filter(([path]) => isCounted(path)).map(([path, bytes]) => [path, sha256(asInstalled(bytes))] as const);
  return ignoreFiles(new Map(counted));
}

/** One digest for all of a package's files: of pairs of path and digest, in the order of the paths' bytes. Modes and times don't count. */
export function filesDigest(files: FileDigests): Digest {
  const sorted = [...files].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return sha256(canonicalJson({ v: 1, files: sorted.map(([path, sha256]) => ({ path, sha256 })) }));
}

/**
 * The same of an installed package's folder. Its files are read one after the other.
 *
 * @param dir real path of the folder
 * @throws MLS8204 for a link or special file, which no package manager makes there; what reading throws
 */
export async function folderDigest(dir: string): Promise<FileDigests> {
  const found = new Map<string, Digest>();
  for await (const { path, full } of walk(dir, "")) found.set(path.normalize("NFC"), sha256(asInstalled(await readFile(full))));
  return ignoreFiles(found);
}

async function* walk(dir: string, under: string): AsyncGenerator<{ readonly path: string; readonly full: string }> {
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const [path, full] = [`${under}${entry.name}`, join(dir, entry.name)];
    if (!isCounted(path)) continue;
    if (entry.isDirectory()) yield* walk(full, `${path}/`);
    else if (entry.isFile()) yield { path, full };
    else throw new MlstackError("MLS8204", `${full} is ${entry.isSymbolicLink() ? "a link" : "no plain file"}`, { why: "a package holds plain files; no package manager has made this", fix: "remove it, and install the integration again", details: { file: full } });
  }
}

/** @param path relative to the package, with `/` */
export function isCounted(path: string): boolean {
  return path !== "node_modules" && !path.startsWith("node_modules/") && path !== ".DS_Store" && !path.endsWith("/.DS_Store");
}

/** npm and pnpm take the carriage return out of a program's first line, so that Unix finds its interpreter. */
function asInstalled(bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0x23 || bytes[1] !== 0x21) return bytes;
  const end = bytes.indexOf(0x0a);
  return end > 1 && bytes[end - 1] === 0x0d ? Buffer.concat([bytes.subarray(0, end - 1), bytes.subarray(end)]) : bytes;
}

/** npm writes a package's .gitignore as .npmignore, unless there is one; the others leave both as they are. */
function ignoreFiles(files: ReadonlyMap<string, Digest>): FileDigests {
  const renamed = new Map<string, Digest>();
  for (const [path, digest] of files) {
    const as = path.replace(/(^|\/)\.gitignore$/, "$1.npmignore");
    if (as === path || !files.has(as)) renamed.set(as, digest);
  }
  return renamed;
}
