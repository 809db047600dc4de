import { conformanceTarget, formatSuite, type FormatSubject } from "@mlstack/testkit/conformance";
import pl, { type DataFrame, type Series } from "nodejs-polars";
// as it would be installed
import { dataframe, series } from "@mlstack/plugin-polars";

const sameFrame = async (a: DataFrame, b: DataFrame): Promise<boolean> => a.frameEqual(b, true) && (await dataframe().codec.contentDigest!(a)) === (await dataframe().codec.contentDigest!(b));

const table: FormatSubject<DataFrame> = {
  type: dataframe(), same: sameFrame,
  samples: [
    { name: "a table", value: pl.DataFrame({ n: [1, null, NaN, -0], s: ["a", null, "", "🗺"] }) },
    { name: "other names", value: pl.DataFrame({ m: [1, null, NaN, -0], s: ["a", null, "", "🗺"] }) },
    { name: "no rows", value: pl.DataFrame({ n: [1] }).slice(0, 0) },
    { name: "many rows", value: pl.DataFrame({ n: Array.from({ length: 3000 }, (_, n) => n) }) },
  ],
  rejects: [{ name: "an object", value: { a: [1] } }, { name: "a column", value: pl.Series("a", [1]) }],
  damaged: [{ name: "no files", files: {} }, { name: "no Parquet", files: { "data.parquet": "PAR1 PAR1" } }],
};

const column: FormatSubject<Series> = {
  type: series(), same: async (a, b) => sameFrame(a.toFrame(), b.toFrame()),
  samples: [{ name: "a column", value: pl.Series("a", [1, null, 2.5]) }, { name: "another name", value: pl.Series("b", [1, null, 2.5]) }, { name: "texts", value: pl.Series("a", ["x", null, ""]) }],
  rejects: [{ name: "a table", value: pl.DataFrame({ a: [1] }) }],
  damaged: [{ name: "no files", files: {} }],
};

export default [
  conformanceTarget(formatSuite, { flavor: "parquet.table/1", start: () => ({ subject: table }) }),
  conformanceTarget(formatSuite, { flavor: "parquet.series/1", start: () => ({ subject: column }) }),
];
