import { MAX_TEXT } from "./tags.ts";

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * The bytes of a view as base64 (RFC 4648, padded), each element little-endian whatever the machine.
 * Undefined when the text would be longer than a string can be (about 400 MB).
 */
export function viewToBase64(view: ArrayBufferView, elementSize: number): string | undefined {
  if (Math.ceil(view.byteLength / 3) * 4 > MAX_TEXT) return undefined;
  const bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  return (LITTLE_ENDIAN || elementSize === 1 ? bytes : swapped(Buffer.from(bytes), elementSize)).toString("base64");
}

/** The bytes in a buffer of their own; undefined when the text is not base64 or holds no whole number of elements. */
export function base64ToBuffer(text: string, elementSize: number): ArrayBuffer | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined;
  const bytes = Buffer.from(text, "base64");
  if (bytes.length % elementSize !== 0) return undefined;
  const own = new Uint8Array(bytes.length);
  own.set(LITTLE_ENDIAN || elementSize === 1 ? bytes : swapped(bytes, elementSize));
  return own.buffer;
}

function swapped(bytes: Buffer, elementSize: number): Buffer {
  return elementSize === 2 ? bytes.swap16() : elementSize === 4 ? bytes.swap32() : bytes.swap64();
}
