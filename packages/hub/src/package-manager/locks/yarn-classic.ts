import { declared, fetchedPackage, loose, own, splitAt, text, unreadableLock, type Lock, type LockNode, type LockSource } from "./lock.ts";
import { byDescriptor, parseYarnLock } from "./yarn.ts";

/** The prefix of keys that are packages of the workspace, which are not in the lock; what follows is the folder from the root. */
const WORKSPACE = "workspace:";

/** `yarn.lock` of yarn 1. A key is a descriptor: `left@^1.0.0`. It does not list the workspace's own packages, so they are read from the disk. */
export function readYarnClassicLock(source: LockSource): Lock {
  const entries = byDescriptor(parseYarnLock(source));

  /** `resolutions` need no thought: yarn lists the overridden descriptors with the entry that they lead to. */
  function keyOf(name: string, range: string): string | undefined {
    const key = `${name}@${range}`;
    if (entries.has(key)) return key;
    const member = source.member(name);
    return member === undefined ? undefined : `${WORKSPACE}${member}`;
  }
  function ofWorkspace(folder: string): LockNode {
    const { name, dependencies, optionalDependencies } = source.manifest(folder);
    const ranges = { ...dependencies, ...optionalDependencies };
    return { name: name ?? folder, version: undefined, integrity: undefined, installScript: undefined, workspace: true, dependencies: declared(dependencies, optionalDependencies, (each) => keyOf(each, ranges[each]!)) };
  }
  function node(key: string): LockNode {
    if (key.startsWith(WORKSPACE)) return ofWorkspace(key.slice(WORKSPACE.length));
    const entry = entries.get(key);
    if (entry === undefined) throw unreadableLock(source.path, `"${key}" is missing in it`, "yarn install");
    const ranges = { ...loose(entry["dependencies"]), ...loose(entry["optionalDependencies"]) };
    return {
      name: nameOf(key), version: text(entry["version"]), integrity: text(entry["integrity"]), installScript: undefined, workspace: false,
      dependencies: declared(entry["dependencies"], entry["optionalDependencies"], (each) => keyOf(each, text(ranges[each]) ?? "")),
    };
  }
  return {
    direct(name) {
      const { dependencies, devDependencies, optionalDependencies } = source.manifest(source.project);
      const range = [optionalDependencies, dependencies, devDependencies].map((ranges) => own(ranges, name)).find((found) => found !== undefined);
      return range === undefined ? undefined : keyOf(name, text(range) ?? "");
    },
    node, asked: undefined,
    fetched: () => [...entries].flatMap(([key, entry]) => fetchedPackage({ name: nameOf(key), version: text(entry["version"]), integrity: text(entry["integrity"]), workspace: false }, text(entry["resolved"]) ?? fromFile(key))),
  };
}

/** Of a tarball or folder the key alone says where it is. */
function fromFile(key: string): string | undefined {
  const range = splitAt(key)?.[1] ?? "";
  return /^(?:file:|\.{1,2}\/|\/)/.test(range) ? range : undefined;
}

/** The package's own name: an alias says it in its range, `other@npm:right@^2.0.0`. */
function nameOf(key: string): string {
  const [name, range] = splitAt(key) ?? [key, ""];
  return range.startsWith("npm:") ? (splitAt(range.slice("npm:".length))?.[0] ?? name) : name;
}
