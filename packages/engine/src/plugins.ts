import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { pluginLoader, type ContractRegistry, type MlstackError, type PluginLoader, type PluginPackage } from "@mlstack/core";
import { nodePluginHost } from "@mlstack/core/node";
import { stateDirOf } from "./project/project.ts";

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
 * What compares plugins with the lock before they are imported. Where there is no lock nothing is pinned, and nothing of this is loaded.
 *
 * @returns what forbids importing a package (MLS8204, MLS8207, MLS8208); undefined where nothing does
 */
function pinnedBy(projectDir: string, env: Readonly<Record<string, string | undefined>>): (pkg: PluginPackage) => Promise<MlstackError | undefined> {
  const open = async () => {
    if (!existsSync(join(projectDir, "mlstack.lock"))) return undefined;
    const { openLoadCheck } = await import("@mlstack/hub/verify");
    return openLoadCheck({ projectDir, indexFile: join(stateDirOf(projectDir, env), "plugins.json") });
  };
  let opened: ReturnType<typeof open> | undefined;
  return async (pkg) => (await (opened ??= open()))?.check(pkg);
}

/**
 * The plugins of a project, the engine's own components among them.
 *
 * A plugin that is not what the project's lock has pinned is not loaded: it is thrown by whatever loads it (MLS8204, MLS8207, MLS8208).
 *
 * @param options `names`: packages to look for, by default the project's dependencies; `env`: where references in configurations lead
 */
export function projectPlugins(projectDir: string, contracts: ContractRegistry | undefined, { names, env = process.env }: { readonly names?: readonly string[] | undefined; readonly env?: Readonly<Record<string, string | undefined>> | undefined } = {}): PluginLoader {
  const host = nodePluginHost({ projectDir, builtIn: [{ packageJson, dir: packageDir, load: async () => import("./plugin/index.ts") }], forbidden: pinnedBy(projectDir, env), ...(names !== undefined && { names }) });
  return pluginLoader({ host, coreVersion: packageJson.version, env, ...(contracts !== undefined && { contracts }) });
}
