import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import { isObjectKey, MlstackError, type ArtifactStore } from "@mlstack/core";
import { check } from "./check.ts";
import type { S3Config } from "./config.ts";
import { deleteMany } from "./delete-many.ts";
import { failureOf } from "./errors.ts";
import { externalReader } from "./external.ts";
import { openObject } from "./object-body.ts";
import { headOf, listed } from "./objects.ts";
import { put } from "./put.ts";
import { guarded, openSession, sendOptions } from "./session.ts";
import { touch } from "./touch.ts";

/** Objects of an S3 bucket, or of a service that speaks the same protocol. */
export async function s3ArtifactStore(config: S3Config): Promise<ArtifactStore> {
  const session = await openSession(config);
  const nameOf = (key: string): string => {
    if (!isObjectKey(key)) throw new MlstackError("MLS3011", `${JSON.stringify(key)} is not a legal object key`, { details: { key } });
    return session.prefix + key;
  };
  return {
    contract: "artifact_store@1",
    capabilities: { createIfAbsent: config.conditionalWrites, wireChecksum: config.checksum, deleteIfVersion: false },
    external: externalReader(session),
    async put(key, source, options) {
      const name = nameOf(key);
      await guarded(session, { verb: "writing", action: "s3:PutObject", key: name }, options, () => put(session, name, source, options));
    },
    async get(key, options) {
      const name = nameOf(key);
      return guarded(session, { verb: "reading", action: "s3:GetObject", key: name }, options, () => openObject(session, { bucket: config.bucket, key: name, changed: "MLS3003" }, options));
    },
    async touch(key, options) {
      const name = nameOf(key);
      await guarded(session, { verb: "touching", action: "s3:PutObject", key: name }, options, () => touch(session, name, options));
    },
    async stat(key, options) {
      const name = nameOf(key);
      return guarded(session, { verb: "looking at", action: "s3:GetObject", key: name }, options, async () => {
        const head = await headOf(session, config.bucket, name, options);
        return head === undefined ? undefined : { key, size: head.ContentLength ?? 0, modifiedAt: head.LastModified ?? new Date(0) };
      });
    },
    async *list(prefix, options) {
      for await (const { Key = "", Size = 0, LastModified = new Date(0) } of listed(session, config.bucket, session.prefix + prefix, options)) {
        const key = Key.slice(session.prefix.length);
        // what others put there, such as the console's marks of folders, is not the store's
        if (isObjectKey(key)) yield { key, size: Size, modifiedAt: LastModified };
      }
    },
    async delete(key, options) {
      const name = nameOf(key);
      if (options?.ifVersion !== undefined) throw new MlstackError("MLS3003", `${key} can't be removed in one version only`, { why: "S3 gives objects no version that differs after every write; the store says so (deleteIfVersion)", details: { key } });
      await guarded(session, { verb: "deleting", action: "s3:DeleteObject", key: name }, options, async () => {
        try { await session.send(new DeleteObjectCommand({ Bucket: config.bucket, Key: name }), sendOptions(options?.signal)); } catch (e) {
          if (failureOf(e).name !== "NoSuchKey") throw e;
        }
      });
    },
    deleteMany: (keys, options) => deleteMany(session, keys.map(nameOf), options),
    check: (options) => check(session, options),
    async dispose() { session.close(); },
  };
}
