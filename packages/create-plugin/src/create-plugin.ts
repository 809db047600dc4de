import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { CreateError } from "./create-error.ts";
import { checkComponentType, checkFlavor, checkPackage } from "./names.ts";
import { isPluginType, PLUGIN_TYPES, type PluginType } from "./plugin-types.ts";
import { renderPlugin } from "./render.ts";
import { LICENSES, type Files } from "./templates.ts";

/** What a plugin is to be. */
export interface PluginPlan {
  /** Where it is made; a folder that is not there yet, or is empty. */
  readonly folder: string;
  readonly type: PluginType;
  /** The word in a stack file's `type`; of a format, the beginning of its id. */
  readonly flavor: string;
  /** The npm package's name. */
  readonly package: string;
  /** Of the plugin type `component_type`: its id, such as `acme.vector_index`. */
  readonly componentType?: string | undefined;
  /** `author` of package.json, and who holds the copyright where the licence's text names somebody (MIT); "the authors of PACKAGE" there by default. */
  readonly author?: string | undefined;
  /** `Apache-2.0` by default. */
  readonly license?: string | undefined;
  /** The address of the sources, such as `git+https://github.com/acme/mlstack-plugin.git`. */
  readonly repository?: string | undefined;
  /** Of the copyright. This year by default. */
  readonly year?: number | undefined;
}

export interface Created {
  /** Absolute. */
  readonly folder: string;
  /** Paths in it, with `/`, sorted. */
  readonly files: readonly string[];
}

/**
 * Makes a plugin.
 *
 * @throws CreateError MLS8721 for a type or licence that there is not; MLS8722 for a name that can't be used; MLS8723 where the folder has something in it.
 *   Nothing is written then
 */
export function createPlugin(plan: PluginPlan): Created {
  checkPlan(plan);
  const folder = resolve(plan.folder);
  refuseUsed(folder);
  const files: Files = renderPlugin(plan);
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    // a file that has come meanwhile is not overwritten either
    writeFileSync(join(folder, path), text, { flag: "wx" });
  }
  return { folder, files: [...files.keys()].toSorted() };
}

function checkPlan({ type, flavor, package: name, componentType, license = "Apache-2.0" }: PluginPlan): void {
  if (!isPluginType(type)) throw new CreateError("MLS8721", `there is no type ${JSON.stringify(type)}`, { fix: `take one of ${Object.keys(PLUGIN_TYPES).join(", ")}` });
  checkFlavor(flavor, type);
  checkPackage(name);
  if (type === "component_type") checkComponentType(componentType ?? "");
  if (!LICENSES.includes(license)) throw new CreateError("MLS8721", `there is no text of the licence ${JSON.stringify(license)} here`, { fix: `take ${LICENSES.join(" or ")}, and replace LICENSE and "license" of package.json afterwards` });
}

/** @throws CreateError MLS8723 */
export function refuseUsed(folder: string): void {
  let names: readonly string[];
  try { names = existsSync(folder) ? readdirSync(folder) : []; } catch (e) {
    if ((e as { code?: string }).code !== "ENOTDIR") throw e;
    throw new CreateError("MLS8723", `${folder} is a file`, { fix: "name a folder that is not there yet" });
  }
  // a repository that was made just now is as good as empty
  const there = names.filter((name) => name !== ".git");
  if (there.length > 0) throw new CreateError("MLS8723", `${folder} is not empty`, { why: `it has ${there.slice(0, 3).join(", ")}${there.length > 3 ? " and more" : ""}, and nothing is overwritten`, fix: "name another folder" });
}
