// for its types alone: by it TypeScript knows the component type, and none of its code is loaded to list this plugin
import type { VectorIndex } from "@acme/mlstack-vector-index";
import { isAbsolute, join } from "node:path";
import { component, definePlugin } from "@mlstack/core";
import { z } from "zod";

export default definePlugin({
  name: "@acme/mlstack-plugin-flat-index",
  components: [
    component({
      type: "acme.vector_index", version: 1, contractPackage: "@acme/mlstack-vector-index", flavor: "flat", description: "Exact nearest neighbours, in a file per collection",
      config: z.strictObject({
        path: z.string().min(1).optional().describe("Folder of the collections; in the project's state folder by default."),
        metric: z.enum(["cosine", "euclidean"]).default("cosine").describe("What distances are measured by."),
      }),
      permissions: { files: ["*"] }, local: { unless: "path" },
      async create({ path, metric }, { name, projectDir, stateDir }): Promise<VectorIndex> {
        const folder = path === undefined ? join(stateDir, "vector-index", name) : isAbsolute(path) ? path : join(projectDir, path);
        return (await import("./flat-index.ts")).flatIndex({ folder, metric });
      },
    }),
  ],
});
