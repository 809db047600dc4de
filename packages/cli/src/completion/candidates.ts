import type { Argument, Command, Option } from "commander";

/** Something that may stand where a person is typing. */
export interface Candidate { readonly word: string; readonly description?: string | undefined }

/** What candidates there are: words that the commands themselves know, and names that have to be looked up. */
export interface Completion {
  readonly words: readonly Candidate[];
  /** A kind of name, such as `RUN` or `STACK`, as arguments and options are called; `FILE` for the names of files. */
  readonly kind: string | undefined;
  /** What was typed of it so far. */
  readonly typed: string;
  /** What stands before it in the same word: `--stack=`, where the shell has not cut it off. */
  readonly prefix: string;
  /** The command that it belongs to, by its own name. */
  readonly verb: string;
  /** The arguments of the command before it: a step is looked for in its run. */
  readonly before: readonly string[];
  /** Of `--cwd` and `--stack` on the line. */
  readonly options: Readonly<Record<string, string>>;
}

/**
 * Reads a line that is being typed, as far as it goes.
 *
 * @param words of the line, the program first; a shell may have cut `--name=value` in three
 * @param index of the word that is being typed
 */
export function completionOf(program: Command, words: readonly string[], index: number): Completion {
  const line = joined(words.slice(1, index));
  let typed = words[index] === "=" ? "" : (words[index] ?? "");
  let prefix = "";
  let command = program;
  let before: string[] = [];
  const options: Record<string, string> = {};
  let open: Option | undefined;
  for (const word of line) {
    if (open !== undefined) { options[open.attributeName()] = word; open = undefined; continue; }
    if (word.startsWith("-") && word.length > 1) {
      const [name = "", value] = word.split(/=(.*)/s);
      const option = optionOf(command, name);
      if (option === undefined || (!option.required && !option.optional)) continue;
      if (value === undefined || value === "") open = option; else options[option.attributeName()] = value;
      continue;
    }
    const verb = before.length === 0 ? visible(command).find((c) => c.name() === word || c.aliases().includes(word)) : undefined;
    if (verb === undefined) before.push(word); else { command = verb; before = []; }
  }
  const [, name, value] = /^(--[^=]+)=(.*)$/s.exec(typed) ?? [];
  const inOne = open === undefined && name !== undefined ? optionOf(command, name) : undefined;
  if (inOne !== undefined) [open, prefix, typed] = [inOne, `${name}=`, value!];
  const base = { typed, prefix, verb: command.name(), before, options };
  if (open !== undefined) return { ...base, words: (open.argChoices ?? []).map((word) => ({ word })), kind: kindOf(open) };
  if (typed.startsWith("-")) return { ...base, words: optionsOf(command), kind: undefined };
  const argument = command.registeredArguments[Math.min(before.length, command.registeredArguments.length - 1)];
  const isFull = argument === undefined || (before.length >= command.registeredArguments.length && !argument.variadic);
  return { ...base, words: [...(before.length === 0 ? verbsOf(command) : []), ...(isFull ? [] : (argument.argChoices ?? []).map((word) => ({ word })))], kind: isFull ? undefined : nameOf(argument, command) };
}

/** `--name`, `=`, `value` → `--name=value`. */
function joined(words: readonly string[]): string[] {
  const found: string[] = [];
  for (const word of words) {
    const last = found.at(-1);
    if (word === "=" && last?.startsWith("--") === true) found[found.length - 1] = `${last}=`;
    else if (last?.startsWith("--") === true && last.endsWith("=")) found[found.length - 1] = last + word;
    else found.push(word);
  }
  return found;
}

function visible(command: Command): Command[] {
  return command.createHelp().visibleCommands(command);
}

function verbsOf(command: Command): Candidate[] {
  return visible(command).map((c) => ({ word: c.name(), description: c.description() }));
}

function optionsOf(command: Command): Candidate[] {
  return command.createHelp().visibleOptions(command).flatMap((o) => (o.long === undefined || o.long === null ? [] : [{ word: o.long, description: o.description }]));
}

function optionOf(command: Command, name: string): Option | undefined {
  for (let at: Command | null = command; at !== null; at = at.parent) {
    const found = at.options.find((o) => o.long === name || o.short === name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Of `component describe NAME` COMPONENT; what is registered has no name yet. */
function nameOf(argument: Argument, command: Command): string {
  const called = argument.name().toUpperCase();
  return called === "NAME" && command.parent !== null && command.name() !== "register" ? command.parent.name().toUpperCase() : called;
}

/** `--from-file <file>` → FILE; `--pipeline <name>` → PIPELINE. */
const kindOf = (option: Option): string | undefined => {
  const name = /[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1];
  return (name === "name" ? option.attributeName() : name)?.toUpperCase();
};
