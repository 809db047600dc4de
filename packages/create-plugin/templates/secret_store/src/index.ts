import { component, definePlugin, type PluginDefinition } from "@mlstack/core";
import { z } from "zod";

const plugin: PluginDefinition = definePlugin({
  name: "@acme/mlstack-plugin",
  components: [
    component({
      type: "secret_store", version: 1, flavor: "acme", description: "Secrets as files that this user alone can read",
      config: z.strictObject({
        path: z.string().min(1).describe("The folder; relative to the project. Keep it out of version control."),
      }),
      // what it reaches outside of the process: "*" stands for what the configuration names
      permissions: { files: ["*"] },
      local: { unless: "path" },
      // a vendor's SDK is imported in secrets.ts, which is loaded here: listing, help and completion load neither
      create: async ({ path }, { projectDir }) => (await import("./secrets.ts")).acmeSecrets(path, projectDir),
    }),
  ],
});
export default plugin;
