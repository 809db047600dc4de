import { existsSync } from "node:fs";
import { mkdir, mkdtemp, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { MlstackError, type JsonObject, type StepSpec } from "@mlstack/core";

/** A folder that has a specification and a way to the installed packages, and nothing else. */
export interface WorkFolder {
  /** The outermost one: removing it removes all. */
  readonly root: string;
  /** Where the step runs. */
  readonly dir: string;
}

/**
 * Makes a folder for a step. Packages are found as they are from the project: a folder inside of another for each node_modules on the way up.
 *
 * @param from where the packages are found
 */
export async function workFolder(spec: StepSpec | JsonObject, from: string): Promise<WorkFolder> {
  // private: the specification may hold the configuration of components
  const root = await mkdtemp(join(tmpdir(), "acme-step-"));
  let dir = root;
  for (const packages of nodeModules(from).toReversed()) {
    dir = join(dir, "in");
    await mkdir(dir);
    await symlink(packages, join(dir, "node_modules"), "junction");
  }
  await writeFile(join(dir, "spec.json"), JSON.stringify(spec), { mode: 0o600 });
  return { root, dir };
}

/**
 * The program that runs steps.
 *
 * @throws MLS6003 where it is not installed
 */
export function findMlstack(from: string): string {
  const found = nodeModules(from).map((folder) => join(folder, "mlstack", "bin", "mlstack.js")).find((path) => existsSync(path));
  if (found === undefined) throw new MlstackError("MLS6003", "the steps' processes would find no mlstack", { why: `no node_modules with it in ${from} or above`, fix: "npm install mlstack, or set packages_from to the folder where it is installed" });
  return found;
}

/** Every node_modules from a folder upward, the nearest first. */
function nodeModules(from: string): readonly string[] {
  const above = dirname(from) === from ? [] : nodeModules(dirname(from));
  const here = join(from, "node_modules");
  return existsSync(here) ? [here, ...above] : above;
}
