import { component, definePlugin, type PluginDefinition } from "@mlstack/core";
import { trackerConfig } from "./config.ts";

const plugin: PluginDefinition = definePlugin({
  name: "@mlstack/plugin-mlflow",
  components: [
    component({
      type: "experiment_tracker", version: 1, flavor: "mlflow", description: "Parameters, metrics, tags and files as runs of an MLflow server",
      config: trackerConfig,
      // the last is what its HTTP client, undici, is set by
      permissions: { hosts: ["*"], files: ["*"], env: ["UNDICI_*"] },
      create: async (config, context) => (await import("./tracker/create-tracker.ts")).createTracker(config, context),
    }),
  ],
});
export default plugin;
