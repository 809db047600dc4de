import type { Command } from "commander";
import { flagsOf } from "./flags.ts";

/** What makes commands in the house's form. */
export interface PluginCommandMakers {
  command(parent: Command, name: string): Command;
  noun(parent: Command, name: string, text: string): Command;
  collect(value: string, before?: string[]): string[];
  wholeNumber(value: string): number;
}

/** Commands for whoever writes a plugin. */
export function pluginCommands(program: Command, { command, noun, collect, wholeNumber }: PluginCommandMakers): void {
  const plugin = noun(program, "plugin", "for authors: prove a plugin, and publish it");
  const FOLDER = "of the plugin's package; the working folder by default";
  command(plugin, "test").description("run a plugin's conformance kit: what its components promise, and what they reach for").argument("[FOLDER]", FOLDER)
    .option("--type <type>", "only components of this type, such as artifact_store").option("--flavor <flavor>", "only this flavor").option("--case <id>", "only this case; may be given again", collect)
    .option("--no-watch", "do not compare what the plugin reaches for with its manifest").option("--seed <n>", "of what is random: gives a failure again", wholeNumber)
    .action(async (folder: string | undefined, _, self) => (await import("../commands/plugin-test.ts")).pluginTest(folder, flagsOf(self)));
}
