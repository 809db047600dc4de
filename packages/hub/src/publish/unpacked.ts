import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { PackageFiles } from "../tarball/read-tarball.ts";

/**
 * Unpacks files for as long as `use` takes, in a folder below the package's own node_modules: what they import is found there as it is for the package itself.
 *
 * @param files as `readTarball` gives them: their paths are safe
 * @param use gets the folder of the files
 */
export async function withUnpacked<T>(dir: string, files: PackageFiles, use: (unpacked: string) => Promise<T>): Promise<T> {
  const modules = join(dir, "node_modules");
  const isNew = mkdirSync(modules, { recursive: true }) !== undefined;
  const folder = mkdtempSync(join(modules, ".mlstack-pack-"));
  try {
    for (const [path, bytes] of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), bytes);
    }
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    if (isNew) removeIfEmpty(modules);
  }
}

/** What was made only for this. Others may have put something into it meanwhile. */
function removeIfEmpty(dir: string): void {
  try { rmdirSync(dir); } catch (e) { if (!["ENOTEMPTY", "EEXIST", "ENOENT"].includes((e as NodeJS.ErrnoException).code ?? "")) throw e; }
}
