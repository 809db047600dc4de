import { MlstackError, type CallOptions, type ExternalReader } from "@mlstack/core";
import { failureOf } from "./errors.ts";
import { changed, type Target } from "./get-object.ts";
import { openObject } from "./object-body.ts";
import { headOf, listed } from "./objects.ts";
import { guarded, type Session } from "./session.ts";
import { parseUri, uriOf, type Address } from "./uri.ts";

/**
 * Objects of any bucket that the credentials may read, by `s3://bucket/key`.
 *
 * A version is the version id where the bucket keeps versions, else the entity tag with its quotes, which tell the two apart.
 * A listing has entity tags only.
 */
export function externalReader(session: Session): ExternalReader {
  const run = <T>(verb: string, { bucket, key }: Address, options: CallOptions | undefined, work: () => Promise<T>): Promise<T> =>
    guarded(session, { verb, action: "s3:GetObject", bucket, key }, options, work).catch((e: unknown) => { throw asExternal(e); });
  return {
    schemes: ["s3"],
    async stat(uri, options) {
      const address = objectOf(uri);
      const head = await run("looking at", address, options, () => headOf(session, address.bucket, address.key, options));
      if (head === undefined) return undefined;
      const { VersionId, ETag, ContentLength = 0 } = head;
      return { uri, size: ContentLength, version: VersionId !== undefined && VersionId !== "null" ? VersionId : tagOf(ETag, uri) };
    },
    async get(uri, version, options) {
      const address = objectOf(uri);
      const target: Target = { ...address, ...(version.startsWith('"') ? { etag: version } : { versionId: version }), changed: "MLS3010" };
      return run("reading", address, options, () => openObject(session, target, options).catch((e: unknown) => {
        const { status, name } = failureOf(e);
        // 405: the version is the mark of a deletion; 400: the bucket never had a version of that form
        const gone = status === 412 || status === 405 || (status === 404 && name !== "NoSuchBucket") || (status === 400 && target.versionId !== undefined);
        throw gone ? changed(target, "since it was looked at") : e;
      }));
    },
    async *list(uri, options) {
      const { bucket, key } = parseUri(uri);
      const folder = key === "" || key.endsWith("/") ? key : `${key}/`;
      try {
        for await (const { Key = "", Size = 0, ETag } of listed(session, bucket, folder, options)) {
          // marks of folders, as consoles make them, hold no data
          if (!Key.endsWith("/")) yield { uri: uriOf({ bucket, key: Key }), size: Size, version: tagOf(ETag, uriOf({ bucket, key: Key })) };
        }
      } catch (e) { throw asExternal(e); }
    },
  };
}

/** Without an entity tag nobody can say whether the object is still the same: a time and a size may be those of other bytes. */
function tagOf(tag: string | undefined, uri: string): string {
  if (tag !== undefined && tag !== "") return tag;
  throw new MlstackError("MLS3010", `the service gives ${uri} no version`, { why: "it sent neither a version id nor an entity tag, so it can't be seen whether the data change", fix: "copy the data to a service that does, or to this machine", details: { uri } });
}

function objectOf(uri: string): Address {
  const address = parseUri(uri);
  if (address.key !== "") return address;
  throw new MlstackError("MLS3010", `${JSON.stringify(uri)} names a bucket, not an object`, { why: "expected s3://BUCKET/KEY", fix: "add the object's key", details: { uri } });
}

/** External data that can't be read has a code of its own; what is wrong with the service or the credentials keeps its own. */
function asExternal(e: unknown): unknown {
  if (!MlstackError.is(e) || (e.code !== "MLS3001" && e.code !== "MLS3003")) return e;
  return new MlstackError("MLS3010", e.message, { why: e.why, fix: e.fix?.replace("`bucket` in the stack's file", "the URI"), details: e.details, cause: e.cause });
}
