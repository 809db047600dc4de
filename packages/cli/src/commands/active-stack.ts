import { findProject, findStack, type StackSpec } from "@mlstack/engine";
import type { GlobalFlags } from "../ui/output.ts";

/** The stack that a command works with: by flag, else by MLSTACK_STACK; undefined for the local one. */
export async function activeStack(flags: GlobalFlags): Promise<StackSpec | undefined> {
  const wanted = flags.stack ?? process.env["MLSTACK_STACK"];
  if (wanted === undefined || wanted === "") return undefined;
  const cwd = flags.cwd ?? process.cwd();
  return findStack(wanted, findProject(cwd).dir, cwd);
}
