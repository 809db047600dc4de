import type { PackageShelf } from "../registry/shelf.ts";

/** Package managers that are driven. `yarn` is both the classic one (1.x) and berry (from 2 on, with `nodeLinker: node-modules`). */
export type ManagerName = "npm" | "pnpm" | "yarn" | "bun";

/** How a package manager is run. */
export interface RunOptions {
  /** Whether it may use its cache only. */
  readonly offline: boolean;
  /** A registry instead of the one that the project's and user's settings name; of scopes with a registry of their own that one stays. */
  readonly registry: string | undefined;
  /** Where `offline`: what is here, which it gets besides what its cache has. */
  readonly shelf?: PackageShelf | undefined;
  /** Ends the manager with all processes that it has started, and the call with the signal's reason. */
  readonly signal: AbortSignal;
  /** Gets each line that it prints, on either stream, as it comes. */
  readonly output: (line: string) => void;
  /** Gets the id of the manager's process, which leads a process group of its own: for whoever must find it again after a crash. */
  readonly started?: ((pid: number) => void) | undefined;
}

/** What `add` puts among the project's dependencies. */
export interface AddedPackage {
  readonly name: string;
  /** An exact version; `file:` and the path of a tarball, absolute or from the project's folder; or `workspace:` and the version of the workspace's package of that name. */
  readonly spec: string;
}

/**
 * A package manager at work in a project. What it fails with is told apart, with what it said itself:
 * MLS8101 the registry is not reached, MLS8102 no such package or version, MLS8103 the registry does not allow it, MLS8105 offline, and not in its
 * cache, MLS8201 other bytes than the lock or the registry says, MLS8301 it can't be used (not installed, another version than the project names),
 * MLS8302 package.json and lock differ, MLS8303 peers conflict, MLS8304 anything else, MLS8305 its own policy refuses a package, MLS8306 it may not
 * write, MLS3004 no space is left.
 */
export interface PackageManager {
  readonly name: ManagerName;
  /** The folder of the project's package.json. Absolute, with links resolved, as are the others. */
  readonly projectDir: string;
  /** Where its lock lies: the root of the workspace that the project belongs to, or the project's own folder. Absolute. */
  readonly rootDir: string;
  /** The path of its lock, which need not be there yet. Absolute. */
  readonly lockFile: string;
  /** All files outside of node_modules that it may write, the lock among them, whether they are there or not: what must be kept to go back. Absolute. */
  readonly files: readonly string[];
  /** The same manager in another package of its workspace. @param projectDir absolute, with links resolved */
  inPackage(projectDir: string): PackageManager;
  /** The version that is installed on this machine, asked of it on first use. @throws MLS8301 when it is not there, or another one than the project names */
  version(): Promise<string>;
  /**
   * Adds packages to the project's `dependencies`, with exact versions. No install script of what is added runs, nor one of the project's own;
   * the project's settings about scripts are not touched. Where the project's packages are not installed yet, or not as its lock has them,
   * they are installed first, by the project's own settings, so that theirs are not left out.
   *
   * @param options.fresh takes versions, also of what is depended on, that are too new for the manager by its own default: yarn waits a day. What the
   * project's or user's settings say of it stays
   */
  add(packages: readonly AddedPackage[], options: RunOptions & { readonly fresh?: boolean }): Promise<void>;
  /** Takes packages out of the project's dependencies; no script runs. */
  remove(names: readonly string[], options: RunOptions): Promise<void>;
  /**
   * Brings node_modules of the whole workspace to what the lock says, by the project's own settings about scripts.
   *
   * What is there already stays where it fits, and where the installation fails.
   *
   * @param options.frozen fails with MLS8302 where package.json and lock differ; otherwise the lock follows package.json
   * @param options.anew folders of packages that are installed and not as they should be, each in a node_modules folder: a manager alone does not look into
   * them; or `all`: what a manager that was stopped has left no manager sees, and bun leaves what no lock has any more
   */
  install(options: RunOptions & { readonly frozen: boolean; readonly anew?: "all" | readonly string[] | undefined }): Promise<void>;
  /**
   * What a dependency of the project depends on, transitively, as the lock has it.
   *
   * @throws MLS8307 the lock is missing, damaged or of a version that is not known here; MLS8308 the package is not in it
   */
  subtree(name: string): Promise<Subtree>;
  /**
   * Everything that installing the workspace may fetch, on whatever platform: all of the lock but the workspace's own packages and what others bundle.
   *
   * @returns by name and version
   * @throws MLS8307
   */
  packages(): Promise<readonly FetchedPackage[]>;
}

/** A package as a lock has it. */
export interface LockedPackage {
  /** `name@version`; of a package of the workspace `name@workspace`. */
  readonly id: string;
  readonly name: string;
  /** Undefined for a package of the workspace. */
  readonly version: string | undefined;
  /** `sha512-…` of its tarball, where the lock has it: berry's has not. */
  readonly integrity: string | undefined;
  /** Whether it has an install script (or is built by node-gyp); undefined where neither the lock says it nor the package is installed. */
  readonly installScript: boolean | undefined;
}

/** A package that the manager fetches, whoever depends on it. */
export interface FetchedPackage {
  readonly name: string;
  /** Undefined where the lock does not say it: bun does not of tarballs. */
  readonly version: string | undefined;
  /** As `LockedPackage.integrity`. */
  readonly integrity: string | undefined;
  /** Where the lock says that it lies, without a digest behind it: a URL, `git+…`, `file:…`. Undefined where that follows from the registry. */
  readonly from: string | undefined;
}

/** That one package depends on another. */
export interface LockedEdge {
  /** The id of the package that depends. */
  readonly from: string;
  /** The name by which it does, which differs from the other's where that is an alias. */
  readonly as: string;
  /** The id of the other one. */
  readonly to: string;
}

/**
 * A package with all that it depends on: dependencies and optional ones, those of other platforms too.
 *
 * Peers are not in it, whoever provides them: yarn's locks don't say where they lead, and it is the project that decides it. Nor are packages that
 * another one brings along in its own tarball (`bundleDependencies`): that tarball's digest covers them.
 */
export interface Subtree {
  /** The id of the package asked for. */
  readonly root: string;
  /** By id, ascending; the root among them. */
  readonly packages: readonly LockedPackage[];
  /** By all three fields, ascending. */
  readonly edges: readonly LockedEdge[];
  /** sha256 in hex of the normal form (`normalForm`): the same for every manager that has resolved the same versions. */
  readonly digest: string;
}
