import { join } from "node:path";
import { conformanceTarget, type ConformanceTarget } from "@mlstack/testkit/conformance";
import { vectorIndexSuite } from "./src/conformance.ts";

// How each component is put under test: here by the suite of this package's own contract.
const targets: readonly ConformanceTarget[] = [
  conformanceTarget(vectorIndexSuite, { flavor: "acme", start: ({ folder, open }) => ({ subject: { open: () => open({ path: join(folder, "vectors.json") }) } }) }),
];
export default targets;
