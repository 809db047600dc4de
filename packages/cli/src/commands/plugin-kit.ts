import { existsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { MlstackError } from "@mlstack/core/errors";
import { folderOf } from "./folder.ts";
import type { GlobalFlags } from "../ui/output.ts";

/**
 * The folder of the plugin that a command of authors is about.
 *
 * @throws MLS7002 no such folder; MLS8701 one without a package.json
 */
export function pluginFolder(given: string | undefined, flags: GlobalFlags): string {
  const dir = resolve(folderOf(flags), given ?? ".");
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory() !== true) throw new MlstackError("MLS7002", `there is no folder ${JSON.stringify(given ?? ".")}`, { why: `looked at ${dir}`, fix: "name the folder of a plugin's package" });
  if (!existsSync(join(dir, "package.json"))) throw new MlstackError("MLS8701", `${dir} has no package.json`, { why: "a plugin is a package", fix: "go to the plugin's folder, or name it behind the command; npm create mlstack-plugin makes one" });
  return dir;
}

/**
 * Imports a part of the kit that the plugin was written with: of its own folder, not of the CLI's.
 *
 * @param part such as `conformance/run`
 * @throws MLS8705 where it is not installed, or has no such part yet
 */
export async function kitOf<T>(dir: string, part: string): Promise<T> {
  let path: string;
  try { path = createRequire(join(dir, "package.json")).resolve(`@mlstack/testkit/${part}`); } catch (cause) {
    const old = (cause as { code?: unknown }).code === "ERR_PACKAGE_PATH_NOT_EXPORTED";
    throw new MlstackError("MLS8705", old ? `the @mlstack/testkit of ${dir} is too old: it has no ${part}` : `@mlstack/testkit can't be found from ${dir}`, { why: "a plugin is tested by the kit in its own devDependencies", fix: `npm install --save-dev @mlstack/testkit${old ? "@latest" : ""}`, cause });
  }
  return await import(pathToFileURL(path).href) as T;
}
