import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { isLoose, loose, text, type Loose } from "./locks/lock.ts";

/** What lies in node_modules, found as Node finds it. */
export interface Installed {
  /** The folder of the dependency `name` of the package in `folder` (undefined: of the project); undefined when there is none. */
  dependencyOf(folder: string | undefined, name: string): string | undefined;
  /** The version of the package in a folder, if it is that package. */
  version(folder: string | undefined, name: string): string | undefined;
  /** Whether the package in a folder has an install script; undefined when it is not that very package. */
  installScript(folder: string | undefined, name: string, version: string | undefined): boolean | undefined;
}

const SCRIPTS = ["preinstall", "install", "postinstall"];

export function installedIn(projectDir: string): Installed {
  const manifests = new Map<string, Loose | undefined>();
  const manifestOf = (folder: string | undefined, name: string): Loose | undefined => {
    if (folder === undefined) return undefined;
    if (!manifests.has(folder)) manifests.set(folder, readManifest(folder));
    const manifest = manifests.get(folder);
    return manifest?.["name"] === name ? manifest : undefined;
  };
  return {
    dependencyOf(folder, name) {
      for (let at = folder ?? projectDir; ; at = dirname(at)) {
        const candidate = join(at, "node_modules", name);
        if (existsSync(join(candidate, "package.json"))) return realpathSync.native(candidate);
        if (dirname(at) === at) return undefined;
      }
    },
    version: (folder, name) => text(manifestOf(folder, name)?.["version"]),
    installScript(folder, name, version) {
      const manifest = manifestOf(folder, name);
      if (folder === undefined || manifest === undefined || (version !== undefined && manifest["version"] !== version)) return undefined;
      const scripts = loose(manifest["scripts"]);
      // a package with this file is built by node-gyp, unless it says that it is not
      return SCRIPTS.some((script) => text(scripts[script]) !== undefined) || (manifest["gypfile"] !== false && existsSync(join(folder, "binding.gyp")));
    },
  };
}

/** Nothing is installed. */
export const NOTHING_INSTALLED: Installed = { dependencyOf: () => undefined, version: () => undefined, installScript: () => undefined };

function readManifest(folder: string): Loose | undefined {
  try {
    const json: unknown = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    return isLoose(json) ? json : undefined;
  } catch { return undefined; } // half-installed packages are the manager's to complain about
}
