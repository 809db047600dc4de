import { existsSync } from "node:fs";
import { join } from "node:path";
import { MlstackError } from "@mlstack/core";
import { GC_DEFAULTS, knownProjectId, projectPlugins } from "@mlstack/engine";
import { activeStackOf, fileName, findStack, isCI, isPath, openProjectFiles, pathOf, placeOf, withSource, type ActiveStack, type Project, type ProjectFiles } from "@mlstack/engine/project-files";
import { folderOf, projectOf } from "../commands/folder.ts";
import { canAsk } from "../ui/ask.ts";
import type { GlobalFlags } from "../ui/output.ts";
import { componentSettings, secretsKey } from "./component-settings.ts";
import { byDefault, byFile, byFlag, byVariable, type Origin, type Setting } from "./setting.ts";

type Env = Readonly<Record<string, string | undefined>>;
const isSet = (env: Env, name: string): boolean => (env[name] ?? "") !== "";

/**
 * The settings that are in force for a command with these flags, in this folder and environment. Nothing is written, no service asked, no secret read.
 *
 * @returns with a warning for a stack that can't be used: the rest is known without it
 * @throws MLS7002 for `--cwd`; MLS7004, MLS7010 for a mlstack.yaml that can't be used
 */
export async function settingsInForce(flags: GlobalFlags, env: Env = process.env): Promise<{ readonly settings: readonly Setting[]; readonly warnings: readonly string[] }> {
  const project = projectOf(flags);
  const files = await openProjectFiles(project.dir);
  const { source, id } = files.project;
  const place = (...path: readonly string[]): Origin => (source === undefined ? byDefault : byFile(source.file, placeOf(source, path).line));
  const active = activeStackOf({ flag: flags.stack, env }, project, files);
  const stackFrom: Origin = active.source === "--stack" ? byFlag("--stack") : active.source === "MLSTACK_STACK" ? byVariable("MLSTACK_STACK") : active.source === "stack set" ? byFile(fileName(join(project.stateDir, "active"), project.dir)) : active.source === "default_stack" ? place("default_stack") : byDefault;
  const own = id === undefined ? knownProjectId(project) : undefined;
  const marker = ["mlstack.yaml", "package.json"].find((name) => existsSync(join(project.dir, name)));
  const settings: Setting[] = [
    { setting: "project", value: project.dir, origin: flags.cwd !== undefined ? byFlag("--cwd") : marker === undefined ? byDefault : byFile(marker) },
    { setting: "project.id", value: id ?? own ?? null, origin: id !== undefined ? place("project", "id") : own === undefined ? byDefault : byFile(fileName(join(project.stateDir, "project.json"), project.dir)) },
    { setting: "state_folder", value: project.stateDir, origin: isSet(env, "MLSTACK_STATE_DIR") ? byVariable("MLSTACK_STATE_DIR") : byDefault },
    { setting: "stack", value: active.stack, origin: stackFrom },
  ];
  const warnings: string[] = [];
  try { settings.push(...(await stackSettings(active, project, files, folderOf(flags)))); } catch (e) {
    const told = withSource(e, active);
    if (!MlstackError.is(told)) throw told;
    warnings.push(`${told.code} ${told.message}${told.fix === undefined ? "" : `; ${told.fix}`}`);
  }
  const plain = (setting: string, value: Setting["value"], origin: Origin = byDefault): Setting => ({ setting, value, origin });
  settings.push(
    plain("run.cache", "use"), plain("run.on_failure", "stop"),
    plain("gc.keep_days", GC_DEFAULTS.keepDays), plain("gc.keep_runs", GC_DEFAULTS.keepRuns), plain("gc.grace_hours", GC_DEFAULTS.graceMs / 3_600_000),
    plain("color", ...colorOf(flags, env)), plain("input", isTTY(process.stdin) && isTTY(process.stderr) && canAsk(flags), flags.input ? byDefault : byFlag("--no-input")), plain("ci", isCI(env), env["CI"] === undefined ? byDefault : byVariable("CI")),
  );
  return { settings, warnings };
}

async function stackSettings({ stack: name, source }: ActiveStack, project: Project, files: ProjectFiles, cwd: string): Promise<Setting[]> {
  const base = source === "default_stack" ? project.dir : cwd;
  const stack = await findStack(name, project.dir, base, files);
  const parts = isPath(name) ? undefined : files.partsOf(name);
  const file = isPath(name) ? fileName(pathOf(name, base), project.dir) : undefined;
  const loader = projectPlugins(project.dir, undefined);
  const settings: Setting[] = [];
  for (const [type, spec] of Object.entries(stack.components)) settings.push(...(await componentSettings({ type, spec, found: parts?.get(type), file }, stack, project, loader)));
  if (stack.components["secret_store"] === undefined) settings.push({ setting: "secret_store", value: "variables (env), file (file)", origin: byDefault }, { setting: "secret_store.path", value: join(project.stateDir, "secrets"), origin: byDefault }, secretsKey());
  return settings;
}

// what is no terminal has no such property
const isTTY = (stream: { readonly isTTY?: boolean }): boolean => stream.isTTY ?? false;

/** Whether stdout is coloured, as a terminal decides it. */
function colorOf({ color, plain }: GlobalFlags, env: Env): [boolean, Origin] {
  if (!color) return [false, byFlag("--no-color")];
  if (plain === true) return [false, byFlag("--plain")];
  const force = env["FORCE_COLOR"];
  if (force !== undefined) return [force !== "0" && force !== "false", byVariable("FORCE_COLOR")];
  if (env["TERM"] === "dumb") return [false, byVariable("TERM")];
  return isSet(env, "NO_COLOR") ? [false, byVariable("NO_COLOR")] : [isTTY(process.stdout), byDefault];
}
