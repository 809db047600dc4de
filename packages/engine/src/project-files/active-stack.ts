import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MlstackError, nameList } from "@mlstack/core/errors";
import { fsError, isMissing, makeFolder } from "../local/fs-errors.ts";
import type { Project } from "../project/project.ts";
import { LOCAL_STACK } from "./local-stack.ts";
import type { ProjectFiles } from "./project-files.ts";

/** Where the name of the active stack comes from, the strongest first. */
export type StackSource = "--stack" | "activateStack" | "MLSTACK_STACK" | "stack set" | "default_stack" | "built-in";

/** A stack's name or the path of its file, and who has said so. */
export interface ActiveStack {
  readonly stack: string;
  readonly source: StackSource;
}

/** What may name a stack before the project's files are asked. */
export interface Named {
  /** `--stack`, or `stack` of `pipeline.run()`. */
  readonly flag?: string | undefined;
  /** What `activateStack()` has set in this process. */
  readonly inProcess?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
}

/**
 * The active stack: flag, then this process's `activateStack()`, then MLSTACK_STACK, then what `mlstack stack set` has left, then
 * `default_stack` of mlstack.yaml, then the local one.
 *
 * @throws MLS7004, MLS7010 where mlstack.yaml must be asked and can't be used
 */
export function activeStackOf({ flag, inProcess, env = process.env }: Named, project: Project, files: ProjectFiles): ActiveStack {
  for (const [source, stack] of [["--stack", flag], ["activateStack", inProcess], ["MLSTACK_STACK", env["MLSTACK_STACK"]], ["stack set", readActive(project)]] as const) {
    if (stack !== undefined && stack !== "") return { stack, source };
  }
  const { defaultStack } = files.project;
  return defaultStack === undefined ? { stack: LOCAL_STACK.name, source: "built-in" } : { stack: defaultStack, source: "default_stack" };
}

/**
 * Refuses a stack that nobody has named where CI is set and there is a choice: a machine that others set up must not run a pipeline on whatever
 * stack it happens to have.
 *
 * @throws MLS7014
 */
export function refuseImplicit({ stack, source }: ActiveStack, files: ProjectFiles, env: Readonly<Record<string, string | undefined>> = process.env): void {
  const isNamed = source === "--stack" || source === "activateStack" || source === "MLSTACK_STACK";
  if (isNamed || !isCI(env) || files.stacks.length < 2) return;
  const from = { "stack set": "mlstack stack set, which is of one machine", default_stack: "default_stack of mlstack.yaml", "built-in": "nothing: it is what runs where nothing else is set" }[source];
  throw new MlstackError("MLS7014", `CI is set, and nobody has named a stack: it would be ${JSON.stringify(stack)}`, {
    why: `there are ${nameList(files.stacks.map((s) => s.name))}; ${JSON.stringify(stack)} comes from ${from}`, fix: `--stack ${stack}, or MLSTACK_STACK=${stack}`, details: { stack, source, stacks: files.stacks.map((s) => s.name) },
  });
}

/** Whether a machine watches: CI is set, and not to nothing, 0 or false. */
export function isCI(env: Readonly<Record<string, string | undefined>> = process.env): boolean {
  return !["", "0", "false"].includes((env["CI"] ?? "").toLowerCase());
}

const activePath = ({ stateDir }: Project): string => join(stateDir, "active");

/** What `mlstack stack set` has left; undefined where it was never called. */
export function readActive(project: Project): string | undefined {
  try { return readFileSync(activePath(project), "utf8").trim() || undefined; } catch (e) {
    if (isMissing(e)) return undefined;
    throw fsError(e, "reading", activePath(project));
  }
}

/** @param stack undefined: none is set any more. Throws MLS3004, MLS3005 */
export function writeActive(project: Project, stack: string | undefined): void {
  const path = activePath(project);
  try {
    if (stack === undefined) { rmSync(path, { force: true }); return; }
    makeStateFolder(project);
    const partial = `${path}.${process.pid}`;
    writeFileSync(partial, `${stack}\n`);
    renameSync(partial, path);
  } catch (e) { throw fsError(e, "writing", path); }
}

/** mlstack's own folder, which keeps itself out of version control. */
export function makeStateFolder({ stateDir }: Pick<Project, "stateDir">): void {
  makeFolder(stateDir);
  try { writeFileSync(join(stateDir, ".gitignore"), "*\n", { flag: "wx" }); } catch (e) { if ((e as { code?: string }).code !== "EEXIST") throw e; }
}
