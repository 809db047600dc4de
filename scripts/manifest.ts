// npm run manifest [-- --check]: writes the `mlstack` field of every plugin's package.json from its built definition, or compares them.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { isPluginDefinition, manifestOf } from "../packages/core/dist/index.js";
import { root } from "./bootstrap/install.mjs";
import { packageFolders } from "./presets/workspaces.ts";

interface PackageJson {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly mlstack?: unknown;
}

const ENTRIES = ["./dist/plugin/index.js", "./dist/plugin.js", "./dist/index.js"];
const check = process.argv.includes("--check");
let stale = 0;

// some examples are plugins of a third party
const examples = readdirSync(join(root, "examples")).map((name) => `examples/${name}`).filter((folder) => existsSync(join(root, folder, "package.json")));
for (const folder of [...packageFolders(), ...examples]) {
  const path = join(root, folder, "package.json");
  const json = JSON.parse(readFileSync(path, "utf8")) as PackageJson;
  const core = json.peerDependencies?.["@mlstack/core"] ?? json.dependencies?.["@mlstack/core"];
  if (core === undefined) continue;
  for (const entry of ENTRIES) {
    const file = join(root, folder, entry);
    if (!existsSync(file) || (entry === "./dist/index.js" && !folder.includes("plugin-") && !folder.startsWith("examples/"))) continue;
    const plugin = ((await import(pathToFileURL(file).href)) as { default?: unknown }).default;
    if (!isPluginDefinition(plugin)) continue;
    const manifest = manifestOf(plugin, entry, core);
    if (JSON.stringify(manifest) === JSON.stringify(json.mlstack)) break;
    stale++;
    if (check) console.error(`${folder}/package.json: its "mlstack" field is not what the code says; run npm run manifest`);
    else {
      writeFileSync(path, `${JSON.stringify({ ...json, mlstack: manifest }, null, 2)}\n`);
      console.log(`${folder}/package.json written`);
    }
    break;
  }
}
if (check && stale > 0) process.exitCode = 1;
