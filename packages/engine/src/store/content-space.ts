import { createHash, randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { MlstackError, type ArtifactStore, type PutSource } from "@mlstack/core";
import { outlivesCleanUps } from "./clean-up-note.ts";
import { cleanUpWatch } from "./clean-up-watch.ts";
import { keepFresh } from "./freshness.ts";
import { layout } from "./layout.ts";
import { decodeManifest, encodeManifest, sha256, type Manifest } from "./manifest.ts";

/** Content by its SHA-256. What it hands out is what was put in, or an error. */
export interface ContentSpace {
  readonly store: ArtifactStore;
  /** Puts bytes and returns their digest. */
  putBytes(bytes: Uint8Array | string, digest?: string): Promise<string>;
  /** Puts a file whose digest is known. */
  putFile(source: Extract<PutSource, { kind: "file" }>, digest: string): Promise<void>;
  /** Puts what another space has, by way of a file in `scratch` where it is large. */
  putStream(source: AsyncIterable<Uint8Array>, digest: string, size: number, scratch: string): Promise<void>;
  /** Puts a manifest and returns its digest: the artifact's. */
  putManifest(manifest: Manifest): Promise<string>;
  /** Whether the blob is there, with that size. One that is old is touched: who asks is going to rely on it. */
  has(digest: string, size?: number): Promise<boolean>;
  /** A blob in memory. Throws MLS3001 when it is not there, MLS3002 when it is not what its name says. */
  read(digest: string): Promise<Uint8Array>;
  /** A blob piece by piece; MLS3002 comes at the latest when the piece after the last is asked for. */
  stream(digest: string): AsyncIterable<Uint8Array>;
  readManifest(digest: string): Promise<Manifest>;
  /** A file of this machine that is the blob, read once to be sure of it; undefined where the store lies elsewhere. Read-only. */
  inPlace(digest: string): Promise<string | undefined>;
}

/** Blobs up to this size are copied through memory, in bytes. */
const IN_MEMORY = 4 << 20;

async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** @param mends whether a blob that is not what its name says is removed; not in a store that is not the stack's own */
export function contentSpace(store: ArtifactStore, mends = true): ContentSpace {
  const watch = cleanUpWatch(store);

  async function putBytes(data: Uint8Array | string, known?: string): Promise<string> {
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    const digest = known ?? sha256(bytes);
    await putOnce(digest, { kind: "bytes", bytes });
    return digest;
  }

  async function putOnce(digest: string, source: PutSource): Promise<void> {
    const key = layout.blob(digest);
    const put = () => store.put(key, source);
    const stat = await store.stat(key);
    const isWhole = stat?.size === (source.kind === "bytes" ? source.bytes.byteLength : source.size);
    if (stat !== undefined && isWhole && (await keepFresh(store, stat, watch, put))) return;
    await put();
    // a clean-up may be about to remove half of a blob that lay there, and does not see that it was replaced
    if (stat !== undefined && !isWhole && !(await outlivesCleanUps(store, key))) await put();
  }

  async function has(digest: string, size?: number): Promise<boolean> {
    const stat = await store.stat(layout.blob(digest));
    return stat !== undefined && (size === undefined || stat.size === size) && keepFresh(store, stat, watch, () => putStream(stream(digest), digest, stat.size, tmpdir()));
  }

  async function putStream(source: AsyncIterable<Uint8Array>, digest: string, size: number, scratch: string): Promise<void> {
    if (size <= IN_MEMORY) { await store.put(layout.blob(digest), { kind: "bytes", bytes: await collect(source) }); return; }
    await mkdir(scratch, { recursive: true });
    const path = join(scratch, `${digest}.${randomUUID()}`);
    try {
      await pipeline(source, createWriteStream(path));
      await store.put(layout.blob(digest), { kind: "file", path, size, mayMove: true });
    } finally { await rm(path, { force: true }); }
  }

  // A blob that is not what its name says is worth less than none: it is removed, so that the next run makes it anew. It is everybody's,
  // though, and one bad reading may be the line's fault: so it was read twice when this is called.
  async function refuse(digest: string, found: string): Promise<never> {
    const removed = mends && (await store.delete(layout.blob(digest)).then(() => true, () => false));
    throw new MlstackError("MLS3002", `the stored blob ${digest} was changed: its content now has the digest ${found}`, {
      why: "bytes are compared with their digest whenever they are read", fix: removed ? "run again: the blob was removed, and the step that makes it will run" : `remove ${layout.blob(digest)} from the store and run again`,
      details: { blob: digest, found, key: layout.blob(digest), removed },
    });
  }

  async function* once(digest: string): AsyncGenerator<Uint8Array, string> {
    const hash = createHash("sha256");
    for await (const chunk of await store.get(layout.blob(digest))) { hash.update(chunk); yield chunk; }
    return hash.digest("hex");
  }

  async function* stream(digest: string): AsyncIterable<Uint8Array> {
    const found = yield* once(digest);
    if (found === digest) return;
    const again = once(digest);
    let end = await again.next();
    while (end.done !== true) end = await again.next();
    if (end.value !== digest) await refuse(digest, end.value);
    // what was handed out can't be taken back
    throw new MlstackError("MLS3002", `the stored blob ${digest} was damaged on its way: what came has the digest ${found}`, { why: "read again, it is what its name says", fix: "run again", details: { blob: digest, found, key: layout.blob(digest), removed: false } });
  }

  async function read(digest: string): Promise<Uint8Array> {
    for (let n = 1; ; n++) {
      const bytes = await (await store.get(layout.blob(digest))).bytes();
      const found = sha256(bytes);
      if (found === digest) return bytes;
      if (n === 2) return refuse(digest, found);
    }
  }

  return {
    store, putBytes, has, read, stream, putStream,
    putFile: (source, digest) => putOnce(digest, source),
    putManifest: (manifest) => putBytes(encodeManifest(manifest)),
    readManifest: async (digest) => decodeManifest(Buffer.from(await read(digest)).toString("utf8"), digest),
    async inPlace(digest) {
      const path = store.localPath?.(layout.blob(digest));
      if (path !== undefined) for await (const piece of stream(digest)) void piece;
      return path;
    },
  };
}
