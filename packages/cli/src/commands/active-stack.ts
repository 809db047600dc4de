import { statSync } from "node:fs";
import { resolve } from "node:path";
import { MlstackError } from "@mlstack/core";
import { findProject, findStack, type StackSpec } from "@mlstack/engine";
import type { GlobalFlags } from "../ui/output.ts";

/**
 * The folder that a command works from.
 *
 * @throws MLS7002 when `--cwd` names none: to make one would start a project in a folder that is a typo
 */
export function folderOf(flags: Pick<GlobalFlags, "cwd">): string {
  const cwd = resolve(flags.cwd ?? process.cwd());
  if (flags.cwd === undefined || statSync(cwd, { throwIfNoEntry: false })?.isDirectory() === true) return cwd;
  throw new MlstackError("MLS7002", `there is no folder ${JSON.stringify(flags.cwd)}`, { why: `looked at ${cwd}`, fix: "name an existing folder: --cwd FOLDER" });
}

/** The stack that a command works with: by flag, else by MLSTACK_STACK; undefined for the local one. */
export async function activeStack(flags: GlobalFlags): Promise<StackSpec | undefined> {
  const cwd = folderOf(flags);
  const wanted = flags.stack ?? process.env["MLSTACK_STACK"];
  if (wanted === undefined || wanted === "") return undefined;
  return findStack(wanted, findProject(cwd).dir, cwd);
}

/**
 * The stack for a command that only looks at what is recorded: the stores that runs have used are found without it, so a variable that
 * names no stack, or a broken one, is no reason to show nothing.
 */
export async function stackForReading(flags: GlobalFlags): Promise<StackSpec | undefined> {
  if (flags.stack !== undefined) return activeStack(flags);
  try { return await activeStack(flags); } catch (e) {
    if (MlstackError.is(e, "MLS7003") || MlstackError.is(e, "MLS7004")) return undefined;
    throw e;
  }
}
