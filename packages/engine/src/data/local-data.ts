import { createHash } from "node:crypto";
import { createReadStream, readdirSync, statSync, type BigIntStats } from "node:fs";
import { join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { MlstackError, type DataHandle, type DataKind } from "@mlstack/core";
import { fileDigest } from "@mlstack/pipeline";
import { STATE_FOLDER } from "../project/project.ts";
import { dataName } from "./data-name.ts";
import type { DigestIndex, OpenData, ResolvedData } from "./data-resolver.ts";
import { fileState, stateOf } from "../store/file-state.ts";
import { hashedStream } from "./hashed-stream.ts";

/** Within this time of a change a file may change again and keep its times: then only its content says whether it did. */
const SETTLED_MS = 2000;

const isSettled = (s: BigIntStats): boolean => Date.now() - Math.max(Number(s.mtimeMs), Number(s.ctimeMs)) > SETTLED_MS;

/**
 * A file or folder of this machine. A file's digest is remembered by (size, mtime, ctime, inode): contents that were replaced in place
 * are seen even where size and modification time were kept, for nobody can set the change time.
 *
 * @throws MLS3010
 */
export function localData(projectDir: string, kind: DataKind, uri: string, index: DigestIndex): ResolvedData {
  const path = localDataPath(projectDir, uri);
  const name = dataName(projectDir, uri);
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) throw new MlstackError("MLS3010", `there is no ${kind === "dir" ? "folder" : "file"} ${JSON.stringify(uri)}`, { why: `looked at ${path}`, fix: "give a path from the project's root, or an absolute one" });
  if (stat.isFile()) {
    if (kind === "dir") throw new MlstackError("MLS3010", `${JSON.stringify(uri)} is a file, expected a folder`, { fix: "declare the parameter as file(), or name its folder" });
    const digest = digestOf(path, index);
    const size = Number(stat.size);
    const now = () => fileState(path);
    const watch = watcher(path, stateOf(stat), now, isSettled(stat) ? undefined : () => fileDigest(path) === digest);
    return { pointer: { kind, uri, name, digest, size }, open: () => watch((use) => ({ uri, name, digest, size, path: use, stream: () => streamOf(path, digest, use) })) };
  }
  if (!stat.isDirectory() || kind === "file") throw new MlstackError("MLS3010", `${JSON.stringify(uri)} is ${stat.isDirectory() ? "a folder" : "neither a file nor a folder"}, expected a file`, { fix: stat.isDirectory() ? "declare the parameter as dir(), or name one file" : "name a file" });
  const list = () => dataFiles(uri, path).map((f) => ({ ...f, stat: statSync(f.file, { bigint: true }) }));
  const now = () => list().map((f) => `${f.name}\0${stateOf(f.stat)}`).join("\n");
  const files = list();
  const before = files.map((f) => `${f.name}\0${stateOf(f.stat)}`).join("\n");
  const digestBy = (of: (file: string) => string) => folderDigest(files.map((f) => ({ name: f.name, digest: of(f.file), size: Number(f.stat.size) })));
  const { digest, size } = digestBy((file) => digestOf(file, index));
  const watch = watcher(path, before, now, files.every((f) => isSettled(f.stat)) ? undefined : () => digestBy(fileDigest).digest === digest);
  return { pointer: { kind, uri, name, digest, size }, open: () => watch((use) => ({ uri, name, digest, size, path: use, stream: () => { throw folderStream(uri); } })) };
}

/**
 * Gives out a path, and remembers that it did.
 *
 * @param again compares the content itself, where the times are too young to be believed
 */
function watcher(path: string, before: string, now: () => string, again: (() => boolean) | undefined): (make: (use: () => Promise<string>) => DataHandle) => OpenData {
  const isSame = () => { try { return now() === before; } catch { return false; } };
  return (make) => {
    let used = false;
    const use = async () => {
      if (!isSame()) throw changing(path);
      used = true;
      return path;
    };
    return { handle: make(use), changed: async () => used && !(isSame() && (again === undefined || again())) };
  };
}

async function* streamOf(path: string, digest: string, use: () => Promise<string>): AsyncIterable<Uint8Array> {
  yield* hashedStream(createReadStream(await use(), { highWaterMark: 1 << 20 }), digest, () => changing(path));
}

export function localDataPath(projectDir: string, uri: string): string {
  return uri.startsWith("file:") ? fileURLToPath(uri) : resolve(projectDir, uri);
}

/** What mlstack writes into a project changes with every run: it is nobody's data. */
function isOwn(path: string): boolean {
  return path.split(sep).includes(STATE_FOLDER);
}

/** The files of a folder, by relative POSIX names (NFC), sorted; without those in mlstack's own folder. */
export function dataFiles(uri: string, folder: string): { readonly file: string; readonly name: string }[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((e) => e.isFile() || e.isSymbolicLink()).map((e) => join(e.parentPath, e.name));
  const named = files.filter((file) => !isOwn(file.slice(folder.length))).map((file) => ({ file, name: file.slice(folder.length + 1).split(sep).join("/").normalize("NFC") })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
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
  const signature = stateOf(stat);
  const known = index.get(path, signature);
  if (known !== undefined) return known;
  const sha256 = fileDigest(path);
  if (fileState(path) !== signature) throw changing(path);
  if (isSettled(stat)) index.set(path, signature, sha256);
  return sha256;
}

export function changing(what: string): MlstackError {
  return new MlstackError("MLS3010", `${what} was changed while the run was using it`, { why: "its digest is part of the cache key, so it must stay as it is until the run has ended", fix: "run again when nobody writes to it" });
}
