import { readFile } from "node:fs/promises";
import { isObjectKey, MlstackError, type ArtifactStore, type ObjectBody, type ObjectStat } from "@mlstack/core";

interface Stored { readonly bytes: Uint8Array; readonly modifiedAt: Date; readonly version: string }

/** An artifact store in this process's memory. */
export function memoryStore(objects: Map<string, Stored> = new Map()): ArtifactStore {
  let writes = 0;
  const write = (key: string, bytes: Uint8Array) => { objects.set(key, { bytes, modifiedAt: new Date(), version: String(++writes) }); };
  const statOf = (key: string, { bytes, modifiedAt, version }: Stored): ObjectStat => ({ key, size: bytes.byteLength, modifiedAt, version });
  const found = (key: string): Stored => {
    const object = objects.get(key);
    if (object === undefined) throw new MlstackError("MLS3001", `there is no object ${key}`);
    return object;
  };
  const legal = (key: string) => { if (!isObjectKey(key)) throw new MlstackError("MLS3011", `${JSON.stringify(key)} is no object key`); };
  return {
    contract: "artifact_store@1", capabilities: { createIfAbsent: true, wireChecksum: "none", deleteIfVersion: true },
    async put(key, source, { ifAbsent, signal } = {}) {
      legal(key);
      const bytes = source.kind === "bytes" ? Uint8Array.from(source.bytes) : new Uint8Array(await readFile(source.path));
      signal?.throwIfAborted();
      // asked when the bytes are there: nothing is waited for between the look and the write
      if (ifAbsent === true && objects.has(key)) throw new MlstackError("MLS3012", `the object ${key} exists`);
      write(key, bytes);
    },
    async get(key, { range, signal } = {}) {
      signal?.throwIfAborted();
      const { bytes } = found(key);
      return bodyOf(range === undefined ? bytes : bytes.subarray(range.offset, range.offset + range.length));
    },
    async stat(key) {
      const object = objects.get(key);
      return object === undefined ? undefined : statOf(key, object);
    },
    async *list(prefix, { signal } = {}) {
      for (const [key, object] of objects) {
        signal?.throwIfAborted();
        if (key.startsWith(prefix)) yield statOf(key, object);
      }
    },
    async delete(key, { ifVersion } = {}) { if (ifVersion === undefined || objects.get(key)?.version === ifVersion) objects.delete(key); },
    async touch(key) { write(key, found(key).bytes); },
  };
}

const PIECE = 1 << 20;

function bodyOf(bytes: Uint8Array): ObjectBody {
  return {
    size: bytes.byteLength, bytes: async () => Uint8Array.from(bytes), close: async () => undefined,
    async *[Symbol.asyncIterator]() { for (let at = 0; at < bytes.byteLength; at += PIECE) yield Uint8Array.from(bytes.subarray(at, at + PIECE)); },
  };
}
