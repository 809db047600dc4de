import { declared, everythingAsked, fetchedPackage, isLoose, loose, own, splitAt, text, unreadableLock, type Lock, type LockNode, type LockSource, type Loose } from "./lock.ts";
import { parseYaml } from "./yaml.ts";

const VERSIONS = ["0", "1", "2"];

/**
 * `bun.lock`. A key is a path of names in it: `left`, or `left/right` for the one that only `left` sees. An entry is
 * [name@version, registry, { dependencies … }, integrity]; a tarball has no registry and no version, a package of the workspace nothing but its place.
 */
export function readBunLock(source: LockSource): Lock {
  // JSON with commas before closing brackets, which YAML has, too
  const lock = loose(parseYaml(source, "bun install", false)[0]);
  const version = String(lock["lockfileVersion"]);
  if (!VERSIONS.includes(version)) throw unreadableLock(source.path, `a lock of version ${version}, and ${VERSIONS.join(", ")} are known here`, "update mlstack, or write the lock with an older bun", { found: version });
  const [packages, workspaces] = [loose(lock["packages"]), loose(lock["workspaces"])];

  /** In the package itself, then in those around it. */
  function lookUp(path: readonly string[], name: string): string | undefined {
    for (let length = path.length; length >= 0; length--) {
      const key = [...path.slice(0, length), name].join("/");
      if (Array.isArray(own(packages, key))) return key;
    }
    return undefined;
  }
  function node(key: string): LockNode {
    const entry = own(packages, key);
    const parts = Array.isArray(entry) ? (entry as readonly unknown[]) : [];
    const [name, resolved] = splitAt(text(parts[0]) ?? "") ?? ["", ""];
    if (name === "") throw unreadableLock(source.path, `"${key}" is missing in it`, "bun install");
    const workspace = resolved.startsWith("workspace:");
    const info: Loose = workspace ? loose(own(workspaces, resolved.slice("workspace:".length))) : loose(parts.find(isLoose));
    const path = namesOf(key);
    const known = info["hasInstallScript"];
    return {
      name, version: /^\d/.test(resolved) ? resolved : undefined, integrity: parts.map(text).find((part) => part !== undefined && /^sha\d+-/.test(part)),
      // bun writes it from version 2 on
      installScript: known === true ? true : version === "2" && /^\d/.test(resolved) ? false : undefined, workspace,
      dependencies: declared(info["dependencies"], info["optionalDependencies"], (each) => lookUp(path, each)),
    };
  }
  return {
    direct(name) {
      const project = text(loose(own(workspaces, source.project))["name"]);
      return lookUp(source.project === "" || project === undefined ? [] : [project], name);
    },
    node, asked: everythingAsked(loose(own(workspaces, source.project))),
    fetched: () => Object.entries(packages).flatMap(([key, entry]) => {
      const found = node(key);
      const [resolved = "", place] = Array.isArray(entry) ? (entry as readonly unknown[]).map(text) : [];
      const from = splitAt(resolved)?.[1] ?? "";
      return fetchedPackage(found, found.version === undefined ? from : place === "" ? undefined : place);
    }),
  };
}

/** `left/@acme/right` as the names that it is made of. */
function namesOf(key: string): string[] {
  return key.match(/(?:@[^/]+\/)?[^/]+/g) ?? [];
}
