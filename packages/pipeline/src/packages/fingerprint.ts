import { relative, sep } from "node:path";
import type { LoadCheck, PackagesFingerprint, ReachedPackage, UncachedReason } from "../compile/types.ts";
import { packageCheck } from "./check.ts";
import { isOwnPackage, packageGraph, type PackageNode } from "./graph.ts";
import { sha256 } from "./hash.ts";
import { importFinder } from "./imports.ts";
import { readNpmLock, type NpmLock } from "./npm-lock.ts";
import { packageFolder, packageResolver, realFolder } from "./resolve.ts";
import { treeDigester, treeState } from "./tree-digest.ts";
import { treeIndex } from "./tree-index.ts";
import { unresolved } from "./unresolved.ts";
import { closure, edgesAnywhere, edgesHere, labeller, type Edges } from "./wiring.ts";

/** Goes up when equal packages would get another digest. */
const ALGORITHM = "mlstack-packages/2";

/** What the npm packages that a step reaches add to its key. */
export interface NodePackagesFingerprint extends PackagesFingerprint {
  /**
   * The same as machines of all platforms see it: instead of the files of packages that are bound to this platform, the lock's entries
   * for every platform count (of npm's lock; of others, exact versions in manifests stand for them). A Mac and a Linux box that
   * installed one lock read the same here. It is for keys of steps that will run on another platform, or on several that a team calls
   * equal, and only there: it does not see that a native package on this machine was patched.
   */
  readonly portable: { readonly digest: string; readonly entries: Readonly<Record<string, string>> };
}

export interface PackageFingerprinter {
  /** Looks at each package's files once; what changes on disk afterwards is not seen by this instance. */
  fingerprint(reached: readonly ReachedPackage[]): NodePackagesFingerprint;
  /**
   * Watches whether this process runs the packages that the fingerprint was made of.
   *
   * @param isLate whether it may have loaded something of them before that
   */
  check(reached: readonly ReachedPackage[], isLate: boolean): LoadCheck;
  /** Writes down the digests that were computed, for the next process. Never fails. */
  flush(): void;
}

interface Root {
  readonly name: string;
  /** Where it is imported, as a POSIX path relative to the project. */
  readonly from: string;
  /** The package's folder, likewise, where another one than the name leads to is imported. */
  readonly folder: string | undefined;
  readonly node: PackageNode;
}

/**
 * Fingerprints the npm packages that steps reach: name, version and files of every package in their closure of dependencies, as they
 * lie on disk, and which copy each of them sees. So a version, a patched file and another copy change the key, while the package
 * manager, its lock and the folder of the project don't. File access is synchronous: this runs once, when a plan is made.
 *
 * `entries` holds the digest of each package's files alone, so that a comparison names the packages that changed and not all that
 * depend on them. `digest` also holds how they are wired; it may differ where the entries agree.
 */
export function packageFingerprinter(options: { projectDir: string; stateDir: string }): PackageFingerprinter {
  const projectDir = realFolder(options.projectDir);
  const index = treeIndex(options.stateDir);
  const imports = importFinder(options.stateDir);
  const resolver = packageResolver();
  let lock: NpmLock | undefined;
  // Locks are large; one is read only if an optional dependency asks for it.
  const graph = packageGraph({ resolver, trees: treeDigester(index), imports, lock: () => (lock ??= readNpmLock(projectDir)) });
  const inProject = (path: string) => relative(projectDir, path).split(sep).join("/");
  const known = new Map<string, NodePackagesFingerprint>();
  const nodesOf = new Map<NodePackagesFingerprint, ReadonlySet<PackageNode>>();
  // steps that reach the same packages share a check
  const checks = new Map<string, LoadCheck>();
  const budget = { took: 0 };
  const here = printer(edgesHere);
  const anywhere = printer(edgesAnywhere);

  function compute(reached: readonly ReachedPackage[]): NodePackagesFingerprint {
    const roots: Root[] = [];
    const missing = new Map<string, UncachedReason>();
    for (const { name, from, file, folder: given } of reached) {
      const named = resolver.resolve(name, from);
      // an alias or a relative path may lead to another copy than the name does
      const imported = given ?? (file === undefined ? undefined : packageFolder(realFolder(file), name));
      const folder = imported === undefined ? named : realFolder(imported);
      const place = inProject(realFolder(from));
      const node = folder === undefined ? undefined : graph.node(folder);
      if (node !== undefined) roots.push({ name, from: place, folder: folder === named || folder === undefined ? undefined : inProject(folder), node });
      else if (folder === undefined && !isOwnPackage(name)) missing.set(name, unresolved({ name, from, place, projectDir }));
    }
    const [local, portable] = [here(roots), anywhere(roots)];
    for (const { id, problem } of local.nodes) {
      if (problem !== undefined) missing.set(id, { rule: "unresolved-package", message: `the package ${problem}`, fix: "install the project's packages again" });
    }
    const print: NodePackagesFingerprint = {
      digest: local.digest,
      roots: distinctRoots(roots),
      entries: local.entries,
      native: [...local.nodes, ...portable.nodes].some((node) => node.native),
      uncached: [...missing].toSorted(byKey).map(([, reason]) => reason),
      portable: { digest: portable.digest, entries: portable.entries },
    };
    nodesOf.set(print, local.nodes);
    return print;
  }

  const fingerprint = (reached: readonly ReachedPackage[]): NodePackagesFingerprint => {
    const key = reached.map(({ name, from, file, folder }) => `${name}\0${from}\0${folder ?? file ?? ""}`).toSorted().join("\0\0");
    let print = known.get(key);
    if (print === undefined) known.set(key, print = compute(reached));
    return print;
  };

  return {
    fingerprint,
    check(reached, isLate) {
      const nodes = nodesOf.get(fingerprint(reached)) ?? new Set();
      const key = [...nodes].map((node) => node.folder ?? node.id).toSorted().join("\0");
      let check = checks.get(key);
      if (check === undefined) checks.set(key, check = packageCheck({ nodes, stateNow: treeState, resolver, isLate, budget }));
      return check;
    },
    flush() {
      index.flush();
      imports.flush();
    },
  };
}

/** Where one name leads to two packages, it matters which module gets which; else not, so that moving a module changes nothing here. */
function printer(edges: Edges): (roots: readonly Root[]) => { nodes: ReadonlySet<PackageNode>; digest: string; entries: Record<string, string> } {
  const label = labeller(edges);
  return (roots) => {
    const nodes = closure(roots.map((root) => root.node), edges);
    const labels = label(nodes);
    const targets = groupBy(roots, (root) => root.name);
    const imports = roots.map(({ name, from, folder, node }) => {
      const ambiguous = new Set(targets.get(name)!.map((root) => labels(root.node))).size > 1;
      return JSON.stringify([name, ambiguous ? [from, folder ?? null] : null, labels(node)]);
    });
    const sorted = (lines: string[]) => [...new Set(lines)].toSorted();
    return { nodes, digest: sha256(JSON.stringify([ALGORITHM, sorted(imports), sorted([...nodes].map(labels))])), entries: entriesOf(nodes) };
  };
}

/** In one order whatever the order in which modules were looked at, each once. */
function distinctRoots(roots: readonly Root[]): PackagesFingerprint["roots"] {
  const byPlace = new Map(roots.map(({ name, from, folder }) => [`${name}\0${from}\0${folder ?? ""}`, { name, from, ...(folder !== undefined && { folder }) }]));
  return [...byPlace].toSorted(byKey).map(([, root]) => root);
}

/** By package, the digest of its files; of several copies that differ, the digest of theirs. */
function entriesOf(nodes: ReadonlySet<PackageNode>): Record<string, string> {
  return Object.fromEntries([...groupBy(nodes, (node) => node.id)].toSorted(byKey).map(([id, copies]) => {
    const contents = [...new Set(copies.map((node) => node.content))].toSorted();
    return [id, contents.length === 1 ? contents[0]! : sha256(contents.join("\n"))];
  }));
}

function groupBy<T>(items: Iterable<T>, keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
