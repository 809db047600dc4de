import { existsSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { MlstackError } from "@mlstack/core/errors";
import { fsError, makeFolder } from "../local/fs-errors.ts";
import { findProject, projectIdentity } from "../project/project.ts";
import { PROJECT_FILE, readProjectFile } from "./project-file.ts";
import { loadYaml } from "./project-files.ts";

export interface InitResult {
  /** Absolute. */
  readonly dir: string;
  /** Files that were written, from the folder. */
  readonly written: readonly string[];
  /** Files that were there and are as they were. */
  readonly kept: readonly string[];
  /** A project around this one, which does not hold for this folder any more. */
  readonly around: string | undefined;
}

/**
 * Makes a folder a project, and the folder where it is not there: `mlstack.yaml` with an identity that everybody who has the repository shares, and a package.json and a
 * tsconfig.json where there are none. What is there is not touched.
 *
 * @throws MLS7002 for a path that is no folder; MLS7004, MLS7010 for a mlstack.yaml that can't be used; MLS3004, MLS3005
 */
export async function initProject(folder: string, env: Readonly<Record<string, string | undefined>> = process.env): Promise<InitResult> {
  const dir = resolve(folder);
  try { makeFolder(dir); } catch (e) {
    if (["EEXIST", "ENOTDIR"].includes((e as { code?: string }).code ?? "")) throw new MlstackError("MLS7002", `${JSON.stringify(folder)} is no folder`, { why: `looked at ${dir}`, fix: "name a folder: one that is there, or is to be made" });
    throw fsError(e, "making", dir, true);
  }
  const above = dirname(dir) === dir ? undefined : findProject(dirname(dir), env).dir;
  const around = above !== undefined && existsSync(join(above, PROJECT_FILE)) ? above : undefined;
  const [written, kept]: [string[], string[]] = [[], []];
  const put = (name: string, text: () => string) => {
    const path = join(dir, name);
    if (existsSync(path)) { kept.push(name); return; }
    const what = text();
    try { writeFileSync(path, what, { flag: "wx" }); written.push(name); } catch (e) {
      if ((e as { code?: string }).code !== "EEXIST") throw fsError(e, "writing", path, true);
      kept.push(name);
    }
  };
  const yaml = await loadYaml();
  const state = env["MLSTACK_STATE_DIR"];
  const isThere = existsSync(join(dir, PROJECT_FILE));
  // where runs were made already, their project stays the same
  if (isThere) readProjectFile(yaml, dir);
  const identity = isThere ? undefined : projectIdentity({ dir, stateDir: state === undefined || state === "" ? join(dir, ".mlstack") : resolve(state) });
  put(PROJECT_FILE, () => `# What everybody who works on this project shares. Stacks are files of the folder stacks.
version: 1
project:
  # names the project in shared stores
  id: ${identity!.id}
  # of the keyed hashes of environment variables in cache keys; no secret, and not to be changed
  env_salt: ${identity!.envSalt}
`);
  put("package.json", () => `${JSON.stringify({ name: packageName(basename(dir)), private: true, type: "module" }, null, 2)}\n`);
  put("tsconfig.json", () => `${JSON.stringify({ compilerOptions: { target: "esnext", module: "nodenext", strict: true, noEmit: true, skipLibCheck: true, allowImportingTsExtensions: true, verbatimModuleSyntax: true, types: ["node"] }, include: ["**/*.ts"] }, null, 2)}\n`);
  return { dir, written, kept, around };
}

/** A folder's name as npm takes one. */
function packageName(folder: string): string {
  return folder.toLowerCase().replace(/[^a-z0-9._-]+/g, "-").replace(/^[._-]+|[._-]+$/g, "") || "project";
}
