import { projectPlugins } from "../plugins.ts";
import { findProject, projectIdentity, type Project } from "../project/project.ts";
import { LOCAL_STACK, type StackSpec } from "../stack/stack.ts";
import { stackSecrets, type StackSecrets } from "./stack-secrets.ts";

/** The secrets that a stack of a project has, without an engine: for setting, listing and deleting them. */
export interface ProjectSecrets extends StackSecrets {
  readonly project: Project;
}

/**
 * @param options `stack`: the local one by default; `mayWrite`: makes the project's state folder, which git is told to ignore, where it is not there
 * @throws MLS3004, MLS3005 when that can't be made
 */
export function projectSecrets({ from = process.cwd(), stack = LOCAL_STACK, env = process.env, mayWrite = false }: { readonly from?: string | undefined; readonly stack?: StackSpec | undefined; readonly env?: Readonly<Record<string, string | undefined>> | undefined; readonly mayWrite?: boolean | undefined } = {}): ProjectSecrets {
  const project = findProject(from, env);
  if (mayWrite) projectIdentity(project);
  return { project, ...stackSecrets(stack, projectPlugins(project.dir, undefined, { env }), { projectDir: project.dir, stateDir: project.stateDir }) };
}
