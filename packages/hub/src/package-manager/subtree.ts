import { createHash } from "node:crypto";
import { MlstackError } from "@mlstack/core/errors";
import type { Installed } from "./installed.ts";
import type { Lock, LockNode } from "./locks/lock.ts";
import type { LockedEdge, LockedPackage, Subtree } from "./types.ts";

/** Whose subtree is read, and from where. */
export interface SubtreeSource {
  readonly lock: Lock;
  /** For messages. */
  readonly lockFile: string;
  /** What brings the lock up to date, for messages. */
  readonly remake: string;
  /** Looks at what is installed, for what the lock does not say. */
  readonly installed: Installed;
}

interface Visit { readonly id: string; readonly node: LockNode; readonly folder: string | undefined }

/** The subtree of the project's dependency `name`. @throws MLS8307, MLS8308 */
export function subtreeOf(name: string, source: SubtreeSource): Subtree {
  const { lock, installed } = source;
  const visits = new Map<string, Visit>();
  const visit = (key: string, folder: string | undefined): Visit => {
    const before = visits.get(key);
    if (before !== undefined) return before;
    const node = lock.node(key);
    const made = { id: idOf(node, folder, source), node, folder };
    visits.set(key, made);
    return made;
  };
  const key = lock.direct(name);
  if (key === undefined) throw notInLock(name, source);
  const root = visit(key, installed.dependencyOf(undefined, name));
  const edges = new Map<string, LockedEdge>();
  // a Map hands out what is added while it is walked
  for (const { id: from, node, folder } of visits.values()) {
    for (const [as, { key: target, optional }] of node.dependencies) {
      // an optional package that could not be had is left out by all managers
      if (target === undefined && optional) continue;
      if (target === undefined) throw notInLock(as, source, from);
      const to = visit(target, installed.dependencyOf(folder, as)).id;
      edges.set(`${from}\n${as}\n${to}`, { from, as, to });
    }
  }
  const packages = new Map<string, LockedPackage>();
  for (const { id, node, folder } of visits.values()) {
    const { name, version, integrity, workspace } = node;
    const own = version ?? (workspace ? undefined : id.slice(name.length + 1));
    const installScript = node.installScript ?? packages.get(id)?.installScript ?? installed.installScript(folder, name, own);
    packages.set(id, { id, name, version: own, integrity: integrity ?? packages.get(id)?.integrity, installScript });
  }
  const sorted = {
    packages: [...packages.values()].sort((a, b) => order(a.id, b.id)),
    edges: [...edges.values()].sort((a, b) => order(a.from, b.from) || order(a.as, b.as) || order(a.to, b.to)),
  };
  return { root: root.id, ...sorted, digest: createHash("sha256").update(normalForm(sorted)).digest("hex") };
}

/**
 * A tree as text: a line per package, and below it a line with two blanks for each of its dependencies, by the name that it has for it and its id;
 * all in the order of their UTF-16 code units, after a line that says which form this is.
 */
export function normalForm({ packages, edges }: Pick<Subtree, "packages" | "edges">): string {
  const lines = packages.flatMap(({ id }) => [id, ...edges.filter(({ from }) => from === id).map(({ as, to }) => `  ${as} ${to}`)]);
  return ["mlstack tree 1", ...lines, ""].join("\n");
}

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function idOf({ name, version, workspace }: LockNode, folder: string | undefined, { installed, lockFile, remake }: SubtreeSource): string {
  if (workspace) return `${name}@workspace`;
  const known = version ?? installed.version(folder, name);
  if (known !== undefined) return `${name}@${known}`;
  throw new MlstackError("MLS8308", `${lockFile} does not say which version of ${name} it means`, {
    why: "it is no version of a registry, and not installed", fix: remake, details: { package: name, lock: lockFile },
  });
}

function notInLock(name: string, { lockFile, remake }: SubtreeSource, from?: string): MlstackError {
  return new MlstackError("MLS8308", `${lockFile} has no ${name}${from === undefined ? "" : `, which ${from} depends on`}`, {
    why: "the versions that a plugin depends on are read from the package manager's lock", fix: remake, details: { package: name, lock: lockFile, ...(from !== undefined && { from }) },
  });
}
