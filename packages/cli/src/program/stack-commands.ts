import type { Command } from "commander";
import type { ComponentChangeFlags } from "../commands/component-edit.ts";
import { componentFlags } from "./component-types.ts";
import { flagsOf } from "./flags.ts";

/** How commands are made: as the others of the program. */
export interface Make {
  command(parent: Command, name: string): Command;
  noun(parent: Command, name: string, text: string): Command;
  collect(value: string, before?: string[]): string[];
}

const STACK = "name of a stack";
const CONFIG = "a setting, its keys as in YAML, the keys of parts with dots between; may be given again";

/** `mlstack init`, `mlstack stack …` and `mlstack component …`. */
export function stackCommands(program: Command, { command, noun, collect }: Make): void {
  command(program, "init").description("make a folder a project").argument("[FOLDER]", "made where it is not there; the working folder by default")
    .action(async (folder: string | undefined, _, self) => (await import("../commands/init.ts")).init(folder, flagsOf(self)));

  const stack = noun(program, "stack", "say where pipelines run");
  command(stack, "list").alias("ls").description("the project's stacks, and which is active")
    .action(async (_, self) => (await import("../commands/stack-list.ts")).stackList(flagsOf(self)));
  command(stack, "describe").description("a stack: its components, and where they are defined").argument("[STACK]", "the active one by default")
    .action(async (name: string | undefined, _, self) => (await import("../commands/stack-describe.ts")).stackDescribe(name, flagsOf(self)));
  command(stack, "set").description("make a stack the active one of this folder").argument("<STACK>", STACK)
    .action(async (name: string, _, self) => (await import("../commands/stack-set.ts")).stackSet(name, flagsOf(self)));
  componentFlags(command(stack, "register").description("make a stack of components that the project's files define").argument("<NAME>", "of the new stack"), collect)
    .option("--set", "make it the active one, too")
    .action(async (name: string, _, self) => (await import("../commands/stack-edit.ts")).stackRegister(name, flagsOf(self)));
  componentFlags(command(stack, "update").description("put other components into a stack, or take some out").argument("<STACK>", STACK), collect)
    .option("--remove <type>", "take out the component of this type; may be given again", collect)
    .action(async (name: string, _, self) => (await import("../commands/stack-edit.ts")).stackUpdate(name, flagsOf(self)));
  command(stack, "copy").description("make a stack of the components of another").argument("<FROM>", STACK).argument("<TO>", "name of the new one")
    .action(async (from: string, to: string, _, self) => (await import("../commands/stack-edit.ts")).stackCopy(from, to, flagsOf(self)));
  command(stack, "apply").description("take over a stack's file: check it, and copy it into the folder stacks").argument("<FILE>", "such as stacks/production.yaml")
    .action(async (file: string, _, self) => (await import("../commands/stack-edit.ts")).stackApply(file, flagsOf(self)));
  command(stack, "export").description("print a stack as one file that needs no other").argument("[STACK]", "the active one by default").option("--out <file>", "write it to a file")
    .action(async (name: string | undefined, _, self) => (await import("../commands/stack-export.ts")).stackExport(name, flagsOf(self)));
  command(stack, "delete").alias("rm").description("remove a stack's file; what others name of it is kept").argument("<STACK>", STACK).option("-n, --dry-run", "only say what would be removed").option("-y, --yes", "do not ask")
    .action(async (name: string, _, self) => (await import("../commands/stack-edit.ts")).stackDelete(name, flagsOf(self)));
  command(stack, "verify").description("look whether each component works: reach, permissions, configuration").argument("[STACK]", "the active one by default")
    .action(async (name: string | undefined, _, self) => (await import("../commands/stack-verify.ts")).stackVerify(name, flagsOf(self)));

  const component = noun(program, "component", "define what stacks are made of");
  command(component, "list").alias("ls").description("the project's components").option("--type <type>", "of this type only, such as artifact_store")
    .action(async (_, self) => (await import("../commands/component-list.ts")).componentList(flagsOf(self)));
  command(component, "describe").description("a component: its settings, and which stacks have it").argument("<NAME>", "of the component").option("--type <type>", "where several types have one of that name")
    .action(async (name: string, _, self) => (await import("../commands/component-list.ts")).componentDescribe(name, flagsOf(self)));
  const changes = (of: Command) => of.option("--config <key=value>", CONFIG, collect).option("--alias <name>", "a further name by which steps may require it; may be given again", collect);
  changes(command(component, "register").description("define a component in stacks/components.yaml").argument("<NAME>", "of the new component").requiredOption("--type <type>", "such as artifact_store").requiredOption("--flavor <flavor>", "such as local, or one that a plugin offers"))
    .action(async (name: string, _, self) => (await import("../commands/component-edit.ts")).componentRegister(name, flagsOf<ComponentChangeFlags & { type: string; flavor: string }>(self)));
  changes(command(component, "update").description("change a component where it is defined").argument("<NAME>", "of the component").option("--type <type>", "where several types have one of that name"))
    .option("--unset <key>", "take out a setting; may be given again", collect).option("--remove-alias <name>", "take out a further name; may be given again", collect)
    .action(async (name: string, _, self) => (await import("../commands/component-edit.ts")).componentUpdate(name, flagsOf(self)));
  command(component, "delete").alias("rm").description("remove a component that no stack has").argument("<NAME>", "of the component").option("--type <type>", "where several types have one of that name").option("-n, --dry-run", "only say what would be removed").option("-y, --yes", "do not ask")
    .action(async (name: string, _, self) => (await import("../commands/component-edit.ts")).componentDelete(name, flagsOf(self)));
}
