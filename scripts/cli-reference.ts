// npm run cli-reference: writes docs/cli-reference.md from the program's own commands. A test compares them.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildProgram } from "../packages/cli/src/program.ts";
import { root } from "./bootstrap/install.mjs";

type Command = ReturnType<typeof buildProgram>;
type Option = Command["options"][number];

export const CLI_REFERENCE = join(root, "docs", "cli-reference.md");

/** The page: one heading per command, so that each has an address. */
export function cliReference(): string {
  const program = buildProgram();
  const lines = [
    "# Command reference", "",
    "Every command with all that it takes. Written by `npm run cli-reference` from `packages/cli/src/program.ts`; what the words mean, exit codes and output",
    "are on [the command line](cli.md).",
  ];
  for (const command of commandsOf(program)) lines.push("", ...section(command));
  lines.push("", "## Options of every command", "", ...table(ownOptions(program, true)));
  return `${lines.join("\n")}\n`;
}

function* commandsOf(of: Command): Generator<Command, void, undefined> {
  for (const command of of.createHelp().visibleCommands(of)) {
    if (command.name() === "help") continue;
    yield command;
    yield* commandsOf(command);
  }
}

function section(command: Command): string[] {
  const help = command.createHelp();
  const text = command.description();
  const args = help.visibleArguments(command).filter((a) => a.description !== "").map((a) => [`\`${a.name()}\`${a.required ? "" : " (may be left out)"}`, a.description] as const);
  const rows = [...args, ...ownOptions(command, false)];
  return [`## ${pathOf(command)}`, "", `${text.charAt(0).toUpperCase()}${text.slice(1)}.`, "", "```text", help.commandUsage(command), "```", ...(rows.length === 0 ? [] : ["", ...table(rows)])];
}

/** @param global those of every command, or those of this one alone */
function ownOptions(command: Command, global: boolean): (readonly [string, string])[] {
  const isGlobal = (o: Option) => o.helpGroupHeading !== undefined;
  return command.createHelp().visibleOptions(command).filter((o) => isGlobal(o) === global && o.long !== "--help")
    .map((o) => [`\`${o.flags}\``, `${o.description}${o.defaultValue === undefined || typeof o.defaultValue === "boolean" ? "" : `; ${JSON.stringify(o.defaultValue)} by default`}`] as const);
}

function table(rows: readonly (readonly [string, string])[]): string[] {
  return ["| | |", "|---|---|", ...rows.map((row) => `| ${row.map((cell) => cell.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`)];
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

if (process.argv[1] === import.meta.filename) writeFileSync(CLI_REFERENCE, cliReference());
