import { MlstackError, type ArtifactStore } from "@mlstack/core";
import { contentSpace, type ContentSpace } from "./content-space.ts";
import { encodeManifest, sha256 } from "./manifest.ts";

/** A store that is only looked at: nothing is written, removed or touched. */
export function lookedAt(store: ArtifactStore): ArtifactStore {
  const refused = async (): Promise<never> => { throw new MlstackError("MLS3005", "this store is only looked at"); };
  const { external } = store;
  return {
    contract: store.contract, capabilities: store.capabilities, put: refused, delete: refused, touch: refused,
    get: (key, options) => store.get(key, options), stat: (key, options) => store.stat(key, options), list: (prefix, options) => store.list(prefix, options),
    ...(store.localPath !== undefined && { localPath: (key: string) => store.localPath!(key) }),
    ...(external !== undefined && { external }),
  };
}

/** The content of a store that is only looked at; what is put into it is in memory, and nobody else's. */
export function contentLookedAt(store: ArtifactStore): ContentSpace {
  const there = contentSpace(lookedAt(store), false);
  const own = new Map<string, Uint8Array>();
  const putBytes = async (data: Uint8Array | string, digest = sha256(data)): Promise<string> => {
    own.set(digest, typeof data === "string" ? Buffer.from(data) : data);
    return digest;
  };
  return {
    ...there, putBytes, putManifest: (manifest) => putBytes(encodeManifest(manifest)),
    has: async (digest, size) => own.has(digest) || there.has(digest, size),
    read: async (digest) => own.get(digest) ?? there.read(digest),
    async *stream(digest) { const bytes = own.get(digest); if (bytes === undefined) yield* there.stream(digest); else yield bytes; },
    readManifest: async (digest) => { const bytes = own.get(digest); return bytes === undefined ? there.readManifest(digest) : (JSON.parse(Buffer.from(bytes).toString("utf8")) as Awaited<ReturnType<ContentSpace["readManifest"]>>); },
  };
}
