import { chmodSync, closeSync, createReadStream, existsSync, fsyncSync, linkSync, openSync, readFileSync, readSync, renameSync, rmSync, statSync, utimesSync, writeSync } from "node:fs";
import { copyFile, opendir } from "node:fs/promises";
import { constants } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { isObjectKey, MlstackError, type ArtifactStore, type CheckFinding, type ObjectBody, type ObjectStat, type PutOptions, type PutSource } from "@mlstack/core";
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
        const { mtimeMs, nlink } = statSync(source.path);
        const isNew = Math.abs(Date.now() - mtimeMs) < NEW_MS;
        // under its other name somebody may just be looking whether it is written to: that one keeps its time
        if (!isNew && nlink > 1) { place(await copyToTemp(source.path), path, false, key); return; }
        if (!isNew) renew(source.path);
        seal(source.path);
        renameSync(source.path, path);
        if (durability === "power") syncFolder(dirname(path));
        return;
      } catch (e) { if ((e as { code?: string }).code !== "EXDEV") throw e; }
    }
    place(await copyToTemp(source.path), path, options?.ifAbsent === true, key);
  }

  /** A file of another user can't be given another time, but who may write into its folder may put a copy in its place. */
  async function touch(path: string, key: string): Promise<void> {
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
      const path = pathOf(key);
      try { return body(path, options?.range); } catch (e) {
        if (isMissing(e)) throw new MlstackError("MLS3001", `${key} is not in the store ${root}`, { details: { key } });
        throw fsError(e, "reading", path);
      }
    },
    async touch(key) {
      const path = pathOf(key);
      try { await touch(path, key); } catch (e) {
        if (isMissing(e)) throw new MlstackError("MLS3001", `${key} is not in the store ${root}`, { details: { key } });
        throw fsError(e, "touching", path);
      }
    },
    async stat(key) {
      const path = pathOf(key);
      try {
        const s = statSync(path, { throwIfNoEntry: false });
        return s?.isFile() === true ? { key, size: s.size, modifiedAt: s.mtime } : undefined;
      } catch (e) { if (isMissing(e)) return undefined; throw fsError(e, "reading", path); }
    },
    list: (prefix) => list(root, prefix),
    async delete(key, options) {
      const path = pathOf(key);
      if (options?.ifVersion !== undefined) throw new MlstackError("MLS3003", `${key} can't be removed in one version only`, { why: "files have no versions; the store says so (deleteIfVersion)" });
      try { rmSync(path, { force: true }); } catch (e) { if (!isMissing(e)) throw fsError(e, "removing", path); }
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

function body(path: string, range: { offset: number; length: number } | undefined): ObjectBody {
  const total = statSync(path).size;
  const start = Math.min(range?.offset ?? 0, total);
  const size = Math.min(range?.length ?? total, total - start);
  return {
    size,
    async bytes() {
      if (start === 0 && size === total) return readFileSync(path);
      const buffer = Buffer.allocUnsafe(size);
      const fd = openSync(path, "r");
      try { let at = 0; for (let n; at < size && (n = readSync(fd, buffer, at, size - at, start + at)) > 0;) at += n; return buffer.subarray(0, at); } finally { closeSync(fd); }
    },
    async *[Symbol.asyncIterator]() {
      if (size > 0) yield* createReadStream(path, { start, end: start + size - 1, highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array>;
    },
    // the file is opened when it is read, and closed at the end of the reading
    close: async () => undefined,
  };
}

async function* list(root: string, prefix: string): AsyncIterable<ObjectStat> {
  // only the folders that can hold the prefix are walked
  const from = prefix.includes("/") ? join(root, prefix.slice(0, prefix.lastIndexOf("/"))) : root;
  const pending = existsSync(from) ? [from] : [];
  for (let folder; (folder = pending.pop()) !== undefined;) {
    const handle = await opendir(folder).catch((e: unknown) => { if (isMissing(e)) return undefined; throw fsError(e, "listing", folder); });
    if (handle === undefined) continue;
    for await (const entry of handle) {
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
