import { componentNamed, openProjectFiles, type ProjectComponent, type ProjectFiles } from "@mlstack/engine/project-files";
import type { JsonFields } from "../json/documents.ts";
import { stderr, stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { printTable } from "../ui/terminal.ts";
import { projectOf } from "./folder.ts";

interface TypeFlags extends GlobalFlags { readonly type?: string }

/** `mlstack component list`. Reads the project's files alone. */
export async function componentList(flags: TypeFlags): Promise<void> {
  const files = await openProjectFiles(projectOf(flags).dir);
  const type = flags.type?.replaceAll("-", "_");
  const listed = files.components.filter((c) => (type === undefined || c.type === type) && !isHidden(files, c)).toSorted((a, b) => (a.type === b.type ? (a.name < b.name ? -1 : 1) : a.type < b.type ? -1 : 1));
  const warnings = files.broken.map((e) => e.message);
  if (flags.json === true) { writeJson("component-list", listed.map((c) => documentOf(files, c)), warnings); return; }
  const t = stdout(flags);
  printTable(t, ["TYPE", "NAME", "FLAVOR", "STACKS", "DEFINED IN"], listed.map((c) => [c.type, c.name, c.flavor, files.usersOf(c).join(", ") || "-", place(c)]));
  const e = stderr(flags);
  for (const warning of warnings) e.line(`${e.style("warning", "yellow")}  ${warning}`);
}

/** `mlstack component describe NAME`. */
export async function componentDescribe(name: string, flags: TypeFlags): Promise<void> {
  const project = projectOf(flags);
  const files = await openProjectFiles(project.dir);
  const c = componentNamed(files, name, flags.type?.replaceAll("-", "_"));
  const [{ projectPlugins }, { maskedConfiguration }] = await Promise.all([import("@mlstack/engine"), import("./masked.ts")]);
  const configuration = await maskedConfiguration(projectPlugins(project.dir, undefined), c.type, c.flavor, c.configuration ?? {});
  if (flags.json === true) { writeJson("component-describe", { ...documentOf(files, c), configuration: configuration as JsonFields }); return; }
  const t = stdout(flags);
  t.line(`${t.style(c.name, "bold")}  ${t.style(`${c.type}, ${c.flavor}; ${place(c)}`, "dim")}`);
  printTable(t, undefined, Object.entries(configuration).map(([key, value]) => [`  ${key}`, typeof value === "string" ? value : JSON.stringify(value)]));
  if (c.aliases.length > 0) t.line(`  also called ${c.aliases.join(", ")}`);
  const users = files.usersOf(c);
  t.line(users.length === 0 ? "  no stack has it" : `  in ${users.join(", ")}`);
}

/** A built-in component is not listed where the project has one of that name. */
function isHidden(files: ProjectFiles, c: ProjectComponent): boolean {
  return c.at === undefined && files.components.some((o) => o.at !== undefined && o.type === c.type && o.name === c.name);
}

function documentOf(files: ProjectFiles, c: ProjectComponent) {
  return { component: c.name, type: c.type, flavor: c.flavor, aliases: [...c.aliases], at: c.at === undefined ? null : { ...c.at }, stacks: [...files.usersOf(c)] };
}

const place = ({ at }: ProjectComponent): string => (at === undefined ? "built in" : `${at.file}:${at.line}`);
