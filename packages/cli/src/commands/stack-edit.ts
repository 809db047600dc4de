import { MlstackError } from "@mlstack/core";
import { findStack } from "@mlstack/engine";
import { applyStack, copyStack, deleteStack, openProjectFiles, pathOf, readActive, registerStack, specOf, updateStack, writeActive, type Project, type StackChange } from "@mlstack/engine/project-files";
import { partsOf } from "../program/component-types.ts";
import { confirm } from "../ui/ask.ts";
import { stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { folderOf, projectOf } from "./folder.ts";
import { checkStack, printNext, printWarnings } from "./stack-checks.ts";
import { stackSet } from "./stack-set.ts";

type PartFlags = GlobalFlags & Readonly<Record<string, unknown>>;

/** `mlstack stack register NAME --artifact-store A …`. */
export async function stackRegister(name: string, flags: PartFlags & { readonly set?: boolean }): Promise<void> {
  const project = projectOf(flags);
  const parts = given(flags, `mlstack stack register ${name}`);
  for (const type of ["artifact_store", "orchestrator"]) {
    if (!parts.has(type)) throw new MlstackError("MLS7001", `mlstack stack register needs --${type.replace("_", "-")}`, { why: "no pipeline runs without one", fix: `mlstack stack register ${name} --${type.replace("_", "-")} NAME …; names: mlstack component list` });
  }
  const files = await openProjectFiles(project.dir);
  const warnings = await checkStack(project, await specOf(name, new Map([...parts].map(([type, component]) => [type, files.component(type, component)])), {}));
  await report("stack-register", await registerStack(project, name, parts), warnings, flags);
  if (flags.set === true) { if (flags.json !== true) await stackSet(name, flags); else writeActive(project, name); }
  else if (flags.json !== true) printNext(`mlstack stack set ${name}`, flags);
}

/** `mlstack stack update STACK`. */
export async function stackUpdate(name: string, flags: PartFlags & { readonly remove?: readonly string[] }): Promise<void> {
  const project = projectOf(flags);
  const remove = (flags.remove ?? []).map((type) => type.replaceAll("-", "_"));
  const parts = remove.length > 0 ? partsOf(flags).parts : given(flags, `mlstack stack update ${name}`);
  const both = remove.find((type) => parts.has(type));
  if (both !== undefined) throw new MlstackError("MLS7001", `${both} is given, and removed`, { fix: "leave out one of the two" });
  const files = await openProjectFiles(project.dir);
  const next = new Map([...files.partsOf(name), ...[...parts].map(([type, component]) => [type, files.component(type, component)] as const)].filter(([type]) => !remove.includes(type)));
  const warnings = await checkStack(project, await specOf(name, next, {}));
  await report("stack-update", await updateStack(project, name, parts, remove), warnings, flags);
}

/** `mlstack stack copy FROM TO`. */
export async function stackCopy(from: string, to: string, flags: GlobalFlags): Promise<void> {
  await report("stack-copy", await copyStack(projectOf(flags), from, to), [], flags);
  if (flags.json !== true) printNext(`mlstack stack update ${to} …, or mlstack stack set ${to}`, flags);
}

/** `mlstack stack apply FILE`. */
export async function stackApply(file: string, flags: GlobalFlags): Promise<void> {
  const project = projectOf(flags);
  const path = pathOf(file, folderOf(flags));
  const warnings = await checkStack(project, await findStack(path, project.dir));
  const change = await applyStack(project, path);
  await report("stack-apply", change, warnings, flags);
  if (flags.json !== true) printNext(`mlstack stack set ${change.stack}`, flags);
}

/** `mlstack stack delete STACK`. */
export async function stackDelete(name: string, flags: GlobalFlags & { readonly yes?: boolean; readonly dryRun?: boolean }): Promise<void> {
  const project = projectOf(flags);
  const stack = (await openProjectFiles(project.dir)).find(name);
  const wasActive = readActive(project) === name;
  if (flags.dryRun === true) {
    const change = await deleteStack(project, name, { dryRun: true });
    const warnings = wasActive ? [`${name} is the active stack`] : [];
    if (flags.json === true) { writeJson("stack-delete", { ...documentOf(change), done: false }, warnings); return; }
    stdout(flags).line(`would delete the stack ${stdout(flags).style(name, "bold")} (${change.file ?? ""})`);
    if (change.moved.length > 0) stdout(flags).line(`  would keep in stacks/components.yaml: ${change.moved.join(", ")}`);
    printWarnings(warnings, flags);
    stderr(flags).line("nothing was changed");
    return;
  }
  if (stack.file !== undefined) await confirm(`Delete the stack ${name}? ${stack.file} is removed.`, flags);
  const change = await deleteStack(project, name);
  if (wasActive) writeActive(project, undefined);
  const warnings = wasActive ? [`${name} was the active stack: now it is ${await activeNow(project)}`] : [];
  if (flags.json === true) writeJson("stack-delete", { ...documentOf(change), done: true }, warnings); else print(change, warnings, flags);
}

async function activeNow(project: Project): Promise<string> {
  const { activeStackOf } = await import("@mlstack/engine/project-files");
  return activeStackOf({}, project, await openProjectFiles(project.dir)).stack;
}

/** The components that a command line names. Throws MLS7001 where it names none. */
function given(flags: PartFlags, command: string): Map<string, string> {
  const { parts, malformed } = partsOf(flags);
  if (malformed !== undefined) throw new MlstackError("MLS7001", `--component ${JSON.stringify(malformed)} is not TYPE=NAME`, { fix: "write --component acme.vector_index=NAME" });
  if (parts.size === 0) throw new MlstackError("MLS7001", `${command} names no component`, { fix: `${command} --artifact-store NAME …; names: mlstack component list` });
  return parts;
}

const SAID = { created: "registered", updated: "updated", unchanged: "is so already", deleted: "deleted" } as const;

type Reported = "stack-register" | "stack-update" | "stack-copy" | "stack-apply";

const documentOf = ({ stack, what, file, moved }: StackChange) => ({ stack, change: what, file: file ?? null, moved: [...moved] });

async function report(command: Reported, change: StackChange, warnings: readonly string[], flags: GlobalFlags): Promise<void> {
  if (flags.json === true) writeJson(command, documentOf(change), warnings); else print(change, warnings, flags);
}

function print({ stack, what, file, moved }: StackChange, warnings: readonly string[], flags: GlobalFlags): void {
  const t = stdout(flags);
  t.line(what === "unchanged" ? `the stack ${t.style(stack, "bold")} ${SAID[what]}${file === undefined ? "" : ` (${file})`}` : `${SAID[what]} the stack ${t.style(stack, "bold")}${file === undefined ? "" : ` (${file})`}`);
  if (moved.length > 0) t.line(`  kept in stacks/components.yaml: ${moved.join(", ")}`);
  printWarnings(warnings, flags);
}

