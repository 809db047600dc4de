import { randomUUID } from "node:crypto";
import { CopyObjectCommand } from "@aws-sdk/client-s3";
import { MlstackError, type CallOptions } from "@mlstack/core";
import { headOf } from "./objects.ts";
import { sendOptions, type Session } from "./session.ts";
import { created } from "./write.ts";

/**
 * Makes an object new. S3 has no such call: the object is copied onto itself, without its bytes leaving the service, and such a copy must
 * change something, which is the id of its writer.
 *
 * @throws MLS3001 when there is none; MLS3003 for an object of more than 5 GiB, and of a service that leaves the object's time as it was
 */
export async function touch(session: Session, key: string, options: CallOptions | undefined): Promise<void> {
  const { bucket } = session.config;
  const source = [bucket, ...key.split("/")].map(encodeURIComponent).join("/");
  const head = await headOf(session, bucket, key, options);
  if (head === undefined) throw new MlstackError("MLS3001", `there is no object s3://${bucket}/${key}`, { details: { key } });
  const { CopyObjectResult: made } = await session.send(new CopyObjectCommand({ Bucket: bucket, Key: key, CopySource: source, MetadataDirective: "REPLACE", ...created({ session, id: randomUUID() }) }), sendOptions(options?.signal));
  // in whole seconds, as headers have them
  const [was, is] = [head.LastModified, made?.LastModified].map((date) => (date === undefined ? undefined : Math.floor(date.getTime() / 1000)));
  if (was !== undefined && is !== undefined && (is > was || Date.now() / 1000 - is < TICK_S)) return;
  throw new MlstackError("MLS3003", `touching s3://${bucket}/${key}: the copy is as old as the object was`, { why: "the service takes a copy onto itself for a change of metadata only", fix: "write the object again", details: { key } });
}

/** An object that is younger, in seconds, may keep its time. */
const TICK_S = 2;
