import type { PluginManifest } from "@mlstack/core";
import type { Lock, LockedPlugin } from "../lock/lock.ts";
import type { Granted } from "../lock/manifest-facts.ts";
import type { PackageVersion } from "../registry/registry.ts";
import type { Obstacle } from "../resolve/fit.ts";
import type { Exception } from "../resolve/policy.ts";
import type { CheckedTarball } from "../tarball/check-tarball.ts";
import type { DescribedPackage } from "../tarball/package-json.ts";

/** What an integration will be. */
export type Target =
  /** Of a registry; its bytes were not looked at yet. */
  | { readonly source: "registry"; readonly version: PackageVersion; readonly manifest: PluginManifest }
  /** Of the user's own; `path` is absolute. */
  | { readonly source: "tarball"; readonly path: string; readonly tarball: CheckedTarball; readonly manifest: PluginManifest }
  /** A folder of the project's workspace, `path` absolute with links resolved. `override`: in the place of a published package of its name. */
  | { readonly source: "workspace"; readonly path: string; readonly package: DescribedPackage; readonly override: boolean; readonly manifest: PluginManifest };

/** One integration that is added, changed or removed. */
export interface PluginChange {
  readonly kind: "add" | "change" | "remove";
  /** The package. */
  readonly name: string;
  /** What the lock has of it; undefined for one that it does not have. */
  readonly before: LockedPlugin | undefined;
  /** Undefined for one that is removed. */
  readonly target: Target | undefined;
  /** Why this version, in half a sentence: `the newest of ^1.2 that fits`. */
  readonly why: string;
  /** Newer versions of what was asked for, and why they are not taken. The newest first. */
  readonly passedOver: readonly Obstacle[];
  /** Rules that an exception is made of. */
  readonly exceptions: readonly Exception[];
  /** All that it may reach afterwards. */
  readonly granted: Granted;
  /** What it may reach that it could not before, as `hosts: example.com`; all of it for one that is added. */
  readonly widened: readonly string[];
  /** Contracts that it has no more, and that it has besides; of one that is added all of its own are gained. `moved`: another version of the same. */
  readonly contracts: { readonly gained: readonly string[]; readonly lost: readonly string[]; readonly moved: readonly { readonly from: string; readonly to: string }[] };
  /** Whether its configurations have other schemas than before. */
  readonly configChanged: boolean;
  /** Whether the package itself has an install script. It is not run. */
  readonly installScript: boolean;
}

/** What a command would do. Made without writing anything. */
export interface ChangePlan {
  /** By name. */
  readonly changes: readonly PluginChange[];
  /** Integrations that were asked for and stay as they are, with their versions. By name. */
  readonly kept: readonly { readonly name: string; readonly version: string }[];
  /** Names in the catalog of what was asked for and comes with mlstack. */
  readonly builtIn: readonly string[];
  /** Names in the catalog of what was asked for and is only planned. */
  readonly planned: readonly string[];
  /** The lock as it is; undefined where there is none. */
  readonly lock: Lock | undefined;
}

export const NOTHING_GRANTED: Granted = { env: [], files: [], hosts: [], processes: [] };

/** What the package says of itself: by its registry, or by its own package.json. */
export const describedOf = (target: Target): Pick<DescribedPackage, "version" | "manifest" | "hasInstallScript" | "engines"> => (target.source === "registry" ? target.version : target.source === "tarball" ? target.tarball.package : target.package);

export const versionOf = (target: Target): string => describedOf(target).version;

/** A change in words: `install @acme/x@1.2.0, remove @acme/y`. */
export function changeText(plan: Pick<ChangePlan, "changes">): string {
  return plan.changes.map(({ kind, name, target, before }) => {
    if (target === undefined) return `remove ${name}`;
    return kind === "add" ? `install ${name}@${versionOf(target)}` : `change ${name} from ${before?.version ?? "another source"} to ${versionOf(target)}`;
  }).join(", ");
}

