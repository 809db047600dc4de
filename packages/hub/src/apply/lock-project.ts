import { lockText, writeLock, type Lock } from "../lock/lock.ts";
import type { PackageManager } from "../package-manager/types.ts";
import type { Registry } from "../registry/registry.ts";
import { drift } from "../verify/differences.ts";
import { verifyProject, type Finding } from "../verify/verify-installed.ts";
import { pinInstalled } from "./pin.ts";
import { changedMeanwhile, changeProject, installedPlugins, withTrees, type ProjectChange } from "./project-change.ts";

/** The lock that what is installed would have. Writes nothing. @throws as `pinInstalled`; MLS8307, MLS8308 */
export async function lockOfInstalled(project: Pick<ProjectChange, "projectDir" | "manager">, before: Lock | undefined, registry: Registry): Promise<Lock> {
  return withTrees(await pinInstalled(project.projectDir, await installedPlugins(project.projectDir), before ?? { plugins: {} }, registry), project.manager);
}

/** Writes the lock of what is installed. Nothing is installed. @param before the lock that `after` was made with @throws MLS8502; as `changeProject` */
export async function lockProject(project: ProjectChange, before: Lock | undefined, after: Lock): Promise<void> {
  const stale = await changeProject(project, "write mlstack.lock anew", async () => {
    const found = await changedMeanwhile(project.projectDir, before);
    if (found === undefined) await writeLock(project.projectDir, after);
    return found;
  });
  if (stale !== undefined) throw stale;
}

export const isSameLock = (a: Lock | undefined, b: Lock | undefined): boolean => a !== undefined && b !== undefined && lockText(a) === lockText(b);

/**
 * Compares a project with its lock: the files of its integrations byte by byte, and which versions of what they depend on the package manager's lock has.
 *
 * @returns sorted by name
 */
export async function verifyPinned(lock: Lock, projectDir: string, manager: Pick<PackageManager, "subtree">): Promise<readonly Finding[]> {
  const findings = await verifyProject(lock, await installedPlugins(projectDir));
  return Promise.all(findings.map(async ({ name, problem }) => {
    const tree = lock.plugins[name]?.tree;
    if (problem !== undefined || tree === undefined) return { name, problem };
    const { digest } = await manager.subtree(name);
    return { name, problem: `sha256:${digest}` === tree ? undefined : drift(name, `${name} depends on other versions than mlstack.lock has`, "the package manager's lock was changed without mlstack", { found: `sha256:${digest}`, locked: tree }) };
  }));
}
