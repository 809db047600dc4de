import { join } from "node:path";
import { MlstackError, type ArtifactStore, type ErrorCode, type ExternalReader, type ObjectBody, type PutSource } from "@mlstack/core";
import plugin from "@mlstack/engine/plugin";
import { memoryStack } from "@mlstack/testkit";
import type { ArtifactStoreSubject } from "@mlstack/testkit/conformance";

const local = plugin.components.find((c) => c.contract === "artifact_store@1")!;
/** The store of a project, as a stack makes it. */
export const localStore = async (projectDir: string, config: object = {}): Promise<ArtifactStore> => (await local.create(local.config.parse(config), { name: "s", projectDir, stateDir: join(projectDir, ".mlstack") })) as ArtifactStore;

export const bodyOf = (bytes: Uint8Array, more: Partial<ObjectBody> = {}): ObjectBody => ({ size: bytes.byteLength, bytes: async () => bytes, close: async () => undefined, async *[Symbol.asyncIterator]() { yield bytes; }, ...more });
export const bytesOf = (bytes: Uint8Array | string): PutSource => ({ kind: "bytes", bytes: Buffer.from(bytes as Uint8Array) });

const fails = (code: ErrorCode) => async (): Promise<never> => { throw new MlstackError(code, "it fails"); };

/** A store of which every call fails, the check says so. */
export function failingStore(code: ErrorCode): ArtifactStore {
  const fail = fails(code);
  return { contract: "artifact_store@1", capabilities: { createIfAbsent: true, wireChecksum: "none", deleteIfVersion: true }, put: fail, get: fail, stat: fail, delete: fail, touch: fail, deleteMany: fail, async *list() { yield await fail(); }, check: async () => [{ name: "reach", ok: false, message: "it fails" }] };
}

/** A store in memory that can all that a store may, but for files in place. */
export function fullStore(): { readonly store: ArtifactStore; readonly subject: Omit<ArtifactStoreSubject, "open"> } {
  const { store } = memoryStack();
  const outside = new Map<string, Uint8Array>();
  const versionOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
  const legal = (uri: string) => { if (!/^test:\/\/./.test(uri)) throw new MlstackError("MLS3010", `${uri} is no URI of this store`); };
  const external: ExternalReader = {
    schemes: ["test"],
    async stat(uri, { signal } = {}) {
      signal?.throwIfAborted();
      legal(uri);
      const bytes = outside.get(uri);
      return bytes === undefined ? undefined : { uri, size: bytes.byteLength, version: versionOf(bytes) };
    },
    async get(uri, version, { range, signal } = {}) {
      signal?.throwIfAborted();
      const bytes = outside.get(uri);
      if (bytes === undefined || versionOf(bytes) !== version) throw new MlstackError("MLS3010", `${uri} has changed`);
      return bodyOf(range === undefined ? bytes : bytes.subarray(range.offset, range.offset + range.length));
    },
    async *list(uri, { signal } = {}) {
      signal?.throwIfAborted();
      for (const [name, bytes] of outside) if (name.startsWith(uri.endsWith("/") ? uri : `${uri}/`)) yield { uri: name, size: bytes.byteLength, version: versionOf(bytes) };
    },
  };
  return {
    store: { ...store, external, check: async () => [{ name: "memory", ok: true, message: "it is there" }], async deleteMany(keys, options) { options?.signal?.throwIfAborted(); for (const key of keys) await store.stat(key); for (const key of keys) await store.delete(key); return []; } },
    subject: {
      openMissing: async () => failingStore("MLS3003"), openDenied: async () => failingStore("MLS6002"), openUnreachable: async () => failingStore("MLS6001"),
      external: { folder: "test://place/", malformed: ["test://", "other://x"], put: async (uri, bytes) => { outside.set(uri, bytes); }, remove: async (uri) => { outside.delete(uri); } },
    },
  };
}
