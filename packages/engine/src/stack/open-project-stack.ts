import type { Component } from "@mlstack/core";
import { findProject } from "../project/project.ts";
import { findStack } from "../project-files/find-stack.ts";
import { projectPlugins } from "../plugins.ts";
import { openStack, type StackSpec } from "./stack.ts";
import { settledStack } from "./stack-references.ts";

/** A stack of a project, for whoever needs its components and runs no pipeline. */
export interface OpenedStack {
  readonly name: string;
  /** By the name in step definitions, such as `modelDeployer`; undefined where the stack has none. Made when it is first asked for. */
  component(name: string): Promise<Component | undefined>;
  /** Releases what was made. */
  dispose(): Promise<void>;
}

/**
 * Opens a stack: its components are made by the project's plugins, as for a run. Nothing is recorded.
 *
 * @param stack its name, the path of its file, or what it is made of
 * @param options `from`: a folder of the project; the working folder by default
 * @throws MLS7003, MLS7004, MLS7010, MLS7012 for the stack; `component` what creating one throws
 */
export async function openProjectStack(stack: string | StackSpec, { from = process.cwd(), env = process.env }: { readonly from?: string | undefined; readonly env?: Readonly<Record<string, string | undefined>> | undefined } = {}): Promise<OpenedStack> {
  const project = findProject(from, env);
  const plugins = projectPlugins(project.dir, undefined, { env });
  const spec = typeof stack === "string" ? await findStack(stack, project.dir, from) : stack;
  const opened = openStack(await settledStack(spec, plugins), plugins, { projectDir: project.dir, stateDir: project.stateDir });
  return {
    name: spec.name,
    component: (name) => opened.component(name),
    dispose: () => opened.dispose(),
  };
}
