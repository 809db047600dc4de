import { readFile } from "node:fs/promises";
import { isObjectKey, MlstackError, type ArtifactStore, type ObjectBody, type ObjectStat, type PutSource } from "@mlstack/core";
import type { Clock } from "../clock.ts";

interface Stored { readonly bytes: Uint8Array; readonly modifiedAt: Date; readonly version: string }

/** An artifact store in this process's memory. `modifiedAt` is by the clock. */
export function memoryStore(objects: Map<string, Stored> = new Map(), { now }: Pick<Clock, "now"> = Date): ArtifactStore {
  let writes = 0;
  const write = (key: string, bytes: Uint8Array) => { objects.set(key, { bytes, modifiedAt: new Date(now()), version: String(++writes) }); };
  const statOf = (key: string, { bytes, modifiedAt, version }: Stored): ObjectStat => ({ key, size: bytes.byteLength, modifiedAt, version });
  const legal = (key: string) => { if (!isObjectKey(key)) throw new MlstackError("MLS3011", `${JSON.stringify(key)} is no object key`); };
  const found = (key: string): Stored => {
    legal(key);
    const object = objects.get(key);
    if (object === undefined) throw new MlstackError("MLS3001", `there is no object ${key}`);
    return object;
  };
  return {
    contract: "artifact_store@1", capabilities: { createIfAbsent: true, wireChecksum: "none", deleteIfVersion: true },
    async put(key, source, { ifAbsent, signal } = {}) {
      legal(key);
      signal?.throwIfAborted();
      const bytes = source.kind === "bytes" ? Uint8Array.from(source.bytes) : await fileBytes(source);
      signal?.throwIfAborted();
      // asked when the bytes are there: nothing is waited for between the look and the write
      if (ifAbsent === true && objects.has(key)) throw new MlstackError("MLS3012", `the object ${key} exists`);
      write(key, bytes);
    },
    async get(key, { range, signal } = {}) {
      signal?.throwIfAborted();
      const { bytes } = found(key);
      return bodyOf(range === undefined ? bytes : bytes.subarray(range.offset, range.offset + range.length), signal);
    },
    async stat(key, { signal } = {}) {
      signal?.throwIfAborted();
      legal(key);
      const object = objects.get(key);
      return object === undefined ? undefined : statOf(key, object);
    },
    async *list(prefix, { signal } = {}) {
      signal?.throwIfAborted();
      for (const [key, object] of objects) {
        signal?.throwIfAborted();
        if (key.startsWith(prefix)) yield statOf(key, object);
      }
    },
    async delete(key, { ifVersion, signal } = {}) {
      signal?.throwIfAborted();
      legal(key);
      if (ifVersion === undefined || objects.get(key)?.version === ifVersion) objects.delete(key);
    },
    async touch(key, { signal } = {}) {
      signal?.throwIfAborted();
      write(key, found(key).bytes);
    },
  };
}

const PIECE = 1 << 20;

/** @throws MLS3003 for a file that is gone or shorter than said */
async function fileBytes({ path, size }: PutSource & { readonly kind: "file" }): Promise<Uint8Array> {
  const bytes = await readFile(path).catch((cause: unknown) => { throw new MlstackError("MLS3003", `the file ${path} could not be read`, { cause }); });
  if (bytes.byteLength < size) throw new MlstackError("MLS3003", `the file ${path} ends after ${bytes.byteLength} bytes, expected ${size}`);
  return new Uint8Array(bytes);
}

function bodyOf(bytes: Uint8Array, signal: AbortSignal | undefined): ObjectBody {
  return {
    size: bytes.byteLength, bytes: async () => { signal?.throwIfAborted(); return Uint8Array.from(bytes); }, close: async () => undefined,
    async *[Symbol.asyncIterator]() { for (let at = 0; at < bytes.byteLength; at += PIECE) { signal?.throwIfAborted(); yield Uint8Array.from(bytes.subarray(at, at + PIECE)); } },
  };
}
