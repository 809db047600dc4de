import { definePlugin, type PluginDefinition } from "@mlstack/core";

export { dataframe, type FrameOptions } from "./dataframe.ts";
export { series } from "./series.ts";

const plugin: PluginDefinition = definePlugin({
  name: "@mlstack/plugin-polars",
  pure: ["dataframe", "series"],
  formats: [
    { format: "parquet.table/1", description: "A table: one Parquet file" },
    { format: "parquet.series/1", description: "A named column: one Parquet file of one column" },
  ],
});
export default plugin;
