import { lstatSync } from "node:fs";
import { dirname, sep } from "node:path";
import { isYoung, processLoads, type LoadedLink, type Loads } from "../compile/loads.ts";
import type { LoadCheck, UncachedReason } from "../compile/types.ts";
import { isOwnPackage, type PackageNode } from "./graph.ts";
import type { PackageResolver } from "./resolve.ts";
import { isLinked } from "./walk.ts";

/**
 * For how many times as long as looks at all files take, nobody looks again. After a step that ran longer somebody always does; of the
 * time of shorter ones it costs at most two per cent.
 */
const PAUSE = 50;

export interface PackageCheckOptions {
  /** The packages as they were when their digests were made. */
  readonly nodes: ReadonlySet<PackageNode>;
  /** The state of a package's files as it is now. @throws what reading the folder throws */
  stateNow(folder: string): string;
  readonly resolver: PackageResolver;
  /** Whether this process may have loaded something of the packages before the digests were made. */
  readonly isLate: boolean;
  readonly budget: WalkBudget;
}

/** What looks at all files take, in milliseconds, summed over the checks that share it. */
export interface WalkBudget { took: number }

/**
 * Compares what this process has loaded of some packages with the files that their digests were made of.
 *
 * Code is compared when it is loaded: the source hooks note the state of each file, and what its imports lead to. All files are compared
 * from time to time, for what packages read by themselves, or run in threads and processes of their own. What a process without hooks
 * loaded nobody has noted: there a file that is younger than the process may be another than the one that runs.
 */
export function packageCheck({ nodes, stateNow, resolver, isLate, budget }: PackageCheckOptions): LoadCheck {
  const installed = new Map([...nodes].flatMap((n) => (n.folder === undefined ? [] : [[n.folder, n] as const])));
  const ownerOf = ownerFinder(installed);
  let seen = { count: -1, files: 0, links: 0 };
  let verdict: UncachedReason | undefined;
  let walk = { ended: -Infinity, took: 0 };

  function byLoads(): UncachedReason | undefined {
    const loads = processLoads();
    if (loads.count === seen.count) return undefined;
    const [files, links] = [loads.files.slice(seen.files), loads.links.slice(seen.links)];
    seen = { count: loads.count, files: loads.files.length, links: loads.links.length };
    for (const { file, state } of files) {
      const node = ownerOf(file);
      if (node !== undefined && node.tree?.states.get(file) !== state) return changed(node.id);
    }
    for (const link of links) {
      const node = ownerOf(link.parent);
      if (node !== undefined && leadsElsewhere(node, link)) return changed(node.id);
    }
    return undefined;
  }

  function leadsElsewhere(node: PackageNode, { specifier, file }: LoadedLink): boolean {
    const name = /^(@[^/]+\/)?[^./#@:][^/:]*/.exec(specifier)?.[0];
    if (name === undefined || isOwnPackage(name)) return false;
    const target = ownerOf(file);
    const meant = node.edges.get(name) ?? node.here.get(name);
    if (meant !== undefined) return target !== meant && target !== node;
    // a name that is in no manifest and in no code is not known to the key either; one that is, and led nowhere, has been installed since
    return node.declared.has(name) && target !== node;
  }

  function byFiles(): UncachedReason | undefined {
    const now = performance.now();
    if (now - walk.ended < PAUSE * budget.took) return undefined;
    for (const [folder, { id, tree }] of installed) {
      let state = "";
      try { state = stateNow(folder); } catch { /* not there any more, or not readable */ }
      if (state !== tree?.state) return changed(id);
    }
    const ended = performance.now();
    budget.took += ended - now - walk.took;
    walk = { ended, took: ended - now };
    return undefined;
  }

  if (isLate) verdict = young(installed, resolver, processLoads());
  return { changed: () => (verdict ??= byLoads() ?? byFiles()) };
}

/** Which of the packages a file belongs to: undefined for those of others, and for what lies in a node_modules of their own. */
function ownerFinder(installed: ReadonlyMap<string, PackageNode>): (file: string) => PackageNode | undefined {
  const known = new Map<string, string | undefined>();
  const folderOf = (dir: string): string | undefined => {
    if (installed.has(dir)) return dir;
    if (known.has(dir)) return known.get(dir);
    const parent = dirname(dir);
    const found = parent === dir ? undefined : folderOf(parent);
    known.set(dir, found);
    return found;
  };
  return (file) => {
    const folder = folderOf(dirname(file));
    const node = folder === undefined ? undefined : installed.get(folder);
    if (folder === undefined || node === undefined || node.tree?.states.has(file) === true) return node;
    const inside = file.slice(folder.length + 1).split(sep);
    const isForeign = isLinked(folder) ? inside.includes("node_modules") || inside.slice(0, -1).some((s) => s.startsWith(".")) : inside[0] === "node_modules";
    return isForeign ? undefined : node;
  };
}

/** Files that nobody noted and that are younger than this process. Where nothing is noted at all, also folders and links that were moved. */
function young(installed: ReadonlyMap<string, PackageNode>, resolver: PackageResolver, loads: Loads): UncachedReason | undefined {
  const noted = new Set(loads.files.map((f) => f.file));
  const start = BigInt(Math.floor(performance.timeOrigin)) * 1_000_000n;
  for (const { id, tree } of installed.values()) {
    if (tree === undefined || tree.changed <= start) continue;
    for (const [file, state] of tree.states) if (!noted.has(file) && changedAt(state) > start) return changed(id);
  }
  if (loads.count > 0) return undefined;
  for (const [folder, { id }] of installed) {
    if ([folder, ...resolver.waysTo(folder)].some((path) => isYoung(lstatSync(path, { throwIfNoEntry: false })))) return changed(id);
  }
  return undefined;
}

/** The later of the two times in a file's state, in nanoseconds. */
function changedAt(state: string): bigint {
  const [, modified = "0", changedAt = "0"] = state.split(" ");
  return BigInt(modified) > BigInt(changedAt) ? BigInt(modified) : BigInt(changedAt);
}

function changed(id: string): UncachedReason {
  return { rule: "changed-after-load", message: `the package ${id} was changed while this process was using it: what ran may not be what is there now`, fix: "run again when nobody installs packages, in a new process" };
}

