import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileState } from "../store/file-state.ts";

/** A copy of data on this machine, at a path of its own. */
export interface Copy {
  readonly path: string;
  /** Whether nobody has written to it since it was made. */
  isWhole(): boolean;
}

/** One copy for all who ask, made when the first one does. When somebody has written to it, the next one gets another. */
export function sharedCopy(make: () => Promise<string>): () => Promise<Copy> {
  let made: Promise<Copy> | undefined;
  const fresh = () => make().then(copyAt);
  return async () => {
    const before = made;
    if (before !== undefined && (await before).isWhole()) return before;
    // others may have waited for the same answer
    if (made === before) {
      made = fresh();
      made.catch(() => { made = undefined; });
    }
    return made!;
  };
}

function copyAt(path: string): Copy {
  const state = treeState(path);
  return { path, isWhole: () => treeState(path) === state };
}

function treeState(path: string): string {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return fileState(path);
  const names = readdirSync(path, { recursive: true }).map(String).toSorted();
  return names.map((name) => (statSync(join(path, name), { throwIfNoEntry: false })?.isDirectory() === true ? name : `${name}\0${fileState(join(path, name))}`)).join("\n");
}
