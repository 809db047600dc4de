import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { PluginPackage } from "@mlstack/core";
import { MlstackError } from "@mlstack/core/errors";
import lt from "semver/functions/lt.js";
import valid from "semver/functions/valid.js";
import type { Lock, LockedPlugin } from "../lock/lock.ts";
import { filesDigest, folderDigest, type FileDigests } from "../tarball/files-digest.ts";
import { packageOf } from "../tarball/package-json.ts";
import { contradiction, drift } from "./differences.ts";

/** An integration, and what is wrong with it. */
export interface Finding {
  readonly name: string;
  /** MLS8204, MLS8207 or MLS8208; undefined where all is well. */
  readonly problem: MlstackError | undefined;
}

/**
 * Compares all integrations of a project with its lock, every byte of them; what they depend on is not looked at.
 *
 * @param installed what the project has, built-in ones left aside
 * @returns sorted by name; those that are only in one of both are in it
 */
export async function verifyProject(lock: Lock, installed: readonly PluginPackage[]): Promise<readonly Finding[]> {
  const packages = new Map(installed.filter(({ source }) => source !== "built-in").map((pkg) => [pkg.name, pkg]));
  const names = [...new Set([...Object.keys(lock.plugins), ...packages.keys()])].toSorted();
  return Promise.all(names.map(async (name) => ({ name, problem: await verifyInstalled(name, lock.plugins[name], packages.get(name)) })));
}

/**
 * @param locked undefined where the lock does not have it
 * @param pkg undefined where it is not installed
 * @param expected where the files of its tarball are at hand: then messages name those that differ
 * @returns MLS8204 its files were changed, or it is a link; MLS8207 it is another version, or only in one of both; MLS8208 its files are right
 * and the lock says something else of them
 */
export async function verifyInstalled(name: string, locked: LockedPlugin | undefined, pkg: PluginPackage | undefined, expected?: FileDigests): Promise<MlstackError | undefined> {
  const early = placeProblem(name, locked, pkg);
  if (early !== undefined || locked === undefined || pkg === undefined) return early;
  const json = packageOf(await readFile(join(pkg.dir, "package.json"), "utf8"), `${name} in ${pkg.dir}`);
  if (json.version !== locked.version) return otherVersion(name, locked.version, json.version);
  if (locked.source === "workspace") {
    const moved = contradiction(name, locked, json);
    return moved === undefined ? undefined : drift(name, `the manifest of ${name} in ${pkg.dir} is not the one in mlstack.lock`, "its source has changed since it was pinned", { dir: pkg.dir });
  }
  let found: FileDigests;
  try { found = await folderDigest(pkg.dir); } catch (e) {
    if (MlstackError.is(e, "MLS8204")) return e;
    throw e;
  }
  return filesDigest(found) === locked.files ? contradiction(name, locked, json) : changed(name, locked, pkg.dir, expected === undefined ? [] : differing(found, expected));
}

/** Where it lies, and whether it may lie there. */
export function placeProblem(name: string, locked: LockedPlugin | undefined, pkg: PluginPackage | undefined): MlstackError | undefined {
  if (locked === undefined) return pkg === undefined ? undefined : drift(name, `${name}@${pkg.version} is installed, and not in mlstack.lock`, "it was installed without mlstack, or its entry was taken away: nothing says which files it should have", { found: pkg.version, locked: null });
  if (pkg === undefined) return drift(name, `${name}@${locked.version} is in mlstack.lock, and not installed`, "it was removed without mlstack, or never installed here", { found: null, locked: locked.version });
  if (locked.source !== "workspace" && pkg.source === "linked") {
    return new MlstackError("MLS8204", `${name} is a link to ${pkg.dir}, mlstack.lock has it from a ${locked.source}`, {
      why: "what lies there is not what was pinned, whatever it is", fix: `install what is pinned: mlstack integration install; or pin the folder: mlstack integration install ${pkg.dir}`, details: { package: name, dir: pkg.dir },
    });
  }
  if (locked.source === "workspace" && pkg.source === "installed") return drift(name, `${name} lies in ${pkg.dir}, mlstack.lock has it as a folder of the project`, "a copy is not the folder: it would go by unseen when that changes", { dir: pkg.dir });
  return undefined;
}

function otherVersion(name: string, locked: string, found: string): MlstackError {
  const known = valid(locked) !== null && valid(found) !== null;
  const behind = !known ? "they are not the same" : lt(locked, found) ? "the lock names an older version: it was set back, or the integration was updated without mlstack" : "an older version is installed: it was set back, or the lock was updated elsewhere";
  return drift(name, `${name}@${found} is installed, mlstack.lock has ${locked}`, behind, { found, locked });
}

export function changed(name: string, locked: LockedPlugin, dir: string, files: readonly string[]): MlstackError {
  const named = files.length === 0 ? "" : `: ${files.slice(0, 5).join(", ")}${files.length > 5 ? ` and ${files.length - 5} more` : ""}`;
  return new MlstackError("MLS8204", `${name}@${locked.version} was changed on disk${named}`, {
    why: `the files in ${dir} are not those that mlstack.lock names. pnpm and bun link files into their store: then that was changed, for all projects`,
    fix: "install it again: mlstack integration install; where that changes nothing, clear the package manager's cache before", details: { package: name, version: locked.version, dir, files: [...files] },
  });
}

/** Paths that are in one of both only, or have another digest. */
function differing(found: FileDigests, expected: FileDigests): readonly string[] {
  return [...new Set([...found.keys(), ...expected.keys()])].filter((path) => found.get(path) !== expected.get(path)).toSorted();
}
