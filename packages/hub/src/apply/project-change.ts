import { existsSync, lstatSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { PluginPackage } from "@mlstack/core";
import { MlstackError } from "@mlstack/core/errors";
import { nodePluginHost } from "@mlstack/core/node";
import { LOCK_FILE, lockText, readLock, type Lock } from "../lock/lock.ts";
import type { LockedPackage, PackageManager, RunOptions, Subtree } from "../package-manager/types.ts";
import type { PackageShelf } from "../registry/shelf.ts";
import { verifyProject } from "../verify/verify-installed.ts";
import { changePlugins, putFilesBack, recoverPlugins } from "./change.ts";
import { changeName, type ChangePlace, type Generation, type TouchedFiles } from "./generation.ts";
import { endLeftManager, forgetManager, noteManager } from "./manager-run.ts";
import { clearModules, installPutBack, modulesOf } from "./put-back.ts";

/** A project whose integrations are changed, and by what. */
export interface ProjectChange {
  readonly projectDir: string;
  /** Where its changes are kept: `ChangePlace.stateDir`, of the manager's root. */
  readonly stateDir: string;
  readonly manager: PackageManager;
  readonly offline: boolean;
  /** As `RunOptions.shelf`. */
  readonly shelf?: PackageShelf | undefined;
  /** As `RunOptions.registry`. */
  readonly registryUrl: string | undefined;
  readonly signal: AbortSignal;
  readonly output: (line: string) => void;
  readonly now: () => number;
  /** Told of an interrupted change that was taken back. */
  readonly recovered: (change: string) => void;
  /** Told that a change is going to be taken back: what is installed is made anew, which may take as long as an installation; without a network where that was not reached. */
  readonly takesBack?: ((change: string, isReached: boolean) => void) | undefined;
  /** As `ChangeOptions.left`. */
  readonly left?: ((problem: unknown) => void) | undefined;
}

export function touchedFiles({ stateDir, manager }: Pick<ProjectChange, "stateDir" | "manager">): TouchedFiles {
  const { rootDir, projectDir } = manager;
  const name = (path: string): string => relative(rootDir, path).replaceAll("\\", "/");
  return { stateDir, rootDir, project: name(projectDir) || ".", files: [...manager.files, join(projectDir, LOCK_FILE)].map(name), modulesDir: modulesOf(manager) };
}

/** How the manager is run, so that a later process finds it again should this one be killed. */
export function runOptions({ stateDir, offline, shelf, registryUrl, signal, output }: Pick<ProjectChange, "stateDir" | "offline" | "shelf" | "registryUrl" | "signal" | "output">): RunOptions {
  return { offline, shelf, registry: registryUrl, signal, output, started: (pid) => { noteManager(stateDir, pid); } };
}

/**
 * Changes a project by its package manager, whole or not at all.
 *
 * @throws as `changePlugins`
 */
export async function changeProject<T>(project: ProjectChange, change: string, work: (before: Generation) => Promise<T>): Promise<T> {
  // one that is not there has changed nothing, and would not be there to take it back either
  let isThere = true;
  let isReached = true;
  const again = async (to: Generation): Promise<void> => { if (isThere) await reinstall(project, to, isReached); };
  return changePlugins(touchedFiles(project), { change, now: project.now, recovered: project.recovered, left: project.left, reinstall: again, quiet: quietOf(project), signal: project.signal }, async (before) => {
    try { return await work(before); } catch (e) {
      isThere = !MlstackError.is(e, "MLS8301");
      isReached = !MlstackError.is(e, "MLS8101");
      throw e;
    } finally { forgetManager(project.stateDir); }
  });
}

/**
 * What forbids a change that was planned before the project was taken for it: another process may have changed it since, for instance while its user was
 * asked, and what that has pinned would be lost.
 *
 * @param known the lock that it was planned with
 * @returns MLS8502; what `readLock` throws
 */
export async function changedMeanwhile(projectDir: string, known: Lock | undefined): Promise<MlstackError | undefined> {
  let now: Lock | undefined;
  try { now = await readLock(projectDir); } catch (e) { if (MlstackError.is(e)) return e; throw e; }
  if (now === known || (now !== undefined && known !== undefined && lockText(now) === lockText(known))) return undefined;
  return changedSince();
}

/** MLS8502: what was planned is not of what is there now. */
export const changedSince = (): MlstackError => new MlstackError("MLS8502", "another process has changed the plugins of this project meanwhile", { why: "they are not what this was planned with; nothing was changed", fix: "do it again: it is planned anew then" });

/**
 * Puts back the files that a killed process has left half done, so that the project can be opened: package.json may be cut short. The rest is `recoverProject`'s.
 *
 * @throws as `putFilesBack`
 */
export async function recoverFiles(place: ChangePlace, signal: AbortSignal): Promise<void> {
  await putFilesBack(place, { quiet: quietOf(place), signal });
}

/** Takes back what a killed process has left half done, in whichever package of the workspace. */
export async function recoverProject(project: ProjectChange): Promise<void> {
  const taken = await recoverPlugins(touchedFiles(project), { reinstall: async (to) => reinstall(project, to), quiet: quietOf(project), signal: project.signal });
  if (taken !== undefined) project.recovered(taken);
}

const quietOf = ({ stateDir }: Pick<ProjectChange, "stateDir">) => async (): Promise<void> => { await endLeftManager(stateDir); };

/**
 * After files were put back. It must not be stopped by what has stopped the change.
 *
 * @param isReached whether a registry that is needed could answer: another one that does not would be waited for as long once more
 */
async function reinstall(project: ProjectChange, to: Generation, isReached = true): Promise<void> {
  project.takesBack?.(changeName(to), isReached);
  const manager = managerOf(project.manager, to.project);
  const run = runOptions({ ...project, offline: project.offline || !isReached, signal: new AbortController().signal });
  if (isReached || !await isBackOver(manager, run)) await installPutBack(manager, run, undefined, "installed");
  clearModules(manager, to);
  forgetManager(project.stateDir);
}

/**
 * Goes over what is installed, without a network and without fetching it anew. A manager that did not reach its registry has ended by itself, and has mostly
 * left all as it was.
 *
 * @returns whether that did: the integrations are what is pinned
 */
async function isBackOver(manager: PackageManager, run: RunOptions): Promise<boolean> {
  try { await installPutBack(manager, run, undefined, "installed", "over"); } catch { return false; }
  return (await changedOnDisk(manager.projectDir)).length === 0;
}

/** The manager in the package that a change was of; one whose folder is gone since has nothing to be looked at. */
function managerOf(manager: PackageManager, project: string): PackageManager {
  const folder = join(manager.rootDir, project);
  return folder === manager.projectDir || !existsSync(folder) ? manager : manager.inPackage(folder);
}

/**
 * Installs what package.json and the package manager's lock say. Integrations that are not what is pinned are made anew, for managers look at
 * versions, and not at files.
 *
 * @param frozen fails with MLS8302 where they differ, and has changed nothing then
 * @returns the names of integrations that were changed on disk
 */
export async function installProject(project: ProjectChange, frozen: boolean): Promise<readonly string[]> {
  const changed = await changedOnDisk(project.projectDir);
  const anew = changed.map(({ name, dir }) => folderIn(project.projectDir, name) ?? dir);
  const refusal = await changeProject(project, "install what the project declares", async () => {
    // files that do not fit each other can't be installed to take it back either: it would stay pending, and undo what its user mends
    try { await project.manager.install({ ...runOptions(project), frozen, anew }); return undefined; } catch (e) { if (MlstackError.is(e, "MLS8302")) return e; throw e; }
  });
  if (refusal !== undefined) throw refusal;
  return changed.map(({ name }) => name);
}

/** Integrations whose files, or whose place, are not what is pinned. */
async function changedOnDisk(projectDir: string): Promise<readonly PluginPackage[]> {
  const [lock, installed] = await Promise.all([readLock(projectDir), installedPlugins(projectDir)]);
  if (lock === undefined) return [];
  const pinned = installed.filter(({ name, source }) => source !== "built-in" && lock.plugins[name] !== undefined && lock.plugins[name].source !== "workspace");
  const changed = new Set((await verifyProject(lock, pinned)).filter(({ problem }) => problem?.code === "MLS8204").map(({ name }) => name));
  return pinned.filter(({ name }) => changed.has(name));
}

/** Where a package is found from a folder, by its name: it may be a link. */
function folderIn(from: string, name: string): string | undefined {
  const place = join(from, "node_modules", name);
  if (lstatSync(place, { throwIfNoEntry: false }) !== undefined) return place;
  return dirname(from) === from ? undefined : folderIn(dirname(from), name);
}

/** The project's integrations as they lie on disk now, built-in ones left aside. */
export async function installedPlugins(projectDir: string): Promise<readonly PluginPackage[]> {
  return nodePluginHost({ projectDir }).packages();
}

/**
 * Packages with an install script among what integrations depend on, themselves included. By id.
 *
 * @param options.absent passes over what the package manager's lock does not have
 * @throws MLS8307, MLS8308
 */
export async function scriptedBelow(manager: PackageManager, names: readonly string[], { absent = false }: { readonly absent?: boolean } = {}): Promise<readonly LockedPackage[]> {
  const trees = await Promise.all(names.map(async (name) => {
    try { return await manager.subtree(name); } catch (e) {
      if (absent && MlstackError.is(e, "MLS8308")) return { packages: [] };
      throw e;
    }
  }));
  return scriptedIn(trees);
}

/** Packages with an install script in some trees. By id. */
export function scriptedIn(trees: readonly Pick<Subtree, "packages">[]): readonly LockedPackage[] {
  const all = new Map(trees.flatMap(({ packages }) => packages.filter(({ installScript }) => installScript === true).map((pkg) => [pkg.id, pkg] as const)));
  return [...all.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** The lock with the trees that the package manager's lock has now: adding one integration may move what another one depends on. */
export async function withTrees(lock: Lock, manager: PackageManager): Promise<Lock> {
  const entries = await Promise.all(Object.entries(lock.plugins).map(async ([name, entry]) => [name, { ...entry, tree: `sha256:${(await manager.subtree(name)).digest}` as const }] as const));
  return { plugins: Object.fromEntries(entries) };
}
