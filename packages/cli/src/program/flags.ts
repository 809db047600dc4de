import { Option, type Command } from "commander";
import type { GlobalFlags } from "../ui/output.ts";
import { pathOf, UsageError } from "./usage.ts";

const GROUP = "Options of every command:";
const GLOBAL: readonly (readonly [flags: string, text: string])[] = [
  ["--json", "print one JSON document"], ["--plain", "print tables as lines of fields with tabs between"], ["-q, --quiet", "print no progress"], ["-v, --verbose", "print more: what is used, every reason, causes of errors"], ["--no-color", "no colours"],
  ["--no-input", "ask nothing: what is missing is an error, as where there is no terminal"], ["--debug", "print stacks of errors"], ["--cwd <folder>", "the project's folder"], ["--stack <stack>", "name of a stack, or path of its file"],
];
const NAMES = new Set(["json", "plain", "quiet", "verbose", "color", "input", "debug", "cwd", "stack"]);

/** Flags that mean the same on every command, and may stand before or after its words. */
export function globalFlags(command: Command): Command {
  for (const [flags, text] of GLOBAL) command.addOption(new Option(flags, text).helpGroup(GROUP));
  return command;
}

/**
 * The flags that a command was given, wherever they stand: those of the words before it, too.
 *
 * @throws UsageError for a flag before a verb that is not that verb's
 */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the parser knows no types: a command says which flags it has
export function flagsOf<T extends GlobalFlags>(command: Command): T {
  const flags: Record<string, unknown> = { ...command.opts() };
  const given = (c: Command, name: string) => c.getOptionValueSource(name) === "cli";
  for (let at = command.parent; at !== null; at = at.parent) {
    for (const [name, value] of Object.entries(at.opts<Record<string, unknown>>())) {
      if (!given(at, name)) continue;
      if (!NAMES.has(name)) throw new UsageError(`${nameOf(at, name)} is no option of ${pathOf(command)}`, { why: `it is one of ${pathOf(at)}`, command });
      if (!given(command, name)) flags[name] = value;
    }
  }
  return flags as unknown as T;
}

function nameOf(command: Command, attribute: string): string {
  return command.options.find((o) => o.attributeName() === attribute)?.long ?? attribute;
}
