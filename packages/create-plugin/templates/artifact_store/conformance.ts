import { artifactStoreSuite, conformanceTarget, type ConformanceTarget } from "@mlstack/testkit/conformance";

// How each component is put under test. A store of a service takes its address from a variable, and a prefix of its own in it:
//   const url = process.env["ACME_URL"];
//   if (url === undefined) skip("ACME_URL is not set: there is no service to test against");
const targets: readonly ConformanceTarget[] = [
  conformanceTarget(artifactStoreSuite, { flavor: "acme", start: ({ folder, open }) => ({ subject: { open: () => open({ path: folder }) } }) }),
];
export default targets;
