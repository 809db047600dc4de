import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { testProject, type TestProject } from "./project.ts";

/** A tracker that writes what it is asked to do into `tracked.jsonl`, and does not serve as long as there is a file `away`. */
const PLUGIN = `import { appendFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { component, definePlugin, MlstackError } from "@mlstack/core";
import { z } from "zod";
export default definePlugin({
  name: "acme-plugin",
  components: [component({
    type: "experiment_tracker", version: 1, flavor: "acme", description: "Writes into a file", config: z.strictObject({}),
    create(_, { projectDir }) {
      const note = (what) => {
        if (existsSync(join(projectDir, "away"))) throw new MlstackError("MLS6001", "nobody is at home");
        appendFileSync(join(projectDir, "tracked.jsonl"), JSON.stringify({ pid: process.pid, ...what }) + "\\n");
      };
      return {
        contract: "experiment_tracker@1",
        async startRun({ runId, externalId }) { note({ start: runId, externalId }); return { externalId: "x-" + runId, url: "https://acme.example/" + runId }; },
        async log(id, events, { resent }) { note({ log: id, resent, events: events.map((e) => [e.id, e.key, e.value]) }); return { refused: [] }; },
        async finishRun(id, status) { note({ finish: id, status }); },
      };
    },
  })],
});
`;

export interface Noted { readonly pid: number; readonly start?: string; readonly externalId?: string; readonly log?: string; readonly resent?: boolean; readonly events?: readonly (readonly [string, string, unknown])[]; readonly finish?: string; readonly status?: string }

/** A project with that tracker in its stack \`tracked\`, and what the tracker was asked so far. */
export async function trackerProject(pipeline: string): Promise<TestProject & { noted(): Noted[] }> {
  const p = testProject({
    "package.json": JSON.stringify({ name: "project", private: true, type: "module", dependencies: { mlstack: "*", zod: "*", "acme-plugin": "*" } }),
    "node_modules/acme-plugin/index.js": PLUGIN, "node_modules/acme-plugin/package.json": JSON.stringify({ name: "acme-plugin", version: "1.0.0", type: "module", exports: "./index.js" }),
    "pipeline.mjs": pipeline,
    "stacks/tracked.yaml": "components:\n  artifact_store: { type: local, name: store }\n  orchestrator: { type: local, name: here }\n  experiment_tracker: { type: acme, name: tracker }\n",
  });
  const { stdout, stderr } = await p.node(["--input-type=module", "-e", 'import plugin from "acme-plugin"; import { manifestOf } from "@mlstack/core"; console.log(JSON.stringify(manifestOf(plugin, "./index.js", ">=0.1.0 <1")))']);
  if (stdout === "") throw new Error(stderr);
  p.write("node_modules/acme-plugin/package.json", JSON.stringify({ name: "acme-plugin", version: "1.0.0", type: "module", exports: "./index.js", mlstack: JSON.parse(stdout) as unknown }));
  const file = join(p.dir, "tracked.jsonl");
  return { ...p, noted: () => (existsSync(file) ? readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line) as Noted) : []) };
}
