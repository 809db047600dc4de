import { existsSync } from "node:fs";
import { readFile, realpath } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { pathToFileURL } from "node:url";
import type { MlstackError } from "../errors/mlstack-error.ts";
import type { PluginHost, PluginPackage } from "../plugin/plugin-host.ts";

/** A plugin that comes with the engine: its folder, and how its entry is imported. */
export interface BuiltInPlugin {
  readonly packageJson: Readonly<Record<string, unknown>>;
  readonly dir: string;
  load(): Promise<Readonly<Record<string, unknown>>>;
}

interface PackageJson {
  readonly name?: string; readonly version?: string; readonly mlstack?: unknown; readonly packageManager?: string;
  readonly dependencies?: Record<string, string>; readonly devDependencies?: Record<string, string>; readonly optionalDependencies?: Record<string, string>;
}

/**
 * Finds plugins among the dependencies in a project's package.json. Manifests are read by path (nearest node_modules upward), not
 * by `require.resolve`, which an exports map may forbid, and never by scanning node_modules.
 */
export function nodePluginHost(options: { projectDir: string; builtIn?: readonly BuiltInPlugin[]; /** Packages to look for, in place of the project's dependencies. */ names?: readonly string[]; /** Asked before a package is imported, built-in ones aside: what forbids it is thrown, and nothing of the package runs. */ forbidden?: (pkg: PluginPackage) => Promise<MlstackError | undefined> }): PluginHost {
  const { projectDir, forbidden } = options;
  let manager = "npm";

  async function packages(): Promise<readonly PluginPackage[]> {
    const project = await readJson(join(projectDir, "package.json"));
    manager = /^(npm|pnpm|yarn|bun)@/.exec(project?.packageManager ?? "")?.[1] ?? managerByLock(projectDir);
    const builtIn = (options.builtIn ?? []).map((b): PluginPackage => ({
      name: String(b.packageJson["name"]), version: String(b.packageJson["version"]), dir: b.dir, manifest: b.packageJson["mlstack"], source: "built-in", load: () => b.load(),
    }));
    const taken = new Set(builtIn.map((p) => p.name));
    const names = (options.names ?? Object.keys({ ...project?.dependencies, ...project?.devDependencies, ...project?.optionalDependencies })).filter((n) => !taken.has(n));
    const found = await Promise.all(names.map((name) => locate(projectDir, name)));
    return [...builtIn, ...found.filter((p) => p !== undefined).map(guarded)].toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }

  function guarded(pkg: PluginPackage): PluginPackage {
    return forbidden === undefined ? pkg : { ...pkg, async load() {
      const problem = await forbidden(pkg);
      if (problem !== undefined) throw problem;
      return pkg.load();
    } };
  }

  return {
    packages,
    installCommand: (names) => `${manager} ${manager === "npm" ? "install" : "add"} ${names.join(" ")}`,
  };
}

const LOCKS: Readonly<Record<string, string>> = { "pnpm-lock.yaml": "pnpm", "yarn.lock": "yarn", "bun.lock": "bun", "bun.lockb": "bun", "package-lock.json": "npm" };

/** The package manager whose lock file is the nearest, upward. */
function managerByLock(from: string): string {
  for (let at = from; ; at = dirname(at)) {
    const lock = Object.keys(LOCKS).find((file) => existsSync(join(at, file)));
    if (lock !== undefined) return LOCKS[lock]!;
    if (dirname(at) === at) return "npm";
  }
}

/** The package of that name as the project sees it; undefined when it is not installed or is not a plugin. */
async function locate(from: string, name: string): Promise<PluginPackage | undefined> {
  for (let at = from; ; at = dirname(at)) {
    const json = await readJson(join(at, "node_modules", name, "package.json"));
    if (json !== undefined) {
      if (json.mlstack === undefined) return undefined;
      const dir = await realpath(join(at, "node_modules", name));
      return {
        name, version: json.version ?? "0.0.0", dir, manifest: json.mlstack,
        source: dir.split(sep).includes("node_modules") ? "installed" : "linked",
        load: async () => import(pathToFileURL(join(dir, (json.mlstack as { entry: string }).entry)).href) as Promise<Record<string, unknown>>,
      };
    }
    if (dirname(at) === at) return undefined;
  }
}

/** A JSON file; undefined when there is none. A broken one is the package manager's to complain about. */
async function readJson(path: string): Promise<PackageJson | undefined> {
  try { return JSON.parse(await readFile(path, "utf8")) as PackageJson; } catch { return undefined; }
}
