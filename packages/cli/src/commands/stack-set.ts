import { activeStackOf, openProjectFiles, stackSpecOf, writeActive, type ProjectFiles } from "@mlstack/engine/project-files";
import { MlstackError } from "@mlstack/core";
import { stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { printTable } from "../ui/terminal.ts";
import { projectOf } from "./folder.ts";
import { checkStack, printNext, printWarnings } from "./stack-checks.ts";

/** `mlstack stack set STACK`. */
export async function stackSet(name: string, flags: GlobalFlags): Promise<void> {
  const project = projectOf(flags);
  const files = await openProjectFiles(project.dir);
  if (/[./\\]/.test(name)) throw new MlstackError("MLS7003", `${JSON.stringify(name)} is a file, not a stack's name`, { fix: `mlstack stack apply ${name}` });
  const warnings = await checkStack(project, await stackSpecOf(files, name));
  const before = activeStackOf({ env: {} }, project, files).stack;
  writeActive(project, name);
  const other = process.env["MLSTACK_STACK"];
  if (other !== undefined && other !== "" && other !== name) warnings.push(`MLSTACK_STACK is ${other}, and goes before what is set here: unset it`);
  const changes = changed(files, before, name);
  if (flags.json === true) { writeJson("stack-set", { stack: name, before, changes }, warnings); return; }
  const t = stdout(flags);
  t.line(before === name ? `the active stack is ${name}, as before` : `the active stack is ${t.style(name, "bold")}, it was ${before}`);
  printTable(t, undefined, changes.map((c) => [`  ${c.type}`, c.before ?? "none", "→", c.after ?? "none"]));
  printWarnings(warnings, flags);
  printNext(warnings.length > 0 ? `mlstack stack verify ${name}` : "mlstack run FILE", flags);
}

/** Which components are others. Of a stack that can't be read any more nothing is known. */
function changed(files: ProjectFiles, before: string, after: string): { type: string; before: string | null; after: string | null }[] {
  const old = partsOf(files, before);
  const now = partsOf(files, after);
  return [...new Set([...now.keys(), ...old.keys()])].flatMap((type) => (old.get(type) === now.get(type) ? [] : [{ type, before: old.get(type) ?? null, after: now.get(type) ?? null }]));
}

function partsOf(files: ProjectFiles, name: string): Map<string, string> {
  try { return new Map([...files.partsOf(name)].map(([type, c]) => [type, `${c.name} (${c.flavor})`])); } catch { return new Map(); }
}
