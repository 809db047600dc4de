import { posix } from "node:path";
import { declared, fetchedPackage, isLoose, loose, own, splitAt, text, unreadableLock, type Lock, type LockNode, type LockSource, type Loose } from "./lock.ts";
import { parseYaml } from "./yaml.ts";

/** The prefix of keys that are packages of the workspace; what follows is the folder from the root. */
const LINK = "link:";

/** `pnpm-lock.yaml` of version 9. A key is one of its snapshots, with the peers that it was resolved with: `left@1.4.0(host@3.0.0)`. */
export function readPnpmLock(source: LockSource): Lock {
  const lock = document(source);
  const version = String(lock["lockfileVersion"]);
  if (!/^9\.\d+$/.test(version)) throw unreadableLock(source.path, `a lock of version ${version}, and 9 is known here`, "pnpm install with pnpm 9 or newer", { found: version });
  const [importers, packages, snapshots] = ["importers", "packages", "snapshots"].map((part) => loose(lock[part])) as [Loose, Loose, Loose];

  /** A dependency's version as a key: `1.4.0(host@3.0.0)`, of an alias `right@2.1.0`, of a tarball `file:x.tgz`, of the workspace `link:../lib`. */
  function keyOf(name: string, resolved: unknown, folder: string): string | undefined {
    const found = text(resolved);
    if (found === undefined) return undefined;
    if (found.startsWith(LINK)) return `${LINK}${posix.join(folder, found.slice(LINK.length))}`;
    return Object.hasOwn(snapshots, found) ? found : `${name}@${found}`;
  }
  function importer(folder: string): Loose {
    return loose(own(importers, folder === "" ? "." : folder));
  }
  /** What a package of the workspace depends on; the lock mixes its peers in, so package.json says what counts. */
  function linked(folder: string): LockNode {
    const manifest = source.manifest(folder);
    const { dependencies, optionalDependencies } = importer(folder);
    const leadsTo = (name: string): string | undefined => keyOf(name, loose(own(loose(dependencies), name) ?? own(loose(optionalDependencies), name))["version"], folder);
    return { name: manifest.name ?? folder, version: undefined, integrity: undefined, installScript: undefined, workspace: true, dependencies: declared(manifest.dependencies, manifest.optionalDependencies, leadsTo) };
  }
  function node(key: string): LockNode {
    if (key.startsWith(LINK)) return linked(key.slice(LINK.length));
    const snapshot = own(snapshots, key);
    const id = key.slice(0, bracketsFrom(key));
    const info = loose(own(packages, id));
    const [name, version] = splitAt(id) ?? [id, ""];
    const resolution = loose(info["resolution"]);
    if (!isLoose(snapshot) || name === "") throw unreadableLock(source.path, `"${key}" is missing in it`, "pnpm install");
    const peers = loose(info["peerDependencies"]);
    const [dependencies, optional] = [loose(snapshot["dependencies"]), loose(snapshot["optionalDependencies"])];
    const all = declared(dependencies, optional, (dependency) => keyOf(dependency, own(optional, dependency) ?? own(dependencies, dependency), ""));
    for (const dependency of all.keys()) if (Object.hasOwn(peers, dependency)) all.delete(dependency);
    // a folder that is copied instead of linked: a package of the workspace
    const workspace = resolution["type"] === "directory";
    const known = text(info["version"]) ?? (/^\d/.test(version) ? version : undefined);
    return { name, version: workspace ? undefined : known, integrity: text(resolution["integrity"]), installScript: undefined, workspace, dependencies: all };
  }
  return {
    direct(name) {
      const all = importer(source.project);
      const found = ["dependencies", "optionalDependencies", "devDependencies"].map((kind) => own(loose(all[kind]), name)).find((entry) => entry !== undefined);
      return keyOf(name, loose(found)["version"], source.project);
    },
    node, asked: undefined,
    fetched: () => Object.entries(packages).flatMap(([id, info]) => {
      const [name, version] = splitAt(id) ?? [id, ""];
      const resolution = loose(loose(info)["resolution"]);
      if (resolution["type"] === "directory") return [];
      const ofRegistry = /^\d/.test(version);
      return fetchedPackage({ name, version: ofRegistry ? version : text(loose(info)["version"]), integrity: text(resolution["integrity"]), workspace: false }, text(resolution["tarball"]) ?? (ofRegistry ? undefined : version));
    }),
  };
}

/**
 * Where what stands in brackets begins: peers, the hash of a patch, or one hash for all of it where it would be too long. A path may have brackets of
 * its own, a version of a registry has none.
 */
function bracketsFrom(key: string): number {
  if (!key.endsWith(")")) return key.length;
  const version = key.indexOf("@", 1) + 1;
  const found = /^\d/.test(key.slice(version)) ? key.indexOf("(", version) : /\((?:patch_hash=|@|[^()@]+@|[0-9a-z]{20,}\)$)/.exec(key)?.index;
  return found ?? key.length;
}

/** The document that has the project's packages. From pnpm 11 on there may be one before it, of pnpm's own packages. */
function document(source: LockSource): Loose {
  const documents = parseYaml(source, "pnpm install").filter(isLoose);
  const found = documents.filter((each) => "importers" in each).at(-1) ?? documents.at(-1);
  if (found === undefined) throw unreadableLock(source.path, "it is no lock of pnpm", "restore it from version control, or remove it and run pnpm install");
  return found;
}
