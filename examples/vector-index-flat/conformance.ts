import { vectorIndexSuite } from "@acme/mlstack-vector-index/conformance";
import { conformanceTarget } from "@mlstack/testkit/conformance";

/** What `mlstack plugin test` runs, and the tests of this package. */
export default [
  conformanceTarget(vectorIndexSuite, { flavor: "flat", start: ({ folder, open }) => ({ subject: { open: () => open({ path: folder }) } }) }),
];
