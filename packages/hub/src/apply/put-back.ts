import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { MlstackError } from "@mlstack/core/errors";
import { bytesOf, replaceFile } from "../files/replace-file.ts";
import { readLock } from "../lock/lock.ts";
import type { PackageManager, RunOptions } from "../package-manager/types.ts";
import { drift } from "../verify/differences.ts";
import type { Generation } from "./generation.ts";

/**
 * npm refuses its own lock where that was made while an optional package of another platform was not published. The lock fits all the same; what was
 * compared here does not.
 */
const refusesItsOwn = ({ name }: PackageManager, { details }: MlstackError): boolean => name === "npm" && details?.["differing"] === undefined;

/**
 * Brings what is installed to files that were put back, and leaves those as they were put back, to the byte.
 *
 * @param before the manager's lock before they were put back. Where they have none, what is installed stays at the versions that this one names, less
 * what package.json does not name any more
 * @param unfit what is done where package.json (in a workspace, whosever) and the manager's lock differ: to take a change back means what was there before,
 * however it was
 * @param how over what is installed, or as if nothing were
 * @throws what the package manager throws; MLS8207 where an integration depends on other versions afterwards than were pinned
 */
export async function installPutBack(manager: PackageManager, run: RunOptions, before: Buffer | undefined, unfit: "refused" | "installed", how: "anew" | "over" = "anew"): Promise<void> {
  const anew = how === "anew" ? "all" : undefined;
  const files = new Map(manager.files.map((path) => [path, bytesOf(path)]));
  const lock = files.get(manager.lockFile);
  if (lock !== undefined) {
    try { await manager.install({ ...run, frozen: true, anew }); return; } catch (e) { if (!MlstackError.is(e, "MLS8302") || (unfit === "refused" && !refusesItsOwn(manager, e))) throw e; }
  } else if (before !== undefined) replaceFile(manager.lockFile, before);
  try {
    await manager.install({ ...run, frozen: false, anew });
    if (lock !== undefined) await checkTrees(manager);
  } finally {
    for (const [path, bytes] of files) {
      if (bytes !== undefined) replaceFile(path, bytes);
      // a workspace's lock is of its other packages, too, which may have come to it since
      else if (path !== manager.lockFile || before === undefined || manager.projectDir === manager.rootDir) rmSync(path, { force: true });
    }
  }
}

/** What was installed is what was pinned, though not by a frozen installation. */
async function checkTrees(manager: PackageManager): Promise<void> {
  for (const [name, { tree }] of Object.entries((await readLock(manager.projectDir))?.plugins ?? {})) {
    if (tree === undefined) continue;
    const found = `sha256:${(await manager.subtree(name)).digest}`;
    if (found !== tree) throw drift(name, `${name} depends on other versions than mlstack.lock has`, "the package manager's lock does not fit package.json, and what it has installed in its place is something else", { found, locked: tree });
  }
}

/** Where packages are installed. */
export const modulesOf = ({ projectDir }: Pick<PackageManager, "projectDir">): string => join(projectDir, "node_modules");

/** Where nothing was installed before, and no package is now, what the manager has noted for itself goes, too. What is a workspace's may be of others. */
export function clearModules(manager: Pick<PackageManager, "projectDir" | "rootDir">, to: Pick<Generation, "modules">): void {
  const dir = modulesOf(manager);
  const isPackage = (name: string): boolean => !name.startsWith(".") && (!name.startsWith("@") || readdirSync(join(dir, name)).length > 0);
  if (!to.modules && manager.projectDir === manager.rootDir && existsSync(dir) && !readdirSync(dir).some(isPackage)) rmSync(dir, { recursive: true, force: true });
}
