import { readFile } from "node:fs/promises";
import type { ObjectBody, PutSource } from "@mlstack/core";

/** An open object whose bytes have all arrived. */
export function bodyOf(bytes: Uint8Array): ObjectBody {
  return { size: bytes.length, bytes: async () => bytes, close: async () => {}, async *[Symbol.asyncIterator]() { yield bytes; } };
}

export const bytesOf = async (source: PutSource): Promise<Uint8Array> => (source.kind === "bytes" ? source.bytes : await readFile(source.path));

export const text = (s: string): Uint8Array => new TextEncoder().encode(s);

/** CRC-32C of some bytes in base64, big-endian: the form of Cloud Storage. */
export function crc32c(bytes: Uint8Array): string {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  const out = Buffer.alloc(4);
  out.writeUInt32BE(~crc >>> 0);
  return out.toString("base64");
}

/** `value` without a range, or the header of one. */
export function rangeHeader(range: { readonly offset: number; readonly length: number } | undefined): Record<string, string> {
  return range === undefined ? {} : { range: `bytes=${range.offset}-${range.offset + range.length - 1}` };
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
