import { statSync } from "node:fs";
import { resolve } from "node:path";
import { MlstackError } from "@mlstack/core/errors";
import { findProject, type Project } from "@mlstack/engine/project-files";
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

/** The project that a command works in. Throws MLS7002. */
export function projectOf(flags: Pick<GlobalFlags, "cwd">): Project {
  return findProject(folderOf(flags));
}
