export { expand, expandAll, type Expansion, type Unknown } from "./expand.ts";
export { byStateAndName, configKeys, findIntegrations, fitsFilter, kindsOf, offeredKinds, searchableOf, type Filter } from "./find.ts";
export { folded, matchScore, type Searchable } from "./match.ts";
export { CATALOG_PACKAGE, newestCatalog, parseCatalog, trustedCatalog } from "./read.ts";
export { noSuchIntegration, notPublishedYet } from "./refusals.ts";
export { catalogSchema, NO_EVIDENCE } from "./schema.ts";
export type { Catalog, CatalogComponent, CatalogVersion, Conformance, Evidence, Integration, IntegrationState } from "./schema.ts";
export { evidenceOf, offersOf, PLUGIN_KEYWORD, searchEverywhere, thirdParty, versionsOf, withRegistry, withRegistryFacts, type PackageFacts, type SearchedRegistry, type SearchResult } from "./third-party.ts";
