import { GetObjectCommand, type GetObjectCommandOutput } from "@aws-sdk/client-s3";
import { MlstackError, type ErrorCode } from "@mlstack/core";
import { sendOptions, type Session } from "./session.ts";

/** Which object, and in which state, if that matters. */
export interface Target {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string | undefined;
  readonly etag?: string | undefined;
  /** The code for an object that is not any more what it was: MLS3010 for external data, MLS3003 for the store's own. */
  readonly changed: ErrorCode;
}

export const state = ({ versionId, etag }: Pick<Target, "versionId" | "etag">): { VersionId?: string; IfMatch?: string } => ({ ...(versionId !== undefined && { VersionId: versionId }), ...(etag !== undefined && { IfMatch: etag }) });

/** Asks for an object, or the bytes of a range such as `bytes=0-9`. */
export async function request(session: Session, target: Target, range: string | undefined, signal: AbortSignal | undefined): Promise<GetObjectCommandOutput> {
  const command = new GetObjectCommand({ Bucket: target.bucket, Key: target.key, ...state(target), ...(range !== undefined && { Range: range }) });
  if (range === undefined && session.config.checksum !== "none") {
    // by header, not by the SDK's ChecksumMode, which would compare the checksum of one answer where the body may come in several
    command.middlewareStack.add((next) => (args) => {
      const { request: http } = args;
      if (typeof http === "object" && http !== null && "headers" in http) Object.assign(http.headers as object, { "x-amz-checksum-mode": "ENABLED" });
      return next(args);
    }, { step: "build", name: "mlstackChecksumMode" });
  }
  const answer = await session.send(command, sendOptions(signal));
  if (range !== undefined && answer.ContentRange?.startsWith(range.slice(0, range.indexOf("-") + 1).replace("=", " ")) !== true) {
    discard(answer);
    throw new MlstackError("MLS3003", `reading s3://${target.bucket}/${target.key}: the service ignored the range`, { why: `asked for ${range}, it sent ${answer.ContentRange ?? "the whole object"}`, fix: "use a service that knows ranges" });
  }
  return answer;
}

/** The CRC32 of the whole object, where the service knows it: not one that was put together from the checksums of parts. */
export function wholeCrc({ ChecksumCRC32, ChecksumType }: GetObjectCommandOutput): string | undefined {
  return ChecksumType === "COMPOSITE" || ChecksumCRC32?.includes("-") === true ? undefined : ChecksumCRC32;
}

/** The error for an object that is not in the state in which it was asked for. */
export function changed({ bucket, key, changed: code }: Target, when: string): MlstackError {
  return new MlstackError(code, `s3://${bucket}/${key} has changed ${when}, or is gone`, { why: "its entity tag or version is another one", fix: "run again, so that the object is looked at anew", details: { bucket, key } });
}

/** Gives up an answer whose body nobody will read. */
export function discard({ Body }: GetObjectCommandOutput): void {
  if (Body !== undefined && "destroy" in Body) Body.destroy();
}
