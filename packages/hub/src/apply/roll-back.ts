import { MlstackError } from "@mlstack/core/errors";
import { bytesOf } from "../files/replace-file.ts";
import { readLock, type Lock } from "../lock/lock.ts";
import { verifyProject } from "../verify/verify-installed.ts";
import { generations, type Generation } from "./generation.ts";
import { changeProject, installedPlugins, runOptions, touchedFiles, type ProjectChange } from "./project-change.ts";
import { clearModules, installPutBack } from "./put-back.ts";

/**
 * The state before a change: that of the last one, or of the one with an id.
 *
 * @throws MLS8503 there is none
 */
export function stateBefore(project: Pick<ProjectChange, "stateDir" | "manager">, id?: number): Generation {
  const all = generations(touchedFiles(project)).list();
  const found = id === undefined ? all[0] : all.find((g) => g.id === id);
  if (found !== undefined) return found;
  throw new MlstackError("MLS8503", id === undefined ? "there is no change of the plugins that could be taken back" : `there is no change ${id} that could be taken back`, {
    why: all.length === 0 ? "none was made here; what others have changed is in version control" : `kept are ${all.map((g) => g.id).join(", ")}`, fix: all.length === 0 ? "take package.json, the package manager's lock and mlstack.lock from version control, then: mlstack integration install" : "mlstack integration rollback --list shows them",
  });
}

/**
 * Goes back to the state before a change: the very bytes of the files, none where there was none, and what they say installed again. That is a change, too, and can be taken back.
 *
 * @throws MLS8501; what the package manager throws; MLS8204, MLS8207, MLS8208 where what is installed then is not what was pinned
 */
export async function rollBack(project: ProjectChange, to: Generation): Promise<{ readonly before: Lock | undefined; readonly after: Lock | undefined }> {
  const { projectDir, manager } = project;
  return changeProject(project, `roll back: ${to.change}`, async () => {
    const [before, theirs] = [await readLock(projectDir), bytesOf(manager.lockFile)];
    generations(touchedFiles(project)).restore(to);
    await installPutBack(manager, runOptions(project), theirs, "refused");
    clearModules(manager, to);
    const after = await readLock(projectDir);
    if (after !== undefined) {
      const finding = (await verifyProject(after, await installedPlugins(projectDir))).find(({ problem }) => problem !== undefined);
      if (finding?.problem !== undefined) throw finding.problem;
    }
    return { before, after };
  });
}
