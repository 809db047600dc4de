import type { FetchedPackage } from "../types.ts";
import { declared, everythingAsked, fetchedPackage, isLoose, loose, own, text, unreadableLock, type Lock, type LockNode, type LockSource, type Loose } from "./lock.ts";

/** `package-lock.json` and `npm-shrinkwrap.json` of version 2 and 3. A key is a path in it: `node_modules/a/node_modules/b`, `packages/lib`. */
export function readNpmLock(source: LockSource): Lock {
  const lock = parse(source);
  const version = lock["lockfileVersion"];
  if (version !== 2 && version !== 3) {
    throw unreadableLock(source.path, `a lock of version ${String(version)}, and 2 and 3 are known here`, "npm install --lockfile-version 3", { found: String(version) });
  }
  const packages = loose(lock["packages"]);
  const entry = (path: string): Loose | undefined => { const found = own(packages, path); return isLoose(found) ? found : undefined; };

  /** As Node looks for it: in the package's own node_modules, then in those of the folders above it. */
  function lookUp(path: string, name: string): string | undefined {
    for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf("/")))) {
      const candidate = `${at === "" ? "" : `${at}/`}node_modules/${name}`;
      const found = entry(candidate);
      if (found !== undefined) return found["link"] === true ? text(found["resolved"]) : candidate;
      if (at === "") return undefined;
    }
  }
  function node(path: string): LockNode {
    const found = entry(path);
    if (found === undefined) throw unreadableLock(source.path, `"${path}" is missing in it`, "npm install");
    const workspace = !path.startsWith("node_modules/") && !path.includes("/node_modules/");
    const bundled = new Set(Array.isArray(found["bundleDependencies"]) ? found["bundleDependencies"] : []);
    const dependencies = declared(found["dependencies"], found["optionalDependencies"], (name) => lookUp(path, name));
    for (const name of dependencies.keys()) if (bundled.has(name)) dependencies.delete(name);
    return {
      name: text(found["name"]) ?? (workspace ? source.manifest(path).name : undefined) ?? path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length),
      version: text(found["version"]), integrity: text(found["integrity"]), installScript: found["hasInstallScript"] === true, workspace, dependencies,
    };
  }
  function fetched(): readonly FetchedPackage[] {
    return Object.keys(packages).filter((path) => /(?:^|\/)node_modules\//.test(path)).flatMap((path) => {
      const found = entry(path);
      return found === undefined || found["link"] === true || found["inBundle"] === true ? [] : fetchedPackage(node(path), text(found["resolved"]));
    });
  }
  return { fetched, direct: (name) => lookUp(source.project, name), node, asked: everythingAsked(loose(entry(source.project))), hasProject: source.project === "" || entry(source.project) !== undefined };
}

function parse({ text: content, path }: LockSource): Loose {
  try {
    const json: unknown = JSON.parse(content);
    if (isLoose(json)) return json;
  } catch (e) {
    throw unreadableLock(path, `it is not JSON (${(e as Error).message})`, "restore it from version control, or remove it and run npm install");
  }
  throw unreadableLock(path, "it is no lock of npm", "restore it from version control, or remove it and run npm install");
}
