import { join } from "node:path";
import { MlstackError, type ArtifactStore, type StepSpec } from "@mlstack/core";
import { projectPlugins } from "../plugins.ts";
import { openStack, type StackSnapshot } from "../stack/stack.ts";

/** What a driver's sign of life is like now; undefined when the store can't be asked. */
export async function lookAtDriver(store: ArtifactStore, beat: string): Promise<string | undefined> {
  try { return Buffer.from(await (await store.get(beat)).bytes()).toString("utf8"); } catch (e) { return MlstackError.is(e, "MLS3001") ? "" : undefined; }
}

/** The artifact store of a step's stack, opened in the folder that the step runs in. */
export function storeOfStep(stack: StepSpec["stack"], dir: string, secrets: Readonly<Record<string, string>>): Promise<ArtifactStore> {
  const snapshot = stack as unknown as StackSnapshot;
  return openStack(snapshot, projectPlugins(dir, undefined, { names: Object.keys(snapshot.plugins) }), { projectDir: dir, stateDir: join(dir, ".mlstack"), elsewhere: true }, secrets).artifactStore();
}
