import * as fc from "fast-check";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import pl from "nodejs-polars";
import { describe, expect, it } from "vitest";
import { dataframe } from "../dataframe.ts";
import { loadBytes } from "../testing/folders.ts";
import { frameOf, plainFrames } from "../testing/frames.ts";
import { seriesPreview, tablePreview } from "./preview.ts";

type Table = Extract<ReturnType<typeof tablePreview>, { type: "table" }>;
const preview = (frame: Parameters<typeof tablePreview>[0]): Table => tablePreview(frame) as Table;

describe("a table's preview", () => {
  it("is its first ten rows as text", () => {
    const frame = pl.DataFrame({ n: Array.from({ length: 12 }, (_, i) => (i === 1 ? null : i / 2)), s: Array.from({ length: 12 }, (_, i) => `text ${i}`) });
    expect(preview(frame)).toEqual({
      type: "table", columns: ["n", "s"], totalRows: 12,
      rows: [["0", "text 0"], ["null", "text 1"], ...Array.from({ length: 8 }, (_, i) => [String((i + 2) / 2), `text ${i + 2}`])],
    });
  });

  it("shows every dtype", async () => {
    const python = await loadBytes(dataframe(), await readFile(join(import.meta.dirname, "../fixtures/polars.parquet")));
    const { columns, rows } = preview(python);
    expect(Object.fromEntries(columns.map((name, i) => [name, `${rows[0]![i]} | ${rows[2]![i]}`]))).toMatchObject({
      binary: "0x00ff | 0x6c6f6e676572207468616e207477656c7665206279746573", enum: "ü;1 | b", categorical: "b | a", categories: "b | a", float16: "1.5 | NaN",
      int128: "1267650600228229401496703205376 | -5", decimal5: "123.45 | -0.01", null: "null | null", duration_ns: "PT0.000000005S | -PT0.000000001S",
      zoned: "2024-02-29T11:00:00.25Z | 2024-02-29T11:00:00.25Z", list_binary: "[0x61, null] | [0x]", list_enum: '["a", null] | ["b"]', list_zoned: "[1970-01-01T00:00:00.000005Z, null] | [1970-01-01T00:00:00.000006Z]",
      list_struct: '[{a: 1, b: ["x"]}, null] | []', array_array: "[[1, 2]] | [null]", struct_deep: '{a: [1], b: {c: "x"}} | {a: null, b: null}',
    });
    expect(rows[1]).toEqual(columns.map(() => "null"));
  });

  it("shows numbers in full, and float32 no longer than it is", () => {
    const frame = pl.DataFrame([pl.Series("f", Float32Array.of(0.1, NaN, -0)), pl.Series("d", Float64Array.of(0.1, -Infinity, 1e-300)), pl.Series("u", BigUint64Array.of(2n ** 64n - 1n, 0n, 1n))]);
    expect(preview(frame).rows).toEqual([["0.1", "0.1", "18446744073709551615"], ["NaN", "-Infinity", "0"], ["-0", "1e-300", "1"]]);
  });

  it("cuts long values and names, never through a character", () => {
    const frame = pl.DataFrame([
      pl.Series("x".repeat(300), [`${"a".repeat(98)}😀b`, "😀".repeat(5000)]), pl.Series("list", [Array.from({ length: 100_000 }, (_, i) => i), [1]], pl.List(pl.Int32)),
    ]);
    const { columns, rows } = preview(frame);
    expect(columns).toEqual([`${"x".repeat(99)}…`, "list"]);
    expect(rows[0]![0]).toBe(`${"a".repeat(98)}…`);
    expect(rows[1]![0]).toBe(`${"😀".repeat(49)}…`);
    expect(rows[0]![1]).toMatch(/^\[0, 1, 2, .*…$/);
    expect(rows[0]![1]!.length).toBe(100);
  });

  it("is small for wide tables of long values", () => {
    const wide = pl.DataFrame(Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`${i} ${"\u0001".repeat(200)}`, Array.from({ length: 20 }, () => "\u0001ü".repeat(200))])));
    const found = preview(wide);
    expect(Buffer.byteLength(JSON.stringify(found))).toBeLessThanOrEqual(65_536);
    expect(found.columns.length).toBe(51);
    expect(found.columns[50]).toBe("… 10 more");
    expect(found.rows.every((row) => row.length === 51 && row[50] === "…")).toBe(true);
  });

  it("has a cell for each of the first rows of any frame", () => fc.assert(fc.property(plainFrames(), (columns) => {
    const { rows, totalRows } = preview(frameOf(columns));
    const size = columns[0]!.values.length;
    expect([rows.length, totalRows]).toEqual([Math.min(10, size), size]);
    for (const [c, { kind, values }] of columns.entries()) {
      const isPlain = /^(u?int|bool|string|categorical|float64)/.test(kind);
      if (isPlain) expect(rows.map((row) => row[c])).toEqual(values.slice(0, 10).map((value) => (Object.is(value, -0) ? "-0" : String(value))));
    }
  }), { numRuns: 40 }));
});

it("a series' preview has one column", () => {
  expect(seriesPreview(pl.Series("", ["a", null]))).toEqual({ type: "table", columns: ["value"], rows: [["a"], ["null"]], totalRows: 2 });
  expect(seriesPreview(pl.Series("name", [1]).slice(0, 0))).toEqual({ type: "table", columns: ["name"], rows: [], totalRows: 0 });
});
