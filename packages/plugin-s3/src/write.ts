import { HeadObjectCommand, type StorageClass } from "@aws-sdk/client-s3";
import { failureOf } from "./errors.ts";
import { sendOptions, type Session } from "./session.ts";
import type { Source } from "./source.ts";

/** The metadata of an object that says which call of `put` wrote it (x-amz-meta-mlstack-put). */
export const PUT_ID = "mlstack-put";

/** One write: what every request of it carries. */
export interface Write {
  readonly session: Session;
  /** In the bucket, with the prefix. */
  readonly key: string;
  readonly source: Source;
  readonly ifAbsent: boolean;
  readonly id: string;
  readonly signal: AbortSignal | undefined;
}

/** `exists`: somebody else's object is there. `again`: another writer was in the way, and nothing of ours is there. */
export type Outcome = "written" | "exists" | "again";

/** What a new object is given, in one request or in parts. */
export function created({ session: { config }, id }: Pick<Write, "session" | "id">): { Metadata: Record<string, string>; ChecksumAlgorithm?: "CRC32"; StorageClass?: StorageClass; ServerSideEncryption?: "AES256" | "aws:kms" | "aws:kms:dsse"; SSEKMSKeyId?: string } {
  return {
    Metadata: { [PUT_ID]: id },
    ...(config.checksum === "crc32" && { ChecksumAlgorithm: "CRC32" }),
    // the SDK's type lists today's classes, the service takes others too
    ...(config.storageClass !== undefined && { StorageClass: config.storageClass as StorageClass }),
    ...(config.serverSideEncryption !== undefined && { ServerSideEncryption: config.serverSideEncryption }),
    ...(config.sseKmsKeyId !== undefined && { SSEKMSKeyId: config.sseKmsKeyId }),
  };
}

export const condition = ({ session, ifAbsent }: Write): { IfNoneMatch?: "*" } => (ifAbsent && session.config.conditionalWrites ? { IfNoneMatch: "*" } : {});

/**
 * What a refused write means. A request whose answer was lost is sent again, by the SDK or by a proxy on the way, and then meets the object
 * that it wrote itself, or an upload that it has completed itself. So a refusal is believed only after a look at who wrote what is there.
 *
 * @throws the error itself when it is another one
 */
export async function outcomeOf(e: unknown, write: Write): Promise<Outcome> {
  const { name, status } = failureOf(e);
  const taken = status === 412 && write.ifAbsent;
  const conflict = status === 409 && (name === "ConditionalRequestConflict" || name === "OperationAborted");
  if (!taken && !conflict && name !== "NoSuchUpload") throw e;
  const writer = await writerOf(write);
  if (writer === write.id) return "written";
  return taken && writer !== undefined ? "exists" : "again";
}

/** The put id of the object that is there, empty for an object without one; undefined when there is no object. */
export async function writerOf({ session, key, signal }: Write): Promise<string | undefined> {
  try {
    const head = await session.send(new HeadObjectCommand({ Bucket: session.config.bucket, Key: key }), sendOptions(signal));
    return head.Metadata?.[PUT_ID] ?? "";
  } catch (e) {
    if (failureOf(e).status === 404) return undefined;
    throw e;
  }
}
