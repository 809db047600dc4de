import type { Packument } from "./packument.ts";

/**
 * Packages that are on this machine as a whole, as their registries have them: what bundles have brought. A package manager can be given them where
 * there is no network.
 */
export interface PackageShelf {
  /** Names of all, ascending. */
  names(): Promise<readonly string[]>;
  /** The versions that a bundle has brought. A tarball that only other platforms need may be missing. */
  packument(name: string): Promise<Packument | undefined>;
  /** Whether a tarball is here; it is not read. */
  has(integrity: string): Promise<boolean>;
  /** Undefined where it is not here, or damaged. */
  tarball(integrity: string): Promise<Uint8Array | undefined>;
}
