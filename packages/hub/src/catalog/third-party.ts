import { didYouMean, MlstackError, parseContractId, pluginManifest, type PluginManifest } from "@mlstack/core";
import { sixAtOnce } from "../registry/at-once.ts";
import type { PackageDocument, PackageVersion, Registry } from "../registry/index.ts";
import { sha256 } from "../digest/index.ts";
import { byStateAndName, findIntegrations, fitsFilter, type Filter } from "./find.ts";
import { NO_EVIDENCE, type Catalog, type CatalogVersion, type Integration } from "./schema.ts";

/** What is asked of a registry here. */
export type SearchedRegistry = Pick<Registry, "search"> & { document(name: string): Promise<PackageFacts> };

/** What a registry says of a package; versions ascending. */
export interface PackageFacts extends Pick<PackageDocument, "name" | "distTags"> {
  readonly versions: readonly Pick<PackageVersion, "version" | "manifest" | "engines" | "provenance" | "publishedAt" | "deprecated" | "unpackedSize">[];
}

/** The keyword that a plugin's package.json must carry to be found. */
export const PLUGIN_KEYWORD = "mlstack-plugin";

export interface SearchResult {
  /** Ours and those of third parties, the best of ours first. */
  readonly integrations: readonly Integration[];
  /** Packages with the keyword that are no plugins, and what is wrong with them. */
  readonly ignored: readonly { readonly package: string; readonly why: string }[];
}

/**
 * The catalog's integrations that fit, and packages of others that the registry finds by the keyword `mlstack-plugin`. Each of those is asked for, because
 * only its manifest tells what it offers: one request per hit, six at a time.
 *
 * @throws what the registry throws when the search fails. A single package that can't be read is among `ignored`.
 */
export async function searchEverywhere(catalog: Catalog, registry: SearchedRegistry, text: string, filter: Filter = {}): Promise<SearchResult> {
  const ours = new Set(catalog.integrations.flatMap((i) => (i.package === null ? [] : [i.package])));
  const hits = (await registry.search(PLUGIN_KEYWORD, text)).filter((hit) => !ours.has(hit.name) && hit.keywords.includes(PLUGIN_KEYWORD));
  const found: Integration[] = [];
  const ignored: { package: string; why: string }[] = [];
  await sixAtOnce(new Map(hits.map((hit) => [hit.name, hit])).values(), async (hit) => {
    try {
      const one = thirdParty(catalog, await registry.document(hit.name), hit);
      if (typeof one === "string") ignored.push({ package: hit.name, why: one });
      else found.push(one);
    } catch (e) { ignored.push({ package: hit.name, why: e instanceof Error ? e.message : String(e) }); }
  });
  // of two that would have one name, the package that comes first in the alphabet has it
  const byName = new Map<string, Integration>();
  for (const one of found.sort((a, b) => (a.package! < b.package! ? -1 : 1))) {
    if (byName.has(one.name)) ignored.push({ package: one.package!, why: `its short name would be that of ${byName.get(one.name)!.package!}` });
    else byName.set(one.name, one);
  }
  const fits = [...byName.values()].filter((i) => fitsFilter(i, filter));
  return {
    integrations: [...findIntegrations(catalog, text, filter), ...fits.sort(byStateAndName)],
    ignored: ignored.sort((a, b) => (a.package < b.package ? -1 : 1)),
  };
}

/** A package of others as an integration; text says why it is none. It never takes a short name that the catalog has: it is called by its package. */
export function thirdParty(catalog: Catalog, facts: PackageFacts, hit: { readonly description: string; readonly keywords: readonly string[] }): Integration | string {
  const newest = facts.versions.find((v) => v.version === facts.distTags["latest"]);
  if (newest === undefined) return "its dist-tag latest names no version of it";
  const parsed = pluginManifest.safeParse(newest.manifest);
  if (!parsed.success) return newest.manifest === undefined ? `${newest.version} has no "mlstack" field` : `the "mlstack" field of ${newest.version} is no manifest: ${parsed.error.issues[0]?.path.join(".") ?? ""} ${parsed.error.issues[0]?.message ?? ""}`.trim();
  const manifest = parsed.data;
  const strange = manifest.components.find((c) => parseContractId(c.contract) === undefined)?.contract ?? manifest.contracts.find((c) => parseContractId(`${c.type}@1`) === undefined)?.type;
  if (strange !== undefined) return `${newest.version} names the contract ${JSON.stringify(strange.slice(0, 80))}, which is none`;
  const resembles = lookalike(catalog, facts.name);
  return {
    name: shortNameOf(catalog, facts.name), title: facts.name, description: hit.description === "" ? "No description" : hit.description, state: "available", source: "third-party", package: facts.name, homepage: null,
    keywords: hit.keywords.filter((k) => k !== PLUGIN_KEYWORD), ...offersOf(manifest), planned: [], core: manifest.core, node: newest.engines["node"] ?? null, version: newest.version,
    versions: versionsOf(facts), evidence: { ...NO_EVIDENCE, ...evidenceOf(facts) }, ...(resembles !== undefined && { resembles }),
  };
}

/** What a manifest offers, as the catalog has it. */
export function offersOf(manifest: PluginManifest): Pick<Integration, "types" | "components" | "formats" | "contracts"> {
  const components = manifest.components.map(({ contract, contractPackage, flavor, aliases, description, config, permissions, local }) => ({
    type: parseContractId(contract)?.type ?? contract, contract, ...(contractPackage !== undefined && { contractPackage }), flavor, aliases, description, config, permissions, ...(local !== undefined && { local }),
  })) as Integration["components"];
  return {
    components, types: [...new Set([...components, ...manifest.contracts].map((c) => c.type))].sort(),
    formats: manifest.formats.map(({ format, description }) => ({ format, description })),
    contracts: manifest.contracts.map(({ type, accepts, stability }) => ({ type, accepts, stability })),
  };
}

/** The versions of a package, the newest first. */
export function versionsOf({ versions }: PackageFacts): CatalogVersion[] {
  return versions.map(({ version, manifest, engines, provenance, publishedAt, deprecated, unpackedSize }) => {
    const parsed = pluginManifest.safeParse(manifest);
    return {
      version, publishedAt: timeOf(publishedAt), node: engines["node"] ?? null, core: parsed.success ? parsed.data.core : null,
      contracts: parsed.success ? [...new Set(parsed.data.components.map((c) => c.contract))].sort() : [],
      provenance, deprecated: deprecated ?? null, unpackedSize: unpackedSize ?? null,
    };
  }).toReversed();
}

/** What a registry can tell of a package's newest version. */
export function evidenceOf(facts: PackageFacts): Pick<Integration["evidence"], "provenance" | "publishedAt" | "firstPublishedAt" | "unpackedSize"> {
  const newest = facts.versions.find((v) => v.version === facts.distTags["latest"]);
  const times = facts.versions.flatMap((v) => timeOf(v.publishedAt) ?? []).sort();
  return { provenance: newest?.provenance ?? null, publishedAt: timeOf(newest?.publishedAt), firstPublishedAt: times[0] ?? null, unpackedSize: newest?.unpackedSize ?? null };
}

/** An integration of ours as the registry has it: its newest version there, which may be older or newer than the catalog, and what that offers. */
export function withRegistryFacts(integration: Integration, facts: PackageFacts): Integration {
  const newest = facts.versions.find((v) => v.version === facts.distTags["latest"]);
  const manifest = pluginManifest.safeParse(newest?.manifest);
  const there = newest !== undefined && manifest.success ? { version: newest.version, node: newest.engines["node"] ?? null, core: manifest.data.core, ...offersOf(manifest.data) } : {};
  return { ...integration, ...there, versions: versionsOf(facts), evidence: { ...integration.evidence, ...evidenceOf(facts) } };
}

/**
 * The catalog with what the registry knows of the packages of ours, and with those of others. A package of ours that it does not serve stays as it is.
 *
 * @throws what the registry throws
 */
export async function withRegistry(catalog: Catalog, registry: SearchedRegistry): Promise<{ readonly catalog: Catalog; readonly ignored: SearchResult["ignored"] }> {
  const known = new Map<string, Integration>();
  await sixAtOnce(catalog.integrations.filter((i) => i.state === "available" && i.package !== null), async (own) => {
    try { known.set(own.name, withRegistryFacts(own, await registry.document(own.package!))); } catch (e) { if (!MlstackError.is(e, "MLS8102")) throw e; }
  });
  const { integrations, ignored } = await searchEverywhere(catalog, registry, "");
  return { catalog: { ...catalog, integrations: [...catalog.integrations.map((i) => known.get(i.name) ?? i), ...integrations.filter((i) => i.source === "third-party")] }, ignored };
}

const timeOf = (text: string | undefined): string | null => {
  const at = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(at) ? null : new Date(at).toISOString();
};

/**
 * `@acme/mlstack-plugin-x` → `acme-mlstack-plugin-x`. Where that could be another's name, too, a digest of the package's name is added: nobody takes the
 * place of an integration of ours, or of somebody else's, by what he calls his package.
 */
function shortNameOf(catalog: Catalog, name: string): string {
  const slug = name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  const taken = catalog.integrations.some((i) => i.name === slug) || catalog.aliases.some((a) => a.name === slug);
  return !taken && /^@[a-z0-9]+\/[a-z0-9]+(?:-[a-z0-9]+)*$/.test(name) ? slug : `${slug}-${sha256(name).slice("sha256:".length, "sha256:".length + 10)}`.replace(/^-/, "x-");
}

const SCOPE = "@mlstack/";
/** The package of ours whose name this one could be mistaken for: nearly the same, or the same last part in another scope. */
function lookalike(catalog: Catalog, name: string): string | undefined {
  const ours = catalog.integrations.flatMap((i) => (i.package === null ? [] : [i.package]));
  const last = (one: string): string => one.split("/").at(-1)!;
  return didYouMean(name, ours) ?? ours.find((own) => last(own) === last(name) || `mlstack-${last(own)}` === last(name) || own.slice(SCOPE.length) === name);
}
