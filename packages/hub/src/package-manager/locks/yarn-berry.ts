import { parseResolution } from "@yarnpkg/parsers";
import { declared, fetchedPackage, loose, own, splitAt, text, unreadableLock, type Dependency, type Lock, type LockNode, type LockSource, type Loose } from "./lock.ts";
import { byDescriptor, parseYarnLock } from "./yarn.ts";

/** What yarn itself adds to packages that are built with it; their authors have not asked for it, and no other manager installs it. */
const ADDED = { name: "node-gyp", ranges: ["latest", "npm:latest"] };

interface Override { readonly parent: string | undefined; readonly name: string; readonly range: string | undefined; readonly to: string }

/** `yarn.lock` of yarn 2 and newer. A key is a descriptor: `left@npm:^1.0.0`. Its checksums are of yarn's own archives, so no integrity is known. */
export function readYarnBerryLock(source: LockSource): Lock {
  const entries = byDescriptor(parseYarnLock(source));
  const overrides = overridesOf(source);

  /** Before yarn 4 ranges of dependencies lack the protocol that keys have; what lies in a folder has its place behind `::`. */
  function find(name: string, range: string): string | undefined {
    for (const key of [`${name}@${range}`, `${name}@npm:${range}`]) if (entries.has(key)) return key;
    return [...entries.keys()].find((key) => key.startsWith(`${name}@${range}::`));
  }
  function keyOf(parent: string, name: string, range: string): string | undefined {
    const plain = (given: string): string => given.replace(/^npm:/, "");
    const override = overrides.find((each) => each.name === name && (each.parent === undefined || each.parent === parent) && (each.range === undefined || plain(each.range) === plain(range)));
    return (override === undefined ? undefined : find(name, override.to)) ?? find(name, range);
  }
  function node(key: string): LockNode {
    const entry = entries.get(key);
    const [name, resolved] = splitAt(text(entry?.["resolution"]) ?? "") ?? ["", ""];
    if (entry === undefined || name === "") throw unreadableLock(source.path, `"${key}" is missing in it`, "yarn install");
    const workspace = resolved.startsWith("workspace:");
    return {
      name, version: workspace ? undefined : text(entry["version"]), integrity: undefined, installScript: undefined, workspace,
      dependencies: workspace ? ofWorkspace(name, entry, resolved.slice("workspace:".length)) : ofPackage(name, entry),
    };
  }
  function ofPackage(parent: string, entry: Loose): Map<string, Dependency> {
    const [ranges, meta] = [loose(entry["dependencies"]), loose(entry["dependenciesMeta"])];
    const optional = Object.fromEntries(Object.entries(ranges).filter(([name]) => String(loose(own(meta, name))["optional"]) === "true"));
    const all = declared(ranges, optional, (name) => keyOf(parent, name, text(own(ranges, name)) ?? ""));
    if (ADDED.ranges.includes(text(own(ranges, ADDED.name)) ?? "")) all.delete(ADDED.name);
    return all;
  }
  /** The lock mixes its development dependencies in, so package.json says what counts. */
  function ofWorkspace(parent: string, entry: Loose, folder: string): Map<string, Dependency> {
    const { dependencies, optionalDependencies } = source.manifest(folder === "." ? "" : folder);
    const ranges = loose(entry["dependencies"]);
    return declared(dependencies, optionalDependencies, (name) => keyOf(parent, name, text(own(ranges, name)) ?? ""));
  }
  return {
    direct(name) {
      const place = `workspace:${source.project === "" ? "." : source.project}`;
      const project = [...entries.values()].find((entry) => splitAt(text(entry["resolution"]) ?? "")?.[1] === place);
      const range = text(own(loose(project?.["dependencies"]), name));
      return range === undefined ? undefined : keyOf(splitAt(text(project?.["resolution"]) ?? "")?.[0] ?? "", name, range);
    },
    node, asked: undefined,
    fetched: () => [...new Set(entries.values())].flatMap((entry) => {
      const [name, resolved] = splitAt(text(entry["resolution"]) ?? "") ?? ["", ""];
      // a patch is made here, of a package that has an entry of its own
      if (/^(?:workspace|patch|link|portal):/.test(resolved)) return [];
      const [, archive] = /::.*__archiveUrl=([^&]+)/.exec(resolved) ?? [];
      return fetchedPackage({ name, version: text(entry["version"]), integrity: undefined, workspace: false }, archive === undefined ? (resolved.startsWith("npm:") ? undefined : resolved) : decodeURIComponent(archive));
    }),
  };
}

/** The root's `resolutions`: yarn keeps no trace of the descriptors that they replace. */
function overridesOf(source: LockSource): readonly Override[] {
  return Object.entries(source.manifest("").resolutions).flatMap(([pattern, to]) => {
    try {
      const { from, descriptor } = parseResolution(pattern);
      return [{ parent: from?.fullName, name: descriptor.fullName, range: descriptor.description, to }];
    } catch { return []; } // yarn itself refuses it
  });
}
