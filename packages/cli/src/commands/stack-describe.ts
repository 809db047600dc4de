import { PLANNED_TYPES } from "@mlstack/core";
import { openStack, projectPlugins, type StackSpec } from "@mlstack/engine";
import { activeStackOf, findStack, isPath, openProjectFiles, pathOf, withSource, type ProjectComponent } from "@mlstack/engine/project-files";
import type { DataOf, JsonFields } from "../json/documents.ts";
import { errorDocument } from "../ui/error-document.ts";
import { stdout, writeJson, type GlobalFlags } from "../ui/output.ts";
import { printTable } from "../ui/terminal.ts";
import { folderOf, projectOf } from "./folder.ts";
import { maskedConfiguration } from "./masked.ts";

/** `mlstack stack describe [STACK]`. */
export async function stackDescribe(name: string | undefined, flags: GlobalFlags): Promise<void> {
  const project = projectOf(flags);
  const cwd = folderOf(flags);
  const files = await openProjectFiles(project.dir);
  const active = activeStackOf({ flag: flags.stack }, project, files);
  const wanted = name ?? active.stack;
  let spec: StackSpec;
  try { spec = await findStack(wanted, project.dir, cwd, files); } catch (e) { throw name === undefined ? withSource(e, active) : e; }
  const loader = projectPlugins(project.dir, undefined);
  const stack = openStack(spec, loader, { projectDir: project.dir, stateDir: project.stateDir });
  const [findings, offered] = [await stack.findings(), await loader.flavors()];
  await stack.dispose();
  const own = isPath(wanted) ? undefined : files.find(wanted);
  const parts: ReadonlyMap<string, ProjectComponent> | undefined = isPath(wanted) ? undefined : files.partsOf(wanted);
  const components = await Promise.all(Object.entries(spec.components).map(async ([type, c]): Promise<DataOf<"stack-describe">["components"][number]> => {
    const plugin = offered.find((f) => f.type === type && (f.flavor === c.flavor || f.entry.aliases.includes(c.flavor)))?.plugin;
    const found = parts?.get(type);
    const wrong = findings.find((f) => f.type === type);
    return {
      type, name: c.name, flavor: c.flavor, aliases: [...(c.aliases ?? [])], configuration: (await maskedConfiguration(loader, type, c.flavor, found?.configuration ?? c.config ?? {})) as JsonFields, at: found?.at === undefined ? null : { ...found.at },
      plugin: plugin === undefined ? null : { name: plugin.name, version: plugin.version }, error: wrong === undefined ? null : errorDocument(wrong.error), used: !PLANNED_TYPES.includes(type),
    };
  }));
  const data: DataOf<"stack-describe"> = { stack: spec.name, active: wanted === active.stack, source: wanted === active.stack ? active.source : null, file: own?.file ?? (isPath(wanted) ? pathOf(wanted, cwd) : null), components };
  if (flags.json === true) { writeJson("stack-describe", data); return; }
  print(data, flags);
}

function print(data: DataOf<"stack-describe">, flags: GlobalFlags): void {
  const t = stdout(flags);
  if (t.plain) { for (const c of data.components) t.line([c.type, c.name, c.flavor, c.plugin === null ? "" : `${c.plugin.name} ${c.plugin.version}`, c.at === null ? "" : `${c.at.file}:${c.at.line}`].join("\t")); return; }
  t.line(`${t.style(data.stack, "bold")}  ${t.style(`${data.file ?? "built in"}${data.active ? `; active (${data.source === "built-in" ? "nothing else is set" : String(data.source)})` : ""}`, "dim")}`);
  for (const c of data.components) {
    t.line();
    t.line(`${t.style(c.type, "cyan")}  ${c.name}  ${t.style(`${c.flavor}${c.plugin === null ? "" : `, ${c.plugin.name} ${c.plugin.version}`}${c.at === null || c.at.file === data.file ? "" : `, ${c.at.file}:${c.at.line}`}`, "dim")}`);
    printTable(t, undefined, Object.entries(c.configuration).map(([key, value]) => [`  ${key}`, typeof value === "string" ? value : JSON.stringify(value)]));
    if (c.aliases.length > 0) t.line(`  ${t.style("also called", "dim")} ${c.aliases.join(", ")}`);
    if (!c.used) t.line(t.style("  nothing uses components of this type yet", "dim"));
    if (c.error !== null) t.line(`  ${t.style(c.error.message, "red")}${c.error.fix === undefined ? "" : `: ${c.error.fix}`}`);
  }
}
