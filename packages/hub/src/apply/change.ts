import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { MlstackError } from "@mlstack/core/errors";
import { z } from "zod";
import { replaceFile } from "../files/replace-file.ts";
import { takeChangeLock } from "./change-lock.ts";
import { changeName, generations, type ChangePlace, type Generation, type Generations, type TouchedFiles } from "./generation.ts";

export interface ChangeOptions {
  /** What it is, in words: `install s3@1.2.0`. */
  readonly change: string;
  readonly now: () => number;
  /** Brings what is installed to what the files say. Called after files were put back, with the state that they are of. */
  readonly reinstall: (to: Generation) => Promise<void>;
  /** Ends the wait for another process's change. */
  readonly signal?: AbortSignal | undefined;
  /** Ends what an interrupted change has left at work, which would write over what is put back. Called before that is. */
  readonly quiet?: (() => Promise<void>) | undefined;
  /** Told why what is installed could not be brought back after the change has failed: the next change does that before it begins. */
  readonly left?: ((problem: unknown) => void) | undefined;
  /** Told of an interrupted change, of whichever package, that is taken back before this one begins. */
  readonly recovered: (interrupted: string) => void;
}

const pendingFile = (stateDir: string): string => join(stateDir, "hub", "pending.json");
const pendingDocument = z.object({ generation: z.int().positive(), kept: z.boolean(), putBack: z.boolean().default(false), change: z.string(), project: z.string() });
type Pending = z.output<typeof pendingDocument>;

/**
 * The change that a process has begun and not ended: it is going on, or was killed. `kept`: whether the files are kept as they were;
 * before that none was changed. `putBack`: whether they were put back, and only what is installed is still to follow. Costs one look at a file that is mostly not there.
 *
 * @throws MLS8501 where the file can't be read
 */
export function pendingChange(stateDir: string): Readonly<Pending> | undefined {
  const path = pendingFile(stateDir);
  if (!existsSync(path)) return undefined;
  let found: unknown;
  try { found = JSON.parse(readFileSync(path, "utf8")); } catch (e) { if (!(e instanceof SyntaxError)) throw e; }
  const { data } = pendingDocument.safeParse(found);
  if (data !== undefined) return data;
  throw new MlstackError("MLS8501", `which change was interrupted can't be read: ${path}`, { why: "it was damaged, or is of another version of mlstack", fix: `take package.json, the package manager's lock and mlstack.lock from your version control, install, and remove ${path}` });
}

/**
 * Changes a project's plugins, wholly or not at all. The files are kept first; when `work` throws they are put back and what is installed
 * follows them; when this process is killed, the next change of the workspace does that before it begins. One change at a time.
 *
 * @throws what `work` throws; MLS8502 where another process is changing them; MLS8501; MLS3003 to MLS3005 where the state folder can't be written
 */
export async function changePlugins<T>(touched: TouchedFiles, options: ChangeOptions, work: (before: Generation) => Promise<T>): Promise<T> {
  const unlock = await lock(touched.stateDir, options.signal);
  try {
    await takeBack(touched, options);
    const known = generations(touched);
    const id = known.next();
    const pending: Pending = { generation: id, kept: false, putBack: false, change: options.change, project: touched.project };
    note(touched, pending);
    const before = known.keep(touched, id, options.change, options.now());
    note(touched, { ...pending, kept: true });
    try {
      const result = await work(before);
      rmSync(pendingFile(touched.stateDir), { force: true });
      // nobody wants to go back to where they are
      if (known.isCurrent(before)) known.forget(before.id); else known.prune(touched.project);
      return result;
    } catch (e) {
      known.restore(before);
      note(touched, { ...pending, kept: true, putBack: true });
      // what stopped the change may stop this, too: then it is what a killed process has left, for the next one to take back
      try { await options.reinstall(before); } catch (again) { options.left?.(again); throw e; }
      rmSync(pendingFile(touched.stateDir), { force: true });
      known.forget(before.id);
      throw e;
    }
  } finally { unlock(); }
}

/**
 * Puts the files of an interrupted change back, whichever package manager it was made with. Managers write package.json in place, so one that was killed may have
 * left it cut short, and no project can be opened from that. What is installed follows by `recoverPlugins`.
 *
 * @throws MLS8502 where it is still going on; MLS8501
 */
export async function putFilesBack(place: ChangePlace, { quiet, signal }: Pick<ChangeOptions, "quiet" | "signal">): Promise<void> {
  const { stateDir } = place;
  if (pendingChange(stateDir) === undefined) return;
  const unlock = await lock(stateDir, signal);
  try {
    const pending = pendingChange(stateDir);
    if (pending === undefined || !pending.kept || pending.putBack) return;
    await quiet?.();
    const known = generations(place);
    known.restore(keptBefore(pending, known));
    note(place, { ...pending, putBack: true });
  } finally { unlock(); }
}

/** A file as it was before the change that is going on, or was interrupted; undefined where there is no such change, or it has kept no such file. */
export function keptText(place: ChangePlace, name: string): string | undefined {
  const pending = pendingChange(place.stateDir);
  if (pending === undefined || !pending.kept || pending.putBack) return undefined;
  const known = generations(place);
  const before = known.list().find((g) => g.id === pending.generation);
  return before === undefined ? undefined : known.text(before, name);
}

/**
 * Takes back a change that was interrupted.
 *
 * @returns what it was, in words, or undefined where there is none
 * @throws MLS8502 where it is still going on
 */
export async function recoverPlugins(place: ChangePlace, options: Pick<ChangeOptions, "reinstall" | "quiet" | "signal">): Promise<string | undefined> {
  if (pendingChange(place.stateDir) === undefined) return undefined;
  const unlock = await lock(place.stateDir, options.signal);
  let taken: string | undefined;
  try { await takeBack(place, { ...options, recovered: (change) => { taken = change; } }); } finally { unlock(); }
  return taken;
}

async function takeBack(place: ChangePlace, { reinstall, recovered, quiet }: Pick<ChangeOptions, "reinstall" | "recovered" | "quiet">): Promise<void> {
  const pending = pendingChange(place.stateDir);
  if (pending === undefined) return;
  await quiet?.();
  const known = generations(place);
  if (!pending.kept) {
    known.forget(pending.generation);
    rmSync(pendingFile(place.stateDir), { force: true });
    return;
  }
  const before = keptBefore(pending, known);
  // what was put back and then edited is its user's, and so is what is installed of it
  if (!pending.putBack || known.isCurrent(before)) {
    known.restore(before);
    note(place, { ...pending, putBack: true });
    await reinstall(before);
  }
  rmSync(pendingFile(place.stateDir), { force: true });
  known.forget(before.id);
  recovered(changeName(pending));
}

/** The files as they were before an interrupted change. @throws MLS8501 where they are gone */
function keptBefore(pending: Pending, known: Generations): Generation {
  const before = known.list().find((g) => g.id === pending.generation);
  if (before !== undefined) return before;
  throw new MlstackError("MLS8501", `the interrupted change "${changeName(pending)}" can't be taken back`, { why: `generation ${pending.generation} is gone`, fix: "take package.json, the package manager's lock and mlstack.lock from your version control, install, and remove hub/pending.json in the state folder" });
}

function note({ stateDir }: Pick<ChangePlace, "stateDir">, pending: Pending): void {
  replaceFile(pendingFile(stateDir), Buffer.from(JSON.stringify(pending)));
}

/** Takes the plugins of the project, and of its whole workspace, for this process. @throws MLS8502; as `takeChangeLock` */
async function lock(stateDir: string, signal?: AbortSignal): Promise<() => void> {
  const unlock = await takeChangeLock(stateDir, signal);
  if (unlock !== undefined) return unlock;
  const pending = pendingChange(stateDir);
  throw new MlstackError("MLS8502", "another process is changing the plugins of this project, or of its workspace", { why: pending === undefined ? "it has just begun" : changeName(pending), fix: "wait for it, and try again" });
}
