import { MlstackError, type ArtifactStore, type CallOptions, type ExternalReader, type ExternalStat, type ObjectStat } from "@mlstack/core";
import { bodyOf, bytesOf, crc32c, rangeHeader } from "../testing/bytes.ts";
import { patiently, vendorError, type Answer, type Transport } from "../testing/tape.ts";
import { putError, uploadInParts, type Exists } from "./gcs-resumable.ts";

interface GcsObject { readonly name: string; readonly size: string; readonly timeCreated: string; readonly generation: string; readonly crc32c?: string }

/** Cloud Storage's JSON API on paper. Objects above `partSize` go through a resumable session. */
export function gcsStore(send: Transport, bucket: string, partSize = 8 * 2 ** 20): ArtifactStore {
  const url = (key: string, query = "") => `/storage/v1/b/${bucket}/o/${encodeURIComponent(key)}${query}`;
  const statOf = (o: GcsObject): ObjectStat => ({ key: o.name, size: Number(o.size), modifiedAt: new Date(o.timeCreated), version: o.generation });
  const head = async (key: string, options?: CallOptions): Promise<GcsObject | undefined> => {
    const { answer } = await patiently(send, { method: "GET", url: url(key) }, options);
    if (answer.status === 404) return missing(answer, key, "MLS3003");
    if (answer.status !== 200) throw vendorError(`stat ${key}`, answer, "MLS3003");
    return answer.body as GcsObject;
  };
  /** The key is taken. By us, when an answer was lost on the way and the bytes are ours: then all is well. */
  const exists: Exists = async (key, crc, size, unsure, options) => {
    const found = unsure ? await head(key, options) : undefined;
    if (found?.crc32c === crc && Number(found.size) === size) return;
    throw new MlstackError("MLS3012", `${key} exists`);
  };

  return {
    contract: "artifact_store@1",
    capabilities: { createIfAbsent: true, wireChecksum: "crc32c", deleteIfVersion: true },

    async put(key, source, options) {
      const bytes = await bytesOf(source);
      // The checksum goes with the first request, so that damaged bytes are refused before a reader can see them.
      const crc = crc32c(bytes);
      const condition = options?.ifAbsent === true ? "&ifGenerationMatch=0" : "";
      const target = { bucket, key, condition, crc, partSize, options };
      if (bytes.length > partSize) return await uploadInParts(send, target, bytes, exists);
      const { answer, unsure } = await patiently(send, {
        method: "POST", url: `/upload/storage/v1/b/${bucket}/o?uploadType=multipart&name=${encodeURIComponent(key)}${condition}`, body: { metadata: { crc32c: crc }, media: bytes },
      }, options);
      if (answer.status === 412) return await exists(key, crc, bytes.length, unsure, options);
      if (answer.status !== 200) throw putError(key, answer);
    },

    async get(key, options) {
      const { answer } = await patiently(send, { method: "GET", url: url(key, "?alt=media"), headers: rangeHeader(options?.range) }, options);
      return opened(answer, () => missing(answer, key, "MLS3003") ?? new MlstackError("MLS3001", `no object ${key}`));
    },

    async stat(key, options) {
      const found = await head(key, options);
      return found && statOf(found);
    },

    async *list(prefix, options) {
      for (let page = ""; ;) {
        const { answer } = await patiently(send, { method: "GET", url: `/storage/v1/b/${bucket}/o?prefix=${encodeURIComponent(prefix)}${page}` }, options);
        if (answer.status !== 200) throw vendorError(`list ${prefix}`, answer, "MLS3003");
        const body = answer.body as { items?: GcsObject[]; nextPageToken?: string };
        for (const o of body.items ?? []) yield statOf(o);
        if (body.nextPageToken === undefined) return;
        page = `&pageToken=${encodeURIComponent(body.nextPageToken)}`;
      }
    },

    async delete(key, options) {
      const { answer } = await patiently(send, { method: "DELETE", url: url(key, options?.ifVersion === undefined ? "" : `?ifGenerationMatch=${options.ifVersion}`) }, options);
      // 404: gone already. 412: somebody wrote it again since it was looked at; it stays.
      if (answer.status !== 204 && answer.status !== 404 && answer.status !== 412) throw putError(key, answer);
    },

    external: external(send),
  };
}

function external(send: Transport): ExternalReader {
  const at = (uri: string) => {
    const m = /^gs:\/\/([a-z0-9._-]+)\/(.+)$/.exec(uri);
    if (m === null) throw new MlstackError("MLS3010", `${uri} is no URI of the form gs://bucket/object`);
    return { bucket: m[1]!, name: m[2]! };
  };
  return {
    schemes: ["gs"],
    async stat(uri, options): Promise<ExternalStat | undefined> {
      const { bucket, name } = at(uri);
      const { answer } = await patiently(send, { method: "GET", url: `/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}` }, options);
      if (answer.status === 404) return undefined;
      if (answer.status !== 200) throw vendorError(uri, answer, "MLS3003");
      const o = answer.body as GcsObject;
      return { uri, size: Number(o.size), version: o.generation };
    },
    async get(uri, version, options) {
      const { bucket, name } = at(uri);
      // `generation` reads that version or nothing; a bucket without versioning has dropped it as soon as it was replaced.
      const { answer } = await patiently(send, { method: "GET", url: `/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}?alt=media&generation=${version}`, headers: { "accept-encoding": "gzip", ...rangeHeader(options?.range) } }, options);
      return opened(answer, () => new MlstackError("MLS3010", `${uri} has changed since it was looked at, or is gone`));
    },
    async *list() { /* as ArtifactStore.list */ },
  };
}

function opened(answer: Answer, gone: () => MlstackError) {
  // A range that begins at or after the end: "past the end is cut off", and the object is there, so this is an empty part.
  if (answer.status === 416) return bodyOf(new Uint8Array());
  if (answer.status === 404) throw gone();
  if (answer.status !== 200 && answer.status !== 206) throw vendorError("read", answer, "MLS3003");
  const bytes = answer.body as Uint8Array;
  const crc = /crc32c=([^,]+)/.exec(answer.headers?.["x-goog-hash"] ?? "")?.[1];
  if (answer.status === 200 && crc !== undefined && crc !== crc32c(bytes)) throw new MlstackError("MLS3003", "the bytes were damaged on the way");
  return bodyOf(bytes);
}

/** A bucket that is not there is no missing object: undefined would turn every look-up into a cache miss. */
function missing(answer: Answer, key: string, code: "MLS3003"): undefined {
  if (JSON.stringify(answer.body ?? null).includes("bucket does not exist")) throw new MlstackError(code, `${key}: the bucket does not exist`);
  return undefined;
}
