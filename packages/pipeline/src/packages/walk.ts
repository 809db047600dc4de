import { lstatSync, readdirSync, realpathSync, statSync, type BigIntStats, type Dirent } from "node:fs";
import { sep } from "node:path";
import { stateText } from "../compile/loads.ts";

export interface PackageFile {
  readonly path: string;
  /** Relative to the package's folder, with `/`. */
  readonly relative: string;
  readonly size: number;
  /** Size, times and inode as text: equal as long as nobody wrote to the file. */
  readonly state: string;
  /** The later of its two times, in nanoseconds. */
  readonly changed: bigint;
}

/** Whether a package's real folder lies outside of every node_modules: a workspace or a linked folder, which people work in. */
export function isLinked(folder: string): boolean {
  return !folder.split(sep).includes("node_modules");
}

/**
 * The files of a package, sorted by name within each folder.
 *
 * Left out: its own `node_modules`, whose packages count by themselves if they are reached (deeper ones stay in, as bundlers emit
 * `dist/node_modules`), and `.DS_Store`, which Finder leaves behind and npm never packs. Of a linked folder also every folder that
 * begins with a dot and every node_modules. A symbolic link stands for what it points to, since that is what an import gets; one to a
 * folder above itself and one to nothing are passed over.
 */
export function packageFiles(folder: string): PackageFile[] {
  const linked = isLinked(folder);
  const files: PackageFile[] = [];
  const open = new Set<string>();

  function visit(dir: string, real: string, prefix: string): void {
    if (open.has(real)) return;
    open.add(real);
    for (const entry of sorted(dir)) {
      const { name } = entry;
      const path = dir + sep + name;
      const link = entry.isSymbolicLink();
      const target = link ? statSync(path, { bigint: true, throwIfNoEntry: false }) : entry;
      if (target?.isDirectory() === true) {
        if (name === "node_modules" && (linked || prefix === "")) continue;
        if (linked && name.startsWith(".")) continue;
        visit(path, link ? realpathSync.native(path) : real + sep + name, `${prefix}${name}/`);
      } else if (target?.isFile() === true && name !== ".DS_Store") {
        files.push(fileAt(path, prefix + name, link ? (target as BigIntStats) : lstatSync(path, { bigint: true })));
      }
    }
    open.delete(real);
  }

  visit(folder, folder, "");
  return files;
}

/** The stats themselves are not kept: they are ten times as large as what is needed of them. */
function fileAt(path: string, relative: string, stat: BigIntStats): PackageFile {
  const { size, mtimeNs, ctimeNs } = stat;
  return { path, relative, size: Number(size), state: stateText(stat), changed: mtimeNs > ctimeNs ? mtimeNs : ctimeNs };
}

function sorted(dir: string): Dirent[] {
  return readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
}
