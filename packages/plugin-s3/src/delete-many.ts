import { DeleteObjectsCommand } from "@aws-sdk/client-s3";
import type { CallOptions } from "@mlstack/core";
import { guarded, sendOptions, type Session } from "./session.ts";

/** What the service takes in one request. */
const MOST = 1000;

/**
 * Removes objects, a thousand per request.
 *
 * @param names in the bucket, with the prefix
 * @returns those that are still there, as keys of the store
 */
export async function deleteMany(session: Session, names: readonly string[], options: CallOptions | undefined): Promise<{ key: string; reason: string }[]> {
  const left: { key: string; reason: string }[] = [];
  for (let at = 0; at < names.length; at += MOST) {
    const Objects = names.slice(at, at + MOST).map((Key) => ({ Key }));
    const { Errors = [] } = await guarded(session, { verb: "deleting", action: "s3:DeleteObject" }, options, () => session.send(new DeleteObjectsCommand({ Bucket: session.config.bucket, Delete: { Objects, Quiet: true } }), sendOptions(options?.signal)));
    for (const { Key = "", Code = "", Message } of Errors) if (Code !== "NoSuchKey") left.push({ key: Key.slice(session.prefix.length), reason: Message ?? Code });
  }
  return left;
}
