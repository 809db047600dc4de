import assert from "node:assert/strict";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DTYPE_CLASSES, ndarray, type NdArray, type NpyDtype } from "./ndarray.ts";
import { npy } from "./npy.ts";
import { CONVERTED, REFUSED, SAME_BYTES } from "./testing/npy-files.ts";
import { memoryInput, throughFiles } from "./testing/dirs.ts";

const type = npy();
const read = (file: Uint8Array, pieceSize?: number): Promise<NdArray> => Promise.resolve(type.codec.load(memoryInput({ "value.npy": file }, pieceSize), "npy/1"));
const written = (array: NdArray): Promise<Buffer> => throughFiles(type, array, async (_, input) => Buffer.from(await input.read("value.npy")));
const coded = (code: string, message = ""): unknown => expect.objectContaining({ code, message: expect.stringContaining(message) });

/** An array from plain elements. */
function arrayOf(dtype: string, shape: readonly number[], elements: readonly (number | bigint)[]): NdArray {
  const data = new DTYPE_CLASSES[dtype as NpyDtype](new ArrayBuffer(elements.length * DTYPE_CLASSES[dtype as NpyDtype].BYTES_PER_ELEMENT)) as Float64Array;
  for (const [i, element] of elements.entries()) data[i] = element as number;
  return { dtype, data, shape } as unknown as NdArray;
}

describe("a file that numpy wrote", () => {
  it.each([...SAME_BYTES, ...CONVERTED])("is read: %s", async (_, dtype, shape, elements, base64) => {
    for (const pieceSize of [1, 7, 1000]) assert.deepStrictEqual(await read(Buffer.from(base64, "base64"), pieceSize), arrayOf(dtype, shape, elements));
  });

  it("keeps the bits of every NaN, in Fortran order too", async () => {
    // numpy 2.4.6: [[0x7f800001, 0x7fa00001], [0xffc00002, 0x3f800000]] as f4, and the like as f8
    for (const [dtype, head, elements, bits] of [
      ["<f4", 118, "AQCAfwIAwP8BAKB/AACAPw==", "0100807f0100a07f0200c0ff0000803f"],
      ["<f8", 118, "AQAAAAAA8H8CAAAAAAD4/wEAAAAAAPR/AAAAAAAAAAA=", "010000000000f07f010000000000f47f020000000000f8ff0000000000000000"],
    ] as const) {
      const header = Buffer.from(`\x93NUMPY\x01\x00${String.fromCharCode(head)}\x00${`{'descr': '${dtype}', 'fortran_order': True, 'shape': (2, 2), }`.padEnd(head - 1)}\n`, "latin1");
      const { data } = await read(Buffer.concat([header, Buffer.from(elements, "base64")]));
      expect(Buffer.from(data.buffer).toString("hex")).toBe(bits);
    }
  });

  it.each(SAME_BYTES)("is what is written for the same array: %s", async (_, dtype, shape, elements, base64) => {
    expect((await written(arrayOf(dtype, shape, elements))).toString("base64")).toBe(base64);
  });

  it.each(REFUSED)("is refused where its elements are %s", async (_, base64) => {
    await expect(read(Buffer.from(base64, "base64"))).rejects.toThrow(coded("MLS3008", "dtype"));
  });
});

describe("an array", () => {
  const floats = fc.oneof(fc.float64Array(), fc.float32Array());
  const integers = fc.oneof(fc.int8Array(), fc.int16Array(), fc.int32Array(), fc.uint8Array(), fc.uint16Array(), fc.uint32Array());
  const anyData = fc.oneof(floats, integers, fc.bigInt64Array(), fc.bigUint64Array());

  it("comes back unchanged", async () => {
    await fc.assert(fc.asyncProperty(anyData, fc.boolean(), async (data, isColumn) => {
      const array = ndarray(data, isColumn ? [data.length, 1] : undefined);
      await throughFiles(type, array, (loaded) => assert.deepStrictEqual(loaded, array));
    }), { numRuns: 60 });
  });

  it("of which data is a part of larger memory comes back without the rest", async () => {
    const part = new Float32Array([1, 2, 3, 4, 5]).subarray(1, 4);
    await throughFiles(type, ndarray(part), (loaded) => {
      assert.deepStrictEqual(loaded, ndarray(new Float32Array([2, 3, 4])));
      expect(loaded.data.buffer.byteLength).toBe(12);
    });
  });

  it("of more than one piece comes back unchanged", async () => {
    const data = Float64Array.from({ length: 1_200_000 }, (_, i) => i / 7);
    await throughFiles(type, ndarray(data, [1200, 1000]), (loaded) => {
      expect(Buffer.compare(Buffer.from(loaded.data.buffer), Buffer.from(data.buffer))).toBe(0);
    });
  });

  it("is refused where it would come back changed", async () => {
    const data = new Float64Array(4);
    const attempt = (value: unknown): Promise<unknown> => throughFiles(type, value as NdArray, (loaded) => loaded);
    for (const value of [undefined, 5, [1, 2], data, { data, shape: [4] }, { dtype: "f2", data, shape: [4] }, { dtype: "__proto__", data, shape: [4] }, { dtype: "f8", data, shape: "4" }]) {
      await expect(attempt(value)).rejects.toThrow(coded("MLS1009", "npy/1"));
    }
    for (const shape of [[5], [2, 3], [-4, -1], [4.5], [NaN], [2 ** 60, 2 ** 60], Array.from({ length: 65 }, () => 1), ["4"], [-0]]) {
      await expect(attempt({ dtype: "f8", data, shape })).rejects.toThrow(coded("MLS1009", "the shape"));
    }
    for (const value of [
      { dtype: "f4", data, shape: [4] }, { dtype: "f8", data, shape: [4], name: "x" }, Object.assign(Object.create({}) as object, ndarray(data)),
      { dtype: "u1", data: Buffer.alloc(4), shape: [4] }, ndarray(new Uint8Array([0, 2]), [2], "b1"), ndarray(new Float32Array(new SharedArrayBuffer(8))),
    ]) await expect(attempt(value)).rejects.toThrow(coded("MLS3006"));
  });

  it("of one declared dtype is compared on both sides", async () => {
    const doubles = npy({ dtype: "f8" });
    await expect(throughFiles(doubles, ndarray(new Float32Array(1)) as never, () => 1)).rejects.toThrow(coded("MLS1009", "f4"));
    const file = Buffer.from(SAME_BYTES.find(([, dtype]) => dtype === "f4")![4], "base64");
    await expect(doubles.codec.load(memoryInput({ "value.npy": file }), "npy/1")).rejects.toThrow(coded("MLS3007", "f8 is declared"));
  });

  it("is made from a typed array and its shape", () => {
    expect(ndarray(new Float32Array(6), [2, 3])).toEqual({ dtype: "f4", data: new Float32Array(6), shape: [2, 3] });
    expect(ndarray(new BigInt64Array(2)).dtype).toBe("i8");
    expect(ndarray(new Uint8Array(2), undefined, "b1")).toEqual({ dtype: "b1", data: new Uint8Array(2), shape: [2] });
    expect(ndarray(new Float64Array(1), []).shape).toEqual([]);
    expect(() => ndarray(new Float64Array(6), [2, 2])).toThrow(coded("MLS1009", "the shape [2, 2] has 4 elements, the data has 6"));
    for (const data of [Buffer.alloc(1), new Uint8ClampedArray(1), [1], null]) expect(() => ndarray(data as never)).toThrow(coded("MLS1009", "no dtype"));
  });

  it("shows its shape, its range and its first elements", async () => {
    const facts = (array: NdArray): unknown => type.codec.extractMetadata?.(array);
    const preview = (array: NdArray): unknown => type.codec.preview?.(array);
    expect(facts(ndarray(new Float64Array([1, NaN, -2, Infinity, NaN]), [5, 1]))).toEqual({ dtype: "f8", shape: [5, 1], min: -2, max: 1, nan: 2, infinite: 1 });
    expect(facts(ndarray(new BigInt64Array([3n, -(2n ** 63n)])))).toEqual({ dtype: "i8", shape: [2], min: "-9223372036854775808", max: 3 });
    expect(facts(ndarray(new Float32Array(0), [0, 3]))).toEqual({ dtype: "f4", shape: [0, 3] });
    expect(facts(ndarray(new Float32Array([NaN])))).toEqual({ dtype: "f4", shape: [1], nan: 1 });
    expect(preview(ndarray(new Int8Array([1, 2, 3, 4]), [2, 2]))).toEqual({ type: "table", columns: ["0", "1"], rows: [["1", "2"], ["3", "4"]], totalRows: 2 });
    expect(preview(ndarray(new Int8Array(100)))).toMatchObject({ columns: ["value"], totalRows: 100, rows: { length: 20 } });
    expect(preview(ndarray(new Int8Array(8), [2, 2, 2]))).toEqual({ type: "text", text: "i1 (2, 2, 2)\n0 0 0 0 0 0 0 0" });
  });
});
