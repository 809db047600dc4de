import type { Hash } from "node:crypto";

type Bytes = Uint8Array<ArrayBuffer>;

/** Bits of rows: that of row i is bit `at` + i, from the lowest bit of the first byte. */
export interface Bits {
  readonly bytes: Bytes;
  readonly at: number;
}

/** A copy whose first bit is the lowest of its first byte; unused bits of the last byte are 0. */
export function aligned({ bytes, at }: Bits, count: number): Bytes {
  const first = at >> 3;
  const shift = at & 7;
  const out = new Uint8Array((count + 7) >> 3);
  if (shift === 0) out.set(bytes.subarray(first, first + out.length));
  // a byte beyond the end reads as undefined, which shifts as 0
  else for (let i = 0; i < out.length; i++) out[i] = (bytes[first + i]! >> shift) | (bytes[first + i + 1]! << (8 - shift));
  clearTail(out, count);
  return out;
}

/** Bits that are 1 in both. */
export function both(a: Bits, b: Bits, count: number): Bits {
  const out = aligned(a, count);
  const other = aligned(b, count);
  for (let i = 0; i < out.length; i++) out[i]! &= other[i]!;
  return { bytes: out, at: 0 };
}

/** Each bit `times` times. */
export function repeated(bits: Bits, count: number, times: number): Bits {
  const from = aligned(bits, count);
  const out = new Uint8Array((count * times + 7) >> 3);
  for (let i = 0; i < count * times; i++) {
    const row = Math.floor(i / times);
    if ((from[row >> 3]! >> (row & 7)) & 1) out[i >> 3]! |= 1 << (i & 7);
  }
  return { bytes: out, at: 0 };
}

function clearTail(bytes: Bytes, count: number): void {
  if ((count & 7) !== 0) bytes[bytes.length - 1]! &= (1 << (count & 7)) - 1;
}

/** Hashes bits as one packed row of bytes, in whatever pieces they come; the last byte is filled up with 0. */
export function bitStream(hash: Hash): { append(bits: Bits | undefined, count: number): void; digest(): Buffer } {
  let carry = 0;
  let carried = 0;
  return {
    append(bits, count) {
      if (count === 0) return;
      const packed = bits === undefined ? ones(count) : aligned(bits, count);
      if (carried === 0 && (count & 7) === 0) {
        hash.update(packed);
        return;
      }
      const total = carried + count;
      const out = new Uint8Array((total + 7) >> 3);
      out[0] = carry;
      for (let i = 0; i < packed.length; i++) {
        out[i]! |= packed[i]! << carried;
        // what does not fit in the last byte is 0, as are the bits of a byte beyond the end
        if (carried > 0 && i + 1 < out.length) out[i + 1] = packed[i]! >> (8 - carried);
      }
      const whole = total >> 3;
      hash.update(out.subarray(0, whole));
      carried = total & 7;
      carry = carried === 0 ? 0 : out[whole]!;
    },
    digest() {
      if (carried > 0) hash.update(Uint8Array.of(carry));
      return hash.digest();
    },
  };
}

function ones(count: number): Bytes {
  const bytes = new Uint8Array((count + 7) >> 3).fill(0xff);
  clearTail(bytes, count);
  return bytes;
}
