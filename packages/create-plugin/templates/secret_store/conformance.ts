import { conformanceTarget, secretStoreSuite, type ConformanceTarget } from "@mlstack/testkit/conformance";

// How each component is put under test. A store of a service takes its address from a variable, and a prefix of its own in it:
//   const url = process.env["ACME_URL"];
//   if (url === undefined) skip("ACME_URL is not set: there is no service to test against");
const targets: readonly ConformanceTarget[] = [
  conformanceTarget(secretStoreSuite, {
    flavor: "acme",
    start: ({ folder, open }) => ({ subject: { open: () => open({ path: folder }), refusedNames: ["", "Upper", "../x", "a/b", "x".repeat(101)], refusedValues: ["v".repeat(64 * 1024 + 1)] } }),
  }),
];
export default targets;
