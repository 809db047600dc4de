import { Readable } from "node:stream";
import { crc32 } from "node:zlib";
import { HeadObjectCommand, type GetObjectCommandOutput } from "@aws-sdk/client-s3";
import { MlstackError, type GetOptions, type ObjectBody } from "@mlstack/core";
import { failureOf, isInterruption } from "./errors.ts";
import { changed, discard, request, state, wholeCrc, type Target } from "./get-object.ts";
import { guarded, sendOptions, type Session } from "./session.ts";

/** How often a body that broke off is taken up again without a single byte of progress. */
const RESUMES = 4;
/** How often `bytes` reads an object whose checksum was wrong. */
const READS = 3;

/** Opens an object. Errors are as the SDK throws them; those of the body's own are MlstackErrors. */
export async function openObject(session: Session, target: Target, options: GetOptions = {}): Promise<ObjectBody> {
  const { range, signal } = options;
  if (range !== undefined && range.length <= 0) {
    await session.send(new HeadObjectCommand({ Bucket: target.bucket, Key: target.key, ...state(target) }), sendOptions(signal));
    return EMPTY;
  }
  const start = range?.offset ?? 0;
  let first: GetObjectCommandOutput;
  try { first = await request(session, target, range === undefined ? undefined : `bytes=${start}-${Math.min(start + range.length - 1, Number.MAX_SAFE_INTEGER)}`, signal); } catch (e) {
    // nothing of the object lies in the range; the object is there, though
    if (range !== undefined && failureOf(e).status === 416) return EMPTY;
    throw e;
  }
  const size = first.ContentLength;
  if (size === undefined || size === 0) discard(first);
  if (size === undefined) throw new MlstackError("MLS3003", `reading s3://${target.bucket}/${target.key}: the service did not say how long the object is`, { why: "without Content-Length a body that was cut off looks like a whole one", fix: "take away what changes answers on the way, such as a proxy that compresses" });
  if (size === 0) return EMPTY;
  let unread: GetObjectCommandOutput | undefined = first;
  const closed = new AbortController();
  const either = signal === undefined ? closed.signal : AbortSignal.any([signal, closed.signal]);
  const chunks = (): AsyncGenerator<Uint8Array> => {
    const opened = unread;
    unread = undefined;
    return read(session, target, { start, size, expected: range === undefined ? wholeCrc(first) : undefined, etag: first.ETag, opened, signal: either });
  };
  return {
    size,
    async close() {
      if (unread !== undefined) discard(unread);
      unread = undefined;
      closed.abort(new MlstackError("MLS3003", `reading s3://${target.bucket}/${target.key}: the body was closed`));
    },
    [Symbol.asyncIterator]: chunks,
    async bytes() {
      for (let attempt = 1; ; attempt++) {
        try { return await collect(chunks(), size); } catch (e) {
          if (attempt === READS || !MlstackError.is(e) || e.details?.["checksum"] === undefined) throw e;
        }
      }
    },
  };
}

const EMPTY: ObjectBody = { size: 0, bytes: async () => new Uint8Array(0), close: async () => undefined, async *[Symbol.asyncIterator]() { /* nothing */ } };

interface Reading {
  readonly start: number;
  readonly size: number;
  readonly expected: string | undefined;
  readonly etag: string | undefined;
  /** The first answer; without it the body is asked for anew. */
  readonly opened: GetObjectCommandOutput | undefined;
  readonly signal: AbortSignal;
}

async function* read(session: Session, target: Target, { start, size, expected, etag, opened, signal }: Reading): AsyncGenerator<Uint8Array> {
  const operation = { verb: "reading", action: "s3:GetObject", bucket: target.bucket, key: target.key };
  const options = { signal };
  let answer = opened;
  let at = 0;
  let crc = 0;
  for (let stalls = 0; at < size;) {
    signal.throwIfAborted();
    answer ??= await guarded(session, operation, options, () => request(session, { ...target, etag }, `bytes=${start + at}-${start + size - 1}`, signal)
      .catch((e: unknown) => { throw failureOf(e).status === 412 ? changed(target, "while it was read") : e; }));
    let failure: unknown;
    try {
      for await (const chunk of bodyOf(answer, signal)) {
        if (chunk.byteLength > size - at) throw new MlstackError("MLS3003", `reading s3://${target.bucket}/${target.key}: more bytes came than the ${size} that were announced`);
        at += chunk.byteLength;
        crc = crc32(chunk, crc);
        stalls = 0;
        yield chunk;
      }
    } catch (e) { failure = e; }
    answer = undefined;
    if (at === size && !MlstackError.is(failure)) break;
    // an end without an error is a body that was cut off just the same
    const broken = failure ?? Object.assign(new Error(`the body ended after ${at} of ${size} bytes`), { code: "ECONNRESET" });
    if (!isInterruption(failureOf(broken)) || signal.aborted || ++stalls > RESUMES) await guarded(session, operation, options, () => Promise.reject(broken));
  }
  const found = checksumText(crc);
  if (expected !== undefined && found !== expected) {
    throw new MlstackError("MLS3003", `reading s3://${target.bucket}/${target.key}: the bytes that came do not have the object's checksum`, { why: `CRC32 ${expected} expected, ${found} found`, fix: "try again; if it stays so, the object is damaged", details: { key: target.key, checksum: found, expected } });
  }
}

async function* bodyOf({ Body }: GetObjectCommandOutput, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  // in Node the SDK's body is a Readable, whose chunks are buffers; the type covers browsers, too
  if (!(Body instanceof Readable)) return;
  const end = () => Body.destroy(signal.reason as Error);
  signal.addEventListener("abort", end, { once: true });
  try { yield* Body as AsyncIterable<Uint8Array>; } finally { signal.removeEventListener("abort", end); }
}

async function collect(chunks: AsyncIterable<Uint8Array>, size: number): Promise<Uint8Array> {
  const all = Buffer.allocUnsafe(size);
  let at = 0;
  for await (const chunk of chunks) { all.set(chunk, at); at += chunk.byteLength; }
  return all;
}

/** A CRC32 as S3 writes it: four bytes, the highest first, in base 64. */
function checksumText(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc);
  return bytes.toString("base64");
}
