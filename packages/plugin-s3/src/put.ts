import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { MlstackError, type PutOptions, type PutSource } from "@mlstack/core";
import { putParts } from "./multipart.ts";
import { sendOptions, type Session } from "./session.ts";
import { openSource } from "./source.ts";
import { condition, created, outcomeOf, writerOf, type Outcome, type Write } from "./write.ts";

/** How often a write is begun anew when another writer was in its way. */
const STARTS = 5;

/** Writes an object, in parts where it is larger than one. */
export async function put(session: Session, key: string, from: PutSource, options?: PutOptions): Promise<void> {
  const source = await openSource(from);
  try {
    const write: Write = { session, key, source, ifAbsent: options?.ifAbsent === true, id: randomUUID(), signal: options?.signal };
    const inParts = source.size > session.config.partSizeMib * 2 ** 20;
    // The question costs little beside the bytes that would be sent for nothing; and it is all there is without conditional writes.
    if (write.ifAbsent && (inParts || !session.config.conditionalWrites) && (await writerOf(write)) !== undefined) throw exists(key);
    for (let start = 1; start <= STARTS; start++) {
      const outcome = await (inParts ? putParts(write) : putWhole(write));
      if (outcome === "written") return;
      if (outcome === "exists") throw exists(key);
      await sleep(50 * 2 ** start * (0.5 + Math.random() / 2), undefined, { ...(options?.signal !== undefined && { signal: options.signal }) });
    }
    throw new MlstackError("MLS3003", `writing s3://${session.config.bucket}/${key}: other writers were in the way ${STARTS} times`, { why: "the service answered that requests for this object conflict", fix: "try again", details: { key } });
  } finally { await source.close(); }
}

async function putWhole(write: Write): Promise<Outcome> {
  const { session, key, source, signal } = write;
  const Body = await source.read(0, source.size);
  try {
    await session.send(new PutObjectCommand({ ...created(write), ...condition(write), Bucket: session.config.bucket, Key: key, Body, ContentLength: source.size }), sendOptions(signal));
    return "written";
  } catch (e) { return outcomeOf(e, write); }
}

function exists(key: string): MlstackError {
  return new MlstackError("MLS3012", `${key} exists already`, { details: { key } });
}
