import { z } from "zod";

/** A name as it is typed: `s3`, `great-expectations`. Names and aliases share one room. */
const shortName = z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, "must be lower case letters, digits and single hyphens");
const strings = z.array(z.string());
const jsonObject = z.record(z.string(), z.json());

const permissions = z.looseObject({ hosts: strings, files: strings, processes: strings, env: strings });

/** A component as the plugin's manifest describes it. */
const component = z.looseObject({
  /** The component type: `artifact_store`. */
  type: z.string(),
  /** The contract that it is written for: `artifact_store@1`. */
  contract: z.string(),
  /** The package that brings the type, where that is neither core nor this one. */
  contractPackage: z.string().optional(),
  flavor: z.string(),
  aliases: strings,
  description: z.string(),
  /** JSON Schema (2020-12) of the configuration, keys in camelCase. */
  config: jsonObject,
  permissions,
  /** Whether it works only where the project's folder is; see the manifest. */
  local: z.union([z.boolean(), z.looseObject({ unless: z.string() })]).optional(),
});

/** A component that has a name and no code yet. */
const plannedComponent = z.looseObject({
  type: z.string(), flavor: z.string(), aliases: strings,
  /** Whether its contract was played on paper against recorded answers of the vendor: tests/contracts. */
  paper: z.boolean(),
});

const version = z.looseObject({
  version: z.string(),
  /** ISO 8601. */
  publishedAt: z.iso.datetime().nullable(),
  core: z.string().nullable(), node: z.string().nullable(),
  contracts: strings,
  /** Whether the registry has a provenance attestation of it; null where nobody has asked. */
  provenance: z.boolean().nullable(),
  deprecated: z.string().nullable(),
  /** Bytes. */
  unpackedSize: z.int().nonnegative().nullable(),
});

/** What a run of a contract's suite has found: of which bytes, against which core. It says nothing of other versions. */
const conformance = z.looseObject({
  package: z.string(), contract: z.string(), flavor: z.string(),
  /** The suite: its package and version, or its folder in this repository. */
  suite: z.string(),
  /** Version of the package, and the digest of its unpacked files as in mlstack.lock: who has them can tell whether these are the ones. */
  version: z.string(), files: z.string().regex(/^sha256:/),
  /** Version of @mlstack/core. */
  core: z.string(),
  passed: z.int().nonnegative(), failed: z.int().nonnegative(),
  skipped: z.array(z.looseObject({ id: z.string(), reason: z.string() })),
});

/** What is known and can be looked at again. Null means that nobody has measured or asked: never that it is bad, nor that it is good. */
const evidence = z.looseObject({
  conformance: z.array(conformance).nullable(),
  /** Real servers that its tests run against in CI, with the file of the repository that does it. */
  testedAgainst: z.array(z.looseObject({ server: z.string(), test: z.string() })).nullable(),
  provenance: z.boolean().nullable(),
  /** When the newest version was published, and when the first one was: ISO 8601. */
  publishedAt: z.iso.datetime().nullable(), firstPublishedAt: z.iso.datetime().nullable(),
  unpackedSize: z.int().nonnegative().nullable(),
  weeklyDownloads: z.int().nonnegative().nullable(),
});

const integration = z.looseObject({
  name: shortName,
  title: z.string().min(1),
  description: z.string().min(1),
  /** `available`: its package can be installed. `built-in`: it comes with mlstack. `planned`: it has a name and nothing else yet. */
  state: z.enum(["available", "built-in", "planned"]),
  /** Whose it is: ours, or a package of others that the registry's search has found. */
  source: z.enum(["mlstack", "third-party"]),
  /** The npm package; null while it is planned. */
  package: z.string().nullable(),
  /** The tool's own page. */
  homepage: z.url({ protocol: /^https?$/ }).nullable(),
  keywords: strings,
  /** Component types that it offers, and where there is none yet, those that it is to bring. */
  types: strings,
  components: z.array(component),
  planned: z.array(plannedComponent),
  formats: z.array(z.looseObject({ format: z.string(), description: z.string() })),
  /** Contracts of its own. */
  contracts: z.array(z.looseObject({ type: z.string(), accepts: z.array(z.int().positive()), stability: z.enum(["experimental", "stable"]) })),
  /** Ranges of @mlstack/core and Node that the newest version works with. */
  core: z.string().nullable(), node: z.string().nullable(),
  version: z.string().nullable(),
  /** The newest first. */
  versions: z.array(version),
  evidence,
  /** The name of ours that it could be mistaken for. Third parties only. */
  resembles: z.string().optional(),
});

/** One word for several integrations, or another word for one. */
const alias = z.looseObject({ name: shortName, title: z.string().min(1), integrations: z.array(shortName).min(1) });

/**
 * The catalog: `catalog.json` of @mlstack/catalog. Unknown fields are left alone: they come from newer ones.
 * What it promises beyond its form, `scripts/catalog` sees to: names are unique, aliases lead to integrations, what is available has a package.
 */
export const catalogSchema = z.looseObject({
  catalogVersion: z.literal(1),
  /** The version of @mlstack/core that it was made with. */
  core: z.string(),
  integrations: z.array(integration),
  aliases: z.array(alias),
});

export type Catalog = z.output<typeof catalogSchema>;
export type Integration = Catalog["integrations"][number];
export type IntegrationState = Integration["state"];
export type CatalogComponent = Integration["components"][number];
export type CatalogVersion = Integration["versions"][number];
export type Evidence = Integration["evidence"];
export type Conformance = NonNullable<Evidence["conformance"]>[number];

/** Nobody has asked and nobody has measured. */
export const NO_EVIDENCE: Evidence = { conformance: null, testedAgainst: null, provenance: null, publishedAt: null, firstPublishedAt: null, unpackedSize: null, weeklyDownloads: null };
