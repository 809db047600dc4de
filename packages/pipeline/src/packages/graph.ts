import { reasonOf } from "./json.ts";
import type { ImportFinder } from "./imports.ts";
import { readManifest, type Manifest } from "./manifest.ts";
import type { LockedPackage, NpmLock } from "./npm-lock.ts";
import type { PackageResolver } from "./resolve.ts";
import type { Tree } from "./tree-digest.ts";

/** One copy of a package, with what it leads to. */
export interface PackageNode {
  /** `name@version`, or `name@version (lock)` for what is known from the lock alone. */
  readonly id: string;
  /** Digest of its files; for what is known from the lock alone, the lock's integrity. */
  readonly content: string;
  readonly native: boolean;
  /** Its real folder; undefined for what is known from the lock alone. */
  readonly folder: string | undefined;
  /** Its files; undefined where they can't be read, and for what is known from the lock alone. */
  readonly tree: Tree | undefined;
  /** Names of the packages that its manifest says it may import, or that its code does. */
  readonly declared: ReadonlySet<string>;
  /** Why it can't be part of a key. */
  readonly problem: string | undefined;
  /** What each of its dependencies' names leads to, but for the two kinds below. */
  readonly edges: ReadonlyMap<string, PackageNode>;
  /** Packages bound to this platform, as they are installed. */
  readonly here: ReadonlyMap<string, PackageNode>;
  /** Packages bound to any platform, as the lock knows them. */
  readonly locked: ReadonlyMap<string, PackageNode>;
}

export interface PackageGraph {
  /** The package in a real folder; undefined for mlstack itself. */
  node(folder: string): PackageNode | undefined;
}

/** mlstack is never part of a key: what of it matters has its own field there (algorithms, formats), and an upgrade must not empty caches. */
const OWN = new Set(["mlstack", "@mlstack/core", "@mlstack/pipeline", "@mlstack/engine", "@mlstack/testkit"]);

export function isOwnPackage(name: string): boolean {
  return OWN.has(name);
}

/**
 * The packages on disk as a graph, built as far as it is asked for, each folder once.
 *
 * What is on disk is what runs, so nodes are made from it: manifest, files, and where each name leads from there. A lock adds nothing
 * to that, can be stale, and has another form with every package manager. It is asked only about the one thing the disk can't tell,
 * packages of other platforms. An optional dependency that is bound to a platform has two faces: its files for those who ask about this
 * machine, and the lock's entries (which has one for each platform) for those who ask about all. A dependency that is missing has no
 * edge: the manifest, which is among the files, says that there could be one. Packages also import what they do not declare and what is
 * there by hoisting, so their code is asked as well.
 */
export function packageGraph(parts: { resolver: PackageResolver; trees: { digest(folder: string): Tree }; imports: Pick<ImportFinder, "of">; lock: () => NpmLock }): PackageGraph {
  const { resolver, trees, imports, lock } = parts;
  const manifests = new Map<string, ReturnType<typeof readManifest>>();
  const nodes = new Map<string, PackageNode>();
  const lockNodes = new Map<string, PackageNode>();

  function node(folder: string): PackageNode | undefined {
    const known = nodes.get(folder);
    if (known !== undefined) return known;
    const { manifest, problem } = manifestOf(folder);
    if (isOwnPackage(manifest.name)) return undefined;
    const files = filesOf(folder, manifest);
    const edges = new Map<string, PackageNode>();
    const here = new Map<string, PackageNode>();
    const locked = new Map<string, PackageNode>();
    const { tree } = files;
    const unsaid = tree === undefined ? [] : undeclared(folder, manifest, tree);
    const made = {
      id: `${manifest.name}@${manifest.version}`, content: tree?.digest ?? "", native: manifest.native || tree?.native === true, problem: problem ?? files.problem,
      folder, tree, declared: new Set([...manifest.needs, ...manifest.optional.keys(), ...unsaid]), edges, here, locked,
    };
    // Known before its dependencies are, since they may lead back to it.
    nodes.set(folder, made);
    for (const name of manifest.needs) {
      const found = resolver.resolve(name, folder);
      if (found !== undefined) add(edges, name, node(found));
    }
    for (const name of unsaid) {
      const found = resolver.resolve(name, folder);
      if (found !== undefined && found !== folder) add(edges, name, node(found));
    }
    for (const [name, range] of manifest.optional) {
      const entry = lock().dependencyOf(folder, manifest.version, name);
      const found = resolver.resolve(name, folder);
      // Of what neither disk nor lock knows it can't be said that it is not native.
      if (found === undefined) made.native ||= entry?.manifest.native ?? true;
      const bound = found === undefined ? entry?.manifest.platformBound === true : isBound(manifestOf(found).manifest, entry?.manifest.version ?? exact(range));
      if (bound && entry !== undefined) locked.set(name, lockNode(entry));
      if (found !== undefined) add(bound ? here : edges, name, node(found));
    }
    return made;
  }

  /** What its code imports though its manifest does not say so: that it is there is the doing of others, and it runs all the same. */
  function undeclared(folder: string, { name, needs, optional }: Manifest, { digest }: Tree): readonly string[] {
    return imports.of(folder, digest).filter((n) => n !== name && !needs.includes(n) && !optional.has(n));
  }

  function manifestOf(folder: string): ReturnType<typeof readManifest> {
    let read = manifests.get(folder);
    if (read === undefined) manifests.set(folder, read = readManifest(folder));
    return read;
  }

  function filesOf(folder: string, { name, version }: Manifest): { tree: Tree | undefined; problem: string | undefined } {
    try { return { tree: trees.digest(folder), problem: undefined }; } catch (e) {
      return { tree: undefined, problem: `${name}@${version} has files that can't be read (${reasonOf(e)})` };
    }
  }

  function lockNode({ path, manifest, integrity }: LockedPackage): PackageNode {
    const known = lockNodes.get(path);
    if (known !== undefined) return known;
    const edges = new Map<string, PackageNode>();
    const made: PackageNode = { id: `${manifest.name}@${manifest.version} (lock)`, content: integrity, native: manifest.native, problem: undefined, folder: undefined, tree: undefined, declared: NO_NAMES, edges, here: NONE, locked: NONE };
    lockNodes.set(path, made);
    for (const name of [...manifest.needs, ...manifest.optional.keys()]) {
      const next = lock().resolve(path, name);
      if (next !== undefined && !isOwnPackage(next.manifest.name)) edges.set(name, lockNode(next));
    }
    return made;
  }

  return { node };
}

const NONE: ReadonlyMap<string, PackageNode> = new Map();
const NO_NAMES: ReadonlySet<string> = new Set();

function add(edges: Map<string, PackageNode>, name: string, target: PackageNode | undefined): void {
  if (target !== undefined) edges.set(name, target);
}

/** Only a version that another machine reads the same, from the lock or the manifest, may stand for a package that it lacks; else the package counts like any other. */
function isBound(manifest: Manifest, pinned: string | undefined): boolean {
  return manifest.platformBound && manifest.version === pinned;
}

/** The version that a range allows alone. */
function exact(range: string): string | undefined {
  return /^=?\d+\.\d+\.\d+(?:-[\w.-]+)?(?:\+[\w.-]+)?$/.test(range) ? range.replace("=", "") : undefined;
}
