import * as fc from "fast-check";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import pl, { type DataFrame } from "nodejs-polars";
import { describe, expect, it } from "vitest";
import { dtypeName } from "./arrow/dtype.ts";
import { readFrame } from "./arrow/read-frame.ts";
import { dataframe } from "./dataframe.ts";
import { series } from "./series.ts";
import { loadBytes, throughFiles } from "./testing/folders.ts";
import { frameOf, KIND_NAMES, plainFrames } from "./testing/frames.ts";

const table = dataframe();
const column = series();
const fixture = (name: string): Promise<Buffer> => readFile(join(import.meta.dirname, "fixtures", name));
const python = await loadBytes(table, await fixture("polars.parquet"));

/** Names and dtypes, in full. */
const schemaOf = (frame: DataFrame): string[] => readFrame(frame.slice(0, 0)).map(({ name, dtype }) => `${name}: ${dtypeName(dtype)}`);

async function expectSame(found: DataFrame, wanted: DataFrame): Promise<void> {
  expect(schemaOf(found)).toEqual(schemaOf(wanted));
  expect(found.shape).toEqual(wanted.shape);
  // polars' comparison and ours see the same
  expect(found.frameEqual(wanted, true)).toBe(true);
  expect(await table.codec.contentDigest!(found)).toBe(await table.codec.contentDigest!(wanted));
}
const expectStays = (frame: DataFrame): Promise<void> => throughFiles(table, frame, (loaded) => expectSame(loaded, frame));

describe("a frame comes back unchanged", () => {
  it("whatever its columns are", () => fc.assert(fc.asyncProperty(plainFrames(), (columns) => expectStays(frameOf(columns))), { numRuns: 60 }));

  it.each(schemaOf(python))("of %s", async (name) => {
    const one = python.select(name.slice(0, name.indexOf(":")));
    await expectStays(one);
    await expectStays(pl.concat([one.slice(2, 1), one, one.slice(0, 2)], { how: "vertical", rechunk: false }));
    await expectStays(one.slice(0, 0));
    await throughFiles(column, one.toSeries(0), (loaded) => expectSame(loaded.toFrame(), one));
  });

  it("bit by bit: NaN with its payload, -0, infinities, denormals, extremes", async () => {
    const words = [0x7ff80000, 0x7ff00001, 0xfff80123, 0x80000000, 0, 0x7ff00000, 0xfff00000, 1, 0x7fefffff].flatMap((high, i) => [i, high]);
    const doubles = new Float64Array(Uint32Array.from(words).buffer);
    const floats = new Float32Array(Uint32Array.from([0x7fc00001, 0x7f800001, 0xffc00000, 0x80000000, 0, 0x7f800000, 1, 0x7f7fffff, 0xff7fffff]).buffer);
    // often, so that a dictionary of values would be made
    const repeat = <A extends Float64Array | Float32Array>(data: A): A => { const all = new (data.constructor as new (n: number) => A)(data.length * 500); for (let i = 0; i < 500; i++) all.set(data, i * data.length); return all; };
    const frame = pl.DataFrame([pl.Series("d", repeat(doubles)), pl.Series("f", repeat(floats))]);
    const bytes = (loaded: DataFrame, name: string): string => { const data = loaded.getColumn(name).toTypedArray() as Float64Array; return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex"); };
    await throughFiles(table, frame, (loaded) => {
      for (const name of ["d", "f"]) expect(bytes(loaded, name)).toBe(bytes(frame, name));
    });
  });

  it("with null, NaN and -0 apart", () => throughFiles(table, pl.DataFrame({ a: [null, NaN, -0, 0] }), (loaded) => {
    expect(loaded.getColumn("a").toArray()).toEqual([null, NaN, -0, 0]);
  }));

  it("without rows, without columns, without both", async () => {
    await expectStays(pl.DataFrame({ a: [1], b: ["x"] }).slice(0, 0));
    await expectStays(pl.DataFrame({}));
    await expectStays(await loadBytes(table, await fixture("no-columns.parquet")));
  });

  it("with odd names", () => expectStays(pl.DataFrame(Object.fromEntries(["", " ", "^.*$", "*", "a.b", "ü", "Ü", "\0", "\n", "__proto__", "x".repeat(5000)].map((name, i) => [name, [i]])))));

  it("with names of the frame's own members, each of which hides it", async () => {
    const names = ["height", "width", "columns", "shape", "slice", "clone", "rename", "nullCount", "toSeries", "getColumns", "writeIPCStream", "inner", "then", "constructor", "__proto__"];
    for (const odd of [names, [...names.filter((name) => name !== "clone"), "lazy"]]) {
      const frame = pl.DataFrame(odd.map((name, i) => pl.Series(name, [i, null])));
      await throughFiles(table, frame, async (loaded) => {
        expect(Reflect.ownKeys(loaded)).toEqual(odd);
        expect(await table.codec.contentDigest!(loaded)).toBe(await table.codec.contentDigest!(frame));
        expect(await table.codec.extractMetadata!(loaded)).toMatchObject({ rows: 2, columns: odd.length, nulls: { height: 1 }, max: { ["__proto__"]: odd.length - (odd === names ? 1 : 2) } });
        expect(await table.codec.preview!(loaded)).toMatchObject({ columns: odd, rows: [odd.map((_, i) => String(i)), odd.map(() => "null")], totalRows: 2 });
      });
    }
    const own = pl.Series("getColumns", [1]);
    await throughFiles(column, own, (loaded) => expect(loaded.name).toBe("getColumns"));
    await throughFiles(column, pl.Series("height", [1]), (loaded) => expect([loaded.name, loaded.toArray()]).toEqual(["height", [1]]));
    await expect(throughFiles(table, pl.DataFrame({ lazy: [1], clone: [2] }), () => 0)).rejects.toMatchObject({ code: "MLS3006", fix: "rename one of them" });
  });

  it("of a million rows", async () => {
    const rows = 1_000_000;
    const frame = pl.DataFrame([
      pl.Series("f", Float64Array.from({ length: rows }, (_, i) => Math.sin(i))), pl.Series("i", Int32Array.from({ length: rows }, (_, i) => i % 997)),
      pl.Series("s", Array.from({ length: rows }, (_, i) => (i % 10 === 0 ? null : `text ${i % 5000}`))),
    ]);
    await expectStays(frame.withColumns(pl.col("s").cast(pl.Categorical).alias("c")));
  }, 60_000);
});

describe("a series comes back unchanged", () => {
  it.each(["", "a", "values"])("with its name %j", (name) => throughFiles(column, pl.Series(name, [1, null, 3]), (loaded) => {
    expect(loaded.name).toBe(name);
    expect(loaded.toArray()).toEqual([1, null, 3]);
  }));

  it("whatever its values are", () => fc.assert(fc.asyncProperty(plainFrames(), async ([plain]) => {
    const frame = frameOf([plain!]);
    await throughFiles(column, frame.toSeries(0), (loaded) => expectSame(loaded.toFrame(), frame));
  }), { numRuns: 20 }));

  it("and without being changed by the save", async () => {
    const value = pl.Series("", [1]);
    await throughFiles(column, value, () => expect(value.name).toBe(""));
  });
});

describe("the bytes", () => {
  const digest = (frame: DataFrame): Promise<string> => throughFiles(table, frame, async (_, file) => createHash("sha256").update(await readFile(file)).digest("hex"));

  it("are the same for the same values in other chunks", () => fc.assert(fc.asyncProperty(plainFrames({ minRows: 4 }), async (columns) => {
    const frame = frameOf(columns);
    const chunked = pl.concat([frame.slice(0, 3), frame.slice(3, frame.height)], { how: "vertical", rechunk: false });
    expect(await digest(chunked)).toBe(await digest(frame));
  }), { numRuns: 20 }));

  it("are the same for the same values with others below the nulls, but for nested ones", () => {
    const kinds = KIND_NAMES.filter((kind) => !/^(list|array|struct)/.test(kind));
    return fc.assert(fc.asyncProperty(plainFrames({ kinds }), async (columns) => {
      expect(await digest(frameOf(columns, 4))).toBe(await digest(frameOf(columns)));
    }), { numRuns: 20 });
  });

  it("are the same for many rows in other chunks", async () => {
    const frame = pl.DataFrame([pl.Series("i", Int32Array.from({ length: 600_000 }, (_, i) => i % 1013))]).withColumns(pl.col("i").cast(pl.Utf8).cast(pl.Categorical).alias("c"));
    const parts = Array.from({ length: 13 }, (_, i) => frame.slice(i * 50_000, 50_000)).filter((part) => part.height > 0);
    expect(await digest(pl.concat(parts, { how: "vertical", rechunk: false }))).toBe(await digest(frame));
  }, 60_000);

  it("hold no values that the frame does not", async () => {
    const all = pl.DataFrame([pl.Series("c", ["public", "private"], pl.Utf8).cast(pl.Categorical)]);
    await throughFiles(table, all.slice(0, 1), async (_, file) => expect((await readFile(file)).includes("private")).toBe(false));
  });
});
