import { component, definePlugin, type PluginDefinition } from "@mlstack/core";
import { z } from "zod";
import { PASSED } from "./environment.ts";

const plugin: PluginDefinition = definePlugin({
  name: "@acme/mlstack-plugin",
  components: [
    component({
      type: "model_deployer", version: 1, flavor: "acme", description: "Serves predictors, each deployment by a process of this machine",
      config: z.strictObject({
        path: z.string().min(1).optional().describe("The folder where deployments are kept; relative to the project. By default in the project's state folder."),
      }),
      // what it reaches outside of the process; a service would name its hosts
      permissions: { hosts: ["127.0.0.1"], files: ["*"], processes: ["node"], env: [...PASSED] },
      // models are served by the packages of the project; a service leaves this out
      local: true,
      // a vendor's SDK is imported in deployer.ts, which is loaded here: listing, help and completion load neither
      create: async ({ path }, { projectDir, stateDir }) => (await import("./deployer.ts")).acmeDeployer(path === undefined ? { folder: stateDir, path: "acme-deployments" } : { folder: projectDir, path }),
    }),
  ],
});
export default plugin;
