import { isAbsolute } from "node:path";
import { MlstackError, type ComponentEntry } from "@mlstack/core";
import type { ComponentSpec, Stack } from "./stack.ts";

/** Whether a component works only where the project's folder is: its flavor says so, and its configuration names no folder of its own. */
export function isLocal({ local }: Pick<ComponentEntry, "local">, { config }: Pick<ComponentSpec, "config">): boolean {
  if (local === undefined || typeof local === "boolean") return local === true;
  const path = config?.[local.unless];
  return typeof path !== "string" || !isAbsolute(path);
}

/**
 * What `refuseLocal` says of a stack whose steps run where the project is not; undefined where they run here, where nothing is wrong, and where the
 * orchestrator can't be made, which is told otherwise.
 */
export async function localMisfit(stack: Stack): Promise<MlstackError | undefined> {
  try {
    if ((await stack.launcher()).sees !== "bundle") return undefined;
  } catch { return undefined; }
  try { await refuseLocal(stack); } catch (e) {
    if (MlstackError.is(e)) return e;
    throw e;
  }
  return undefined;
}

/**
 * Looks for components that would keep things in a folder which steps or a driver elsewhere do not have: what they write there would be lost
 * without a word, and what they read is not there.
 *
 * @throws MLS4004
 */
export async function refuseLocal({ spec, loader }: Pick<Stack, "spec" | "loader">): Promise<void> {
  const offered = await loader.flavors();
  for (const [type, component] of Object.entries(spec.components)) {
    const entry = offered.find((f) => f.type === type && (f.flavor === component.flavor || f.entry.aliases.includes(component.flavor)))?.entry;
    // the orchestrator is what runs steps elsewhere
    if (entry === undefined || type === "orchestrator" || !isLocal(entry, component)) continue;
    const path = typeof entry.local === "object" ? entry.local.unless : undefined;
    throw new MlstackError("MLS4004", `the ${type.replaceAll("_", " ")} "${component.name}" of the stack "${spec.name}" keeps things in a folder of this project, and the steps run where the project is not`, {
      why: "they would look for it elsewhere, and what they write there would be lost", fix: path === undefined ? "use another flavor, or leave it out" : `give it an absolute path (${path}: /…) that the steps reach, or use another flavor`,
      details: { stack: spec.name, component: type },
    });
  }
}
