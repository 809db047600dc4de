import { existsSync } from "node:fs";
import { readFile, realpath } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { isPluginDefinition, MlstackError, parseContractId, pluginLoader, pluginManifest, type Component, type PluginManifest, type PluginPackage } from "@mlstack/core";
import { nodePluginHost } from "@mlstack/core/node";

/** The package of a plugin, as it would be installed: what its manifest says counts, and the entry that this names. */
export interface PluginUnderTest {
  readonly package: PluginPackage;
  readonly manifest: PluginManifest;
  /** The packages of plugins that it depends on. They bring contracts; their components are not under test. */
  readonly others: readonly PluginPackage[];
}

/** Is told of the plugin's code whenever it runs. */
export interface PluginHooks {
  /** @param what such as `import`, `create`; @param config as the component gets it, where there is one */
  call<T>(what: string, work: () => T, config?: unknown): T;
  /** The component as the cases get it. */
  wrap(component: Component): Component;
}

/** Where a component works while it is under test: two folders of this machine, empty at first. */
export interface PluginPlace { readonly projectDir: string; readonly stateDir: string }

interface PackageJson { readonly name?: string; readonly version?: string; readonly mlstack?: unknown; readonly [group: string]: unknown }

/**
 * Reads the package of a plugin. Imports nothing.
 *
 * @throws MLS8701 no package.json, no manifest, or no entry where the manifest says; MLS2001 a manifest of another form
 */
export async function readPlugin(folder: string): Promise<PluginUnderTest> {
  const dir = await realpath(resolve(folder)).catch(() => { throw noPlugin(`there is no folder ${folder}`, "name the plugin's folder: mlstack plugin test FOLDER"); });
  const file = join(dir, "package.json");
  if (!existsSync(file)) throw noPlugin(`${dir} has no package.json`, "name the plugin's folder: mlstack plugin test FOLDER");
  let json: PackageJson;
  try { json = JSON.parse(await readFile(file, "utf8")) as PackageJson; } catch (cause) { throw noPlugin(`${file} can't be read: ${(cause as Error).message}`, "mend it"); }
  const name = json.name ?? "(no name)";
  if (json.mlstack === undefined) throw noPlugin(`${name} is no plugin: its package.json has no field "mlstack"`, "name the plugin's folder, or build it and write its manifest: mlstack plugin manifest");
  const parsed = pluginManifest.safeParse(json.mlstack);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new MlstackError("MLS2001", `the manifest of ${name} is invalid: ${issue === undefined ? "" : `${issue.path.join(".") || "mlstack"}: ${issue.message}`}`, { why: `the "mlstack" field of ${file} does not have the form of a plugin manifest`, fix: "write it anew: mlstack plugin manifest" });
  }
  const entry = join(dir, parsed.data.entry);
  if (!existsSync(entry)) throw noPlugin(`${name} has no file ${parsed.data.entry}`, "build the plugin: npm run build", "its manifest names it as the plugin's entry");
  const self: PluginPackage = { name, version: json.version ?? "0.0.0", dir, manifest: json.mlstack, source: "linked", load: async () => import(pathToFileURL(entry).href) as Promise<Record<string, unknown>> };
  const names = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"].flatMap((group) => Object.keys(json[group] ?? {})).filter((one) => one !== name);
  return { package: self, manifest: parsed.data, others: await nodePluginHost({ projectDir: dir, names: [...new Set(names)] }).packages() };
}

/**
 * Creates a component as a stack would. Each call gives another object.
 *
 * @throws what a stack that asks for it would throw: MLS2001–MLS2010
 */
export async function openComponent(plugin: PluginUnderTest, { contract, flavor }: { readonly contract: string; readonly flavor: string }, config: unknown, { place, hooks }: { readonly place: PluginPlace; readonly hooks?: PluginHooks | undefined }): Promise<Component> {
  // what the plugin's code is: all but its configuration's schema, which reaches for nothing
  const load = async () => {
    const module = hooks === undefined ? await plugin.package.load() : await hooks.call("import", plugin.package.load);
    const found = module["default"];
    if (hooks === undefined || !isPluginDefinition(found)) return module;
    return { ...module, default: { ...found, components: found.components.map((one) => ({ ...one, create: (data: unknown, context: Parameters<typeof one.create>[1]) => hooks.call("create", () => one.create(data, context), data) })) } };
  };
  const packages = [{ ...plugin.package, load }, ...plugin.others.map(contractsOnly)];
  const loader = pluginLoader({ host: { packages: async () => packages, installCommand: (names) => `npm install ${names.join(" ")}` }, coreVersion: coreVersion(), env: process.env });
  const made = await loader.create(parseContractId(contract)?.type ?? contract, flavor, config, { name: flavor, ...place, env: process.env });
  return hooks?.wrap(made) ?? made;
}

/** Of the core that this kit works with. */
export function coreVersion(): string {
  return (createRequire(import.meta.url)("@mlstack/core/package.json") as { version: string }).version;
}

function contractsOnly(pkg: PluginPackage): PluginPackage {
  return { ...pkg, manifest: typeof pkg.manifest === "object" ? { ...pkg.manifest, components: [] } : pkg.manifest };
}

function noPlugin(message: string, fix: string, why?: string): MlstackError {
  return new MlstackError("MLS8701", message, { fix, why });
}
