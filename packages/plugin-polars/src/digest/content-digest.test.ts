import * as fc from "fast-check";
import pl, { type DataFrame } from "nodejs-polars";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cells, frameOf, KIND_NAMES, plainFrames, type PlainColumn } from "../testing/frames.ts";
import { contentDigest } from "./content-digest.ts";

const digest = (frame: DataFrame): Promise<string> => contentDigest(frame, "mlstack.table/1");
const fixture = async (name: string): Promise<DataFrame> => pl.readParquet(await readFile(join(import.meta.dirname, "../fixtures", `${name}.parquet`)));

let folder: string;
beforeAll(async () => { folder = await mkdtemp(join(tmpdir(), "mlstack-polars-")); });
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("equal frames have equal digests:", () => {
  const expectSame = (remake: (frame: DataFrame, columns: readonly PlainColumn[]) => DataFrame | Promise<DataFrame>, options: Parameters<typeof plainFrames>[0] = {}): Promise<void> =>
    fc.assert(fc.asyncProperty(plainFrames(options), async (columns) => {
      const frame = frameOf(columns);
      const other = await remake(frame, columns);
      expect(other.shape).toEqual(frame.shape);
      expect(await digest(other)).toBe(await digest(frame));
    }), { numRuns: 30 });

  it("in chunks", () => expectSame((frame) => {
    const parts = [frame.slice(0, 3), frame.slice(3, 9), frame.slice(12, 1), frame.slice(13, frame.height)].filter((part) => part.height > 0);
    const chunked = pl.concat(parts, { how: "vertical", rechunk: false });
    expect(chunked.nChunks()).toBe(parts.length);
    return chunked;
  }, { minRows: 1 }));

  it("cut out of a longer one", () => expectSame((frame) => pl.concat([frame, frame, frame], { how: "vertical", rechunk: true }).slice(frame.height, frame.height)));

  it("filtered out of a longer one", () => expectSame((frame) => {
    const twice = pl.concat([frame, frame], { how: "vertical" });
    const isFirst = pl.Series("which of them", Array.from({ length: twice.height }, (_, row) => row < frame.height), pl.Bool);
    return twice.filter(isFirst);
  }, { minRows: 1 }));

  it.each(["uncompressed", "snappy", "zstd"])("read from Parquet: %s, small row groups", (compression) => expectSame(async (frame) => {
    const path = join(folder, "a.parquet");
    await frame.lazy().sinkParquet(path, { compression, rowGroupSize: 7, statistics: false } as never).collect();
    return pl.readParquet(path);
  }));

  it("with other values below the nulls", () => expectSame((_, columns) => frameOf(columns, 4)));

  it("with categories that were met in another order", async () => {
    const make = (words: readonly string[]): DataFrame => pl.DataFrame([pl.Series("c", words, pl.Utf8).cast(pl.Categorical)]);
    const before = await digest(make(["x1", "x2", "x3"]));
    const reversed = pl.concat([make(["x3"]), make(["x2"]), make(["x1", "x2", "x3"])], { how: "vertical", rechunk: false });
    expect(await digest(reversed.slice(2, 3))).toBe(before);
    expect(await digest(make(["x1", "x3", "x2"]))).not.toBe(before);
  });

  it("with NaNs of other bits", async () => {
    const bits = (words: readonly number[]): DataFrame => pl.DataFrame([pl.Series("n", new Float64Array(Uint32Array.from(words).buffer)), pl.Series("m", new Float32Array(Uint32Array.of(words[0]! | 0x7fc00000).buffer))]);
    expect(await digest(bits([1, 0x7ff80000]))).toBe(await digest(bits([0, 0xfff80001])));
  });

  it("of more rows than are read at a time", async () => {
    const rows = 100_003;
    const column = (modulo: number): (number | null)[] => Array.from({ length: rows }, (_, i) => (i % modulo === 0 ? null : i));
    const frame = pl.DataFrame([pl.Series("i", column(7)), pl.Series("s", column(3).map((i) => (i === null ? null : `text ${i}`))), pl.Series("b", column(5).map((i) => i === null || i % 2 === 0))]);
    const parts = Array.from({ length: 11 }, (_, i) => frame.slice(i * 9999, 9999));
    expect(await digest(pl.concat(parts, { how: "vertical", rechunk: false }))).toBe(await digest(frame));
  });
});

describe("another digest follows from", () => {
  it.each(KIND_NAMES)("one changed cell of %s, null or not", async (kind) => {
    await fc.assert(fc.asyncProperty(cells(kind, 13), async (values) => {
      const frame = frameOf([{ name: "a", kind, values }]);
      const before = await digest(frame.slice(0, 12));
      for (let row = 0; row < 12; row++) {
        // the last value instead of this one
        const changed = pl.concat([frame.slice(0, row), frame.slice(12, 1), frame.slice(row + 1, 11 - row)], { how: "vertical" });
        expect((await digest(changed)) === before).toBe(isDeepStrictEqual(values[row], values[12]));
      }
    }), { numRuns: 6 });
  });

  it("another order of rows or columns, names, or number of rows", async () => {
    await fc.assert(fc.asyncProperty(plainFrames({ minRows: 1, maxRows: 8 }), async (columns) => {
      const frame = frameOf(columns);
      const others = [frame.slice(1, frame.height), frame.rename({ [columns[0]!.name]: "a name that none has" }), frame.slice(0, 0)];
      if (columns.length > 1) others.push(frame.select(...frame.columns.toReversed().map((name) => pl.col(name))));
      const digests = await Promise.all([frame, ...others].map(digest));
      // a frame of one row minus its first row is the empty one
      expect(new Set(digests).size).toBe(digests.length - (frame.height === 1 ? 1 : 0));
    }), { numRuns: 20 });
  });

  it("another dtype of the same values", async () => {
    const ints = pl.Series("a", [1, 2, null, 3], pl.Int32);
    const dtypes = [pl.Int8, pl.Int16, pl.Int64, pl.UInt8, pl.Float32, pl.Float64, pl.Utf8, pl.Date, pl.Duration("ms"), pl.Duration("us"), pl.Datetime("ms"), pl.Datetime("us"), pl.Datetime("us", "UTC"), pl.Decimal(10, 0), pl.Decimal(11, 0)];
    const frames = [ints, ...dtypes.map((dtype) => ints.cast(dtype)), ints.cast(pl.Utf8).cast(pl.Categorical)].map((series) => series.toFrame());
    expect(new Set(await Promise.all(frames.map(digest))).size).toBe(frames.length);
  });

  it.each([
    ["-0", [0, 1], [-0, 1]], ["NaN", [NaN, 1], [null, 1]], ["an empty string", ["", "a"], [null, "a"]], ["where strings end", ["ab", "c"], ["a", "bc"]],
    ["an empty list", [[], [1]], [null, [1]]], ["where lists end", [[1], [2, 3]], [[1, 2], [3]]], ["a null in a list", [[1, 2]], [[1, null]]], ["where lists of lists end", [[["a"], ["b"]]], [[["a", "b"]]]],
  ])("%s", async (_, values, others) => {
    const make = (column: unknown): DataFrame => pl.Series("a", column as number[]).toFrame();
    expect(await digest(make(values))).not.toBe(await digest(make(others)));
  });

  it("rows without a column", async () => {
    const frame = await fixture("no-columns");
    expect([frame.height, frame.width]).toEqual([3, 0]);
    expect(await digest(frame)).not.toBe(await digest(frame.slice(0, 2)));
  });

  it("a series instead of a table of one column", async () => {
    const frame = pl.Series("a", [1]).toFrame();
    expect(await contentDigest(frame, "mlstack.series/1")).not.toBe(await digest(frame));
  });
});

// computed by another implementation: fixtures/content_digest.py
it.each([
  ["polars", "fd1ae284205ff4446d228b937cb507dcc3a7ff94a6d39fd304f0035af73f147e"],
  ["pandas", "45f727021158d0b95dcf7df16d38feeda5ab75a796845bc926acb2615a7ada09"],
  ["pyarrow", "45f727021158d0b95dcf7df16d38feeda5ab75a796845bc926acb2615a7ada09"],
  ["no-columns", "5eae4c2eff7a68a21a52475b113836be0a0d9540661533ed5beb9638dc3e5114"],
])("the digest of what Python wrote never changes: %s", async (name, expected) => {
  expect(await digest(await fixture(name))).toBe(expected);
});
