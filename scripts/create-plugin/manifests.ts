// Part of npm run manifest: writes the `mlstack` field of the templates of create-mlstack-plugin from their sources. A test beside that package compares them.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { isPluginDefinition, manifestOf } from "../../packages/core/dist/index.js";
import { root } from "../bootstrap/install.mjs";

const templates = join(root, "packages", "create-plugin", "templates");
for (const type of readdirSync(templates).filter((name) => existsSync(join(templates, name, "src")))) {
  const { default: plugin } = (await import(pathToFileURL(join(templates, type, "src", "index.ts")).href)) as { readonly default?: unknown };
  if (!isPluginDefinition(plugin)) throw new Error(`the template ${type} has no plugin`);
  const file = join(templates, type, "_package.json");
  const before = JSON.parse(readFileSync(file, "utf8")) as object;
  // the range of the core is known when a plugin is made
  const after = { ...before, mlstack: manifestOf(plugin, "./dist/index.js", "*") };
  if (JSON.stringify(after) === JSON.stringify(before)) continue;
  writeFileSync(file, `${JSON.stringify(after, null, 2)}\n`);
  console.log(`${file} written`);
}
