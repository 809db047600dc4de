import { didYouMean } from "@mlstack/core/errors";
import type { Catalog, Integration } from "./schema.ts";

/** What a name stands for. An alias may stand for several integrations, some of which are planned. */
export interface Expansion {
  readonly asked: string;
  /** The alias's title, where it was one. */
  readonly alias: string | undefined;
  /** Those whose packages can be installed. */
  readonly available: readonly (Integration & { readonly package: string })[];
  /** Those that come with mlstack: there is nothing to install. */
  readonly builtIn: readonly Integration[];
  readonly planned: readonly Integration[];
}

/** A name that is neither an integration nor an alias nor a package of one. */
export interface Unknown {
  readonly asked: string;
  readonly unknown: true;
  readonly didYouMean: string | undefined;
}

const isAvailable = (i: Integration): i is Integration & { readonly package: string } => i.state === "available" && i.package !== null;

/**
 * What is meant by the name of an integration, an alias, or the package of an integration: first that of an integration.
 * Names of third parties are never guessed: who wants their package says its whole name.
 */
export function expand(catalog: Catalog, asked: string): Expansion | Unknown {
  const name = asked.trim().toLowerCase();
  const own = catalog.integrations.find((i) => i.name === name) ?? catalog.integrations.find((i) => i.package === name);
  const alias = own === undefined ? catalog.aliases.find((a) => a.name === name) : undefined;
  const meant = own !== undefined ? [own] : alias === undefined ? [] : alias.integrations.flatMap((one) => catalog.integrations.find((i) => i.name === one) ?? []);
  if (meant.length === 0) return { asked, unknown: true, didYouMean: nearest(catalog, name) };
  return { asked, alias: alias?.title, available: meant.filter(isAvailable), builtIn: meant.filter((i) => i.state === "built-in"), planned: meant.filter((i) => i.state === "planned") };
}

function nearest(catalog: Catalog, name: string): string | undefined {
  const names = [...catalog.integrations.map((i) => i.name), ...catalog.aliases.map((a) => a.name)];
  return didYouMean(name, names) ?? didYouMean(name, catalog.integrations.flatMap((i) => (i.package === null ? [] : [i.package])));
}

/** What several names stand for together: each integration once, in the order in which it was first asked for. */
export function expandAll(catalog: Catalog, asked: readonly string[]): Omit<Expansion, "asked" | "alias"> & { readonly unknown: readonly Unknown[] } {
  const each = asked.map((name) => expand(catalog, name));
  const known = each.filter((e): e is Expansion => !("unknown" in e));
  const once = <T extends Integration>(of: (e: Expansion) => readonly T[]): T[] => [...new Map(known.flatMap(of).map((i) => [i.name, i])).values()];
  return { available: once((e) => e.available), builtIn: once((e) => e.builtIn), planned: once((e) => e.planned), unknown: each.filter((e): e is Unknown => "unknown" in e) };
}
