import type { z } from "zod";
import type { Component, ComponentContext } from "../contracts/component.ts";
import { contractRegistry, parseContractId, type ContractRegistry } from "../contracts/registry.ts";
import { MlstackError } from "../errors/mlstack-error.ts";
import { didYouMean } from "../errors/suggest.ts";
import { isPluginDefinition, type PluginDefinition } from "./define-plugin.ts";
import { pluginManifest, type ComponentEntry, type PluginManifest } from "./manifest.ts";
import { incompatibility, upgradeComponent } from "./negotiate.ts";
import type { PluginHost, PluginPackage } from "./plugin-host.ts";

/** A plugin as far as it is known. `broken` says why it can't be used; the other plugins go on. */
export interface PluginRecord {
  readonly package: PluginPackage;
  readonly manifest: PluginManifest | undefined;
  readonly broken: MlstackError | undefined;
}

/** A flavor that an installed plugin offers. */
export interface FlavorRecord {
  readonly type: string;
  readonly flavor: string;
  readonly plugin: PluginPackage;
  readonly entry: ComponentEntry;
}

/**
 * Knows the project's plugins. Listing reads manifests only; a plugin's code is imported when one of its components is created.
 * Holds its state in itself: two loaders in one process do not know of each other.
 */
export interface PluginLoader {
  readonly contracts: ContractRegistry;
  list(): Promise<readonly PluginRecord[]>;
  flavors(type?: string): Promise<readonly FlavorRecord[]>;
  /**
   * Finds the flavor, imports its plugin, checks the configuration and creates the component.
   *
   * @param config as written by the user, keys in camelCase
   * @throws MLS2007 no such flavor; MLS2008 bad configuration; MLS2005 the plugin threw; MLS2006 code and manifest disagree;
   * MLS2009 the component could not be created; and the reason for which a plugin is broken
   */
  create(type: string, flavor: string, config: unknown, context: ComponentContext): Promise<Component>;
}

export function pluginLoader(options: { host: PluginHost; coreVersion: string; contracts?: ContractRegistry }): PluginLoader {
  const { host, coreVersion } = options;
  let contracts = options.contracts ?? contractRegistry();
  let records: Promise<readonly PluginRecord[]> | undefined;
  const definitions = new Map<string, Promise<PluginDefinition>>();
  const failed = new Map<string, MlstackError>();

  async function read(): Promise<readonly PluginRecord[]> {
    const parsed = (await host.packages()).map((pkg) => ({ pkg, result: pluginManifest.safeParse(pkg.manifest) }));
    // a plugin may bring the component type that another one implements
    const brought = parsed.flatMap(({ result }) => (result.success ? result.data.contracts : []));
    contracts = contractRegistry([...brought, ...contracts.values()]);
    return parsed.map(({ pkg, result }) => result.success
      ? { package: pkg, manifest: result.data, broken: incompatibility(pkg, result.data, contracts, coreVersion, host) }
      : { package: pkg, manifest: undefined, broken: badManifest(pkg, result.error) });
  }

  async function list(): Promise<readonly PluginRecord[]> {
    const known = await (records ??= read());
    // a plugin that threw when it was loaded is known to be broken from then on
    return failed.size === 0 ? known : known.map((r) => ({ ...r, broken: r.broken ?? failed.get(r.package.dir) }));
  }

  async function flavors(type?: string): Promise<readonly FlavorRecord[]> {
    return (await list()).flatMap((r) => r.broken !== undefined || r.manifest === undefined ? [] : r.manifest.components
      .map((entry) => ({ type: parseContractId(entry.contract)!.type, flavor: entry.flavor, plugin: r.package, entry }))
      .filter((f) => type === undefined || f.type === type));
  }

  async function find(type: string, flavor: string): Promise<FlavorRecord> {
    const offered = await flavors(type);
    const found = offered.find((f) => f.flavor === flavor) ?? offered.find((f) => f.entry.aliases.includes(flavor));
    if (found !== undefined) return found;
    const broken = (await list()).find((r) => r.broken !== undefined && r.manifest?.components.some((c) => parseContractId(c.contract)?.type === type && (c.flavor === flavor || c.aliases.includes(flavor))));
    if (broken?.broken !== undefined) throw broken.broken;
    const near = didYouMean(flavor, offered.flatMap((f) => [f.flavor, ...f.entry.aliases]));
    throw new MlstackError("MLS2007", `no installed plugin offers the ${type} flavor "${flavor}"`, {
      why: `installed are ${offered.map((f) => f.flavor).toSorted().join(", ") || "none"}${near === undefined ? "" : `; did you mean "${near}"?`}`,
      fix: near === undefined ? `mlstack integration install ${flavor}` : `write type: ${near}`,
      details: { type, flavor, installed: offered.map((f) => f.flavor).toSorted() },
    });
  }

  async function definition(pkg: PluginPackage): Promise<PluginDefinition> {
    let module: Readonly<Record<string, unknown>>;
    try { module = await pkg.load(); } catch (cause) {
      throw new MlstackError("MLS2005", `${pkg.name}@${pkg.version} failed while it was loaded: ${messageOf(cause)}`, { why: "importing its plugin entry threw", fix: host.installCommand([`${pkg.name}@latest`]), cause });
    }
    if (isPluginDefinition(module["default"])) return module["default"];
    throw new MlstackError("MLS2006", `the plugin entry of ${pkg.name}@${pkg.version} does not export a plugin as default`, { why: "its manifest names a module that must end in `export default definePlugin(…)`" });
  }

  async function create(type: string, flavor: string, config: unknown, context: ComponentContext): Promise<Component> {
    const found = await find(type, flavor);
    const who = `${found.plugin.name}@${found.plugin.version}`;
    let loading = definitions.get(found.plugin.dir);
    if (loading === undefined) definitions.set(found.plugin.dir, (loading = definition(found.plugin)));
    const loaded = await loading.catch((e: unknown) => { if (MlstackError.is(e)) failed.set(found.plugin.dir, e); throw e; });
    const def = loaded.components.find((c) => c.flavor === found.flavor && c.contract === found.entry.contract);
    if (def === undefined) throw new MlstackError("MLS2006", `the manifest of ${who} lists ${found.entry.contract} "${found.flavor}", its code does not`, { fix: "rebuild the plugin, so that its manifest is written anew" });
    const parsed = await def.config.safeParseAsync(config ?? {});
    if (!parsed.success) throw badConfig(context.name, flavor, type, parsed.error);
    let made: Component;
    try { made = await def.create(parsed.data, context); } catch (cause) {
      if (MlstackError.is(cause)) throw cause;
      throw new MlstackError("MLS2009", `the ${type} "${context.name}" (${flavor}) could not be created: ${messageOf(cause)}`, { cause });
    }
    return upgradeComponent(made, found.entry.contract, contracts, who);
  }

  return { get contracts() { return contracts; }, list, flavors, create };
}

function badManifest(pkg: PluginPackage, error: z.ZodError): MlstackError {
  const issue = error.issues[0];
  return new MlstackError("MLS2001", `the manifest of ${pkg.name}@${pkg.version} is invalid: ${issue === undefined ? "" : `${issue.path.join(".") || "mlstack"}: ${issue.message}`}`, {
    why: `the "mlstack" field of ${pkg.dir}/package.json does not have the form of a plugin manifest`, details: { package: pkg.name, version: pkg.version },
  });
}

function badConfig(name: string, flavor: string, type: string, error: z.ZodError): MlstackError {
  const found = error.issues.slice(0, 5).map((i) => `${i.path.join(".") || "configuration"}: ${i.message}`);
  return new MlstackError("MLS2008", `the configuration of the ${type} "${name}" (${flavor}) is invalid: ${found.join("; ")}`, { details: { component: name, flavor, type, issues: found } });
}

const messageOf = (e: unknown): string => (e instanceof Error ? e.message : String(e));
