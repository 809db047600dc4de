import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { pluginLoader, type ContractRegistry, type PluginLoader } from "@mlstack/core";
import { nodePluginHost } from "@mlstack/core/node";

/** The folder of this package, built or as source. */
export const packageDir = findPackage(dirname(fileURLToPath(import.meta.url)));
export const packageJson = JSON.parse(readFileSync(join(packageDir, "package.json"), "utf8")) as { readonly name: string; readonly version: string };

function findPackage(from: string): string {
  for (let at = from; ; at = dirname(at)) {
    try { if ((JSON.parse(readFileSync(join(at, "package.json"), "utf8")) as { name?: string }).name === "@mlstack/engine") return at; } catch { /* further up */ }
    if (dirname(at) === at) throw new Error("the package of the engine has no package.json");
  }
}

/**
 * The plugins of a project, the engine's own components among them.
 *
 * @param options `names`: packages to look for, by default the project's dependencies; `env`: where references in configurations lead
 */
export function projectPlugins(projectDir: string, contracts: ContractRegistry | undefined, { names, env = process.env }: { readonly names?: readonly string[] | undefined; readonly env?: Readonly<Record<string, string | undefined>> | undefined } = {}): PluginLoader {
  const host = nodePluginHost({ projectDir, builtIn: [{ packageJson, dir: packageDir, load: async () => import("./plugin/index.ts") }], ...(names !== undefined && { names }) });
  return pluginLoader({ host, coreVersion: packageJson.version, env, ...(contracts !== undefined && { contracts }) });
}
