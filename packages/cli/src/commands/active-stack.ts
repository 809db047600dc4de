import { MlstackError } from "@mlstack/core";
import { findActiveStack, type StackSpec } from "@mlstack/engine";
import type { GlobalFlags } from "../ui/output.ts";
import { folderOf, projectOf } from "./folder.ts";

export { folderOf } from "./folder.ts";

/**
 * The stack that a command works with: docs/stacks.md says where its name is looked for.
 *
 * @param toRun refuse one that nobody has named where CI is set (MLS7014)
 */
export async function activeStack(flags: GlobalFlags, { toRun = false }: { readonly toRun?: boolean } = {}): Promise<StackSpec> {
  return (await findActiveStack({ flag: flags.stack }, projectOf(flags), { cwd: folderOf(flags), toRun })).spec;
}

/**
 * The stack for a command that only looks at what is recorded: the stores that runs have used are found without it, so a name that leads to
 * no stack, or a broken one, is no reason to show nothing.
 */
export async function stackForReading(flags: GlobalFlags): Promise<StackSpec | undefined> {
  if (flags.stack !== undefined) return activeStack(flags);
  try { return await activeStack(flags); } catch (e) {
    if (MlstackError.is(e) && ["MLS7003", "MLS7004", "MLS7010", "MLS7012"].includes(e.code)) return undefined;
    throw e;
  }
}
