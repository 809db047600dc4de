import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { packageFingerprinter, type NodePackagesFingerprint } from "../fingerprint.ts";

/** Path → text, or an object that is written as JSON. */
export type Files = Readonly<Record<string, string | object>>;

/** A folder with these files, removed when the test ends. */
export function projectWith(files: Files): string {
  const dir = realpathSync.native(mkdtempSync(join(tmpdir(), "mlstack-packages-")));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  write(dir, { "package.json": { name: "project" }, ...files });
  return dir;
}

export function write(dir: string, files: Files): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), typeof content === "string" ? content : JSON.stringify(content));
  }
}

/** `link` in `dir` points to the folder `target` in `dir`. */
export function link(dir: string, path: string, target: string): void {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  symlinkSync(join(dir, target), join(dir, path), "junction");
}

/** The files of a package in `folder`. */
export function installed(folder: string, name: string, version: string, fields: object = {}, code = `export default "${name}";`): Files {
  return { [`${folder}/package.json`]: { name, version, ...fields }, [`${folder}/index.js`]: code };
}

/** The fingerprint of these packages, imported in `from`, as a process of its own would compute it. */
export function printOf(dir: string, names: readonly string[], from = "."): NodePackagesFingerprint {
  const fingerprinter = packageFingerprinter({ projectDir: dir, stateDir: join(dir, ".mlstack") });
  const print = fingerprinter.fingerprint(names.map((name) => ({ name, from: join(dir, from) })));
  fingerprinter.flush();
  return print;
}
