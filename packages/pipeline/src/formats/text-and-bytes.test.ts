import assert from "node:assert/strict";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytes } from "./bytes.ts";
import { memoryInput, throughFiles } from "./testing/dirs.ts";
import { text } from "./text.ts";

const coded = (code: string): unknown => expect.objectContaining({ code });

describe("text()", () => {
  it("keeps any text as UTF-8", async () => {
    for (const value of ["", "a\r\nb\rc\n", "\ufeffa", "\ufeff", "\0", "ä€\ud83d\ude00"]) {
      await throughFiles(text(), value, async (loaded, input) => {
        expect(loaded).toBe(value);
        expect(Buffer.from(await input.read("value.txt")).equals(Buffer.from(value))).toBe(true);
      });
    }
    await fc.assert(fc.asyncProperty(fc.string({ unit: "binary" }), async (value) => throughFiles(text(), value, (loaded) => assert.equal(loaded, value))), { numRuns: 50 });
  });

  it("refuses half surrogate pairs", async () => {
    for (const value of ["\ud800", "a\udc00b", "\udc00\ud800", "\ud83d"]) await expect(throughFiles(text(), value, () => 1)).rejects.toThrow(coded("MLS3006"));
    await expect(throughFiles(text(), "ab\ud800", () => 1)).rejects.toThrow("at 2");
    for (const value of [5, undefined, Object("a"), ["a"]]) await expect(throughFiles(text(), value as string, () => 1)).rejects.toThrow(coded("MLS1009"));
  });

  it("refuses files that are not UTF-8", async () => {
    await expect(text().codec.load(memoryInput({ "value.txt": new Uint8Array([0x61, 0xff]) }), "text/1")).rejects.toThrow(coded("MLS3008"));
    await expect(text().codec.load(memoryInput({}), "text/1")).rejects.toThrow(coded("MLS3008"));
  });

  it("shows characters and lines", () => {
    const facts = (value: string): unknown => text().codec.extractMetadata?.(value);
    expect(["", "a", "a\n", "a\nb", "\n\n"].map(facts)).toEqual([
      { characters: 0, lines: 0 }, { characters: 1, lines: 1 }, { characters: 2, lines: 1 }, { characters: 3, lines: 2 }, { characters: 2, lines: 2 },
    ]);
    expect(text({ kind: "report" }).kind).toBe("report");
  });
});

describe("bytes()", () => {
  it("keeps any bytes, in memory of their own", async () => {
    for (const value of [new Uint8Array(0), new Uint8Array([0, 255]), new Uint8Array([1, 2, 3, 4]).subarray(1, 3), Uint8Array.from({ length: 200_000 }, (_, i) => i)]) {
      await throughFiles(bytes(), value, (loaded) => {
        assert.deepStrictEqual(loaded, new Uint8Array(value));
        expect(loaded.buffer.byteLength).toBe(value.length);
      });
    }
  });

  it("refuses what would come back as something else", async () => {
    const moved = new Uint8Array(4);
    structuredClone(moved, { transfer: [moved.buffer] });
    for (const value of [Buffer.from("a"), Object.setPrototypeOf(new Uint8Array(2), Object.create(Uint8Array.prototype) as object) as Uint8Array, new Uint8Array(new SharedArrayBuffer(2)), moved]) {
      await expect(throughFiles(bytes(), value, () => 1)).rejects.toThrow(coded("MLS3006"));
    }
    for (const value of ["a", new Uint8ClampedArray(1), new ArrayBuffer(1), [1], null]) {
      await expect(throughFiles(bytes(), value as never, () => 1)).rejects.toThrow(coded("MLS1009"));
    }
  });

  it("notices files that are not as listed", async () => {
    const input = memoryInput({ "value.bin": new Uint8Array(100) });
    for (const size of [99, 101]) {
      const lying = { ...input, files: [{ path: "value.bin", size, sha256: "" }] };
      await expect(bytes().codec.load(lying, "bytes/1")).rejects.toThrow(coded("MLS3002"));
    }
    await expect(bytes().codec.load(memoryInput({}), "bytes/1")).rejects.toThrow(coded("MLS3008"));
  });
});
