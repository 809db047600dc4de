import { existsSync } from "node:fs";
import { readFile, symlink } from "node:fs/promises";
import { join } from "node:path";
import pl, { type DataFrame } from "nodejs-polars";
import { describe, expect, it } from "vitest";
import { dataframe } from "./dataframe.ts";
import { series } from "./series.ts";
import { runChild } from "./testing/child.ts";
import { inFolder, loadBytes, outputDir, throughFiles } from "./testing/folders.ts";

const table = dataframe();
const column = series();
const fixture = (name: string): Promise<Buffer> => readFile(join(import.meta.dirname, "fixtures", name));
const coded = (code: string, message: string): unknown => expect.objectContaining({ code, message: expect.stringContaining(message) });

describe("a value is refused", () => {
  it("that is no frame", async () => {
    const frame = pl.DataFrame({ a: [1] });
    for (const [value, found] of [[undefined, "undefined"], [null, "null"], [5, "a number"], [[1], "an array"], [{ a: [1] }, "an object"], [frame.toSeries(0), "a Series"]] as const) {
      await expect(throughFiles(table, value as never, () => 0)).rejects.toThrow(coded("MLS1009", `the value is ${found}, but its output is declared as parquet.table/1`));
    }
    await expect(throughFiles(column, frame as never, () => 0)).rejects.toThrow(coded("MLS1009", "a DataFrame"));
    await expect(throughFiles(table, frame.lazy() as never, () => 0)).rejects.toMatchObject({ fix: "return the result of its collect()" });
  });

  it("with a struct without fields, at any depth", async () => {
    const frame = pl.readIPC(await fixture("empty-struct.arrow"));
    await expect(throughFiles(table, frame, () => 0)).rejects.toMatchObject({
      code: "MLS3006", message: 'the column "a" has the dtype struct(): parquet.table/1 cannot hold it without changing it', why: "Parquet has no struct without fields",
    });
    const nested = pl.DataFrame([frame.toStruct("outer")]);
    await expect(throughFiles(table, nested, () => 0)).rejects.toThrow(coded("MLS3006", 'the column "outer" has the dtype struct("a": struct())'));
    await expect(throughFiles(column, frame.toSeries(0), () => 0)).rejects.toThrow(coded("MLS3006", "parquet.series/1"));
  });

  it("that comes back with another dtype or name, or fewer columns or rows", async () => {
    const frame: DataFrame = pl.DataFrame({ a: ["x"], b: [1] });
    // a frame that writes another one
    const attempt = (written: DataFrame, value = frame): Promise<unknown> => {
      const both = new Proxy({}, { get: (_, key) => (key === "lazy" ? () => written.lazy() : (Reflect.get(value, key) as unknown)), ownKeys: () => value.columns });
      return throughFiles(table, both as DataFrame, () => 0);
    };
    await attempt(frame);
    await expect(attempt(frame.withColumns(pl.col("a").cast(pl.Categorical)))).rejects.toMatchObject({
      code: "MLS3006", message: 'the column "a" (string) would come back as "a" (categorical): parquet.table/1 cannot hold it without changing it', fix: "cast it to a dtype that Parquet has, such as pl.Utf8",
    });
    await expect(attempt(frame.rename({ b: "c" }))).rejects.toThrow(coded("MLS3006", 'the column "b" (float64) would come back as "c" (float64)'));
    await expect(attempt(frame.select("a"))).rejects.toThrow(coded("MLS3006", 'the column "b" (float64) would not come back'));
    const empty = await loadBytes(table, await fixture("no-columns.parquet"));
    await expect(attempt(empty.slice(0, 1), empty)).rejects.toThrow(coded("MLS3006", "the value has 3 rows without a column, and 1 come back"));
  });

  it("where it cannot be written", async () => {
    for (const path of [join(import.meta.dirname, "no such folder"), import.meta.filename]) {
      await expect(table.codec.save(pl.DataFrame({ a: [1] }), outputDir(path))).rejects.toMatchObject({ code: "MLS3003", why: expect.stringContaining("(os error") });
    }
  });

  it.runIf(existsSync("/dev/full"))("where the disk is full", () => inFolder(async (path) => {
    await symlink("/dev/full", join(path, "data.parquet"));
    await expect(table.codec.save(pl.DataFrame({ a: [1] }), outputDir(path))).rejects.toMatchObject({ code: "MLS3004" });
  }));
});

describe("a file is refused", () => {
  it("that is not there", async () => {
    await expect(loadBytes(table, await fixture("pandas.parquet"), "other.parquet")).rejects.toThrow(coded("MLS3008", 'this is not a parquet.table/1 artifact: it has no file "data.parquet"'));
  });

  it("that is no Parquet", async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from("a,b\n1,2\n"), Buffer.from("PAR1"), Buffer.alloc(5000), Buffer.from("PAR1PAR1PAR1PAR1"), await fixture("empty-struct.arrow")]) {
      await expect(loadBytes(table, bytes)).rejects.toThrow(coded("MLS3008", '"data.parquet" is not a Parquet file that polars can read: '));
    }
  });

  it("that was cut off anywhere", async () => {
    const whole = await fixture("pandas.parquet");
    for (let size = 0; size < whole.length; size += 97) await expect(loadBytes(table, whole.subarray(0, size))).rejects.toThrow(coded("MLS3008", ""));
  });

  it("that makes polars panic", async () => {
    // in a process of its own: polars tells of each panic on stderr
    const child = await runChild(`
      import { readFileSync } from "node:fs";
      import { dataframe } from "./dataframe.ts";
      import { loadBytes } from "./testing/folders.ts";
      const whole = readFileSync("fixtures/pandas.parquet");
      const footer = whole.length - 8 - whole.readUInt32LE(whole.length - 8);
      const outcomes = {};
      for (let at = footer; at < footer + 400; at++) {
        const damaged = Buffer.from(whole);
        damaged[at] ^= 0x55;
        const outcome = await loadBytes(dataframe(), damaged).then(() => "read", (e) => e.code);
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      }
      console.log(JSON.stringify(outcomes));
    `);
    expect(child.stderr).toContain("panicked");
    expect(child.code).toBe(0);
    const outcomes = JSON.parse(child.stdout) as Record<string, number>;
    expect(Object.keys(outcomes).sort()).toEqual(["MLS3008", "read"]);
    expect(outcomes["MLS3008"]).toBeGreaterThan(200);
  }, 60_000);

  it("as a series, that has no or more columns", async () => {
    await expect(loadBytes(column, await fixture("pandas.parquet"))).rejects.toThrow(coded("MLS3007", "the stored table has 7 columns, a series has one"));
    await expect(loadBytes(column, await fixture("no-columns.parquet"))).rejects.toThrow(coded("MLS3007", "0 columns"));
  });
});
