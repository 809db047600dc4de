import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { conformanceTarget, orchestratorSuite, type ConformanceTarget } from "@mlstack/testkit/conformance";

/** A folder of packages in which `mlstack` is an actor: a step that does what the cases tell it. */
function actors(folder: string): string {
  const bin = join(folder, "node_modules", "mlstack", "bin");
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, "..", "package.json"), `{ "name": "mlstack", "type": "module" }`);
  writeFileSync(join(bin, "mlstack.js"), `import { playActor } from ${JSON.stringify(import.meta.resolve("@mlstack/testkit/conformance/actor"))};\nawait playActor();\n`);
  return folder;
}

// How each component is put under test. Steps of a service have to reach this machine, whose address is the subject's `host`:
//   const url = process.env["ACME_URL"];
//   if (url === undefined) skip("ACME_URL is not set: there is no service to test against");
const targets: readonly ConformanceTarget[] = [
  conformanceTarget(orchestratorSuite, {
    flavor: "acme",
    start({ folder, open, client }) {
      const config = { concurrency: 3, packagesFrom: actors(folder) };
      // the client is in a process of its own, which the cases end
      return { subject: { open: () => open(config), client: client(config) } };
    },
  }),
];
export default targets;
