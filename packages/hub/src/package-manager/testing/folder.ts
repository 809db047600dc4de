import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

/** A folder for one test with files of the given texts, by their paths. */
export function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = realpathSync.native(mkdtempSync(join(tmpdir(), "mlstack-package-manager-")));
  onTestFinished(() => { rmSync(folder, { recursive: true, force: true }); });
  put(folder, files);
  return folder;
}

export function put(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** Copies files into a folder, from the fixtures, by the paths that they get. */
export function putFixtures(folder: string, fixture: string, files: Readonly<Record<string, string>>): void {
  for (const [path, from] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(import.meta.dirname, "..", "fixtures", fixture, from), join(folder, path));
  }
}
