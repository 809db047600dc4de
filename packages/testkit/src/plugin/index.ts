import { component, definePlugin } from "@mlstack/core";
import { z } from "zod";
import { partsOf } from "../memory/memory-stack.ts";

const config = z.strictObject({ id: z.string().describe("Of a stack that memoryStack() has made in this process.") });

/** Components in memory, for tests. */
export default definePlugin({
  name: "@mlstack/testkit",
  components: [
    component({ type: "artifact_store", version: 1, flavor: "memory", description: "Artifacts in the memory of a test's process", config, local: true, permissions: {}, create: ({ id }) => partsOf(id).store }),
    component({ type: "experiment_tracker", version: 1, flavor: "memory", description: "What runs track, in the memory of a test's process", config, local: true, permissions: {}, create: ({ id }) => partsOf(id).tracker }),
  ],
});
