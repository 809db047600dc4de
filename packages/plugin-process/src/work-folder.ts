import { existsSync } from "node:fs";
import { mkdir, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { MlstackError, type JsonObject, type StepSpec } from "@mlstack/core";

/** A folder that has nothing but a specification and a way to the installed packages. */
export interface WorkFolder {
  /** The outermost folder, with what is known of the process (see `traces.ts`); removing it removes all. */
  readonly root: string;
  /** Where the process runs. */
  readonly dir: string;
}

/** Where folders are made, and which packages are in reach from there. */
export interface WorkPlace { readonly workDir: string | undefined; readonly packagesFrom: string }

/** How the folders of steps and drivers are called. */
export const PREFIX = "mlstack-step-";

/** The folder in which folders are made. */
export const baseOf = ({ workDir }: WorkPlace): string => workDir ?? tmpdir();

/** Makes a folder of a name; undefined when there is one already. */
export async function makeRoot(name: string, place: WorkPlace): Promise<string | undefined> {
  const base = baseOf(place);
  await mkdir(base, { recursive: true });
  const root = join(await realpath(base), PREFIX + name);
  try {
    // private: it may hold the configuration of components
    await mkdir(root, { mode: 0o700 });
    return root;
  } catch (e) {
    if ((e as { code?: string }).code === "EEXIST") return undefined;
    throw e;
  }
}

/**
 * Fills a folder. Packages are found as they are from the project: one folder inside of another for each node_modules on the way up,
 * so that what is hoisted stays hoisted.
 *
 * @throws MLS6003 when no node_modules with mlstack is in reach
 */
export async function fillFolder(root: string, spec: StepSpec | JsonObject, { packagesFrom }: WorkPlace): Promise<WorkFolder> {
  const packages = nodeModules(packagesFrom);
  if (!packages.some((folder) => existsSync(join(folder, "mlstack", "package.json")))) {
    throw new MlstackError("MLS6003", "the steps' processes would find no mlstack", { why: `no node_modules with it in ${packagesFrom} or above`, fix: "npm install mlstack, or set packages_from to the folder where it is installed" });
  }
  let dir = root;
  for (const folder of packages.toReversed()) {
    dir = join(dir, "in");
    await mkdir(dir);
    await symlink(folder, join(dir, "node_modules"), "junction");
  }
  await writeFile(join(dir, "spec.json"), JSON.stringify(spec), { mode: 0o600 });
  return { root, dir };
}

export async function removeRoot(root: string): Promise<void> {
  await rm(root, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
}

/** Every node_modules from a folder upward, the nearest first. */
function nodeModules(from: string): string[] {
  const found: string[] = [];
  for (let at = from; ; at = dirname(at)) {
    if (existsSync(join(at, "node_modules"))) found.push(join(at, "node_modules"));
    if (dirname(at) === at) return found;
  }
}
