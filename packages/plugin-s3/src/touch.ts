import { randomUUID } from "node:crypto";
import { CopyObjectCommand } from "@aws-sdk/client-s3";
import { MlstackError, type CallOptions } from "@mlstack/core";
import { sendOptions, type Session } from "./session.ts";
import { created } from "./write.ts";

/**
 * Makes an object new. S3 has no such call: the object is copied onto itself, without its bytes leaving the service, and such a copy must
 * change something, which is the id of its writer.
 *
 * @throws MLS3003 for an object of more than 5 GiB, and of a service that leaves the object's time as it was
 */
export async function touch(session: Session, key: string, options: CallOptions | undefined): Promise<void> {
  const { bucket } = session.config;
  const source = [bucket, ...key.split("/")].map(encodeURIComponent).join("/");
  const { CopyObjectResult: made } = await session.send(new CopyObjectCommand({ Bucket: bucket, Key: key, CopySource: source, MetadataDirective: "REPLACE", ...created({ session, id: randomUUID() }) }), sendOptions(options?.signal));
  if (made?.LastModified !== undefined && Date.now() - made.LastModified.getTime() < FRESH_MS) return;
  throw new MlstackError("MLS3003", `touching s3://${bucket}/${key}: the copy is as old as the object was`, { why: "the service takes a copy onto itself for a change of metadata only", fix: "write the object again", details: { key } });
}

/** A copy that looks older, in milliseconds, has been given no time of its own. The service's clock may be another one. */
const FRESH_MS = 24 * 3600 * 1000;
