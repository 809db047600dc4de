import { randomUUID } from "node:crypto";
import { AbortMultipartUploadCommand, CreateMultipartUploadCommand, DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3";
import type { CallOptions, CheckFinding, MlstackError } from "@mlstack/core";
import { failureOf, toMlstackError } from "./errors.ts";
import { guarded, sendOptions, type Session } from "./session.ts";

/** Looks at the bucket by doing once what the store does, with an object of its own that is removed again. */
export async function check(session: Session, options?: CallOptions): Promise<readonly CheckFinding[]> {
  const { s3, config, prefix } = session;
  const at = { Bucket: config.bucket, Key: `${prefix}mlstack-check/${randomUUID()}` };
  const body = Buffer.from("mlstack");
  const send = sendOptions(options?.signal);
  const findings: CheckFinding[] = [];
  /** What the service said against it; undefined when it went well. */
  const look = async (name: string, action: string, work: () => Promise<string>, call = options): Promise<MlstackError | undefined> => {
    const started = performance.now();
    try {
      const message = await guarded(session, { verb: "checking", action, key: action === "s3:ListBucket" ? undefined : at.Key }, call, work);
      findings.push({ name, ok: true, message, ms: performance.now() - started });
      return undefined;
    } catch (e) {
      if (call?.signal?.aborted === true) throw e;
      const error = toMlstackError(e, { verb: "checking", bucket: config.bucket, action });
      const { message, fix } = error;
      findings.push({ name, ok: false, message: fix === undefined ? message : `${message}. ${fix}`, ms: performance.now() - started });
      return error;
    }
  };

  const unlisted = await look("list", "s3:ListBucket", async () => {
    await s3.send(new ListObjectsV2Command({ Bucket: config.bucket, Prefix: prefix, MaxKeys: 1 }), send);
    return `s3://${config.bucket}/${prefix} can be listed`;
  });
  // where there is no service or no bucket, the rest would say the same five times
  if (unlisted !== undefined && failureOf(unlisted.cause).name !== "AccessDenied") return findings;
  const unwritten = await look("put", "s3:PutObject", async () => {
    await s3.send(new PutObjectCommand({ ...at, Body: body }), send);
    return "objects can be written";
  });
  try {
    if (unwritten === undefined) {
      await look("get", "s3:GetObject", async () => {
        const { Body } = await s3.send(new GetObjectCommand(at), send);
        const found = await Body?.transformToString();
        if (found !== body.toString()) throw new Error(`other bytes came back: ${JSON.stringify(found)}`);
        return "objects can be read";
      });
      if (config.conditionalWrites) await look("create if absent", "s3:PutObject", () => refusesSecond(session, at, send));
    }
    await look("multipart", "s3:AbortMultipartUpload", async () => {
      const { UploadId } = await s3.send(new CreateMultipartUploadCommand(at), send);
      await s3.send(new AbortMultipartUploadCommand({ ...at, UploadId }), send);
      return "uploads in parts can be begun and given up";
    });
  } finally {
    // also when the caller has aborted: nothing of ours stays
    const signal = AbortSignal.timeout(15_000);
    if (unwritten === undefined) await look("delete", "s3:DeleteObject", async () => { await s3.send(new DeleteObjectCommand(at), { abortSignal: signal }); return "objects can be removed"; }, {});
  }
  return findings;
}

async function refusesSecond({ s3 }: Session, at: { Bucket: string; Key: string }, send: { abortSignal?: AbortSignal }): Promise<string> {
  try { await s3.send(new PutObjectCommand({ ...at, Body: "second", IfNoneMatch: "*" }), send); } catch (e) {
    if (failureOf(e).status === 412) return "of several writers, one creates an object";
    throw e;
  }
  throw new Error("the service wrote over an object in spite of If-None-Match; set `conditionalWrites: false`, or use a service that honours it");
}
