import { definePlugin, type PluginDefinition } from "@mlstack/core";

export { acmeRows } from "./rows.ts";

const plugin: PluginDefinition = definePlugin({
  name: "@acme/mlstack-plugin",
  // only describes: a module may call it at its top, and it is no part of a step's key
  pure: ["acmeRows"],
  formats: [{ format: "acme.rows/1", description: "Rows of plain JSON: one file rows.ndjson, a row in each line" }],
});
export default plugin;
