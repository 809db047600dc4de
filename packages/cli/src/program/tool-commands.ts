import { Argument, type Command } from "commander";
import { flagsOf } from "./flags.ts";
import { UsageError } from "./usage.ts";

/** What makes commands in the house's form. */
export interface CommandMakers {
  command(parent: Command, name: string): Command;
  noun(parent: Command, name: string, text: string): Command;
  hidden(parent: Command, name: string): Command;
  wholeNumber(value: string): number;
}

/** Secrets, and commands that look at the project and its code. */
export function toolCommands(program: Command, { command, noun, hidden, wholeNumber }: CommandMakers): void {
  const secret = noun(program, "secret", "values that component configurations refer to as ${secret:NAME}");
  command(secret, "set").description("keep a value, read from stdin or asked for; never an argument, which others could see").argument("<SECRET>", "its name").allowExcessArguments()
    .option("--from-file <file>", "take the value from a file, as it is")
    .action(async (name: string, _, self: Command) => {
      // the words are not told: one of them is a secret now
      if (self.args.length > 1) throw new UsageError("mlstack secret set takes the name alone", { why: "an argument is seen by everybody on this machine, and kept in the shell's history: the value that was given there should be changed", fix: `printf %s "$VALUE" | mlstack secret set ${name}`, command: self });
      await (await import("../commands/secret.ts")).secretSet(name, flagsOf(self));
    });
  command(secret, "list").alias("ls").description("names, and when they were changed; no values")
    .action(async (_, self) => (await import("../commands/secret.ts")).secretList(flagsOf(self)));
  command(secret, "delete").description("remove a secret").argument("<SECRET>", "its name").option("-n, --dry-run", "only say what would be removed").option("-y, --yes", "do not ask")
    .action(async (name: string, _, self) => (await import("../commands/secret.ts")).secretDelete(name, flagsOf(self)));

  const config = noun(program, "config", "look at the settings that are in force here");
  command(config, "show").description("the settings that flags, variables, files and defaults decide; no secrets").option("--origin", "with what has decided each of them")
    .action(async (_, self) => (await import("../commands/config-show.ts")).configShow(flagsOf(self)));

  command(program, "lint").description("look for mistakes in steps without running them").argument("[FILE]", "a module with what is loaded with it; all of the project by default")
    .option("--max-warnings <n>", "fail when there are more warnings", wholeNumber)
    .action(async (file: string | undefined, _, self) => (await import("../commands/lint.ts")).lintFile(file, flagsOf(self)));
  command(program, "doctor").description("look whether pipelines can run here, and say what to mend")
    .action(async (_, self) => (await import("../commands/doctor.ts")).doctor(flagsOf(self)));
  command(program, "explain").description("what an error's code stands for, and what mends it").argument("[CODE]", "such as MLS4001; all of them by default")
    .action(async (code: string | undefined, _, self) => (await import("../commands/explain.ts")).explain(code, flagsOf(self)));
  command(program, "completion").description("print what makes a shell complete mlstack's words").addArgument(new Argument("<SHELL>", "the shell").choices(["bash", "zsh", "fish"]))
    .action(async (shell: string) => { (await import("../commands/completion.ts")).completion(shell); });
  hidden(program, "__complete").argument("<index>").argument("[words...]")
    .action(async (index: string, words: string[]) => (await import("../commands/completion.ts")).complete(program, index, words));
}
