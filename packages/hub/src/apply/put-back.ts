import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { MlstackError } from "@mlstack/core/errors";
import { readLock } from "../lock/lock.ts";
import type { PackageManager, RunOptions } from "../package-manager/types.ts";
import { drift } from "../verify/differences.ts";
import { replaceFile, type Generation } from "./generation.ts";

/**
 * Brings what is installed to files that were put back, and leaves those as they were put back, to the byte.
 *
 * @param before the manager's lock before they were put back. Where they have none, what is installed stays at the versions that this one names, less
 * what package.json does not name any more
 * @throws what the package manager throws; MLS8207 where an integration depends on other versions afterwards than were pinned
 */
export async function installPutBack(manager: PackageManager, run: RunOptions, before: Buffer | undefined): Promise<void> {
  const files = new Map(manager.files.map((path) => [path, bytesOf(path)]));
  const lock = files.get(manager.lockFile);
  if (lock !== undefined) {
    try { await manager.install({ ...run, frozen: true }); return; } catch (e) { if (!MlstackError.is(e, "MLS8302")) throw e; }
  } else if (before !== undefined) replaceFile(manager.lockFile, before);
  // npm refuses its own lock where that was made while an optional package of another platform was not published: it fits, all the same
  try {
    await manager.install({ ...run, frozen: false });
    if (lock !== undefined) await checkTrees(manager);
  } finally {
    for (const [path, bytes] of files) if (bytes === undefined) rmSync(path, { force: true }); else replaceFile(path, bytes);
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

export function bytesOf(path: string): Buffer | undefined {
  try { return readFileSync(path); } catch (e) { if ((e as { code?: string }).code === "ENOENT") return undefined; throw e; }
}
