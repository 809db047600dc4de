import { activeStackOf, openProjectFiles, type ProjectStack } from "@mlstack/engine/project-files";
import { errorDocument } from "../ui/error-document.ts";
import { stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { printTable } from "../ui/terminal.ts";
import { projectOf } from "./folder.ts";

/** `mlstack stack list`. Reads the project's files alone: no plugin is looked at, however many there are. */
export async function stackList(flags: GlobalFlags): Promise<void> {
  const project = projectOf(flags);
  const files = await openProjectFiles(project.dir);
  const active = activeStackOf({ flag: flags.stack }, project, files);
  const isActive = (s: ProjectStack) => s.name === active.stack;
  const warnings = files.broken.filter((e) => !files.stacks.some((s) => s.broken === e)).map((e) => e.message);
  if (!files.stacks.some(isActive) && !/[./\\]/.test(active.stack)) warnings.push(`the active stack ${JSON.stringify(active.stack)} (${active.source}) is none of them`);
  if (flags.json === true) {
    writeJson("stack-list", files.stacks.map((s) => ({ stack: s.name, active: isActive(s), source: isActive(s) ? active.source : null, file: s.file ?? null, components: Object.fromEntries(s.parts), error: s.broken === undefined ? null : errorDocument(s.broken) })), warnings);
    return;
  }
  const t = stdout(flags);
  const rows = files.stacks.map((s) => [isActive(s) ? t.style("*", "green") : " ", s.name, ...["orchestrator", "artifact_store", "experiment_tracker"].map((type) => s.parts.get(type) ?? "-"), s.broken === undefined ? (s.file ?? "built in") : t.style(s.broken.message, "red")]);
  printTable(t, [" ", "STACK", "ORCHESTRATOR", "ARTIFACT STORE", "TRACKER", "FILE"], t.plain ? rows.map(([mark = "", ...rest]) => [mark.trim(), ...rest]) : rows);
  const e = stderr(flags);
  for (const warning of warnings) e.line(`${e.style("warning", "yellow")}  ${warning}`);
}
