import { definePlugin } from "@mlstack/core";

export type { IndexedVector, Match, VectorIndex } from "./vector-index.ts";

/** A plugin without a component: it brings the type, and flavors come in packages of their own. */
export default definePlugin({
  name: "@acme/mlstack-vector-index",
  contracts: [{ type: "acme.vector_index", accepts: [1], stability: "experimental" }],
});
