import { PassThrough } from "node:stream";
import { finished } from "node:stream/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import { eachLine } from "./lines.ts";

async function told(chunks: readonly (string | Uint8Array)[], longest?: number): Promise<string[]> {
  const stream = new PassThrough();
  const lines: string[] = [];
  eachLine(stream, (line) => lines.push(line), longest);
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  await finished(stream);
  return lines;
}

test("lines are told as they are, however they come", async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.string({ unit: "grapheme" }).filter((s) => !/[\r\n]/.test(s)), { minLength: 1 }), fc.constantFrom("\n", "\r\n", "\r"), fc.array(fc.nat(30)), async (lines, end, sizes) => {
    const bytes = Buffer.from(lines.map((line) => line + end).join(""));
    const chunks: Uint8Array[] = [];
    let at = 0;
    for (const size of sizes) { chunks.push(bytes.subarray(at, at + size)); at += size; }
    expect(await told([...chunks, bytes.subarray(at)])).toEqual(lines);
  }));
});

test("what never ends a line is told in pieces", async () => {
  expect(await told(Array.from({ length: 1000 }, () => "x".repeat(7)), 100)).toEqual(expect.arrayContaining(["x".repeat(100)]));
  const pieces = await told(["a".repeat(25), "b\nlast"], 10);
  expect(pieces.join("")).toBe(`${"a".repeat(25)}blast`);
  expect(Math.max(...pieces.map((p) => p.length))).toBe(10);
});
