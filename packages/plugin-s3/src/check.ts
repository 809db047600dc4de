import { randomUUID } from "node:crypto";
import { DeleteObjectCommand, ListMultipartUploadsCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import { MlstackError, type CallOptions, type CheckFinding } from "@mlstack/core";
import { failureOf, toMlstackError } from "./errors.ts";
import { putParts } from "./multipart.ts";
import { openObject } from "./object-body.ts";
import { put } from "./put.ts";
import { guarded, sendOptions, type Session } from "./session.ts";
import { openSource } from "./source.ts";

const bytesOf = (text: string) => ({ kind: "bytes", bytes: Buffer.from(text) }) as const;

/** Looks at the bucket by doing once what the store does, by the same code, with objects of its own that are removed again. */
export async function check(session: Session, options: CallOptions = {}): Promise<readonly CheckFinding[]> {
  const { config, prefix, send } = session;
  const { bucket } = config;
  const name = `${prefix}mlstack-check/${randomUUID()}`;
  const parts = `${name}-parts`;
  const findings: CheckFinding[] = [];
  const written: string[] = [];
  /** What the service said against it; undefined when it went well. */
  const look = async (what: string, action: string, work: () => Promise<string>, call = options): Promise<MlstackError | undefined> => {
    const started = performance.now();
    try {
      const message = await guarded(session, { verb: "checking", action, key: action === "s3:ListBucket" ? undefined : name }, call, work);
      findings.push({ name: what, ok: true, message, ms: performance.now() - started });
      return undefined;
    } catch (e) {
      if (call.signal?.aborted === true) throw e;
      const error = toMlstackError(e, { verb: "checking", bucket, action });
      const { message, fix } = error;
      findings.push({ name: what, ok: false, message: fix === undefined ? message : `${message}. ${fix}`, ms: performance.now() - started });
      return error;
    }
  };
  /** An upload in parts, of one part. Whether it was completed, or refused because the object is there. */
  const uploaded = async (): Promise<boolean> => {
    const source = await openSource(bytesOf("in parts"));
    return (await putParts({ session, key: parts, source, ifAbsent: true, id: randomUUID(), signal: options.signal })) === "written";
  };

  const unlisted = await look("list", "s3:ListBucket", async () => {
    await send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, MaxKeys: 1 }), sendOptions(options.signal));
    return `s3://${bucket}/${prefix} can be listed`;
  });
  // where there is no service or no bucket, the rest would say the same five times
  if (unlisted !== undefined && failureOf(unlisted.cause).name !== "AccessDenied") return findings;
  try {
    const unwritten = await look("put", "s3:PutObject", async () => { written.push(name); await put(session, name, bytesOf("mlstack"), options); return "objects can be written"; });
    if (unwritten === undefined) {
      await look("get", "s3:GetObject", async () => {
        const found = Buffer.from(await (await openObject(session, { bucket, key: name, changed: "MLS3003" }, options)).bytes()).toString();
        if (found !== "mlstack") throw new Error(`other bytes came back: ${JSON.stringify(found)}`);
        return "objects can be read";
      });
      if (config.conditionalWrites) await look("create if absent", "s3:PutObject", () => refusesSecond(put(session, name, bytesOf("second"), { ...options, ifAbsent: true }).then(() => true, existsAlready)));
    }
    const unparted = await look("multipart", "s3:PutObject", async () => { written.push(parts); await uploaded(); return "objects can be written in parts"; });
    if (unparted === undefined && config.conditionalWrites) await look("create if absent, in parts", "s3:PutObject", () => refusesSecond(uploaded()));
    await look("list uploads", "s3:ListBucketMultipartUploads", async () => {
      await send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: parts, MaxUploads: 1 }), sendOptions(options.signal));
      return "uploads that a lost answer has left can be found and given up";
    });
  } finally {
    // also when the caller has aborted: nothing of ours stays
    const abortSignal = AbortSignal.timeout(15_000);
    if (written.length > 0) await look("delete", "s3:DeleteObject", async () => { for (const Key of written) await send(new DeleteObjectCommand({ Bucket: bucket, Key }), { abortSignal }); return "objects can be removed"; }, {});
  }
  return findings;
}

function existsAlready(e: unknown): false {
  if (MlstackError.is(e, "MLS3012")) return false;
  throw e;
}

async function refusesSecond(wrote: Promise<boolean>): Promise<string> {
  if (!(await wrote)) return "of several writers, one creates an object";
  throw new Error("the service wrote over an object in spite of If-None-Match; set `conditionalWrites: false`, or use a service that honours it");
}
