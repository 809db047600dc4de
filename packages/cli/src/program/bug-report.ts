import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { homedir, release, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { redactor, serializeError, type SerializedError } from "@mlstack/core";
import type { Command } from "commander";
import { BUGS } from "../ui/errors.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** What a report is made of. */
export interface BugContext {
  readonly argv: readonly string[];
  /** Knows which words are commands and flags. */
  readonly program: Command;
  readonly env?: Env | undefined;
  /** Where it is written to where the project has no state folder, or that can't be written to. */
  readonly temp?: string | undefined;
}

/**
 * Writes what is needed to look for a bug to a file that only this user can read: into the project's state folder where there is one, else into
 * the system's temporary folder. Nothing is made in a folder in which nothing has run.
 *
 * @returns the file's path; undefined where no file could be written
 */
export async function writeBugReport(e: unknown, { argv, program, env = process.env, temp = tmpdir() }: BugContext): Promise<string | undefined> {
  const name = `mlstack-bug-${new Date().toISOString().replaceAll(/[:.]/g, "-")}-${process.pid}.txt`;
  const text = bugReport(e, { argv, program, env });
  for (const folder of [await stateReports(argv, env), temp]) {
    if (folder === undefined) continue;
    try {
      mkdirSync(folder, { recursive: true });
      // never through a link that somebody has put there
      writeFileSync(join(folder, name), text, { flag: "wx", mode: 0o600 });
      return join(folder, name);
    } catch { /* the next one */ }
  }
  return undefined;
}

/** The report's text. Values of the command line are left out; those of secrets in variables, and of settings that were given, are taken out of all the rest. */
export function bugReport(e: unknown, { argv, program, env }: Pick<BugContext, "argv" | "program"> & { readonly env: Env }): string {
  const hidden = redactor([
    ...Object.entries(env).flatMap(([name, value]) => (value !== undefined && /SECRET|TOKEN|PASS|CREDENTIAL|AUTH|PRIVATE|KEY/i.test(name) ? [value] : [])),
    ...argv.flatMap((word) => (word.includes("=") ? [word.slice(word.indexOf("=") + 1), word.slice(word.lastIndexOf("=") + 1)] : [])),
  ]);
  const home = homedir();
  const clean = (text: string) => hidden.text(text).replaceAll(/:\/\/[^\s/@]+@/g, "://[secret]@").replaceAll(home, home.length > 1 ? "~" : home);
  const lines = [
    "A bug in mlstack. Read this before you send it: what is secret was taken out as far as it is known.", `Tell it: ${BUGS}`, "",
    `time      ${new Date().toISOString()}`, `mlstack   ${program.version() ?? ""}`, `node      ${process.version}`, `platform  ${process.platform} ${process.arch} ${release()}`, `command   ${["mlstack", ...toldWords(program, argv)].join(" ")}`, "",
  ];
  for (let at: SerializedError | undefined = serializeError(e), what = ""; at !== undefined; at = at.cause, what = "caused by ") lines.push(clean(`${what}${at.code ?? at.name}: ${at.message}`), ...(at.stack === undefined ? [] : [clean(at.stack)]), "");
  return lines.join("\n");
}

/** A command line without what a user has written: commands and flags by their names, `…` for all else. */
export function toldWords(program: Command, argv: readonly string[]): string[] {
  const told: string[] = [];
  let command = program;
  let isVerb = true;
  let isValue = false;
  for (const word of argv) {
    if (isValue) { isValue = false; told.push("…"); continue; }
    const [, name = "", value] = /^(--[a-z-]+|-[a-zA-Z])([^]*)$/.exec(word) ?? [];
    const option = name === "" ? undefined : optionsAt(command).find((o) => o.long === name || o.short === name);
    if (option !== undefined) {
      told.push(value === "" ? name : `${name} …`);
      isValue = value === "" && option.required;
      continue;
    }
    const next = isVerb ? command.commands.find((c) => c.name() === word || c.aliases().includes(word)) : undefined;
    if (next === undefined) { told.push("…"); isVerb = false; } else { told.push(word); command = next; }
  }
  return told;
}

/** What may stand at a command: its own options, and those of the words before it. */
function optionsAt(command: Command): Command["options"][number][] {
  return [...command.options, ...(command.parent === null ? [] : optionsAt(command.parent))];
}

async function stateReports(argv: readonly string[], env: Env): Promise<string | undefined> {
  try {
    const { findProject } = await import("@mlstack/engine/project-files");
    const at = argv.findIndex((word) => word === "--cwd" || word.startsWith("--cwd="));
    const { stateDir } = findProject(resolve(at === -1 ? "." : argv[at] === "--cwd" ? (argv[at + 1] ?? ".") : argv[at]!.slice("--cwd=".length)), env);
    return existsSync(stateDir) ? join(stateDir, "reports") : undefined;
  } catch { return undefined; }
}
