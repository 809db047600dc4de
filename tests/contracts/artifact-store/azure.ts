import { createHash } from "node:crypto";
import { MlstackError, type ArtifactStore, type CallOptions, type ExternalReader, type ObjectStat } from "@mlstack/core";
import { bodyOf, bytesOf, rangeHeader } from "../testing/bytes.ts";
import { isBusy, patiently, vendorError, type Answer, type Transport } from "../testing/tape.ts";

interface ListedBlob { readonly name: string; readonly size: number; readonly modified: string; readonly etag: string; readonly folder?: boolean }

const codeOf = (a: Answer): string => a.headers?.["x-ms-error-code"] ?? "";
const md5 = (bytes: Uint8Array): string => createHash("md5").update(bytes).digest("base64");

/** Azure Blob Storage on paper. `nonce` makes the block ids of one upload its own. Listings come as XML; the recording has them parsed. */
export function azureStore(send: Transport, container: string, nonce: () => string, blockSize = 8 * 2 ** 20): ArtifactStore {
  const url = (key: string, query = "") => `/${container}/${key.split("/").map(encodeURIComponent).join("/")}${query}`;
  const statOf = (key: string, h: Readonly<Record<string, string>>): ObjectStat => ({ key, size: Number(h["content-length"]), modifiedAt: new Date(h["last-modified"]!), version: h["etag"]! });
  const head = async (key: string, options: CallOptions | undefined): Promise<Answer | undefined> => {
    const { answer } = await patiently(send, { method: "HEAD", url: url(key) }, options);
    // Blocks that were staged but never committed make no blob: this is also the answer while an upload goes on.
    if (answer.status === 404 && codeOf(answer) === "BlobNotFound") return undefined;
    // A hierarchical namespace has folders, which look like empty blobs.
    if (answer.headers?.["x-ms-meta-hdi_isfolder"] === "true") return undefined;
    if (answer.status !== 200) throw storeError(key, answer);
    return answer;
  };
  const exists = async (key: string, bytes: Uint8Array, unsure: boolean, options: CallOptions | undefined): Promise<void> => {
    const found = unsure ? await head(key, options) : undefined;
    if (found?.headers?.["content-md5"] === md5(bytes) && Number(found.headers["content-length"]) === bytes.length) return;
    throw new MlstackError("MLS3012", `${key} exists`);
  };

  return {
    contract: "artifact_store@1",
    capabilities: { createIfAbsent: true, wireChecksum: "md5", deleteIfVersion: true },

    async put(key, source, options) {
      const bytes = await bytesOf(source);
      const ifAbsent: Record<string, string> = options?.ifAbsent === true ? { "if-none-match": "*" } : {};
      // The blob's own MD5 is stored only if it is given; without it nothing could be compared later.
      const headers = { "x-ms-blob-content-md5": md5(bytes), ...ifAbsent };
      let unsure = false;
      for (let attempt = 1; attempt <= 3; attempt++) {
        const sent = bytes.length <= blockSize
          ? await patiently(send, { method: "PUT", url: url(key), headers: { ...headers, "x-ms-blob-type": "BlockBlob", "content-md5": md5(bytes) }, body: bytes }, options)
          : await stageAndCommit(key, bytes, headers, options);
        unsure ||= sent.unsure;
        if (sent.answer.status === 201) return;
        if (ifAbsent["if-none-match"] !== undefined && (codeOf(sent.answer) === "BlobAlreadyExists" || codeOf(sent.answer) === "ConditionNotMet")) return await exists(key, bytes, unsure, options);
        // Another writer has committed this blob since: the service throws away all blocks that were staged for it, ours too.
        if (codeOf(sent.answer) !== "InvalidBlockList") throw storeError(key, sent.answer);
      }
      throw new MlstackError("MLS3003", `${key}: another writer was faster three times`);
    },

    async get(key, options) {
      const { answer } = await patiently(send, { method: "GET", url: url(key), headers: rangeHeader(options?.range) }, options);
      return opened(key, answer, "MLS3001");
    },

    async stat(key, options) {
      const found = await head(key, options);
      return found && statOf(key, found.headers!);
    },

    async *list(prefix, options) {
      for (let marker = ""; ;) {
        const { answer } = await patiently(send, { method: "GET", url: `/${container}?restype=container&comp=list&prefix=${encodeURIComponent(prefix)}${marker}` }, options);
        if (answer.status !== 200) throw storeError(prefix, answer);
        const body = answer.body as { blobs: ListedBlob[]; nextMarker?: string };
        for (const b of body.blobs) if (b.folder !== true) yield { key: b.name, size: b.size, modifiedAt: new Date(b.modified), version: b.etag };
        // A page may be empty and still not be the last one.
        if (body.nextMarker === undefined) return;
        marker = `&marker=${encodeURIComponent(body.nextMarker)}`;
      }
    },

    async delete(key, options) {
      const { answer } = await patiently(send, { method: "DELETE", url: url(key), headers: options?.ifVersion === undefined ? {} : { "if-match": options.ifVersion } }, options);
      if (answer.status === 202 || codeOf(answer) === "BlobNotFound" || codeOf(answer) === "ConditionNotMet") return;
      throw storeError(key, answer);
    },

    external: external(send),
  };

  /** Block ids are shared by all who upload to this name at once, hence the nonce; all ids of a blob must have the same length. */
  async function stageAndCommit(key: string, bytes: Uint8Array, headers: Record<string, string>, options: CallOptions | undefined) {
    const ids: string[] = [];
    const upload = nonce();
    for (let at = 0; at < bytes.length; at += blockSize) {
      const id = Buffer.from(`${upload}.${String(ids.length).padStart(5, "0")}`).toString("base64");
      const block = bytes.subarray(at, at + blockSize);
      const { answer } = await patiently(send, { method: "PUT", url: url(key, `?comp=block&blockid=${encodeURIComponent(id)}`), headers: { "content-md5": md5(block) }, body: block }, options);
      if (answer.status !== 201) throw storeError(key, answer);
      ids.push(id);
    }
    return await patiently(send, { method: "PUT", url: url(key, "?comp=blocklist"), headers, body: { latest: ids } }, options);
  }
}

function external(send: Transport): ExternalReader {
  const at = (uri: string): string => {
    const m = /^az:\/\/([a-z0-9-]+)\/(.+)$/.exec(uri);
    if (m === null) throw new MlstackError("MLS3010", `${uri} is no URI of the form az://container/blob`);
    return `/${m[1]!}/${m[2]!.split("/").map(encodeURIComponent).join("/")}`;
  };
  return {
    schemes: ["az"],
    async stat(uri, options) {
      const { answer } = await patiently(send, { method: "HEAD", url: at(uri) }, options);
      if (answer.status === 404) return undefined;
      if (answer.status !== 200) throw vendorError(uri, answer, "MLS3003");
      return { uri, size: Number(answer.headers!["content-length"]), version: answer.headers!["etag"]! };
    },
    async get(uri, version, options) {
      const { answer } = await patiently(send, { method: "GET", url: at(uri), headers: { "if-match": version, ...rangeHeader(options?.range) } }, options);
      return opened(uri, answer.status === 412 ? { status: 404 } : answer, "MLS3010");
    },
    async *list() { /* as ArtifactStore.list */ },
  };
}

function opened(what: string, answer: Answer, gone: "MLS3001" | "MLS3010") {
  if (answer.status === 416) return bodyOf(new Uint8Array());
  if (answer.status === 404 && codeOf(answer) !== "ContainerNotFound") throw new MlstackError(gone, `${what} is not there`);
  if (answer.status !== 200 && answer.status !== 206) throw storeError(what, answer);
  const bytes = answer.body as Uint8Array;
  // Content-MD5 of a ranged answer is not of the range.
  if (answer.status === 200 && answer.headers?.["content-md5"] !== undefined && answer.headers["content-md5"] !== md5(bytes)) throw new MlstackError("MLS3003", `${what} was damaged on the way`);
  return bodyOf(bytes);
}

function storeError(key: string, answer: Answer): MlstackError {
  if (codeOf(answer) === "BlobImmutableDueToPolicy" || codeOf(answer) === "LeaseIdMissing") return new MlstackError("MLS3005", `${key} is held by a policy or a lease`, { details: { code: codeOf(answer) } });
  return isBusy(answer) || answer.status === 401 || answer.status === 403 ? vendorError(key, answer) : new MlstackError("MLS3003", `${key}: ${codeOf(answer)} (HTTP ${answer.status})`);
}
