import { setTimeout as sleep } from "node:timers/promises";
import { AbortMultipartUploadCommand, CompleteMultipartUploadCommand, CreateMultipartUploadCommand, ListMultipartUploadsCommand, ListPartsCommand, UploadPartCommand, type CompletedPart, type CreateMultipartUploadCommandOutput } from "@aws-sdk/client-s3";
import { failureOf } from "./errors.ts";
import { sendOptions } from "./session.ts";
import { condition, created, outcomeOf, type Outcome, type Write } from "./write.ts";

const MAX_PARTS = 10_000;
/** How long an aborted write may go on to leave nothing behind. */
const CLEANUP_MS = 10_000;
/** How often an upload is given up while parts of it are still arriving. */
const GIVE_UPS = 4;

/** The size of each part but the last, in bytes: as configured, or more where 10,000 parts would not do. */
export function partSizeFor(size: number, configured: number): number {
  const mebibyte = 2 ** 20;
  return Math.max(configured, Math.ceil(size / MAX_PARTS / mebibyte) * mebibyte);
}

/** Writes an object in parts. Whatever goes wrong, no upload stays behind: their parts would be paid for, and no listing shows them. */
export async function putParts(write: Write): Promise<Outcome> {
  const { session: { send, config }, key, signal } = write;
  const at = { Bucket: config.bucket, Key: key };
  const crc = config.checksum === "crc32";
  const started = await begin(write);
  const upload = { ...at, UploadId: started.UploadId };
  let outcome: Outcome = "again";
  try {
    signal?.throwIfAborted();
    try {
      const parts = await sendParts(write, upload);
      // an answer to the first request that was lost: its upload is there too
      if ((started.$metadata.attempts ?? 1) > 1) await removeOrphans(write, upload);
      await send(new CompleteMultipartUploadCommand({ ...upload, ...condition(write), MultipartUpload: { Parts: parts }, ...(crc && { ChecksumType: "FULL_OBJECT", MpuObjectSize: write.source.size }) }), sendOptions(signal));
      outcome = "written";
    } catch (e) { outcome = await outcomeOf(e, write); }
    return outcome;
  } finally {
    if (outcome !== "written") await giveUp(write, upload);
  }
}

interface Upload {
  readonly Bucket: string;
  readonly Key: string;
  readonly UploadId: string | undefined;
}

/**
 * Begins an upload. The caller's signal does not cut it off: the service may have begun the upload already, and only its answer says which
 * one is to be given up.
 */
async function begin(write: Write): Promise<CreateMultipartUploadCommandOutput> {
  const { session: { send, config }, key, signal } = write;
  signal?.throwIfAborted();
  const limit = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const hurry = (): void => { timer = setTimeout(() => limit.abort(), CLEANUP_MS); };
  signal?.addEventListener("abort", hurry, { once: true });
  try {
    return await send(new CreateMultipartUploadCommand({ ...created(write), Bucket: config.bucket, Key: key, ...(config.checksum === "crc32" && { ChecksumType: "FULL_OBJECT" }) }), sendOptions(limit.signal));
  } finally {
    signal?.removeEventListener("abort", hurry);
    clearTimeout(timer);
  }
}

/**
 * Gives an upload up, without the caller's signal, for that of an aborted write is given up, too. A part whose request was cut off may
 * still arrive afterwards and be kept, so it is looked whether the upload is gone
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html). Best effort, and nobody waits long for it.
 */
async function giveUp({ session: { send } }: Write, upload: Upload): Promise<void> {
  const limit = sendOptions(AbortSignal.timeout(CLEANUP_MS));
  for (let n = 1; n <= GIVE_UPS; n++) {
    try {
      await send(new AbortMultipartUploadCommand(upload), limit);
      await send(new ListPartsCommand({ ...upload, MaxParts: 1 }), limit);
    } catch (e) {
      // gone, as it should be; or it can't be known
      if (failureOf(e).status !== undefined || limit.abortSignal?.aborted === true) return;
    }
    await sleep(50 * 2 ** n);
  }
}

/** Sends all parts, `uploadConcurrency` at a time, each from one buffer that a sender keeps: so much memory and no more. */
async function sendParts(write: Write, upload: Upload): Promise<CompletedPart[]> {
  const { session: { send, config }, source, signal } = write;
  const partSize = partSizeFor(source.size, config.partSizeMib * 2 ** 20);
  const count = Math.ceil(source.size / partSize);
  const parts: CompletedPart[] = [];
  const stop = new AbortController();
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  let next = 0;
  let failure: { readonly error: unknown } | undefined;
  const sender = async (): Promise<void> => {
    const buffer = Buffer.allocUnsafeSlow(Math.min(partSize, source.size));
    for (let n; !either.aborted && (n = next++) < count;) {
      const offset = n * partSize;
      const Body = await source.read(offset, Math.min(partSize, source.size - offset), buffer);
      const done = await send(new UploadPartCommand({ ...upload, PartNumber: n + 1, Body, ContentLength: Body.byteLength, ...(config.checksum === "crc32" && { ChecksumAlgorithm: "CRC32" }) }), sendOptions(either));
      parts[n] = { PartNumber: n + 1, ETag: done.ETag, ...(done.ChecksumCRC32 !== undefined && { ChecksumCRC32: done.ChecksumCRC32 }) };
    }
  };
  const senders = Array.from({ length: Math.min(config.uploadConcurrency, count) }, () => sender().catch((error: unknown) => { failure ??= { error }; stop.abort(); }));
  // all have ended before the upload is given up: a part that arrives later would make it come back
  await Promise.all(senders);
  signal?.throwIfAborted();
  if (failure !== undefined) throw failure.error;
  return parts;
}

/**
 * Gives up the uploads that lost answers to "create upload" have left: for the same key, not younger than ours, and without a single part by
 * now, after all of ours were sent. Another writer's upload looks like that for an instant only; should it be hit, it starts again.
 * Best effort: it may not be allowed, and a lifecycle rule of the bucket does the same.
 */
async function removeOrphans({ session: { send }, signal }: Write, own: Upload): Promise<void> {
  const quietly = (e: unknown): void => { if (signal?.aborted === true) throw e; };
  const { Uploads = [] } = (await send(new ListMultipartUploadsCommand({ Bucket: own.Bucket, Prefix: own.Key }), sendOptions(signal)).catch(quietly)) ?? {};
  const ours = Uploads.find((u) => u.UploadId === own.UploadId)?.Initiated;
  if (ours === undefined) return;
  for (const { Key, UploadId, Initiated } of Uploads) {
    if (Key !== own.Key || UploadId === own.UploadId || Initiated === undefined || Initiated > ours) continue;
    const upload = { Bucket: own.Bucket, Key, UploadId };
    const parts = await send(new ListPartsCommand({ ...upload, MaxParts: 1 }), sendOptions(signal)).catch(quietly);
    // an answer that was lost here ends in "no such upload": each one is given up on its own
    if (parts !== undefined && (parts.Parts ?? []).length === 0) await send(new AbortMultipartUploadCommand(upload), sendOptions(signal)).catch(quietly);
  }
}
