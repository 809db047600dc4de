import { readFile } from "node:fs/promises";
import { join } from "node:path";
import pl from "nodejs-polars";
import { describe, expect, it } from "vitest";
import { dataframe } from "../dataframe.ts";
import { loadBytes } from "../testing/folders.ts";
import { seriesMetadata, tableMetadata } from "./metadata.ts";

describe("a table's metadata", () => {
  it("is its size, and by column dtype, nulls and range", async () => {
    const frame = pl.DataFrame({ n: [1, null, -2.5, NaN], s: ["b", "a", null, null], b: [true, false, null, true] });
    expect(await tableMetadata(frame)).toEqual({
      rows: 4, columns: 3, dtypes: { n: "float64", s: "string", b: "bool" }, nulls: { n: 1, s: 2, b: 1 }, min: { n: -2.5 }, max: { n: 1 },
    });
  });

  it("has ranges of every dtype that has an order in time or number", async () => {
    const python = await loadBytes(dataframe(), await readFile(join(import.meta.dirname, "../fixtures/polars.parquet")));
    expect(await tableMetadata(python)).toMatchObject({
      rows: 3, columns: 31,
      min: {
        int128: -5, uint128: 5, float16: 1.5, decimal38: "-1.00000000", decimal5: "-0.01", time: "00:00:00", duration_ms: "-PT0.001S",
        datetime_ns: "1969-12-31T23:59:59.999999999", zoned: "2024-02-29T11:00:00.25Z",
      },
      max: {
        int128: "1267650600228229401496703205376", uint128: "170141183460469231731687303715884105728", float16: 1.5,
        decimal38: "123456789012345678901234567890.12345678", time: "23:59:59.999999", duration_us: "PT0.000005S",
      },
      nulls: { null: 3, struct: 1, list_null: 1 },
    });
  });

  it("is JSON, whatever the numbers are", async () => {
    const facts = await tableMetadata(pl.DataFrame([
      pl.Series("infinite", [Infinity, 0, -Infinity]), pl.Series("nan", [NaN, NaN, null]), pl.Series("zero", [-0, null, null]), pl.Series("null", [null, null, null], pl.Int32),
      pl.Series("big", BigInt64Array.of(2n ** 53n, -(2n ** 63n), 1n)), pl.Series("float", Float32Array.of(0.1, 1e38, -16777216)), pl.Series("__proto__", [1, 2, 3]),
    ]));
    expect(JSON.parse(JSON.stringify(facts))).toEqual(facts);
    expect(facts).toMatchObject({
      min: { infinite: "-Infinity", zero: 0, big: "-9223372036854775808", float: -16777216 },
      max: { infinite: "Infinity", zero: 0, big: "9007199254740992", float: 1e38 },
    });
    expect(Object.keys(facts["min"] as object)).toEqual(["infinite", "zero", "big", "float", "__proto__"]);
  });

  it("is small for wide tables and long names", async () => {
    const wide = pl.DataFrame(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`${"name ".repeat(100)}${i}`, [i]])));
    const facts = await tableMetadata(wide);
    expect(facts).toMatchObject({ rows: 1, columns: 300, describedColumns: 100 });
    expect(JSON.stringify(facts).length).toBeLessThan(100_000);
    expect(await tableMetadata(pl.DataFrame({}))).toEqual({ rows: 0, columns: 0, dtypes: {}, nulls: {}, min: {}, max: {} });
    expect(await tableMetadata(pl.DataFrame({ a: [1] }).slice(0, 0))).toEqual({ rows: 0, columns: 1, dtypes: { a: "float64" }, nulls: { a: 0 }, min: {}, max: {} });
  });
});

it("a series' metadata has its name too", async () => {
  expect(await seriesMetadata(pl.Series("", [3, null, 1], pl.Int16))).toEqual({ name: "", rows: 3, dtype: "int16", nulls: 1, min: 1, max: 3 });
  expect(await seriesMetadata(pl.Series("s", ["a"]))).toEqual({ name: "s", rows: 1, dtype: "string", nulls: 0 });
});
