import { isPluginDefinition, manifestOf } from "@mlstack/core";
import { describe, expect, it } from "vitest";
import plugin, { dataframe, series } from "./index.ts";
import { runChild } from "./testing/child.ts";

/** Whether the process has loaded polars' native part. */
const HAS_POLARS = `process.report.getReport().sharedObjects.some((path) => path.includes("nodejs-polars"))`;

describe("the package", () => {
  it("is a plugin with two formats", () => {
    expect(isPluginDefinition(plugin)).toBe(true);
    expect(manifestOf(plugin, "./dist/index.js", ">=0.1.0 <1")).toMatchObject({
      formats: [{ format: "parquet.table/1" }, { format: "parquet.series/1" }], components: [], contracts: [],
    });
  });

  it("declares types of artifacts", () => {
    expect(dataframe()).toMatchObject({ format: "parquet.table/1", kind: "data", codec: { reads: ["parquet.table/1"] } });
    expect(series()).toMatchObject({ format: "parquet.series/1", kind: "data", codec: { reads: ["parquet.series/1"] } });
    expect(dataframe({ kind: "metrics" }).kind).toBe("metrics");
  });

  it("loads polars on first use, not when it is imported", async () => {
    const { stdout, stderr } = await runChild(`
      import plugin, { dataframe, series } from "./index.ts";
      dataframe(); series();
      const before = ${HAS_POLARS};
      const { loadBytes } = await import("./testing/folders.ts");
      const { readFileSync } = await import("node:fs");
      const frame = await loadBytes(dataframe(), readFileSync("fixtures/pandas.parquet"));
      console.log(JSON.stringify([plugin.name, before, ${HAS_POLARS}, frame.height]));
    `);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual(["@mlstack/plugin-polars", false, true, 3]);
  });

  it("says what to do where polars has no native part", async () => {
    const { stdout } = await runChild(`
      import { registerHooks } from "node:module";
      registerHooks({ resolve: (specifier, context, next) => { if (specifier === "nodejs-polars") throw new Error("Cannot find module"); return next(specifier, context); } });
      const { loadPolars } = await import("./polars.ts");
      await loadPolars().catch((e) => console.log(JSON.stringify([e.code, e.message, e.fix])));
    `);
    expect(JSON.parse(stdout)).toEqual(["MLS2005", "polars cannot be loaded", "install again under Node 22 or later"]);
  });
});
