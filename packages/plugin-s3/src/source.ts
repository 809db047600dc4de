import { open } from "node:fs/promises";
import { MlstackError, type PutSource } from "@mlstack/core";

/** What is to be written, read by ranges, so that any part can be sent again. */
export interface Source {
  /** In bytes. */
  readonly size: number;
  /**
   * The bytes of a range, in `buffer` where they have to be copied.
   *
   * @throws MLS3003 when the file is shorter than was said
   */
  read(offset: number, length: number, buffer?: Buffer): Promise<Uint8Array>;
  close(): Promise<void>;
}

export async function openSource(source: PutSource): Promise<Source> {
  if (source.kind === "bytes") {
    const { bytes } = source;
    return { size: bytes.byteLength, read: async (offset, length) => bytes.subarray(offset, offset + length), close: async () => undefined };
  }
  const { path, size } = source;
  const failed = (cause: unknown): MlstackError => new MlstackError("MLS3003", `the file ${path} could not be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  const file = await open(path, "r").catch((e: unknown) => { throw failed(e); });
  return {
    size,
    async read(offset, length, buffer = Buffer.allocUnsafe(length)) {
      for (let at = 0; at < length;) {
        const { bytesRead } = await file.read(buffer, at, length - at, offset + at).catch((e: unknown) => { throw failed(e); });
        if (bytesRead === 0) throw new MlstackError("MLS3003", `the file ${path} ends after ${offset + at} bytes, expected ${size}`, { why: "it has changed since it was handed over", fix: "write each output under a name of its own, and leave it alone until the step has ended" });
        at += bytesRead;
      }
      return buffer.subarray(0, length);
    },
    close: () => file.close(),
  };
}
