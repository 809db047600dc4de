import { join } from "node:path";
import type { Verdaccio } from "../servers/verdaccio.ts";
import { packFiles, packFolder, type PackedPackage } from "./packages.ts";

const root = join(import.meta.dirname, "..", "..", "..");

/** An integration of ours, as it is published. */
export const OURS = "@mlstack/plugin-process";
/** One of somebody else's: a tracker that writes into `tracked.jsonl` which version it is, and what it depends on. */
export const THEIRS = "@acme/mlstack-plugin-tracker";
/** That one depends on it, and it on `right`. */
export const BELOW = "acme-left";

/** Publishes both in two versions each, and what they depend on. The newer one of theirs wants more, and depends on another version. */
export async function publishAll(verdaccio: Verdaccio): Promise<void> {
  const installed = (name: string): Promise<PackedPackage> => packFolder(join(root, "node_modules", name));
  const all = await Promise.all([
    installed("zod"), installed("semver"), packFolder(join(root, "packages", "core")), packFiles({ name: "acme-right", version: "1.0.0" }, { "index.js": "" }), below("1.0.0"), below("2.0.0"),
    ours("0.1.0"), ours("0.1.1"), theirs("1.0.0", { hosts: ["acme.example"] }, "^1.0.0"), theirs("1.1.0", { hosts: ["acme.example"], files: ["*"] }, "^2.0.0"),
  ]);
  for (const { packageJson, tarball } of all) {
    const status = await verdaccio.publish(packageJson, tarball);
    if (status !== 201) throw new Error(`${String(packageJson["name"])}@${String(packageJson["version"])} was not published: ${status}`);
  }
}

const ours = (version: string): Promise<PackedPackage> => packFolder(join(root, "packages", "plugin-process"), { version });
const below = (version: string): Promise<PackedPackage> => packFiles({ name: BELOW, version, type: "module", exports: "./index.js", dependencies: { "acme-right": "^1.0.0" } }, { "index.js": `export default ${JSON.stringify(version)};\n` });

/** @param left the range of what it depends on */
function theirs(version: string, permissions: Readonly<Record<string, readonly string[]>>, left: string): Promise<PackedPackage> {
  return packFiles({
    name: THEIRS, version, description: "Writes into a file", keywords: ["mlstack-plugin"], type: "module", license: "MIT", exports: "./index.js", dependencies: { [BELOW]: left }, peerDependencies: { "@mlstack/core": ">=0.1.0 <1" },
    mlstack: { manifestVersion: 1, entry: "./index.js", core: ">=0.1.0 <1", components: [{ contract: "experiment_tracker@1", flavor: "acme", description: "Writes into a file", config: { type: "object", properties: {}, additionalProperties: false }, permissions }] },
  }, {
    "README.md": "# A tracker\r\n", "docs/more.md": "",
    "index.js": `import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { component, definePlugin } from "@mlstack/core";
import left from "${BELOW}";
import { z } from "zod";
export default definePlugin({
  name: "${THEIRS}",
  components: [component({
    type: "experiment_tracker", version: 1, flavor: "acme", description: "Writes into a file", config: z.strictObject({}), permissions: ${JSON.stringify(permissions)},
    create: (_, { projectDir }) => ({
      contract: "experiment_tracker@1",
      async startRun({ runId }) { appendFileSync(join(projectDir, "tracked.jsonl"), JSON.stringify(["${version}", left]) + "\\n"); return { externalId: "x-" + runId }; },
      async log() { return { refused: [] }; },
      async finishRun() {},
    }),
  })],
});
`,
  });
}
