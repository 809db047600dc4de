import { createHash } from "node:crypto";
import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { MlstackError } from "@mlstack/core/errors";
import { sha256, type Digest } from "../digest/digest.ts";
import { DEFAULT_LIMITS } from "../tarball/read-tarball.ts";
import { BUNDLE_VERSION, bundleIndex, type BundleIndex } from "./bundle-index.ts";

/*
 * A bundle is a tar archive, not compressed, for tarballs are already: index.json, index.json.sha256, then each blob once as blobs/ and its SHA-256, in the order of
 * these. Headers hold nothing but name and size. So the same content is the same bytes, wherever it is written; and a file in which any byte is not what
 * the writer would have written is no bundle. Nothing is unpacked: blobs are asked for by digest, so no name in the archive leads anywhere.
 */

const [INDEX, CHECK] = ["index.json", "index.json.sha256"];
const BLOCK = 512;
const END = 2 * BLOCK;
const LARGEST_INDEX = 64 * 1024 * 1024;
const padding = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;
const blobName = (digest: Digest): string => `blobs/${digest.slice("sha256:".length)}`;

/** A header of the ustar form: name, mode, owner, group, size, time, kind, and a sum over it that is made while blanks stand in its place. */
function headerOf(path: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number): void => { block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, "latin1"); };
  block.write(path, 0, "latin1");
  octal(0o644, MODE, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, SIZE, 12);
  octal(0, 136, 12);
  block.write("        0", SUM, "latin1");
  block.write("ustar\x0000", 257, "latin1");
  octal(block.reduce((sum, byte) => sum + byte, 0), SUM, 7);
  return block;
}
const [MODE, SIZE, SUM] = [100, 124, 148];

/** A bundle that was looked at as a whole: all in it has the digest that its index says. */
export interface BundleFile {
  readonly index: BundleIndex;
  /** In bytes. */
  readonly size: number;
  /** Bytes of a blob. @throws MLS8602 where the file was changed since it was opened */
  read(digest: Digest): Promise<Uint8Array>;
  close(): Promise<void>;
}

/**
 * Writes a bundle whole or not at all.
 *
 * @param read gives the bytes of each blob that the index names
 * @returns its size in bytes
 * @throws MLS7011 there is such a file; MLS7002 it can't be written there; MLS3004
 */
export async function writeBundle(path: string, index: BundleIndex, read: (digest: Digest) => Promise<Uint8Array>): Promise<number> {
  const partial = join(dirname(path), `.${basename(path)}.${process.pid}.partial`);
  let size = 0;
  try {
    const file = await open(partial, "w");
    const put = async (name: string, bytes: Uint8Array): Promise<void> => {
      const all = Buffer.concat([headerOf(name, bytes.length), bytes, Buffer.alloc(padding(bytes.length))]);
      await file.writeFile(all);
      size += all.length;
    };
    try {
      const text = Buffer.from(`${JSON.stringify(index, undefined, 2)}\n`);
      await put(INDEX, text);
      await put(CHECK, Buffer.from(checkOf(text)));
      for (const digest of blobsOf(index).keys()) await put(blobName(digest), await read(digest));
      await file.writeFile(Buffer.alloc(END));
      await file.sync();
    } finally { await file.close(); }
    await claim(path);
    await rename(partial, path);
  } catch (e) {
    const { code } = e as NodeJS.ErrnoException;
    if (MlstackError.is(e) || code === undefined) throw e;
    if (code === "ENOSPC" || code === "EDQUOT") throw new MlstackError("MLS3004", `no space is left for ${path}`, { fix: "free space, or name a file elsewhere", cause: e });
    throw new MlstackError("MLS7002", `${path} can't be written (${code})`, { fix: "name a file in a folder that is there, and that you may write to", cause: e });
  } finally { await rm(partial, { force: true }); }
  return size + END;
}

/** A file of that name is somebody's. */
async function claim(path: string): Promise<void> {
  try { await (await open(path, "wx")).close(); } catch (e) {
    if ((e as NodeJS.ErrnoException).code !== "EEXIST") throw e;
    throw new MlstackError("MLS7011", `${path} is there already`, { fix: "name another file, or remove it first" });
  }
}

/** As `sha256sum` writes it. */
const checkOf = (index: Uint8Array): string => `${sha256(index).slice("sha256:".length)}  ${INDEX}\n`;

/** All blobs of an index with their sizes, in the order in which they are written. */
export function blobsOf({ documents, tarballs }: BundleIndex): ReadonlyMap<Digest, number> {
  return new Map([...documents, ...tarballs].map(({ digest, size }) => [digest, size] as const).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Opens a bundle and reads all of it, a piece at a time.
 *
 * @throws MLS7002 no such file; MLS8601 of a newer version; MLS8602 changed, cut off, or made by somebody else; MLS8603 no bundle
 */
export async function openBundle(path: string): Promise<BundleFile> {
  let file: FileHandle;
  try { file = await open(path, "r"); } catch (e) { throw new MlstackError("MLS7002", `${path} can't be read (${(e as NodeJS.ErrnoException).code ?? ""})`, { fix: "correct the path", cause: e }); }
  try { return await checked(path, file); } catch (e) {
    await file.close();
    if ((e as NodeJS.ErrnoException).code === "EISDIR") throw notABundle(path, "it is a folder");
    throw e;
  }
}

async function checked(path: string, file: FileHandle): Promise<BundleFile> {
  const damaged = (problem: string): MlstackError => new MlstackError("MLS8602", `${path} is not what was exported: ${problem}`, {
    why: "it was changed or cut off on its way, or something else than mlstack has written it; nothing of it was taken", fix: "copy it again, or export it again: mlstack integration bundle export FILE", details: { path, problem },
  });
  const bytesAt = async (at: number, length: number): Promise<Buffer> => {
    const bytes = Buffer.alloc(length);
    let got = 0;
    while (got < length) {
      const { bytesRead } = await file.read(bytes, got, length - got, at + got);
      if (bytesRead === 0) throw damaged("it ends too early");
      got += bytesRead;
    }
    return bytes;
  };
  const { size } = await file.stat();
  const text = await indexText(path, file, bytesAt, damaged);
  const index = indexOf(path, text, damaged);
  let at = 0;
  /** What is next is this file, to the byte. @returns where its content begins */
  const pass = async (name: string, length: number, sameAs: (content: Digest) => boolean): Promise<number> => {
    const [start, end] = [at + BLOCK, at + BLOCK + length + padding(length)];
    if (!(await bytesAt(at, BLOCK)).equals(headerOf(name, length))) throw damaged(`${name} is not where it belongs`);
    const hash = createHash("sha256");
    for (let from = start; from < start + length; from += CHUNK) hash.update(await bytesAt(from, Math.min(CHUNK, start + length - from)));
    if (!sameAs(`sha256:${hash.digest("hex")}`)) throw damaged(`${name} was changed`);
    if ((await bytesAt(start + length, padding(length))).some((byte) => byte !== 0)) throw damaged(`there is something behind ${name}`);
    at = end;
    return start;
  };
  await pass(INDEX, text.length, (found) => found === sha256(text));
  await pass(CHECK, checkOf(text).length, (found) => found === sha256(checkOf(text)));
  const places = new Map<Digest, number>();
  for (const [digest, length] of blobsOf(index)) {
    if (length > DEFAULT_LIMITS.bytes) throw damaged(`${blobName(digest)} has more than ${DEFAULT_LIMITS.bytes} bytes`);
    places.set(digest, await pass(blobName(digest), length, (found) => found === digest));
  }
  if (size !== at + END || (await bytesAt(at, END)).some((byte) => byte !== 0)) throw damaged("it has another end");
  const sizes = blobsOf(index);
  return {
    index, size,
    async read(digest) {
      const bytes = await bytesAt(places.get(digest)!, sizes.get(digest)!);
      if (sha256(bytes) !== digest) throw damaged(`${blobName(digest)} was changed`);
      return bytes;
    },
    close: () => file.close(),
  };
}

const CHUNK = 1024 * 1024;

/** The index comes first in bundles of all versions. */
async function indexText(path: string, file: FileHandle, bytesAt: (at: number, length: number) => Promise<Buffer>, damaged: (problem: string) => MlstackError): Promise<Buffer> {
  const first = Buffer.alloc(BLOCK);
  await file.read(first, 0, BLOCK, 0);
  if (!first.subarray(0, INDEX.length + 1).equals(Buffer.from(`${INDEX}\0`))) throw notABundle(path, "it does not begin with an index");
  const size = Number.parseInt(first.toString("latin1", SIZE, SIZE + 11), 8);
  if (!(size <= LARGEST_INDEX) || !first.equals(headerOf(INDEX, size))) throw damaged("the header of its index was changed");
  return bytesAt(BLOCK, size);
}

function indexOf(path: string, text: Buffer, damaged: (problem: string) => MlstackError): BundleIndex {
  let value: unknown;
  try { value = JSON.parse(text.toString("utf8")); } catch { throw damaged("its index is not JSON"); }
  const version = (value as { readonly bundleVersion?: unknown } | null)?.bundleVersion;
  if (typeof version === "number" && version > BUNDLE_VERSION) {
    throw new MlstackError("MLS8601", `${path} is a bundle of version ${version}, and this mlstack reads version ${BUNDLE_VERSION}`, { why: "a newer mlstack has written it", fix: "update mlstack here, or export it with the mlstack that is used here", details: { path, found: version, reads: BUNDLE_VERSION } });
  }
  const { data, error } = bundleIndex.safeParse(value);
  if (data === undefined) throw damaged(`its index: ${error.issues[0]!.path.join(".")}: ${error.issues[0]!.message}`);
  return data;
}

function notABundle(path: string, problem: string): MlstackError {
  return new MlstackError("MLS8603", `${path} is no bundle: ${problem}`, { fix: "name a file that mlstack has written: mlstack integration bundle export FILE", details: { path } });
}
