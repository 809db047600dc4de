export type { PackageDocument, PackageVersion, Registry, SearchHit } from "./registry.ts";
export { someVersions, type Packument, type PackumentVersion } from "./packument.ts";
export type { PackageShelf } from "./shelf.ts";
export { registryCache, type CachedDocument, type RegistryCache } from "./registry-cache.ts";
export { openRegistry, type RegistryOptions } from "./open-registry.ts";
