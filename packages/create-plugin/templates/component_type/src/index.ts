import { component, definePlugin, type PluginDefinition } from "@mlstack/core";
import { z } from "zod";
import { vectorIndexContract } from "./contract.ts";

export type { VectorIndex, VectorItem, VectorMatch } from "./contract.ts";

const plugin: PluginDefinition = definePlugin({
  name: "@acme/mlstack-plugin",
  contracts: [vectorIndexContract],
  components: [
    component({
      type: "acme.vector_index", version: 1, flavor: "acme", description: "Vectors in a file, compared one by one",
      config: z.strictObject({
        path: z.string().min(1).describe("The file; relative to the project."),
      }),
      // what it reaches outside of the process: "*" stands for what the configuration names
      permissions: { files: ["*"] },
      // a relative path is one of this machine; a service that others reach leaves this out
      local: { unless: "path" },
      // a vendor's SDK is imported in file-index.ts, which is loaded here: listing, help and completion load neither
      create: async ({ path }, { projectDir }) => (await import("./file-index.ts")).fileIndex(path, projectDir),
    }),
  ],
});
export default plugin;
