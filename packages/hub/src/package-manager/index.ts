export { detectPackageManager } from "./open.ts";
export { normalForm } from "./subtree.ts";
export type { AddedPackage, FetchedPackage, LockedEdge, LockedPackage, ManagerName, PackageManager, RunOptions, Subtree } from "./types.ts";
