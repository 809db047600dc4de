import { readdirSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, sep } from "node:path";

/** Finds packages on disk. */
export interface PackageResolver {
  /** Real folder of the package that a module in the folder `from` gets under that name; undefined when there is none. */
  resolve(name: string, from: string): string | undefined;
  /** By which paths a real folder was found, and the node_modules folders that these are in. When something else is found, one of them has changed. */
  waysTo(folder: string): readonly string[];
}

/**
 * Finds packages as Node does: in the nearest node_modules upward from the importer's *real* folder, which is what makes pnpm's links,
 * hoisting and nested duplicates come out right. By path, since an exports map may forbid `require.resolve("x/package.json")`. Answers
 * are remembered: hoisted trees are asked for the same few folders thousands of times.
 */
export function packageResolver(): PackageResolver {
  const holders = new Map<string, readonly string[]>();
  const byImporter = new Map<string, readonly string[]>();
  const found = new Map<string, string | undefined>();
  const ways = new Map<string, string[]>();

  /** The node_modules folders that a module in `dir` sees, nearest first. */
  function holdersOf(dir: string): readonly string[] {
    let seen = holders.get(dir);
    if (seen === undefined) {
      const parent = dirname(dir);
      const above = parent === dir ? [] : holdersOf(parent);
      const own = join(dir, "node_modules");
      holders.set(dir, seen = basename(dir) !== "node_modules" && isFolder(own) ? [own, ...above] : above);
    }
    return seen;
  }

  function folderOf(path: string): string | undefined {
    if (found.has(path)) return found.get(path);
    const folder = isPackage(path) ? realFolder(path) : undefined;
    found.set(path, folder);
    if (folder !== undefined) ways.set(folder, [...(ways.get(folder) ?? []), path, dirname(path)]);
    return folder;
  }

  function resolve(name: string, from: string): string | undefined {
    // Names come from manifests written by others: one must not lead out of node_modules.
    if (!/^(?:@[^/\\\0]+\/)?[^/\\.\0][^/\\\0]*$/.test(name)) return undefined;
    let seen = byImporter.get(from);
    if (seen === undefined) byImporter.set(from, seen = holdersOf(realFolder(from)));
    for (const holder of seen) {
      const folder = folderOf(holder + sep + name);
      if (folder !== undefined) return folder;
    }
    return undefined;
  }

  return { resolve, waysTo: (folder) => ways.get(folder) ?? [] };
}

/** A folder that holds nothing but a node_modules is no package: npm leaves such behind for its nested duplicates. */
function isPackage(path: string): boolean {
  if (!isFolder(path)) return false;
  // One that can't be looked into is found all the same, so that the reason is told.
  try { return readdirSync(path).some((name) => name !== "node_modules"); } catch { return true; }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The folder of the package `name` that a file lies in; undefined where it lies in none of that name. */
export function packageFolder(file: string, name: string): string | undefined {
  const inner = `${sep}node_modules${sep}${name.replace("/", sep)}${sep}`;
  const at = file.lastIndexOf(inner);
  return at < 0 ? undefined : file.slice(0, at + inner.length - 1);
}

/** The folder without links on the way to it, so that it has one name; as given when there is none. */
export function realFolder(path: string): string {
  try { return realpathSync.native(path); } catch { return path; }
}
