import type { Dtype } from "../arrow/dtype.ts";
import type { Column } from "../arrow/record-batch.ts";
import { aligned, type Bits } from "./bits.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Whether row `i` is there. */
function isValid(valid: Bits | undefined, i: number): boolean {
  return valid === undefined || ((valid.bytes[(valid.at + i) >> 3]! >> ((valid.at + i) & 7)) & 1) === 1;
}

/** Fills the slots of null rows with 0, in place. `values` begins with the first row. */
export function clearNulls(values: Bytes, size: number, valid: Bits, rows: number): void {
  const bits = valid.at === 0 ? valid.bytes : aligned(valid, rows);
  // slots of 16 bytes are cleared as two of 8
  const [words, wordsPerRow] = wordsOf(values, size);
  for (let first = 0; first < rows; first += 8) {
    const byte = bits[first >> 3]!;
    if (byte === 0xff) continue;
    const end = Math.min(first + 8, rows);
    for (let i = first; i < end; i++) if (((byte >> (i & 7)) & 1) === 0) for (let k = 0; k < wordsPerRow; k++) words[i * wordsPerRow + k] = 0;
  }
}

function wordsOf({ buffer, byteOffset, byteLength }: Bytes, size: number): [Float64Array | Uint32Array | Uint16Array | Uint8Array, number] {
  if (size >= 8) return [new Float64Array(buffer, byteOffset, byteLength / 8), size / 8];
  if (size === 4) return [new Uint32Array(buffer, byteOffset, byteLength / 4), 1];
  return [size === 2 ? new Uint16Array(buffer, byteOffset, byteLength / 2) : new Uint8Array(buffer, byteOffset, byteLength), 1];
}

/** Gives every NaN the one bit pattern of numpy's and JavaScript's, in place. -0 stays apart from 0. */
export function unifyNaNs(values: Bytes, dtype: Dtype): void {
  if (dtype.kind !== "float") return;
  const count = values.length / (dtype.bits / 8);
  if (dtype.bits === 64) {
    const numbers = new Float64Array(values.buffer, values.byteOffset, count);
    const words = new Uint32Array(values.buffer, values.byteOffset, 2 * count);
    for (let i = 0; i < count; i++) if (numbers[i] !== numbers[i]) [words[2 * i], words[2 * i + 1]] = [0, 0x7ff80000];
  } else if (dtype.bits === 32) {
    const words = new Uint32Array(values.buffer, values.byteOffset, count);
    for (let i = 0; i < count; i++) if ((words[i]! & 0x7fffffff) > 0x7f800000) words[i] = 0x7fc00000;
  } else {
    const words = new Uint16Array(values.buffer, values.byteOffset, count);
    for (let i = 0; i < count; i++) if ((words[i]! & 0x7fff) > 0x7c00) words[i] = 0x7e00;
  }
}

/** The lengths of rows as 64-bit numbers, little-endian; 0 for null. */
export function packLengths(lengths: Float64Array): Bytes {
  const words = new Uint32Array(2 * lengths.length);
  for (let i = 0; i < lengths.length; i++) {
    const length = lengths[i]!;
    words[2 * i] = length;
    if (length > 0xffffffff) words[2 * i + 1] = length / 2 ** 32;
  }
  return new Uint8Array(words.buffer);
}

/** The ranges of strings' bytes, or of a list's items, that rows from..to hold: joined where they touch, without those of null rows. */
export function rowRanges(offsets: Float64Array, from: number, to: number, valid: Bits | undefined): { lengths: Float64Array; ranges: [number, number][] } {
  const lengths = new Float64Array(to - from);
  const ranges: [number, number][] = [];
  let [start, end] = [offsets[from] ?? 0, offsets[from] ?? 0];
  for (let i = 0; i < lengths.length; i++) {
    if (!isValid(valid, i)) continue;
    const first = offsets[from + i]!;
    const next = offsets[from + i + 1]!;
    lengths[i] = next - first;
    if (first !== end) {
      if (end > start) ranges.push([start, end]);
      start = first;
    }
    end = next;
  }
  if (end > start) ranges.push([start, end]);
  return { lengths, ranges };
}

/** The strings that codes stand for: their lengths, and their bytes one after the other. */
export function decodeCodes(column: Column, from: number, to: number, valid: Bits | undefined): { lengths: Float64Array; bytes: Bytes } {
  const { data: codes, field, dictionary } = column;
  const { offsets, data } = dictionary!;
  const width = field.dictionary!.codeBytes;
  const rows = to - from;
  const own = new Float64Array(rows);
  const starts = new Float64Array(rows);
  let size = 0;
  for (let i = 0; i < rows; i++) {
    if (!isValid(valid, i)) continue;
    let code = 0;
    for (let b = width - 1; b >= 0; b--) code = code * 256 + codes[(from + i) * width + b]!;
    starts[i] = offsets[code]!;
    own[i] = offsets[code + 1]! - starts[i]!;
    size += own[i]!;
  }
  const bytes = new Uint8Array(size);
  for (let i = 0, at = 0; i < rows; i++) for (let k = starts[i]!, end = k + own[i]!; k < end; k++) bytes[at++] = data[k]!;
  return { lengths: own, bytes };
}
