import { existsSync, lstatSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync } from "node:fs";
import { dirname, join, sep } from "node:path";

/** Where folders wait that are made anew: managers look at no folder whose name begins with a dot. */
const ASIDE = ".mlstack-aside";

/**
 * Installs with some folders out of the way, so that they are made anew: a manager that finds a folder of the right name and version takes it for
 * installed, whatever lies in it. Where the installation fails they are put back.
 *
 * @param modules the node_modules folder of the manager
 * @param folders as `PackageManager.install` takes them; a link that leads out of the manager's folder is taken away itself, and not what it leads to
 * @param notes the names of files in `modules` by which the manager would know, without a look, that all is done
 */
export async function madeAnew(modules: string, folders: readonly string[], notes: RegExp, install: () => Promise<void>): Promise<void> {
  if (folders.length === 0) { await install(); return; }
  const aside = join(modules, ASIDE);
  rmSync(aside, { recursive: true, force: true });
  mkdirSync(aside, { recursive: true });
  const moved = [...new Set(folders.map((folder) => placeOf(folder, modules)))].map((place, i) => ({ place, kept: join(aside, String(i)) }));
  try {
    for (const { place, kept } of moved) renameSync(place, kept);
    for (const name of readdirSync(modules).filter((each) => notes.test(each))) rmSync(join(modules, name), { force: true });
    await install();
  } catch (e) {
    for (const { place, kept } of moved) if (existsSync(kept) && !existsSync(place)) renameSync(kept, place);
    throw e;
  } finally { rmSync(aside, { recursive: true, force: true }); }
}

/**
 * Installs as if nothing had been installed. Where the installation fails, or this process exits meanwhile, all is put back; what a process has left
 * that was killed meanwhile is thrown away by the next one.
 *
 * @param folders all node_modules folders of the manager, whether they are there or not
 */
export async function allMadeAnew(folders: readonly string[], install: () => Promise<void>): Promise<void> {
  const all = folders.map((place) => ({ place, kept: join(dirname(place), ASIDE), left: join(dirname(place), `${ASIDE}-left`) }));
  for (const { place, kept } of all) if (existsSync(kept) && !existsSync(place)) renameSync(kept, place); else rmSync(kept, { recursive: true, force: true });
  const moved = all.filter(({ place }) => existsSync(place));
  // a manager may still be at work on what it has begun: that is not removed, but moved away
  const putBack = (): void => {
    for (const { place, kept, left } of moved.filter((each) => existsSync(each.kept))) {
      rmSync(left, { recursive: true, force: true });
      if (existsSync(place)) renameSync(place, left);
      renameSync(kept, place);
    }
  };
  // who does not wait for the end (Ctrl-C twice) finds again what was there: this very program may lie in it
  const atExit = (): void => { try { putBack(); } catch { /* what is left is the next change's to bring back */ } };
  process.once("exit", atExit);
  try {
    for (const { place, kept } of moved) renameSync(place, kept);
    await install();
  } catch (e) {
    putBack();
    throw e;
  } finally {
    process.off("exit", atExit);
    for (const { kept, left } of all) for (const path of [kept, left]) rmSync(path, { recursive: true, force: true });
  }
}

function placeOf(folder: string, modules: string): string {
  if (!lstatSync(folder).isSymbolicLink()) return folder;
  // pnpm's links lead to its own folder
  const target = realpathSync(folder);
  return target.startsWith(`${realpathSync(modules)}${sep}`) ? target : folder;
}
