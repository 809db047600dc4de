import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { conformanceTarget, orchestratorSuite } from "@mlstack/testkit/conformance";

/** What `mlstack` is for the steps under test: a program whose code is an actor's. */
function actorIn(folder: string): void {
  const program = join(folder, "node_modules", "mlstack", "bin", "mlstack.js");
  mkdirSync(dirname(program), { recursive: true });
  writeFileSync(join(folder, "node_modules", "mlstack", "package.json"), `{ "type": "module" }`);
  writeFileSync(program, `import { playActor } from ${JSON.stringify(import.meta.resolve("@mlstack/testkit/conformance/actor"))};\nawait playActor();\n`);
}

export default [
  conformanceTarget(orchestratorSuite, {
    flavor: "process",
    start({ folder, open, client, skip }) {
      if (process.platform === "win32") return skip("its steps are ended by signals, which Windows has not");
      actorIn(folder);
      const config = { concurrency: 3, workDir: join(folder, "work"), packagesFrom: folder, passEnv: ["PATH"], graceMs: 200 };
      return { subject: { open: () => open(config), client: client(config) } };
    },
  }),
];
