import { existsSync, statSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { MlstackError } from "@mlstack/core/errors";
import type { Project } from "../project/project.ts";
import type { StackSpec } from "../stack/stack.ts";
import { activeStackOf, refuseImplicit, type ActiveStack, type Named } from "./active-stack.ts";
import { loadYaml, openProjectFiles, specOf, STACKS_FOLDER, stackSpecOf, yamlFiles, type ProjectComponent, type ProjectFiles } from "./project-files.ts";
import { readStackFile } from "./stack-file.ts";

/**
 * Finds a stack: by the path of its file, or by its name among the project's stacks. `local` is there without a file.
 *
 * @throws MLS7003 when there is none, MLS7004 when a file is not what it should be, MLS7010, MLS7012 for a component that nobody defines
 */
export async function findStack(nameOrPath: string, projectDir: string, cwd: string = projectDir, files?: ProjectFiles): Promise<StackSpec> {
  const all = files ?? (await openProjectFiles(projectDir));
  return isPath(nameOrPath) ? stackOfFile(pathOf(nameOrPath, cwd), all) : stackSpecOf(all, nameOrPath);
}

/** The stack of a file, wherever it lies; components that it only names are looked for in the project. */
export async function stackOfFile(path: string, files: ProjectFiles): Promise<StackSpec> {
  const { name, parts } = readStackFile(await loadYaml(), path, files.dir);
  const components = [...parts].map(([type, part]): [string, Pick<ProjectComponent, "name" | "flavor" | "configuration" | "aliases">] => [type, part.defined === undefined ? files.component(type, part.name) : { ...part.defined, name: part.name, aliases: part.defined.aliases ?? [] }]);
  return specOf(name, new Map(components), files.project.aliases);
}

/**
 * The stack that is active, and who has said so.
 *
 * @param toRun refuse one that nobody has named where CI is set (MLS7014)
 * @throws as `findStack`; a name that leads nowhere says where it comes from
 */
export async function findActiveStack(named: Named, project: Project, { cwd = project.dir, toRun = false }: { readonly cwd?: string | undefined; readonly toRun?: boolean } = {}): Promise<ActiveStack & { readonly spec: StackSpec; readonly files: ProjectFiles }> {
  const files = await openProjectFiles(project.dir);
  const active = activeStackOf(named, project, files);
  if (toRun) refuseImplicit(active, files, named.env);
  // a path in mlstack.yaml is meant from where it stands, as all that is written in files
  const base = active.source === "default_stack" ? project.dir : cwd;
  try { return { ...active, spec: await findStack(active.stack, project.dir, base, files), files }; } catch (e) { throw withSource(e, active); }
}

/** The error for a name that leads nowhere, with where the name comes from: nobody typed it just now. */
export function withSource(e: unknown, { stack, source }: ActiveStack): unknown {
  if (!MlstackError.is(e, "MLS7003") || source === "--stack" || source === "activateStack") return e;
  const [from, fix] = source === "MLSTACK_STACK" ? ["the variable MLSTACK_STACK names it", "set MLSTACK_STACK to one of them, or unset it"] : source === "stack set" ? ["mlstack stack set made it the active one", "mlstack stack set local, or another of them"] : ["default_stack of mlstack.yaml names it", "correct default_stack in mlstack.yaml"];
  return new MlstackError("MLS7003", e.message, { why: `${from}; ${e.why ?? ""}`, fix, details: { ...e.details, stack, source } });
}

/** A path has a dot or a slash; names of stacks have neither. */
export const isPath = (nameOrPath: string): boolean => /[./\\]/.test(nameOrPath);

/** @throws MLS7003 where there is no such file */
export function pathOf(given: string, cwd: string): string {
  const path = isAbsolute(given) ? given : resolve(cwd, given);
  if (!existsSync(path)) throw new MlstackError("MLS7003", `there is no stack file ${JSON.stringify(given)}`, { why: `looked at ${path}`, fix: `name a file, or a stack of the folder ${STACKS_FOLDER}` });
  if (!statSync(path).isDirectory()) return path;
  const [first] = yamlFiles(path);
  throw new MlstackError("MLS7003", `${JSON.stringify(given)} is a folder`, { why: "a stack is a file", fix: first === undefined ? "name a file in it" : `--stack ${join(given, first)}` });
}
