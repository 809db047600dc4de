// What needs neither a network nor schemas: @mlstack/hub/catalog, which commands that only list load in a few milliseconds.
import type { Catalog } from "./schema.ts";

export { expand, expandAll, type Expansion, type Unknown } from "./expand.ts";
export { byStateAndName, configKeys, findIntegrations, fitsFilter, kindsOf, offeredKinds, searchableOf, type Filter } from "./find.ts";
export { folded, matchScore, type Searchable } from "./match.ts";
export { noSuchIntegration, notPublishedYet } from "./refusals.ts";
export type { Catalog, CatalogComponent, CatalogVersion, Conformance, Evidence, Integration, IntegrationState } from "./schema.ts";

/** The catalog that came with this very release, the data of @mlstack/catalog: its form was checked when it was made. */
export const trustedCatalog = (data: unknown): Catalog => data as Catalog;
