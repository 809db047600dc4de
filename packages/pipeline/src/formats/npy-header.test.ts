import { MlstackError } from "@mlstack/core";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { npy } from "./npy.ts";
import { SAME_BYTES } from "./testing/npy-files.ts";
import { npyHeader, readNpyHeader } from "./npy-header.ts";
import { parsePythonLiteral } from "./npy-literal.ts";
import { memoryInput } from "./testing/dirs.ts";

const read = async (file: Uint8Array): Promise<unknown> => npy().codec.load(memoryInput({ "value.npy": file }, 50), "npy/1");
const refused = expect.objectContaining({ code: "MLS3008" });

/** A file of version 1.0 with this header text and so many bytes of elements. */
function file(header: string, elements = 0): Buffer {
  const head = Buffer.from(`\x93NUMPY\x01\x00\x00\x00${header}\n`, "latin1");
  head.writeUInt16LE(header.length + 1, 8);
  return Buffer.concat([head, Buffer.alloc(elements)]);
}

describe("the header of a .npy file", () => {
  it("is read in all the ways in which Python writes literals", async () => {
    for (const header of [
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1)}", "{'shape': (2L, 1L,), 'fortran_order': False, 'descr': '<f4', }",
      '{"descr":"<f4","fortran_order":False,"shape":[2,1]}', "  {'descr' : '<f4' ,\n'fortran_order' : True , 'shape' : (2,\t1)}   ",
    ]) await expect(read(file(header, 8))).resolves.toMatchObject({ dtype: "f4", shape: [2, 1] });
  });

  it.each([
    "", "{", "{}", "[]", "1", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}", "{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': 2}", "{'descr': '<f4', 'fortran_order': False, 'shape': (2)}", "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2.0,)}", "{'descr': '<f4', 'fortran_order': False, 'shape': ('2',)}", "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", "{'descr': '<f4', 'fortran_order': False, 'shape': (1e9,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 'descr': 1}", "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
    "{'descr': 'f4', 'fortran_order': False, 'shape': (2,)}", "{'descr': '=f4', 'fortran_order': False, 'shape': (2,)}", "{'descr': '|f4', 'fortran_order': False, 'shape': (2,)}",
    "{'descr': '<f4\\'', 'fortran_order': False, 'shape': (2,)}", "{'descr': None, 'fortran_order': False, 'shape': (2,)}", "{'descr': '<toString', 'fortran_order': False, 'shape': (2,)}",
    "__import__('os').system('true')", "{'descr': open('/etc/passwd'), 'fortran_order': False, 'shape': (2,)}", "(".repeat(60_000), "[".repeat(100) + "]".repeat(100),
  ])("is refused when it is malformed: %s", async (header) => {
    await expect(read(file(header, 8))).rejects.toThrow(refused);
  });

  it("is refused when the file has another length than it says", async () => {
    const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}";
    for (const elements of [0, 7, 9, 16]) await expect(read(file(header, elements))).rejects.toThrow(refused);
    // no memory is taken for elements that are not there
    await expect(read(file("{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776,)}", 8))).rejects.toThrow(refused);
  });

  it("is refused when it is said to be longer than any, before the file is read for it", () => {
    const head = Buffer.from("\x93NUMPY\x02\x00\x00\x00\x00\x80{'descr'", "latin1");
    expect(() => readNpyHeader(head)).toThrow("2147483648 bytes");
    expect(readNpyHeader(head.subarray(0, 11))).toBe(12);
  });

  it("is refused for other versions, cut files and other files", async () => {
    const good = Buffer.from(SAME_BYTES[0]![4], "base64");
    for (const [at, byte] of [[0, 0x92], [1, 0x6e], [6, 0], [6, 4], [7, 1], [9, 255]] as const) {
      const bad = Buffer.from(good);
      bad[at] = byte;
      await expect(read(bad)).rejects.toThrow(refused);
    }
    for (let length = 0; length < good.length; length++) await expect(read(good.subarray(0, length))).rejects.toThrow(refused);
    for (const other of ["PK\x03\x04", "not numpy at all, but long enough for a header"]) await expect(read(Buffer.from(other, "latin1"))).rejects.toThrow(refused);
    await expect(npy().codec.load(memoryInput({ "other.npy": good }), "npy/1")).rejects.toThrow(refused);
  });

  it("never makes anything but an array or an MLS3008 of any bytes", async () => {
    const good = Buffer.from(SAME_BYTES[0]![4], "base64");
    const edit = fc.array(fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 6 });
    await fc.assert(fc.asyncProperty(edit, async (edits) => {
      const bad = Buffer.from(good);
      for (const [at, byte] of edits) bad[at] = byte;
      const outcome = await read(bad).then(() => "an array", (e: unknown) => (MlstackError.is(e) ? e.code : e));
      expect(["an array", "MLS3008"]).toContain(outcome);
    }), { numRuns: 1000 });
  });

  it("is written the same every time, aligned, and can be read back", () => {
    fc.assert(fc.property(fc.array(fc.nat({ max: 2 ** 20 }), { maxLength: 2 }), fc.constantFrom("f8", "u1", "b1", "i2"), (shape, dtype) => {
      const header = npyHeader(dtype, shape);
      expect(header.length % 64).toBe(0);
      expect(readNpyHeader(Buffer.from(header))).toEqual({ dtype, shape, isBigEndian: false, isFortranOrder: false, offset: header.length });
    }));
  });
});

describe("a Python literal", () => {
  it("is read without running it", () => {
    expect(parsePythonLiteral("{'a': (1, 2L, [True, None]), \"b\": ('x'), 'c': ()}")).toEqual(new Map<string, unknown>([["a", [1, 2, [true, null]]], ["b", "x"], ["c", []]]));
    for (const text of ["1 2", "'a", "f(1)", "{1}", "{1: 2", "1.5", "1e5", "0x10", "TRUE", "(,)", "b'a'", "'a\\n'", "-", "[".repeat(30) + "]".repeat(30)]) expect(() => parsePythonLiteral(text)).toThrow(SyntaxError);
  });
});
