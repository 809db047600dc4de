import { HeadBucketCommand, HeadObjectCommand, ListObjectsV2Command, type HeadObjectCommandOutput, type _Object as Listed } from "@aws-sdk/client-s3";
import type { CallOptions } from "@mlstack/core";
import { failureOf } from "./errors.ts";
import { guarded, sendOptions, type Session } from "./session.ts";

/**
 * An object's head; undefined when there is none. The answer to such a request has no body, so a missing bucket looks like a missing object:
 * the bucket is asked for, too, before that is said.
 */
export async function headOf(session: Session, bucket: string, key: string, options: CallOptions | undefined): Promise<HeadObjectCommandOutput | undefined> {
  const send = sendOptions(options?.signal);
  try { return await session.send(new HeadObjectCommand({ Bucket: bucket, Key: key }), send); } catch (e) {
    if (failureOf(e).status !== 404) throw e;
  }
  if (session.seen.has(bucket)) return undefined;
  try { await session.send(new HeadBucketCommand({ Bucket: bucket }), send); } catch (e) {
    if (failureOf(e).status === 404) throw Object.assign(new Error("The specified bucket does not exist."), { name: "NoSuchBucket", $metadata: { httpStatusCode: 404 }, cause: e });
    if (failureOf(e).status !== 403) throw e; // who may not ask about the bucket still knows that it is there
  }
  session.seen.add(bucket);
  return undefined;
}

/** All objects whose name begins with a prefix, a page at a time. */
export async function* listed(session: Session, bucket: string, prefix: string, options: CallOptions | undefined): AsyncGenerator<Listed> {
  for (let token: string | undefined; ;) {
    const page = await guarded(session, { verb: "listing", action: "s3:ListBucket", bucket }, options, () =>
      session.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ...(token !== undefined && { ContinuationToken: token }) }), sendOptions(options?.signal)));
    yield* page.Contents ?? [];
    if (page.IsTruncated !== true || page.NextContinuationToken === undefined) return;
    token = page.NextContinuationToken;
  }
}
