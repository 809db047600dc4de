import { component, definePlugin } from "@mlstack/core";
import { z } from "zod";
import { PASSED } from "./environment.ts";

export default definePlugin({
  name: "@mlstack/plugin-process",
  components: [
    component({
      type: "orchestrator", version: 1, flavor: "process", description: "Runs each step in a process and an empty folder of its own, from the code bundle",
      config: z.strictObject({
        concurrency: z.int().min(1).optional().describe("How many steps run side by side; as many as there are cores by default."),
        workDir: z.string().min(1).optional().describe("Where the folders are made; the system's folder for temporary files by default."),
        keepFolders: z.boolean().default(false).describe("Whether the folders are kept, to be looked at."),
        packagesFrom: z.string().min(1).optional().describe("A folder whose node_modules, and those of the folders above it, the steps use; the project by default."),
        passEnv: z.array(z.string().min(1)).default([...PASSED]).describe("Names of environment variables that are passed on, besides those that a step declares; * stands for any characters."),
        driverSilenceMs: z.int().min(6000).default(90_000).describe("How long a step goes on when its driver gives no sign of life, in milliseconds."),
        graceMs: z.int().min(0).default(5000).describe("What a step that is asked to stop is given to end in order, in milliseconds."),
      }),
      permissions: { processes: ["node"], files: ["*"], env: ["*"] },
      create: async (config, { projectDir }) => (await import("./process-orchestrator.ts")).processOrchestrator(config, projectDir),
    }),
  ],
});
