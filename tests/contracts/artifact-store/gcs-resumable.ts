import { MlstackError, type CallOptions } from "@mlstack/core";
import { isBusy, LostAnswer, patiently, unreachable, vendorError, type Answer, type Transport } from "../testing/tape.ts";

export type Exists = (key: string, crc: string, size: number, unsure: boolean, options: CallOptions | undefined) => Promise<void>;

interface Target { readonly bucket: string; readonly key: string; readonly condition: string; readonly crc: string; readonly partSize: number; readonly options: CallOptions | undefined }

/**
 * Uploads through a resumable session: nothing is visible before the last part, however often the connection breaks. The source can be
 * read again, so a session that the service has forgotten costs a new one, not the put.
 */
export async function uploadInParts(send: Transport, target: Target, bytes: Uint8Array, exists: Exists): Promise<void> {
  const { bucket, key, condition, crc, options } = target;
  let unsure = false;
  for (let session = 1; session <= 3; session++) {
    const begun = await patiently(send, {
      method: "POST", url: `/upload/storage/v1/b/${bucket}/o?uploadType=resumable&name=${encodeURIComponent(key)}${condition}`,
      headers: { "x-upload-content-length": String(bytes.length) }, body: { crc32c: crc },
    }, options);
    // The condition is looked at when the session begins and again when it ends: either may find that somebody was faster.
    if (begun.answer.status === 412) return await exists(key, crc, bytes.length, unsure, options);
    const location = begun.answer.headers?.["location"];
    if (begun.answer.status !== 200 || location === undefined) throw putError(key, begun.answer);
    const end = await sendParts(send, location, bytes, target);
    if (end.status === 200 || end.status === 201) return;
    unsure ||= end.unsure;
    if (end.status === 412) return await exists(key, crc, bytes.length, unsure, options);
    if (end.status !== 404 && end.status !== 410) throw putError(key, end);
  }
  throw new MlstackError("MLS3003", `${key}: three upload sessions were lost`);
}

/** Sends parts until the session ends, one way or the other. A part that got no answer is asked after, never just sent again. */
async function sendParts(send: Transport, location: string, bytes: Uint8Array, { partSize, options }: Target): Promise<Answer & { readonly unsure: boolean }> {
  let at = 0;
  let unsure = false;
  for (let failures = 0; ;) {
    options?.signal?.throwIfAborted();
    const end = Math.min(at + partSize, bytes.length);
    let answer: Answer;
    try {
      answer = await send(failures > 0
        ? { method: "PUT", url: location, headers: { "content-range": `bytes */${bytes.length}` } }
        : { method: "PUT", url: location, headers: { "content-range": `bytes ${at}-${end - 1}/${bytes.length}` }, body: bytes.subarray(at, end) });
    } catch (e) {
      if (!(e instanceof LostAnswer)) throw e;
      unsure = true;
      if (++failures === 4) throw unreachable(location, e);
      continue;
    }
    if (isBusy(answer)) { if (++failures === 4) return { ...answer, unsure }; continue; }
    if (answer.status !== 308) return { ...answer, unsure };
    failures = 0;
    // Without a Range nothing was kept; it may also be less than was sent.
    const kept = /^bytes=0-(\d+)$/.exec(answer.headers?.["range"] ?? "")?.[1];
    at = kept === undefined ? 0 : Number(kept) + 1;
  }
}

export function putError(key: string, answer: Answer): MlstackError {
  if (answer.status === 403 && JSON.stringify(answer.body ?? null).includes("retentionPolicyNotMet")) {
    return new MlstackError("MLS3005", `${key} is held by the bucket's retention policy`);
  }
  return vendorError(key, answer, "MLS3003");
}
