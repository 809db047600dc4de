import type { Command, CommanderError } from "commander";

export interface UsageParts {
  readonly why?: string | undefined;
  /** By default the command's help. */
  readonly fix?: string | undefined;
  /** A word that was not understood, and what it may have been meant to be. */
  readonly near?: { readonly word: string; readonly candidates: readonly string[]; readonly before?: string } | undefined;
  readonly command: Command;
}

/** A command line that can't be understood. It becomes an MLS7001 where it is printed: help and its like load none of the packages below. */
export class UsageError extends Error {
  readonly parts: UsageParts;
  constructor(message: string, parts: UsageParts) {
    super(message);
    this.parts = parts;
  }
}

/** Ends help and version; turns what the parser refuses into an error of ours. To be given to `exitOverride` of a command. */
export function refuse(e: CommanderError, command: Command): never {
  if (e.exitCode === 0) throw e;
  const what = pathOf(command);
  const quoted = /'([^']*)'/.exec(e.message)?.[1] ?? "";
  switch (e.code) {
    // one letter is as near to any other
    case "commander.unknownOption": throw new UsageError(`${what} has no option ${quoted}`, { ...(quoted.startsWith("--") && { near: { word: quoted, candidates: optionsOf(command), before: "write " } }), command });
    case "commander.missingArgument": throw new UsageError(`${what} needs ${quoted}`, { command });
    case "commander.excessArguments": throw tooMany(command, command.registeredArguments.map((a) => a.name()));
    case "commander.missingMandatoryOptionValue": throw new UsageError(`${what} needs ${quoted}`, { command });
    case "commander.optionMissingArgument": throw new UsageError(`${longOf(quoted)} needs a value: ${quoted}`, { command });
    case "commander.invalidArgument": {
      const [, given, name, choices] = /^error: command-argument value '([^]*?)' is invalid for argument '(.*?)'\. ?([^]*)$/.exec(e.message) ?? [];
      if (name !== undefined) throw new UsageError(`${name} is ${JSON.stringify(given)}: ${(choices ?? "").replace(/^A/, "a").replace(/\.$/, "")}`, { near: { word: given ?? "", candidates: command.registeredArguments.flatMap((a) => a.argChoices ?? []), before: `${what} ` }, command });
      const [, option = quoted, value = "", reason = "not accepted"] = /option '(.*?)' argument '([^]*?)' is invalid\. ?([^]*)$/.exec(e.message) ?? [];
      throw new UsageError(`${longOf(option)} is ${JSON.stringify(value)}: ${reason}`, { command });
    }
    default: throw new UsageError(e.message.replace(/^error: /, ""), { command });
  }
}

/** @param takes names of what the command takes */
export function tooMany(command: Command, takes: readonly string[]): UsageError {
  const given = command.args.map((a) => JSON.stringify(a)).join(", ");
  return new UsageError(`${pathOf(command)} takes ${takes.length === 0 ? "nothing" : takes.length === 1 ? `one ${takes[0]}` : takes.join(" and ")}, got ${given}`, { command });
}

/**
 * What a noun says when it stands without a verb, or with one that it does not have.
 *
 * @param word in the place of the verb; by default what stands there on the command line
 */
export function noSuchVerb(command: Command, verbs: readonly string[], word: string | undefined = command.args[0]): UsageError {
  const what = pathOf(command);
  if (word === undefined) return new UsageError(`${what} needs a verb: ${orList(verbs)}`, { command });
  return new UsageError(`there is no command ${what} ${word}`, { why: command.parent === null || verbs.length === 0 ? undefined : `its verbs are ${orList(verbs).replace(" or ", " and ")}`, near: { word, candidates: verbs, before: `${what} ` }, command });
}

/** `mlstack run list`. */
export function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

export function orList(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? "") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

function optionsOf(command: Command): string[] {
  return command.createHelp().visibleOptions(command).flatMap((o) => [o.long, o.short].filter((name) => typeof name === "string"));
}

/** `-p, --param <name=value>` → `--param`. */
function longOf(flags: string): string {
  return flags.split(/,? /).find((name) => name.startsWith("--")) ?? flags;
}
