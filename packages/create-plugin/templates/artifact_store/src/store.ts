import { randomUUID } from "node:crypto";
import { access, constants, copyFile, link, mkdir, open, readdir, rename, rm, stat, unlink, utimes, writeFile, type FileHandle } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { isObjectKey, MlstackError, type ArtifactStore, type ObjectBody, type ObjectStat } from "@mlstack/core";

/** What is being written lies here until it is whole; no key has such a name. */
const WRITING = "~writing";
const CHUNK = 1 << 20;

/** Objects as files of a folder. With a service, its client is made here, and each method is a request or two of it. */
export function acmeStore(path: string, projectDir: string): ArtifactStore {
  const root = resolve(projectDir, path);
  const fileOf = (key: string): string => {
    if (!isObjectKey(key)) throw new MlstackError("MLS3011", `${JSON.stringify(key)} is no object key`);
    return join(root, key);
  };
  const statOf = async (key: string): Promise<ObjectStat | undefined> => {
    const found = await stat(fileOf(key)).catch((e: unknown) => { if (isMissing(e)) return undefined; throw failure(e, `reading ${key}`); });
    return found?.isFile() === true ? { key, size: found.size, modifiedAt: found.mtime } : undefined;
  };
  return {
    contract: "artifact_store@1",
    capabilities: { createIfAbsent: true, wireChecksum: "none", deleteIfVersion: false },
    async put(key, source, { ifAbsent = false, signal } = {}) {
      signal?.throwIfAborted();
      const to = fileOf(key);
      const half = join(root, WRITING, randomUUID());
      try {
        for (const folder of [dirname(half), dirname(to)]) await mkdir(folder, { recursive: true });
        await (source.kind === "bytes" ? writeFile(half, source.bytes, { signal }) : copyFile(source.path, half));
        if (source.kind === "file" && (await stat(half)).size < source.size) throw new MlstackError("MLS3003", `${source.path} has become shorter`);
        await utimes(half, new Date(), new Date());
        signal?.throwIfAborted();
        // both are all or nothing; a link is refused where the name is taken
        await (ifAbsent ? link(half, to) : rename(half, to));
      } catch (e) {
        signal?.throwIfAborted();
        throw codeOf(e) === "EEXIST" ? new MlstackError("MLS3012", `${key} exists already`) : failure(e, `writing ${key}`);
      } finally { await rm(half, { force: true }); }
    },
    async get(key, { range, signal } = {}) {
      signal?.throwIfAborted();
      const missing = (): MlstackError => new MlstackError("MLS3001", `there is no object ${key}`);
      if ((await statOf(key)) === undefined) throw missing();
      // what is open stays what it is, whatever is put in its place; it may be removed just before
      const file = await open(fileOf(key)).catch((e: unknown) => { throw isMissing(e) ? missing() : failure(e, `reading ${key}`); });
      const { size: total } = await file.stat();
      const from = Math.min(range?.offset ?? 0, total);
      return bodyOf(file, from, Math.min(range?.length ?? total, total - from), signal);
    },
    async stat(key, { signal } = {}) { signal?.throwIfAborted(); return statOf(key); },
    async *list(prefix, { signal } = {}) {
      signal?.throwIfAborted();
      for await (const key of keysBelow(root, prefix.slice(0, prefix.lastIndexOf("/") + 1))) {
        signal?.throwIfAborted();
        const found = key.startsWith(prefix) && isObjectKey(key) ? await statOf(key) : undefined;
        if (found !== undefined) yield found;
      }
    },
    async delete(key, { ifVersion, signal } = {}) {
      signal?.throwIfAborted();
      if (ifVersion !== undefined) throw new MlstackError("MLS3003", `${key} can't be removed in one version only: files have none`);
      if ((await statOf(key)) !== undefined) await unlink(fileOf(key)).catch((e: unknown) => { if (!isMissing(e)) throw failure(e, `removing ${key}`); });
    },
    async check() {
      const error = await mkdir(join(root, WRITING), { recursive: true }).then(() => access(root, constants.W_OK)).then(() => undefined, (e: unknown) => failure(e, `writing to ${root}`));
      return [{ name: "folder writable", ok: error === undefined, message: error?.message ?? root }];
    },
  };
}

function bodyOf(file: FileHandle, from: number, size: number, signal: AbortSignal | undefined): ObjectBody {
  const close = async (): Promise<void> => { await file.close().catch(() => undefined); };
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      signal?.throwIfAborted();
      for (let at = 0; at < size; signal?.throwIfAborted()) {
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(CHUNK, size - at)), 0, undefined, from + at);
        if (bytesRead === 0) throw new MlstackError("MLS3003", "the object has become shorter while it was read");
        at += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
    } finally { await close(); }
  }
  return { size, close, [Symbol.asyncIterator]: chunks, async bytes() { const parts: Uint8Array[] = []; for await (const part of chunks()) parts.push(part); return Buffer.concat(parts); } };
}

/** The keys of all files below a folder, which ends with a slash or is empty. */
async function* keysBelow(root: string, folder: string): AsyncGenerator<string> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch((e: unknown) => { if (isMissing(e)) return []; throw failure(e, `listing ${folder}`); });
  for (const entry of entries) {
    if (entry.isDirectory() && entry.name !== WRITING) yield* keysBelow(root, `${folder}${entry.name}/`);
    else if (entry.isFile()) yield folder + entry.name;
  }
}

const codeOf = (e: unknown): string => (e as { code?: string }).code ?? "";
const isMissing = (e: unknown): boolean => ["ENOENT", "ENOTDIR"].includes(codeOf(e));

/** Every rejection is an MlstackError. Of a service: MLS6001 where it does not serve at the moment, MLS6002 where the credentials do not allow it. */
function failure(e: unknown, doing: string): MlstackError {
  if (MlstackError.is(e)) return e;
  const code = ["ENOSPC", "EDQUOT"].includes(codeOf(e)) ? "MLS3004" : ["EROFS", "EACCES", "EPERM"].includes(codeOf(e)) ? "MLS3005" : "MLS3003";
  return new MlstackError(code, `${doing} failed: ${(e as Error).message}`, { cause: e });
}
