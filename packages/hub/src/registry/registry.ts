import type { PackageShelf } from "./shelf.ts";

/** What a registry says of one version of a package. */
export interface PackageVersion {
  readonly name: string;
  readonly version: string;
  readonly description: string | undefined;
  /** The `mlstack` field of its package.json, as found; undefined where it is no integration. */
  readonly manifest: unknown;
  /** `sha512-…`; undefined where the registry has none that can be relied on. */
  readonly integrity: string | undefined;
  /** Where the tarball lies. Stays in memory: it may name a host and hold a token. */
  readonly tarball: string;
  readonly engines: Readonly<Record<string, string>>;
  /** Optional ones among them. */
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  /** Whether installing it would run something of it, as far as the registry knows. */
  readonly hasInstallScript: boolean;
  /** What its authors say instead of recommending it. */
  readonly deprecated: string | undefined;
  /** ISO 8601; undefined where the registry does not tell. */
  readonly publishedAt: string | undefined;
  /** In bytes. */
  readonly unpackedSize: number | undefined;
  /** Whether the registry has an attestation of where it was built. */
  readonly provenance: boolean;
}

/** What a registry says of a package. */
export interface PackageDocument {
  readonly name: string;
  /** Versions by tag: `latest`. */
  readonly distTags: Readonly<Record<string, string>>;
  /** In ascending order of versions; what is no version is left out. */
  readonly versions: readonly PackageVersion[];
}

/** A package that a search has found. */
export interface SearchHit {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly keywords: readonly string[];
  /** Of that version, ISO 8601. */
  readonly publishedAt: string | undefined;
}

/**
 * Packages and where they come from. Every command reaches a network through one object of this kind, so that registries, tokens, proxies and
 * certificates of npm's settings hold for all of them. Asks for a document once, and then knows it.
 */
export interface Registry {
  /** Whose answers these are: host and path of the package's registry, without protocol, credentials and trailing slash. Not for the lock. */
  identityOf(name: string): string;
  /** The address of the package's registry, with a slash at its end, without credentials. */
  urlOf(name: string): string;
  /**
   * @param name the package's, with its scope
   * @throws MLS8101 not reached, or no whole answer; MLS8102 no such package; MLS8103 a token is missing or refused; MLS8104 what was answered
   * describes no package of that name; MLS8105 offline, and never fetched
   */
  document(name: string): Promise<PackageDocument>;
  /**
   * The same as package managers get it: all that the registry says. Not looked for in the cache; offline it is what bundles have brought.
   *
   * @throws like `document`; what was answered may describe anything
   */
  packument(name: string): Promise<unknown>;
  /** What bundles have brought from the registries of this one's settings. */
  readonly shelf: PackageShelf;
  /**
   * The bytes of a version's tarball. What is in the cache is not fetched.
   *
   * @throws MLS8201 whole bytes that are not those announced, or none were announced; MLS8101, MLS8102, MLS8103, MLS8104, MLS8105 like
   * `document`
   */
  tarball(version: PackageVersion): Promise<Uint8Array>;
  /**
   * Packages of the default registry that carry a keyword, in the registry's order, which is by relevance; at most 250. Offline: among the
   * documents in the cache, by name.
   *
   * @param text words that name, description or keywords have to hold; empty for all
   * @throws MLS8101, MLS8103, MLS8104; MLS8102 where the registry has no search
   */
  search(keyword: string, text: string): Promise<readonly SearchHit[]>;
}
