import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { MlstackError } from "@mlstack/core/errors";
import { activeStackOf, exportStack, loadYaml, openProjectFiles, withSource } from "@mlstack/engine/project-files";
import { stderr, writeJson, type GlobalFlags } from "../ui/output.ts";
import { writeOut } from "../ui/stdout.ts";
import { folderOf, projectOf } from "./folder.ts";

/** `mlstack stack export [STACK]`. */
export async function stackExport(name: string | undefined, flags: GlobalFlags & { readonly out?: string }): Promise<void> {
  const project = projectOf(flags);
  const files = await openProjectFiles(project.dir);
  const active = activeStackOf({ flag: flags.stack }, project, files);
  const stack = name ?? active.stack;
  let text: string;
  try { text = exportStack(await loadYaml(), files, stack); } catch (e) { throw name === undefined ? withSource(e, active) : e; }
  if (flags.out !== undefined) {
    const path = resolve(folderOf(flags), flags.out);
    try { writeFileSync(path, text, { flag: "wx" }); } catch (e) {
      if ((e as { code?: string }).code === "EEXIST") throw new MlstackError("MLS7011", `${flags.out} is there already`, { fix: "name another file, or remove it first" });
      throw new MlstackError("MLS7002", `${flags.out} can't be written: ${(e as Error).message}`, { fix: "name a file in a folder that is there", cause: e });
    }
  }
  if (flags.json === true) { writeJson("stack-export", { stack, file: flags.out ?? null, text }); return; }
  if (flags.out === undefined) writeOut(text); else if (flags.quiet !== true) stderr(flags).line(`wrote ${flags.out}`);
}
