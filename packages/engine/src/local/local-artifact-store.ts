import { chmodSync, closeSync, createReadStream, existsSync, fstatSync, fsyncSync, linkSync, openSync, readSync, renameSync, rmSync, statSync, utimesSync, writeSync } from "node:fs";
import { copyFile, opendir } from "node:fs/promises";
import { constants } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { isObjectKey, MlstackError, type ArtifactStore, type CheckFinding, type GetOptions, type ObjectBody, type ObjectStat, type PutOptions, type PutSource } from "@mlstack/core";
import { ownTag, sweep } from "../project/processes.ts";
import { fsError, isMissing, makeFolder } from "./fs-errors.ts";

export interface LocalArtifactStoreOptions {
  /** Absolute. Made when it is first written to. */
  readonly root: string;
  /** `process`: survives the death of the process. `power`: also of the machine, at the price of an fsync per object and folder. */
  readonly durability: "process" | "power";
}

const TEMP = ".tmp";
/** What a process that is gone was writing is removed when nobody has written to it for this long, in milliseconds. */
const IDLE_MS = 10 * 60_000;
/** A file that was written so short a time ago may keep its time when it becomes an object, in milliseconds. */
const NEW_MS = 60 * 60_000;
/** So large a part of an object is read when it is opened: whoever overtakes a reader by a put then changes nothing for it. In bytes. */
const AT_ONCE = 64 << 10;
let counter = 0;

/**
 * Objects as files of one folder. An object is written under another name and then renamed, so a reader sees all of it or nothing.
 *
 * Small objects are written and read by synchronous calls: for a few hundred bytes these take a tenth of the time that a trip through
 * the thread pool does, and a pipeline of a thousand small steps spends its time here.
 */
export function localArtifactStore({ root, durability }: LocalArtifactStoreOptions): ArtifactStore {
  const folders = new Set<string>();
  let tag: string | undefined;
  const prefix = root.endsWith(sep) ? root : root + sep;
  const pathOf = (key: string): string => {
    if (!isObjectKey(key)) throw new MlstackError("MLS3011", `${JSON.stringify(key)} is not a legal object key`);
    return prefix + (sep === "/" ? key : key.replaceAll("/", sep));
  };
  const ensureFolder = (folder: string): void => {
    if (folders.has(folder)) return;
    makeFolder(folder);
    folders.add(folder);
  };
  const noSuch = (key: string): MlstackError => new MlstackError("MLS3001", `${key} is not in the store ${root}`, { details: { key } });
  const syncFolder = (folder: string): void => { const fd = openSync(folder, "r"); try { fsyncSync(fd); } finally { closeSync(fd); } };
  /** Objects are never written again, and whoever shares the store may read them, whatever the file was that they came from. */
  const seal = (path: string): void => {
    if (durability === "power") syncFile(path);
    chmodSync(path, 0o444);
  };
  /** A new object must not look old to a clean-up, as files do that come out of an archive, and copies on some systems. */
  const renew = (path: string): void => {
    const now = new Date();
    utimesSync(path, now, now);
  };

  function newTemp(): string {
    const folder = join(root, TEMP);
    // a process that was killed while it wrote has left what it had; one that is slow, on a machine that only looks like this one, writes on
    if (!folders.has(folder)) void sweep(folder, IDLE_MS);
    ensureFolder(folder);
    tag ??= ownTag();
    return join(folder, `${tag}${counter++}-${Date.now().toString(36)}`);
  }

  function writeTemp(bytes: Uint8Array): string {
    const temp = newTemp();
    const fd = openSync(temp, "wx", 0o444);
    try {
      for (let at = 0; at < bytes.byteLength;) at += writeSync(fd, bytes, at);
      if (durability === "power") fsyncSync(fd);
    } catch (e) { rmSync(temp, { force: true }); throw e; } finally { closeSync(fd); }
    return temp;
  }

  async function copyToTemp(path: string): Promise<string> {
    const temp = newTemp();
    try {
      await copyFile(path, temp, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      renew(temp);
      seal(temp);
    } catch (e) { rmSync(temp, { force: true }); throw e; }
    return temp;
  }

  async function copyOf({ path, size }: PutSource & { readonly kind: "file" }, signal: AbortSignal | undefined): Promise<string> {
    const temp = await copyToTemp(path);
    try {
      signal?.throwIfAborted();
      whole(path, statSync(temp).size, size);
    } catch (e) { rmSync(temp, { force: true }); throw e; }
    return temp;
  }

  function place(temp: string, path: string, ifAbsent: boolean, key: string): void {
    ensureFolder(dirname(path));
    try {
      if (ifAbsent) {
        // a hard link is the one way to create a name only if it is free, whole at once
        linkSync(temp, path);
        rmSync(temp, { force: true });
      } else renameSync(temp, path);
    } catch (e) {
      rmSync(temp, { force: true });
      if ((e as { code?: string }).code === "EEXIST") throw new MlstackError("MLS3012", `${key} exists already`);
      throw e;
    }
    if (durability === "power") syncFolder(dirname(path));
  }

  async function put(key: string, source: PutSource, options?: PutOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    const path = pathOf(key);
    try { await write(key, path, source, options); } catch (e) {
      options?.signal?.throwIfAborted();
      // folders are remembered as made; where somebody removed them they are made again, once
      if (isMissing(e) && folders.size > 0) {
        folders.clear();
        await write(key, path, source, options).catch((again: unknown) => { throw fsError(again, "writing", path); });
      } else throw fsError(e, "writing", path);
    }
  }

  async function write(key: string, path: string, source: PutSource, options?: PutOptions): Promise<void> {
    if (source.kind === "bytes") return place(writeTemp(source.bytes), path, options?.ifAbsent === true, key);
    if (source.mayMove === true && options?.ifAbsent !== true) {
      ensureFolder(dirname(path));
      try {
        const { mtimeMs, nlink, size } = statSync(source.path);
        whole(source.path, size, source.size);
        const isNew = Math.abs(Date.now() - mtimeMs) < NEW_MS;
        // under its other name somebody may just be looking whether it is written to: that one keeps its time
        if (!isNew && nlink > 1) { place(await copyOf(source, options?.signal), path, false, key); return; }
        if (!isNew) renew(source.path);
        seal(source.path);
        renameSync(source.path, path);
        if (durability === "power") syncFolder(dirname(path));
        return;
      } catch (e) { if ((e as { code?: string }).code !== "EXDEV") throw e; }
    }
    place(await copyOf(source, options?.signal), path, options?.ifAbsent === true, key);
  }

  /** A file of another user can't be given another time, but who may write into its folder may put a copy in its place. */
  async function touch(path: string, key: string): Promise<void> {
    if (isFolder(path)) throw noSuch(key);
    const now = new Date();
    try { utimesSync(path, now, now); } catch (e) {
      if ((e as { code?: string }).code !== "EPERM" && (e as { code?: string }).code !== "EACCES") throw e;
      place(await copyToTemp(path), path, false, key);
    }
  }

  return {
    contract: "artifact_store@1",
    capabilities: { createIfAbsent: true, wireChecksum: "none", deleteIfVersion: false },
    put,
    async get(key, options) {
      options?.signal?.throwIfAborted();
      const path = pathOf(key);
      try { return body(path, options); } catch (e) {
        if (isMissing(e) || isFolder(path)) throw noSuch(key);
        throw fsError(e, "reading", path);
      }
    },
    async touch(key, options) {
      options?.signal?.throwIfAborted();
      const path = pathOf(key);
      try { await touch(path, key); } catch (e) {
        if (isMissing(e)) throw noSuch(key);
        throw fsError(e, "touching", path);
      }
    },
    async stat(key, options) {
      options?.signal?.throwIfAborted();
      const path = pathOf(key);
      try {
        const s = statSync(path, { throwIfNoEntry: false });
        return s?.isFile() === true ? { key, size: s.size, modifiedAt: s.mtime } : undefined;
      } catch (e) { if (isMissing(e)) return undefined; throw fsError(e, "reading", path); }
    },
    list: (prefix, options) => list(root, prefix, options?.signal),
    async delete(key, options) {
      options?.signal?.throwIfAborted();
      const path = pathOf(key);
      if (options?.ifVersion !== undefined) throw new MlstackError("MLS3003", `${key} can't be removed in one version only`, { why: "files have no versions; the store says so (deleteIfVersion)" });
      try { rmSync(path, { force: true }); } catch (e) { if (!isMissing(e) && !isFolder(path)) throw fsError(e, "removing", path); }
    },
    localPath: pathOf,
    check: async () => check(root, writeTemp),
  };
}

/** The file may be read-only, which fsync does not mind; Windows flushes only what is open for writing. */
function syncFile(path: string): void {
  const isWindows = process.platform === "win32";
  if (isWindows) chmodSync(path, 0o666);
  const fd = openSync(path, isWindows ? "r+" : "r");
  try { fsyncSync(fd); } finally { closeSync(fd); }
}

/** A folder is what keys have in front of a slash: no object. */
const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** @throws MLS3003 for a file that has changed since it was handed over */
function whole(path: string, found: number, wanted: number): void {
  if (found >= wanted) return;
  throw new MlstackError("MLS3003", `the file ${path} ends after ${found} bytes, expected ${wanted}`, { why: "it has changed since it was handed over", fix: "write each output under a name of its own, and leave it alone until the step has ended" });
}

function readPart(fd: number, start: number, size: number): Buffer {
  const buffer = Buffer.allocUnsafe(size);
  let at = 0;
  for (let n; at < size && (n = readSync(fd, buffer, at, size - at, start + at)) > 0;) at += n;
  return buffer.subarray(0, at);
}

function body(path: string, { range, signal }: GetOptions = {}): ObjectBody {
  const opened = openSync(path, "r");
  try {
    const stat = fstatSync(opened);
    // a folder can be opened, too
    if (!stat.isFile()) throw Object.assign(new Error(`${path} is a folder`), { code: "ENOENT" });
    const total = stat.size;
    const start = Math.min(range?.offset ?? 0, total);
    const size = Math.min(range?.length ?? total, total - start);
    return size <= AT_ONCE ? bodyInMemory(readPart(opened, start, size), signal) : bodyOfFile(path, total, start, size, signal);
  } finally { closeSync(opened); }
}

function bodyInMemory(bytes: Buffer, signal: AbortSignal | undefined): ObjectBody {
  return {
    size: bytes.byteLength,
    async bytes() { signal?.throwIfAborted(); return bytes; },
    async *[Symbol.asyncIterator]() { signal?.throwIfAborted(); if (bytes.byteLength > 0) yield bytes; },
    close: async () => undefined,
  };
}

function bodyOfFile(path: string, total: number, start: number, size: number, signal: AbortSignal | undefined): ObjectBody {
  /** Opens the object, unless another one is in its place: part of that one would look like this one. */
  const open = (): number => {
    signal?.throwIfAborted();
    let fd;
    try { fd = openSync(path, "r"); } catch (e) { throw isMissing(e) ? new MlstackError("MLS3001", `${path} was removed before it was read`) : fsError(e, "reading", path); }
    if (fstatSync(fd).size === total) return fd;
    closeSync(fd);
    throw new MlstackError("MLS3003", `${path} was written again before it was read`);
  };
  return {
    size,
    async bytes() {
      const fd = open();
      try { return readPart(fd, start, size); } catch (e) { throw fsError(e, "reading", path); } finally { closeSync(fd); }
    },
    async *[Symbol.asyncIterator]() {
      try {
        for await (const chunk of createReadStream(path, { fd: open(), start, end: start + size - 1, highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array>) {
          signal?.throwIfAborted();
          yield chunk;
        }
      } catch (e) { signal?.throwIfAborted(); throw fsError(e, "reading", path); }
    },
    // the file is opened when it is read, and closed at the end of the reading
    close: async () => undefined,
  };
}

async function* list(root: string, prefix: string, signal: AbortSignal | undefined): AsyncIterable<ObjectStat> {
  // only the folders that can hold the prefix are walked
  const from = prefix.includes("/") ? join(root, prefix.slice(0, prefix.lastIndexOf("/"))) : root;
  const pending = existsSync(from) ? [from] : [];
  signal?.throwIfAborted();
  for (let folder; (folder = pending.pop()) !== undefined;) {
    const handle = await opendir(folder).catch((e: unknown) => { if (isMissing(e)) return undefined; throw fsError(e, "listing", folder); });
    if (handle === undefined) continue;
    for await (const entry of handle) {
      signal?.throwIfAborted();
      const path = join(folder, entry.name);
      const key = relative(root, path).split(sep).join("/");
      if (key === TEMP) continue;
      if (entry.isDirectory()) { if (key.startsWith(prefix) || prefix.startsWith(`${key}/`)) pending.push(path); continue; }
      const s = statSync(path, { throwIfNoEntry: false });
      if (s !== undefined && entry.isFile() && key.startsWith(prefix)) yield { key, size: s.size, modifiedAt: s.mtime };
    }
  }
}

function check(root: string, write: (bytes: Uint8Array) => string): readonly CheckFinding[] {
  const started = performance.now();
  try {
    rmSync(write(Buffer.from("check")), { force: true });
    return [{ name: "folder writable", ok: true, message: root, ms: performance.now() - started }];
  } catch (e) { return [{ name: "folder writable", ok: false, message: fsError(e, "writing", root).message }]; }
}
