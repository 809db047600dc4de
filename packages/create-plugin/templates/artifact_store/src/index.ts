import { component, definePlugin, type PluginDefinition } from "@mlstack/core";
import { z } from "zod";

const plugin: PluginDefinition = definePlugin({
  name: "@acme/mlstack-plugin",
  components: [
    component({
      type: "artifact_store", version: 1, flavor: "acme", description: "Artifacts as files of a folder",
      config: z.strictObject({
        path: z.string().min(1).describe("The folder; relative to the project."),
      }),
      // what it reaches outside of the process: "*" stands for what the configuration names
      permissions: { files: ["*"] },
      // a relative path is one of this machine; a store that others reach leaves this out
      local: { unless: "path" },
      // a vendor's SDK is imported in store.ts, which is loaded here: listing, help and completion load neither
      create: async ({ path }, { projectDir }) => (await import("./store.ts")).acmeStore(path, projectDir),
    }),
  ],
});
export default plugin;
