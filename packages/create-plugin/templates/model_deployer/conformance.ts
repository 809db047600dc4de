import { conformanceTarget, modelDeployerSuite, type ConformanceTarget } from "@mlstack/testkit/conformance";

// How each component is put under test: by the kit's own predictor. A service takes its address from a variable:
//   const url = process.env["ACME_URL"];
//   if (url === undefined) skip("ACME_URL is not set: there is no service to test against");
const targets: readonly ConformanceTarget[] = [
  conformanceTarget(modelDeployerSuite, { flavor: "acme", limitMs: 240_000, start: ({ folder, open }) => ({ subject: { open: () => open({ path: folder }), waitMs: 60_000 } }) }),
];
export default targets;
