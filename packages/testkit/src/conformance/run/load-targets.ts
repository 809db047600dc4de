import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { MlstackError } from "@mlstack/core";
import { areTargets, type ConformanceTarget } from "../target.ts";

/** The names of the module that says how a plugin is put under test, in its package's folder. */
export const CONFORMANCE_FILES = ["conformance.ts", "conformance.mts", "conformance.js", "conformance.mjs"] as const;

/**
 * Imports a package's `conformance.ts`; Node takes its types away.
 *
 * @throws MLS8702 when there is none, it throws, or its default export is no list of targets
 */
export async function loadTargets(dir: string): Promise<readonly ConformanceTarget[]> {
  const file = CONFORMANCE_FILES.find((name) => existsSync(join(dir, name)));
  if (file === undefined) throw new MlstackError("MLS8702", `there is no conformance.ts in ${dir}`, { why: "it says how each component is put under test", fix: "write one: export default [conformanceTarget(artifactStoreSuite, { flavor: …, start: … })]" });
  let module: Readonly<Record<string, unknown>>;
  try { module = await import(pathToFileURL(join(dir, file)).href) as Record<string, unknown>; } catch (cause) {
    throw new MlstackError("MLS8702", `${file} can't be imported: ${cause instanceof Error ? cause.message : String(cause)}`, { why: "it threw, or what it imports is not there", fix: "mend it; it is run as it is, by Node", cause });
  }
  if (!areTargets(module["default"])) throw new MlstackError("MLS8702", `${file} does not export a list of targets as default`, { why: `its default export is ${described(module["default"])}`, fix: "export default [conformanceTarget(suite, { flavor, start })]" });
  return module["default"];
}

function described(value: unknown): string {
  return value === undefined ? "not there" : Array.isArray(value) ? "a list of something else" : `of type ${typeof value}`;
}
