import * as fc from "fast-check";
import pl from "nodejs-polars";
import { describe, expect, it } from "vitest";
import { frameOf, plainFrames } from "../testing/frames.ts";
import { messageReader } from "./message-reader.ts";
import { readFrame } from "./read-frame.ts";

describe("an Arrow stream", () => {
  it("has the same messages in whatever pieces it comes", () => fc.assert(fc.property(plainFrames(), fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }), (columns, sizes) => {
    const bytes = frameOf(columns).writeIPCStream();
    // at an odd place of its memory
    const stream = new Uint8Array(bytes.length + 1).subarray(1);
    stream.set(bytes);
    const read = (pieces: Iterable<Uint8Array>): string[] => {
      const messages: string[] = [];
      const reader = messageReader(({ type, body }) => {
        expect(body.byteOffset % 8).toBe(0);
        messages.push(`${type} ${Buffer.from(body).toString("hex")}`);
      });
      for (const piece of pieces) reader.push(piece);
      return messages;
    };
    function* cut(): Generator<Uint8Array> {
      for (let at = 0, i = 0; at < stream.length; at += sizes[i++ % sizes.length]!) yield stream.subarray(at, at + sizes[i % sizes.length]!);
    }
    const whole = read([stream]);
    expect(whole[0]).toBe("schema ");
    expect(whole.length).toBeGreaterThan(1);
    expect(read(cut())).toEqual(whole);
  }), { numRuns: 40 }));
});

describe("a frame", () => {
  it("is read in order, all of its chunks", () => {
    const frame = pl.DataFrame({ a: [1, 2, 3, 4, 5] });
    const rows: number[] = [];
    readFrame(pl.concat([frame, frame.slice(1, 3)], { how: "vertical", rechunk: false }), (columns, count) => {
      const { buffer, byteOffset } = columns[0]!.data;
      rows.push(...new Float64Array(buffer, byteOffset, count));
    });
    expect(rows).toEqual([1, 2, 3, 4, 5, 2, 3, 4]);
  });

  it("stays usable after an error of who reads it", () => {
    const frame = pl.DataFrame({ a: [1, 2] });
    const chunked = pl.concat([frame, frame], { how: "vertical", rechunk: false });
    let calls = 0;
    const failing = (): unknown => readFrame(chunked, () => { calls++; throw new Error("enough"); });
    expect(failing).toThrow("enough");
    expect(calls).toBe(1);
    expect(readFrame(chunked).map(({ name }) => name)).toEqual(["a"]);
  });
});
