import { join } from "node:path";
import { MlstackError } from "@mlstack/core/errors";
import { bytesOf } from "../files/replace-file.ts";
import { LOCK_FILE, readLock, type Lock } from "../lock/lock.ts";
import { verifyProject } from "../verify/verify-installed.ts";
import { generations, type Generation } from "./generation.ts";
import { changedSince, changeProject, installedPlugins, runOptions, touchedFiles, type ProjectChange } from "./project-change.ts";
import { clearModules, installPutBack } from "./put-back.ts";

/** A change that is to be taken back, and what it was chosen by. */
export interface Rollback {
  /** The state before it. */
  readonly to: Generation;
  /** The last change of this package. */
  readonly last: Generation;
  /** mlstack.lock as it is, whether it can be read as one or not: a rollback mends it. */
  readonly lock: Buffer | undefined;
}

/**
 * Chooses what is taken back: the last change of this package, or the one with an id.
 *
 * @throws MLS8503 there is none, or it was of another package of the workspace
 */
export function planRollback(project: Pick<ProjectChange, "projectDir" | "stateDir" | "manager">, id?: number): Rollback {
  const touched = touchedFiles(project);
  const everywhere = generations(touched).list();
  const all = everywhere.filter((g) => g.project === touched.project);
  const to = id === undefined ? all[0] : all.find((g) => g.id === id);
  if (to !== undefined) return { to, last: all[0]!, lock: lockBytes(project) };
  const other = everywhere.find((g) => g.id === id);
  // what another package has got since is not taken from it by the way
  if (other !== undefined) throw new MlstackError("MLS8503", `change ${other.id} was of another package of the workspace: ${other.project}`, { why: "each package takes its own changes back", fix: `mlstack integration rollback --to ${other.id} --cwd ${join(touched.rootDir, other.project)}` });
  throw new MlstackError("MLS8503", id === undefined ? "there is no change of the plugins that could be taken back" : `there is no change ${id} that could be taken back`, {
    why: all.length === 0 ? "none was made here; what others have changed is in version control" : `kept are ${all.map((g) => g.id).join(", ")}`, fix: all.length === 0 ? "take package.json, the package manager's lock and mlstack.lock from version control, then: mlstack integration install" : "mlstack integration rollback --list shows them",
  });
}

/**
 * Goes back to the state before a change: the very bytes of the files, none where there was none, and what they say installed again. That is a change, too, and can be taken back.
 *
 * @returns the lock afterwards
 * @throws MLS8501; MLS8502 where another process has changed the project since it was chosen; what the package manager throws; MLS8204, MLS8207, MLS8208 where what is
 * installed then is not what was pinned
 */
export async function rollBack(project: ProjectChange, rollback: Rollback): Promise<Lock | undefined> {
  const { projectDir, manager } = project;
  const { to } = rollback;
  const done = await changeProject(project, `roll back: ${to.change}`, async ({ id }): Promise<{ readonly after: Lock | undefined } | MlstackError> => {
    const known = generations(touchedFiles(project));
    const theirs = bytesOf(manager.lockFile);
    // nothing is to be taken back then
    if (!isAsPlanned(rollback, known.list().find((g) => g.project === to.project && g.id !== id), lockBytes(project))) return changedSince();
    checkManager(project, to);
    known.restore(to);
    await installPutBack(manager, runOptions(project), theirs, "refused");
    clearModules(manager, to);
    const after = await readLock(projectDir);
    if (after !== undefined) {
      const finding = (await verifyProject(after, await installedPlugins(projectDir))).find(({ problem }) => problem !== undefined);
      if (finding?.problem !== undefined) throw finding.problem;
    }
    return { after };
  });
  if (MlstackError.is(done)) throw done;
  return done.after;
}

function isAsPlanned({ last, lock }: Rollback, now: Generation | undefined, bytes: Buffer | undefined): boolean {
  return now?.id === last.id && now.at === last.at && (lock === undefined || bytes === undefined ? lock === bytes : lock.equals(bytes));
}

const lockBytes = ({ projectDir }: Pick<ProjectChange, "projectDir">): Buffer | undefined => bytesOf(join(projectDir, LOCK_FILE));

/** @throws MLS8501 where the project had another package manager: its lock would lie beside the other one's */
function checkManager(project: Pick<ProjectChange, "stateDir" | "manager">, { id, files }: Generation): void {
  const { files: own } = touchedFiles(project);
  const other = Object.keys(files).find((name) => !own.includes(name));
  if (other !== undefined) throw new MlstackError("MLS8501", `generation ${id} of the plugins can't be gone back to`, { why: `it holds ${other}, and the project's package manager is ${project.manager.name} now`, fix: "take package.json, the package manager's lock and mlstack.lock from your version control, and install" });
}
