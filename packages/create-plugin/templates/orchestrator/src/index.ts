import { availableParallelism } from "node:os";
import { component, definePlugin, type PluginDefinition } from "@mlstack/core";
import { z } from "zod";
import { PASSED } from "./environment.ts";

const plugin: PluginDefinition = definePlugin({
  name: "@acme/mlstack-plugin",
  components: [
    component({
      type: "orchestrator", version: 1, flavor: "acme", description: "Runs each step in a process and an empty folder of this machine",
      config: z.strictObject({
        concurrency: z.int().min(1).optional().describe("How many steps run side by side; as many as there are cores by default."),
        packagesFrom: z.string().min(1).optional().describe("A folder whose node_modules, and those of the folders above it, the steps use; the project by default."),
      }),
      // what it reaches outside of the process; a service would name its hosts
      permissions: { processes: ["node"], files: ["*"], env: [...PASSED] },
      // a vendor's SDK is imported in orchestrator.ts, which is loaded here: listing, help and completion load neither
      create: async ({ concurrency = availableParallelism(), packagesFrom = "." }, { projectDir }) => (await import("./orchestrator.ts")).acmeOrchestrator({ concurrency, packagesFrom }, projectDir),
    }),
  ],
});
export default plugin;
