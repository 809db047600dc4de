// npm run manifest [-- --check]: writes the `mlstack` field of every plugin's package.json from its built definition, or compares them.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pluginManifestState, writePluginManifest } from "../packages/testkit/dist/check/index.js";
import { root } from "./bootstrap/install.mjs";
import { packageFolders } from "./presets/workspaces.ts";

const check = process.argv.includes("--check");
const hasManifest = (folder: string): boolean => "mlstack" in (JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as object);
const isPlugin = (folder: string): boolean => folder.startsWith("packages/plugin-") || existsSync(join(root, folder, "src", "plugin", "index.ts")) || (folder.startsWith("examples/") && hasManifest(folder));

// some examples are plugins of a third party
const examples = readdirSync(join(root, "examples")).map((name) => `examples/${name}`).filter((folder) => existsSync(join(root, folder, "package.json")));
const states = await Promise.all([...packageFolders(), ...examples].filter((folder) => isPlugin(folder)).map(async (folder) => ({ folder, state: await (check ? pluginManifestState : writePluginManifest)(join(root, folder)) })));
for (const { folder, state } of states.filter(({ state: { same } }) => !same)) {
  if (check) console.error(`${folder}/package.json: its "mlstack" field is not what the code says (${state.differs.join(", ")}); run npm run manifest`);
  else console.log(`${folder}/package.json written`);
}
if (check && states.some(({ state }) => !state.same)) process.exitCode = 1;
