import type { z } from "zod";
import type { Component, ComponentContext } from "../contracts/component.ts";
import { contractRegistry, parseContractId, type ContractRegistry } from "../contracts/registry.ts";
import { MlstackError } from "../errors/mlstack-error.ts";
import { didYouMean } from "../errors/suggest.ts";
import type { JsonObject, JsonValue } from "../values/json.ts";
import { redactor, type Redactor } from "../values/redactor.ts";
import { badConfig } from "./bad-config.ts";
import { broughtContracts } from "./brought-contracts.ts";
import { isPluginDefinition, type PluginDefinition } from "./define-plugin.ts";
import { KNOWN_PLUGINS, PLANNED_FLAVORS } from "./known-plugins.ts";
import { pluginManifest, type ComponentEntry, type PluginManifest } from "./manifest.ts";
import { incompatibility, upgradeComponent } from "./negotiate.ts";
import type { PluginHost, PluginPackage } from "./plugin-host.ts";
import { quietComponent } from "./quiet-component.ts";
import { hiddenValues, referencedSecrets, referencedVariables, resolveReferences, settledConfig, type Owner, type Resolved } from "./references.ts";

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

/** Where `${secret:NAME}` leads, and who is told of what it leads to. */
export interface SecretSource extends SecretListener {
  /** Where it looks, in words: `the secret store "vault" (vault)`. */
  readonly stores: string;
  /** The value; undefined where there is none of that name. */
  get(name: string): Promise<string | undefined>;
}

/** Hears of secrets, and has none: for a component whose own configuration may refer to variables only. */
export interface SecretListener {
  /** Is told of every secret that a configuration gets, those from variables among them. */
  readonly redactor: Redactor;
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
   * Finds the flavor, imports its plugin and checks the configuration, secrets included: they must be references, and lead to values here.
   * Creates nothing.
   *
   * @param secrets where `${secret:NAME}` leads; by default nowhere
   * @throws MLS2007 no such flavor; MLS2008 bad configuration, or a secret as text; MLS2010 a reference that leads to nothing; MLS2005,
   * MLS2006, and the reason for which a plugin is broken; what a secret store throws
   */
  check(type: string, flavor: string, config: unknown, name: string, secrets?: SecretSource | SecretListener): Promise<void>;
  /**
   * The configuration as it is kept and compared: `${env:NAME}` in fields that are no secrets is replaced by what it leads to. Reads manifests
   * only; the very same configuration where no installed plugin offers the flavor.
   */
  settled(type: string, flavor: string, config: JsonObject | undefined): Promise<JsonObject | undefined>;
  /** Tells the redactor the secrets that a configuration gets, as far as they are there. Reads manifests only, and creates nothing. */
  tell(type: string, flavor: string, config: unknown, secrets: SecretSource | SecretListener): Promise<void>;
  /**
   * Finds the flavor, imports its plugin, checks the configuration, puts the values in the place of references and creates
   * the component. What goes wrong then, and in its methods afterwards, is told without those values; what it says of itself (`check`), too.
   *
   * @param config as written by the user, keys in camelCase
   * @param secrets where `${secret:NAME}` leads; by default nowhere
   * @throws MLS2007 no such flavor; MLS2008 bad configuration; MLS2010 a reference that leads to nothing; MLS2005 the plugin threw; MLS2006
   * code and manifest disagree; MLS2009 the component could not be created; and the reason for which a plugin is broken
   */
  create(type: string, flavor: string, config: unknown, context: ComponentContext, secrets?: SecretSource | SecretListener): Promise<Component>;
}

/** @param options `env` is what references to variables are looked up in, when a component is created; by default nothing */
export function pluginLoader(options: { host: PluginHost; coreVersion: string; contracts?: ContractRegistry; env?: Readonly<Record<string, string | undefined>> }): PluginLoader {
  const { host, coreVersion, env = {} } = options;
  let contracts = options.contracts ?? contractRegistry();
  let records: Promise<readonly PluginRecord[]> | undefined;
  const definitions = new Map<string, Promise<PluginDefinition>>();
  const failed = new Map<string, MlstackError>();

  async function read(): Promise<readonly PluginRecord[]> {
    const parsed = (await host.packages()).map((pkg) => ({ pkg, result: pluginManifest.safeParse(pkg.manifest) }));
    // a plugin may bring the component type that another one implements
    const brought = broughtContracts(parsed.flatMap(({ pkg, result }) => (result.success ? [{ name: pkg.name, version: pkg.version, contracts: result.data.contracts }] : [])));
    contracts = contractRegistry([...brought.contracts.values(), ...contracts.values()]);
    const problemOf = (pkg: PluginPackage, manifest: PluginManifest) => brought.problems.get(pkg.name)
      ?? manifest.components.map((c) => brought.disputed.get(parseContractId(c.contract)?.type ?? "")).find((e) => e !== undefined) ?? incompatibility(pkg, manifest, contracts, coreVersion, host);
    return parsed.map(({ pkg, result }) => result.success ? { package: pkg, manifest: result.data, broken: problemOf(pkg, result.data) } : { package: pkg, manifest: undefined, broken: badManifest(pkg, result.error) });
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
    const ours = KNOWN_PLUGINS[type] ?? {};
    const planned = Object.entries(PLANNED_FLAVORS[type] ?? {}).find(([name]) => name === flavor)?.[1];
    const near = Object.hasOwn(ours, flavor) || planned !== undefined ? undefined : didYouMean(flavor, [...offered.flatMap((f) => [f.flavor, ...f.entry.aliases]), ...Object.keys(ours)]);
    throw new MlstackError("MLS2007", `no installed plugin offers the ${type} flavor "${flavor}"`, {
      why: `installed are ${offered.map((f) => f.flavor).toSorted().join(", ") || "none"}${near === undefined ? "" : `; did you mean "${near}"?`}${planned === undefined || Object.hasOwn(ours, flavor) ? "" : `; it is planned for the integration ${planned}`}`,
      fix: near !== undefined ? `write type: ${near}` : Object.hasOwn(ours, flavor) ? host.installCommand([ours[flavor]!]) : planned !== undefined ? `${host.installCommand([`@mlstack/plugin-${planned}`])}, as soon as it is published` : `install a plugin that offers it, and list it in package.json`,
      details: { type, flavor, installed: offered.map((f) => f.flavor).toSorted() },
    });
  }

  async function definition(pkg: PluginPackage): Promise<PluginDefinition> {
    let module: Readonly<Record<string, unknown>>;
    try { module = await pkg.load(); } catch (cause) {
      // its host would not import it: it is not what was pinned
      if (MlstackError.is(cause) && cause.code.startsWith("MLS82")) throw cause;
      throw new MlstackError("MLS2005", `${pkg.name}@${pkg.version} failed while it was loaded: ${messageOf(cause)}`, { why: "importing its plugin entry threw", fix: host.installCommand([`${pkg.name}@latest`]), cause });
    }
    if (isPluginDefinition(module["default"])) return module["default"];
    throw new MlstackError("MLS2006", `the plugin entry of ${pkg.name}@${pkg.version} does not export a plugin as default`, { why: "its manifest names a module that must end in `export default definePlugin(…)`" });
  }

  /** A package's code, imported once. A package that throws is known to be broken from then on. */
  async function loaded(pkg: PluginPackage): Promise<PluginDefinition> {
    let loading = definitions.get(pkg.dir);
    if (loading === undefined) definitions.set(pkg.dir, (loading = definition(pkg)));
    return loading.catch((e: unknown) => { if (MlstackError.is(e)) failed.set(pkg.dir, e); throw e; });
  }

  /**
   * The contracts, with what wraps older versions where the flavor needs it: of a type that a plugin brings, that is code of that plugin, which is
   * imported for nothing else.
   */
  async function wrapping({ type, entry }: FlavorRecord): Promise<ContractRegistry> {
    const known = contracts.get(type)!;
    if (known.broughtBy === undefined || parseContractId(entry.contract)!.version === Math.max(...known.accepts)) return contracts;
    const { package: owner, broken } = (await list()).find((r) => r.package.name === known.broughtBy!.name)!;
    if (broken !== undefined) throw broken;
    const told = (await loaded(owner)).contracts.find((c) => c.type === type);
    if (told === undefined || told.accepts.join() !== known.accepts.join()) throw new MlstackError("MLS2006", `the manifest of ${owner.name}@${owner.version} says that ${type} accepts ${known.accepts.join(", ")}, its code says ${told?.accepts.join(", ") ?? "nothing of it"}`, { fix: "rebuild the plugin, so that its manifest is written anew" });
    return new Map([[type, { ...known, upgrade: told.upgrade }]]);
  }

  /** The flavor's definition, and its configuration with values in the place of references, as its schema gives it. */
  async function prepared(owner: Owner, config: unknown, strict: boolean, secrets: SecretSource | SecretListener | undefined): Promise<{ found: FlavorRecord; def: PluginDefinition["components"][number]; data: unknown; resolved: Resolved; known: ContractRegistry }> {
    const { type, flavor } = owner;
    const found = await find(type, flavor);
    const def = (await loaded(found.plugin)).components.find((c) => c.flavor === found.flavor && c.contract === found.entry.contract);
    if (def === undefined) throw new MlstackError("MLS2006", `the manifest of ${nameOf(found)} lists ${found.entry.contract} "${found.flavor}", its code does not`, { fix: "rebuild the plugin, so that its manifest is written anew" });
    const given = (config ?? {}) as JsonValue;
    const resolved = resolveReferences(given, found.entry.config, { owner, env, strict, ...(secrets !== undefined && "get" in secrets && { secrets: await valuesOf(given, secrets), stores: secrets.stores }) });
    secrets?.redactor.add(resolved.hidden);
    const parsed = await def.config.safeParseAsync(resolved.config);
    if (!parsed.success) throw unnamed(badConfig(owner, resolved.config, found.entry.config, parsed.error), resolved);
    return { found, def, data: parsed.data, resolved, known: await wrapping(found) };
  }

  async function create(type: string, flavor: string, config: unknown, context: ComponentContext, secrets?: SecretSource | SecretListener): Promise<Component> {
    const { found, def, data, resolved, known } = await prepared({ type, flavor, name: context.name }, config, false, secrets);
    let made: Component;
    try { made = await def.create(data, { env, ...context }); } catch (cause) {
      if (MlstackError.is(cause)) throw unnamed(cause, resolved);
      throw unnamed(new MlstackError("MLS2009", `the ${type} "${context.name}" (${flavor}) could not be created: ${messageOf(cause)}`, { fix: "look at the cause: -v shows it", cause }), resolved);
    }
    const whole = upgradeComponent(made, found.entry.contract, known, nameOf(found));
    return resolved.hidden.length === 0 ? whole : quietComponent(whole, secrets?.redactor ?? redactor(resolved.hidden));
  }

  /** What the manifests say of a flavor; undefined where none has it. */
  async function entryOf(type: string, flavor: string): Promise<ComponentEntry | undefined> {
    const offered = await flavors(type);
    return (offered.find((f) => f.flavor === flavor) ?? offered.find((f) => f.entry.aliases.includes(flavor)))?.entry;
  }

  async function settled(type: string, flavor: string, config: JsonObject | undefined): Promise<JsonObject | undefined> {
    if (referencedVariables(config).length === 0) return config;
    const entry = await entryOf(type, flavor);
    return entry === undefined ? config : (settledConfig(config!, entry.config, env) as JsonObject);
  }

  async function tell(type: string, flavor: string, config: unknown, secrets: SecretSource | SecretListener): Promise<void> {
    const given = (config ?? {}) as JsonValue;
    if (referencedVariables(given).length + referencedSecrets(given).length === 0) return;
    const entry = await entryOf(type, flavor);
    if (entry !== undefined) secrets.redactor.add(hiddenValues(given, entry.config, { env, secrets: "get" in secrets ? await valuesOf(given, { get: (name) => secrets.get(name).catch(() => undefined) }) : undefined }));
  }

  return { get contracts() { return contracts; }, list, flavors, create, settled, tell, check: async (type, flavor, config, name, secrets) => { await prepared({ type, flavor, name }, config, true, secrets); } };
}

function badManifest(pkg: PluginPackage, error: z.ZodError): MlstackError {
  const issue = error.issues[0];
  return new MlstackError("MLS2001", `the manifest of ${pkg.name}@${pkg.version} is invalid: ${issue === undefined ? "" : `${issue.path.join(".") || "mlstack"}: ${issue.message}`}`, {
    why: `the "mlstack" field of ${pkg.dir}/package.json does not have the form of a plugin manifest`, details: { package: pkg.name, version: pkg.version },
  });
}

const nameOf = ({ plugin }: FlavorRecord): string => `${plugin.name}@${plugin.version}`;

/** The error without the values of secrets that a plugin, or what it uses, may have put into a text. */
function unnamed(e: MlstackError, { secrets }: Resolved): MlstackError {
  return redactor(secrets).error(e) as MlstackError;
}

/** The secrets that a configuration refers to, as far as there are any. */
async function valuesOf(config: JsonValue, secrets: Pick<SecretSource, "get">): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const name of referencedSecrets(config)) {
    const value = await secrets.get(name);
    if (value !== undefined) found.set(name, value);
  }
  return found;
}

const messageOf = (e: unknown): string => (e instanceof Error ? e.message : String(e));
