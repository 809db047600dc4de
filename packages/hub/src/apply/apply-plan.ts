import { existsSync } from "node:fs";
import type { PluginPackage } from "@mlstack/core";
import { MlstackError } from "@mlstack/core/errors";
import { lockEntry } from "../lock/lock-entry.ts";
import { writeLock, type Lock, type LockedPlugin } from "../lock/lock.ts";
import type { LockedPackage } from "../package-manager/types.ts";
import { changeText, versionOf, type ChangePlan, type PluginChange, type Target } from "../plan/change-plan.ts";
import type { Registry } from "../registry/registry.ts";
import { checkTarball, type CheckedTarball } from "../tarball/check-tarball.ts";
import { verifyInstalled, verifyProject } from "../verify/verify-installed.ts";
import { pinnedProblem } from "../verify/verify-registry.ts";
import { pinInstalled } from "./pin.ts";
import { namesIn, scriptsOfPeers } from "./scripts-of-peers.ts";
import { secondCore } from "./second-core.ts";
import { changedMeanwhile, changeProject, installedPlugins, runOptions, scriptedBelow, scriptedIn, withTrees, type ProjectChange } from "./project-change.ts";

export interface ApplyOptions extends ProjectChange {
  readonly registry: Registry;
  /** Told that all tarballs are fetched and checked, and the package manager begins. */
  readonly fetched?: (() => void) | undefined;
  /** Whether versions were let in that are too new by the project's rules: then the manager's own default does not hold either. */
  readonly fresh: boolean;
  /**
   * Asked where packages with an install script came along that no integration of the project has depended on before. None has run. What it throws
   * takes the change back.
   */
  readonly confirmScripts: (packages: readonly LockedPackage[]) => Promise<void>;
}

/** What was done. */
export interface Applied {
  readonly before: Lock;
  readonly after: Lock;
  /** Packages with an install script that came along. */
  readonly scripts: readonly LockedPackage[];
}

/**
 * Does what a plan says, whole or not at all. Tarballs are fetched and checked before anything is touched; what the package manager has unpacked is
 * compared with them byte by byte; mlstack.lock is written last.
 *
 * @throws MLS8201, MLS8202, MLS8203 for a tarball, MLS8201 also where it is not the one that was pinned under that version; MLS8208 it is, and the lock
 * contradicts it; what the package manager throws; MLS8204 it has unpacked something else; MLS8207 it has
 * installed another version; MLS2004 something brings a core along that its integration does not work with; MLS8502 another process is at work, or has changed the
 * project since it was planned
 */
export async function applyPlan(plan: ChangePlan, options: ApplyOptions): Promise<Applied> {
  const { manager, registry, projectDir } = options;
  const wanted = plan.changes.filter(({ target }) => target !== undefined);
  const before = plan.lock ?? { plugins: {} };
  const tarballs = new Map<string, CheckedTarball>();
  for (const change of wanted) if (change.target!.source !== "workspace") tarballs.set(change.name, await tarballOf(change, registry));
  options.fetched?.();

  const done = await changeProject(options, changeText(plan), async (): Promise<Applied | MlstackError> => {
    // nothing is to be taken back then
    const stale = await changedMeanwhile(projectDir, plan.lock);
    if (stale !== undefined) return stale;
    const run = runOptions(options);
    const scriptsBefore = new Set(existsSync(manager.lockFile) ? (await scriptedBelow(manager, Object.keys(before.plugins), { absent: true })).map(({ id }) => id) : []);
    const known = await namesIn(manager);
    const present = new Set((await installedPlugins(projectDir)).map(({ name }) => name));
    // what is there under the very version is not unpacked again, whatever has become of it; nor is it linked
    await manager.remove(plan.changes.filter((change) => change.target === undefined || ((isAgain(change) || becomesFolder(change)) && present.has(change.name))).map(({ name }) => name), run);
    await manager.add(wanted.map(({ name, target }) => ({ name, spec: specOf(target!) })), { ...run, fresh: options.fresh });

    const installed = await installedPlugins(projectDir);
    const entries = new Map<string, LockedPlugin>();
    for (const change of wanted) {
      const [tarball, pkg] = [tarballs.get(change.name), installed.find(({ name }) => name === change.name)];
      const entry = entryOf(change, tarball);
      const problem = await verifyInstalled(change.name, entry, pkg, tarball?.files) ?? otherFolder(change, pkg);
      if (problem !== undefined) throw notAsPlanned(problem, change, pkg?.source === "linked");
      entries.set(change.name, entry);
    }
    const rest = await restOf(plan, installed, options);
    const after = await withTrees({ plugins: { ...rest.plugins, ...Object.fromEntries(entries) } }, manager);
    const trees = await Promise.all(wanted.map(async ({ name, target }) => ({ name, core: target!.manifest.core, tree: await manager.subtree(name) })));
    for (const { name, core, tree } of trees) {
      const problem = secondCore(name, core, tree);
      if (problem !== undefined) throw problem;
    }
    const ofPeers = wanted.flatMap(({ name }) => scriptsOfPeers(projectDir, installed.find((pkg) => pkg.name === name)!.dir, known));
    const scripts = scriptedIn([...trees.map(({ tree }) => tree), { packages: ofPeers }]).filter(({ id }) => !scriptsBefore.has(id));
    if (scripts.length > 0) await options.confirmScripts(scripts);
    await writeLock(projectDir, after);
    return { before, after, scripts };
  });
  if (MlstackError.is(done)) throw done;
  return done;
}

/**
 * The lock of what the plan does not touch. Where there was a lock, that holds, and what does not fit it is not pinned by the way; where there was none,
 * everything is pinned, for it would be refused from now on.
 */
async function restOf(plan: ChangePlan, installed: readonly PluginPackage[], { projectDir, registry }: ApplyOptions): Promise<Lock> {
  const touched = new Set(plan.changes.map(({ name }) => name));
  const others = installed.filter(({ name }) => !touched.has(name));
  if (plan.lock === undefined) return pinInstalled(projectDir, others, { plugins: {} }, registry);
  const rest: Lock = { plugins: Object.fromEntries(Object.entries(plan.lock.plugins).filter(([name]) => !touched.has(name))) };
  const finding = (await verifyProject(rest, others.filter(({ name }) => rest.plugins[name] !== undefined))).find(({ problem }) => problem !== undefined);
  if (finding?.problem !== undefined) throw finding.problem;
  return rest;
}

async function tarballOf(change: PluginChange, registry: Registry): Promise<CheckedTarball> {
  const { name, target, before } = change;
  if (target!.source !== "registry") return (target as Extract<Target, { source: "tarball" }>).tarball;
  const found = await checkTarball(await registry.tarball(target!.version), `${name}@${target!.version.version}`, target!.version);
  const problem = isAgain(change) ? pinnedProblem(name, before!, found) : undefined;
  if (problem !== undefined) throw problem;
  return found;
}

/** Whether it is what was pinned from a registry, once more. */
function isAgain({ before, target }: PluginChange): boolean {
  return before?.source === "registry" && target?.source === "registry" && before.version === versionOf(target);
}

function becomesFolder({ before, target }: PluginChange): boolean {
  return target?.source === "workspace" && before?.source !== "workspace";
}

/** As the package manager's `add` takes it. */
function specOf(target: Target): string {
  return target.source === "registry" ? versionOf(target) : target.source === "tarball" ? `file:${target.path}` : `workspace:${versionOf(target)}`;
}

/** Two folders may say that they are the same package. */
function otherFolder({ name, target }: PluginChange, pkg: PluginPackage | undefined): MlstackError | undefined {
  if (target?.source !== "workspace" || pkg?.dir === target.path) return undefined;
  return new MlstackError("MLS8207", `${name} leads to ${pkg?.dir ?? "nothing"}, and ${target.path} was asked for`, { fix: "give one of both another name", details: { package: name } });
}

function entryOf(change: PluginChange, checked: CheckedTarball | undefined): LockedPlugin {
  const { target, exceptions, before } = change;
  if (target!.source === "workspace") return lockEntry({ package: target!.package, source: "workspace", trust: { provenance: false, ...(target!.override && { override: "accepted" as const }) } });
  const tarball = checked!;
  // nothing new was agreed to
  if (isAgain(change)) return lockEntry({ package: tarball.package, source: "registry", tarball, trust: before!.trust });
  const provenance = target!.source === "registry" && target!.version.provenance;
  return lockEntry({
    package: tarball.package, source: target!.source, tarball,
    trust: { provenance, ...(exceptions.includes("cooldown") && { cooldown: "excepted" as const }), ...(exceptions.includes("lostProvenance") && { lostProvenance: "accepted" as const }) },
  });
}

/** The project is as it was before: nothing is to be installed again, as the finding itself would say. */
function notAsPlanned(problem: MlstackError, { name, target }: PluginChange, isLinked: boolean): MlstackError {
  const more = { cause: problem, ...(problem.details !== undefined && { details: problem.details }) };
  if (target!.source === "workspace") return new MlstackError(problem.code, `the package manager has not linked the folder: ${problem.message}`, { ...more, why: "the change was taken back", fix: "look whether another folder of the workspace has the same name" });
  if (isLinked) return new MlstackError(problem.code, `the package manager takes a folder of the workspace for ${name}, not the package that was checked`, { ...more, why: `${problem.message}; the change was taken back`, fix: "take the folder out of the workspace, or install it: mlstack integration install FOLDER" });
  return new MlstackError(problem.code, `the package manager has installed something else than was checked: ${problem.message}`, {
    why: "its cache, its registry or its settings (overrides, patches) gave it other bytes; the change was taken back", fix: "clear the package manager's cache, look for overrides and patches in package.json, and try again",
    ...more,
  });
}
