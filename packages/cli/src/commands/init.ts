import { relative, resolve } from "node:path";
import { initProject } from "@mlstack/engine/project-files";
import { seenFrom } from "../doctor/packages.ts";
import { stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { folderOf } from "./folder.ts";

/** `mlstack init [FOLDER]`. */
export async function init(folder: string | undefined, flags: GlobalFlags): Promise<void> {
  const cwd = folderOf(flags);
  const { dir, written, kept, around } = await initProject(resolve(cwd, folder ?? "."));
  const warnings = around === undefined ? [] : [`${around} is a project, too: its stacks and runs are not those of ${dir}`];
  if (flags.json === true) { writeJson("init", { dir, written: [...written], kept: [...kept] }, warnings); return; }
  const [out, t] = [stdout(flags), stderr(flags)];
  for (const warning of warnings) t.line(`${t.style("warning", "yellow")}  ${warning}`);
  if (written.length === 0) out.line(`${dir} is a project already`);
  else out.line(`${dir} is a project: wrote ${written.join(", ")}`);
  if (flags.quiet === true || written.length === 0) return;
  const way = relative(cwd, dir);
  const isInstalled = ["mlstack", "zod"].every((name) => seenFrom(dir, name) !== undefined);
  t.line(t.style(`next  ${way === "" ? "" : `cd ${way} && `}${isInstalled ? "mlstack run FILE" : "npm install mlstack zod && npm install --save-dev typescript @types/node"}`, "dim"));
}
