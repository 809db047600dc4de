import { findProject, projectPlugins } from "@mlstack/engine";
import { activeStack, folderOf } from "../commands/active-stack.ts";
import type { GlobalFlags } from "../ui/output.ts";
import type { DoctorLine } from "./line.ts";
import { packageLines } from "./packages.ts";
import { stackLines } from "./stack.ts";
import { stateLines } from "./state.ts";

/** What is looked at of a project: packages, state folder, stack. */
export async function projectLines(flags: GlobalFlags): Promise<{ readonly project: string; readonly lines: readonly DoctorLine[] }> {
  const { dir, stateDir } = findProject(folderOf(flags));
  const place = { dir, stateDir, env: process.env };
  const plugins = projectPlugins(dir, undefined);
  return { project: dir, lines: [...(await packageLines(place, plugins)), ...stateLines(place), ...(await stackLines(place, () => activeStack(flags), plugins))] };
}
