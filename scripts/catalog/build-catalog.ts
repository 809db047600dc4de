import { checked } from "./checks.ts";
import type { AliasDefinition, Definition } from "./integrations.ts";
import { type Catalog, type Conformance, type Integration, NO_EVIDENCE, offersOf } from "../../packages/hub/dist/index.js";
import { pluginManifest } from "../../packages/core/dist/index.js";

export { NO_EVIDENCE, type Catalog, type Conformance, type Integration };

/** What is read of a package.json. */
export interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly engines?: Readonly<Record<string, string>> | undefined;
  readonly mlstack?: unknown;
}

export interface Sources {
  readonly definitions: Readonly<Record<string, Definition>>;
  readonly aliases: Readonly<Record<string, AliasDefinition>>;
  /** Version of @mlstack/core. */
  readonly core: string;
  /** Packages with a manifest: the plugins, and those that come with mlstack. */
  readonly packages: readonly PackageJson[];
  /** A file of the repository; undefined where there is none. */
  readonly read: (file: string) => string | undefined;
  /** Reports of contract suites. One counts only for the version that it names. */
  readonly reports?: readonly Conformance[];
}

const PLUGIN = "@mlstack/plugin-";

/** The catalog that these sources stand for. Throws one error that names all contradictions between them. */
export function buildCatalog(sources: Sources): Catalog {
  const manifests = new Map(sources.packages.map((pkg) => [pkg.name, { pkg, manifest: pluginManifest.parse(pkg.mlstack) }]));
  const integrations = Object.entries(sources.definitions).map(([name, definition]): Integration => {
    const found = manifests.get(definition.builtIn ?? `${PLUGIN}${name}`);
    const planned = Object.entries(definition.planned ?? {}).flatMap(([type, flavors]) => flavors.map((one) => {
      const [flavor, ...aliases] = typeof one === "string" ? [one] : one;
      return { type, flavor: flavor!, aliases, paper: definition.paper?.[type] !== undefined };
    }));
    const common = { name, title: definition.title, description: definition.description, source: "mlstack" as const, homepage: definition.homepage ?? null, keywords: [...(definition.keywords ?? [])], planned };
    if (found === undefined) {
      return { ...common, state: "planned", package: null, types: [...new Set(planned.map((p) => p.type))], components: [], formats: [], contracts: [], core: null, node: null, version: null, versions: [], evidence: NO_EVIDENCE };
    }
    const { pkg, manifest } = found;
    const node = pkg.engines?.["node"] ?? null;
    const offers = offersOf(manifest);
    const reports = (sources.reports ?? []).filter((r) => r.package === pkg.name && r.version === pkg.version && r.core === sources.core && manifest.components.some((c) => c.contract === r.contract && c.flavor === r.flavor));
    return {
      ...common, state: definition.builtIn === undefined ? "available" : "built-in", package: pkg.name, ...offers, core: manifest.core, node, version: pkg.version,
      versions: [{ version: pkg.version, publishedAt: null, core: manifest.core, node, contracts: [...new Set(offers.components.map((c) => c.contract))].sort(), provenance: null, deprecated: null, unpackedSize: null }],
      evidence: { ...NO_EVIDENCE, conformance: reports.length === 0 ? null : reports, testedAgainst: definition.live?.map(({ server, test }) => ({ server, test })) ?? null },
    };
  });
  return checked({
    catalogVersion: 1, core: sources.core, integrations: integrations.sort((a, b) => (a.name < b.name ? -1 : 1)),
    aliases: Object.entries(sources.aliases).map(([name, { title, integrations: of }]) => ({ name, title, integrations: [...of] })).sort((a, b) => (a.name < b.name ? -1 : 1)),
  }, sources);
}
