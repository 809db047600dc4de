import * as fc from "fast-check";
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { aligned, bitStream, both, repeated, type Bits } from "./bits.ts";

/** Some bits, which begin anywhere in their bytes. */
const someBits = fc.tuple(fc.uint8Array({ minLength: 8, maxLength: 8 }), fc.nat(15), fc.nat(48)).map(([bytes, at, count]) => ({ bits: { bytes: Uint8Array.from(bytes), at } satisfies Bits, count }));
const unpack = ({ bytes, at }: Bits, count: number): boolean[] => Array.from({ length: count }, (_, i) => ((bytes[(at + i) >> 3]! >> ((at + i) & 7)) & 1) === 1);

function pack(bits: readonly boolean[]): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  for (const [i, bit] of bits.entries()) if (bit) bytes[i >> 3]! |= 1 << (i & 7);
  return bytes;
}

describe("bits", () => {
  it("are moved to the first bit of a byte", () => fc.assert(fc.property(someBits, ({ bits, count }) => {
    expect(aligned(bits, count)).toEqual(pack(unpack(bits, count)));
  })));

  it("are combined", () => fc.assert(fc.property(someBits, someBits, (a, b) => {
    const count = Math.min(a.count, b.count);
    const other = unpack(b.bits, count);
    expect(unpack(both(a.bits, b.bits, count), count)).toEqual(unpack(a.bits, count).map((bit, i) => bit && other[i]!));
  })));

  it("are repeated", () => fc.assert(fc.property(someBits, fc.nat(5), ({ bits, count }, times) => {
    expect(unpack(repeated(bits, count, times), count * times)).toEqual(unpack(bits, count).flatMap((bit) => Array.from({ length: times }, () => bit)));
  })));

  it("are hashed as one row, in whatever pieces they come", () => fc.assert(fc.property(fc.array(fc.tuple(someBits, fc.boolean())), (pieces) => {
    const stream = bitStream(createHash("sha256"));
    const all: boolean[] = [];
    for (const [{ bits, count }, isAllOnes] of pieces) {
      stream.append(isAllOnes ? undefined : bits, count);
      all.push(...(isAllOnes ? Array.from({ length: count }, () => true) : unpack(bits, count)));
    }
    expect(stream.digest()).toEqual(createHash("sha256").update(pack(all)).digest());
  })));
});
