import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import { keptText } from "./change.ts";
import type { ChangePlace } from "./generation.ts";

/**
 * Where the changes of a project's plugins are kept: in the state folder of its workspace's root, for the package manager's lock and what is installed
 * are of all its packages together, so these take turns, and what one of them has left half done any other takes back. A project that is no package of a workspace has its own.
 *
 * @param stateDirOf the state folder of the project in a folder
 */
export async function changePlace(projectDir: string, stateDirOf: (dir: string) => string): Promise<ChangePlace> {
  const project = realpathSync.native(projectDir);
  const { workspaceRoot } = await import("../package-manager/workspace.ts");
  // a manager that was killed may have left the very file cut short that says which packages the workspace has
  const rootDir = workspaceRoot(project, (dir, name) => keptText({ stateDir: stateDirOf(dir), rootDir: dir }, name));
  return { rootDir, stateDir: resolve(stateDirOf(rootDir === project ? projectDir : rootDir)) };
}
