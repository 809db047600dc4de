import { createHash } from "node:crypto";
import { createReadStream, readdirSync, statSync, type BigIntStats } from "node:fs";
import { join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { MlstackError, type DataKind } from "@mlstack/core";
import { fileDigest } from "@mlstack/pipeline";
import type { DigestIndex, ResolvedData } from "./data-resolver.ts";

/** Within this time of a change a file may change again and keep its times, so its digest is not remembered. */
const SETTLED_MS = 2000;

/**
 * A file or folder of this machine. A file's digest is remembered by (size, mtime, ctime, inode): contents that were replaced in place
 * are seen even where size and modification time were kept, for nobody can set the change time.
 *
 * @throws MLS3010
 */
export function localData(projectDir: string, kind: DataKind, uri: string, index: DigestIndex): ResolvedData {
  const path = localDataPath(projectDir, uri);
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) throw new MlstackError("MLS3010", `there is no ${kind === "dir" ? "folder" : "file"} ${JSON.stringify(uri)}`, { why: `looked at ${path}`, fix: "give a path from the project's root, or an absolute one" });
  if (stat.isFile()) {
    if (kind === "dir") throw new MlstackError("MLS3010", `${JSON.stringify(uri)} is a file, expected a folder`, { fix: "declare the parameter as file(), or name its folder" });
    const before = signatureOf(stat);
    const digest = digestOf(path, index);
    const size = Number(stat.size);
    const unchanged = () => { if (signatureOf(statSync(path, { bigint: true })) !== before) throw changing(path); };
    return {
      pointer: { kind, uri, digest, size },
      handle: { uri, digest, size, path: async () => { unchanged(); return path; }, stream: () => { unchanged(); return createReadStream(path, { highWaterMark: 1 << 20 }); } },
    };
  }
  if (!stat.isDirectory() || kind === "file") throw new MlstackError("MLS3010", `${JSON.stringify(uri)} is ${stat.isDirectory() ? "a folder" : "neither a file nor a folder"}, expected a file`, { fix: stat.isDirectory() ? "declare the parameter as dir(), or name one file" : "name a file" });
  const files = dataFiles(uri, path);
  const listing = () => dataFiles(uri, path).map(({ file, name }) => `${name}\0${signatureOf(statSync(file, { bigint: true }))}`).join("\n");
  const before = listing();
  const { digest, size } = folderDigest(files.map(({ file, name }) => ({ name, digest: digestOf(file, index), size: statSync(file).size })));
  const unchanged = () => { if (listing() !== before) throw changing(path); };
  return { pointer: { kind, uri, digest, size }, handle: { uri, digest, size, path: async () => { unchanged(); return path; }, stream: () => { throw folderStream(uri); } } };
}

export function localDataPath(projectDir: string, uri: string): string {
  return uri.startsWith("file:") ? fileURLToPath(uri) : resolve(projectDir, uri);
}

/** The files of a folder, by relative POSIX names (NFC), sorted. */
export function dataFiles(uri: string, folder: string): { readonly file: string; readonly name: string }[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((e) => e.isFile() || e.isSymbolicLink()).map((e) => join(e.parentPath, e.name));
  const named = files.map((file) => ({ file, name: file.slice(folder.length + 1).split(sep).join("/").normalize("NFC") })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  for (const { file, name } of named) {
    const stat = statSync(file, { throwIfNoEntry: false });
    if (stat === undefined || !stat.isFile()) throw new MlstackError("MLS3010", `${JSON.stringify(uri)} holds ${name}, which is not a file`, { fix: "remove it, or name a folder of plain files" });
  }
  return named;
}

/** The digest of a folder's canonical listing; the same wherever the folder lies. */
export function folderDigest(files: readonly { readonly name: string; readonly digest: string; readonly size: number }[]): { digest: string; size: number } {
  const hash = createHash("sha256");
  let size = 0;
  for (const f of files.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    size += f.size;
    hash.update(`${Buffer.byteLength(f.name)}:${f.name}${f.digest}`);
  }
  return { digest: hash.digest("hex"), size };
}

export function folderStream(uri: string): MlstackError {
  return new MlstackError("MLS3010", `${JSON.stringify(uri)} is a folder and can't be streamed`, { fix: "use path() and read its files" });
}

function digestOf(path: string, index: DigestIndex): string {
  const stat = statSync(path, { bigint: true });
  const signature = signatureOf(stat);
  const known = index.get(path, signature);
  if (known !== undefined) return known;
  const sha256 = fileDigest(path);
  if (signatureOf(statSync(path, { bigint: true })) !== signature) throw changing(path);
  if (Date.now() - Math.max(Number(stat.mtimeMs), Number(stat.ctimeMs)) > SETTLED_MS) index.set(path, signature, sha256);
  return sha256;
}

const signatureOf = (s: BigIntStats): string => `${s.size}:${s.mtimeNs}:${s.ctimeNs}:${s.ino}`;

export function changing(what: string): MlstackError {
  return new MlstackError("MLS3010", `${what} was changed while the run was using it`, { why: "its digest is part of the cache key, so it must stay as it is until the run has ended", fix: "run again when nobody writes to it" });
}
