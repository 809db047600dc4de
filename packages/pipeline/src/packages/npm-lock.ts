import { realpathSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { manifestFrom, type Manifest } from "./manifest.ts";
import { isRecord, readJson, record, text, type Loose } from "./json.ts";

/** A package as npm's lock knows it, installed here or not. */
export interface LockedPackage {
  /** Its path in the lock: `node_modules/a/node_modules/b`. */
  readonly path: string;
  readonly manifest: Manifest;
  /** What pins its content: the tarball's integrity, or the commit of a git dependency. */
  readonly integrity: string;
}

export interface NpmLock {
  /** The dependency `name` of the package that is installed in `folder`; undefined unless the lock knows that very version there. */
  dependencyOf(folder: string, version: string, name: string): LockedPackage | undefined;
  /** The same for a package that is known from the lock alone. */
  resolve(path: string, name: string): LockedPackage | undefined;
}

const NAMES = ["npm-shrinkwrap.json", "package-lock.json"];

/**
 * The nearest npm lock upward from the project, for what the disk can't tell: packages of *other* platforms. npm's hidden lock in
 * node_modules is no substitute, as it lists what is installed. Without a lock (or with one of version 1, which has no paths) nothing is known.
 */
export function readNpmLock(projectDir: string): NpmLock {
  for (let dir = projectDir; ; dir = dirname(dir)) {
    for (const name of NAMES) {
      const packages = lockedPackages(join(dir, name));
      if (packages !== undefined) return npmLock(realpathSync.native(dir), packages);
    }
    if (dirname(dir) === dir) return npmLock(dir, new Map());
  }
}

function npmLock(root: string, packages: ReadonlyMap<string, Loose>): NpmLock {
  function resolve(path: string, name: string): LockedPackage | undefined {
    for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf("/")))) {
      const holder = at === "" ? "node_modules" : `${at}/node_modules`;
      const entry = packages.get(`${holder}/${name}`);
      if (entry !== undefined) return entry["link"] === true ? undefined : locked(`${holder}/${name}`, name, entry);
      if (at === "") return undefined;
    }
  }
  return {
    resolve,
    dependencyOf(folder, version, name) {
      const path = relative(root, folder).split(sep).join("/");
      return packages.get(path)?.["version"] === version ? resolve(path, name) : undefined;
    },
  };
}

function locked(path: string, name: string, entry: Loose): LockedPackage {
  return { path, manifest: manifestFrom(entry, name), integrity: text(entry["integrity"]) ?? text(entry["resolved"]) ?? "" };
}

/** A lock that can't be parsed is npm's to complain about; here it knows nothing. */
function lockedPackages(path: string): ReadonlyMap<string, Loose> | undefined {
  let json: Loose | undefined;
  try { json = readJson(path); } catch { return new Map(); }
  return json === undefined ? undefined : new Map(Object.entries(record(json["packages"])).filter((entry): entry is [string, Loose] => isRecord(entry[1])));
}
