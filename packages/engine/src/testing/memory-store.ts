import { readFileSync } from "node:fs";
import { component, definePlugin, MlstackError, type ArtifactStore, type ExternalReader, type ObjectBody, type PluginDefinition } from "@mlstack/core";
import { z } from "zod";

/** A store in memory that is "elsewhere": no local paths, every call takes a turn of the event loop, and what is asked of it is counted. */
export interface MemoryStore extends ArtifactStore {
  readonly objects: Map<string, Uint8Array>;
  /** When each was written or touched last, in milliseconds since 1970. */
  readonly times: Map<string, number>;
  /** `get cas/…`, `stat ac/…`, `put …`, in the order of the calls. */
  readonly calls: string[];
  /** How each put came: its key, and whether it was given as bytes or as a file. */
  readonly puts: { readonly key: string; readonly kind: "bytes" | "file" }[];
  /** Called before every operation, which waits for it; what it throws is what the operation throws. */
  fault: ((call: string) => void | Promise<void>) | undefined;
}

const turn = () => new Promise<void>((done) => { setImmediate(done); });

export function memoryStore(external?: ExternalReader): MemoryStore {
  const objects = new Map<string, Uint8Array>();
  const times = new Map<string, number>();
  const calls: string[] = [];
  const puts: MemoryStore["puts"] = [];
  const modifiedAt = (key: string) => new Date(times.get(key) ?? Date.now());
  const enter = async (call: string) => {
    calls.push(call);
    await turn();
    await store.fault?.(call);
  };
  const store: MemoryStore = {
    contract: "artifact_store@1", capabilities: { createIfAbsent: true, wireChecksum: "none", deleteIfVersion: false }, objects, times, calls, puts, fault: undefined, external,
    async put(key, source, options = {}) {
      await enter(`put ${key}`);
      if (options.ifAbsent === true && objects.has(key)) throw new MlstackError("MLS3012", `${key} exists`);
      puts.push({ key, kind: source.kind });
      times.set(key, Date.now());
      objects.set(key, source.kind === "bytes" ? Uint8Array.from(source.bytes) : readFileSync(source.path));
    },
    async get(key) {
      await enter(`get ${key}`);
      const bytes = objects.get(key);
      if (bytes === undefined) throw new MlstackError("MLS3001", `there is no ${key}`);
      return bodyOf(bytes);
    },
    async touch(key) {
      await enter(`touch ${key}`);
      if (!objects.has(key)) throw new MlstackError("MLS3001", `there is no ${key}`);
      times.set(key, Date.now());
    },
    async stat(key) {
      await enter(`stat ${key}`);
      const bytes = objects.get(key);
      return bytes === undefined ? undefined : { key, size: bytes.byteLength, modifiedAt: modifiedAt(key) };
    },
    async *list(prefix) {
      await enter(`list ${prefix}`);
      for (const [key, bytes] of objects) if (key.startsWith(prefix)) yield { key, size: bytes.byteLength, modifiedAt: modifiedAt(key) };
    },
    async delete(key, options) {
      if (options?.ifVersion !== undefined) throw new MlstackError("MLS3003", "there are no versions here");
      await enter(`delete ${key}`);
      objects.delete(key);
    },
  };
  return store;
}

export function bodyOf(bytes: Uint8Array): ObjectBody {
  return { size: bytes.byteLength, bytes: async () => bytes, close: async () => undefined, async *[Symbol.asyncIterator]() { for (let at = 0; at < bytes.byteLength; at += 1 << 20) yield bytes.subarray(at, at + (1 << 20)); } };
}

/** A plugin whose `memory` stores are looked up by the name in their configuration. */
export function memoryPlugin(stores: Readonly<Record<string, ArtifactStore>>): PluginDefinition {
  return definePlugin({ name: "memory-stores", components: [component({ type: "artifact_store", version: 1, flavor: "memory", description: "In memory", config: z.strictObject({ of: z.string() }), create: ({ of }) => stores[of]! })] });
}
