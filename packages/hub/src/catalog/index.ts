export * from "./offline.ts";
export { CATALOG_PACKAGE, newestCatalog, parseCatalog } from "./read.ts";
export { catalogSchema, NO_EVIDENCE } from "./schema.ts";
export { evidenceOf, offersOf, PLUGIN_KEYWORD, searchEverywhere, thirdParty, versionsOf, withRegistry, withRegistryFacts, type PackageFacts, type SearchedRegistry, type SearchResult } from "./third-party.ts";
