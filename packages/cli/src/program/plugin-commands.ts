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
  const plugin = noun(program, "plugin", "for authors: check, prove, pack and publish a plugin");
  const SKIP = ["--skip <rule>", "leave out a rule of the check, by its id; may be given again"] as const;
  const FOLDER = "of the plugin's package; the working folder by default";
  command(plugin, "manifest").description("write the manifest into package.json, from what is built").argument("[FOLDER]", FOLDER)
    .option("--check", "write nothing; end with exit code 3 where it differs")
    .action(async (folder: string | undefined, _, self) => (await import("../commands/plugin-manifest.ts")).pluginManifest(folder, flagsOf(self)));
  command(plugin, "check").description("hold a plugin against the conventions that all plugins keep").argument("[FOLDER]", FOLDER)
    .option("--strict", "fail for warnings, too").option(...SKIP, collect)
    .action(async (folder: string | undefined, _, self) => (await import("../commands/plugin-check.ts")).pluginCheck(folder, flagsOf(self)));
  command(plugin, "test").description("run a plugin's conformance kit: what its components promise, and what they reach for").argument("[FOLDER]", FOLDER)
    .option("--type <type>", "only components of this type, such as artifact_store").option("--flavor <flavor>", "only this flavor").option("--case <id>", "only this case; may be given again", collect)
    .option("--no-watch", "do not compare what the plugin reaches for with its manifest").option("--seed <n>", "of what is random: gives a failure again", wholeNumber)
    .action(async (folder: string | undefined, _, self) => (await import("../commands/plugin-test.ts")).pluginTest(folder, flagsOf(self)));
  command(plugin, "pack").description("make the tarball that would be published, and look into it").argument("[FOLDER]", FOLDER)
    .option("--out <folder>", "where it is put; the working folder by default").option(...SKIP, collect)
    .action(async (folder: string | undefined, _, self) => (await import("../commands/plugin-pack.ts")).pluginPack(folder, flagsOf(self)));
  command(plugin, "publish").description("pack, prove and publish a plugin, and look whether it arrived").argument("[FOLDER]", FOLDER)
    .option("--registry <url>", "in the place of the default registry of npm's settings").option("--tag <tag>", "latest by default, next for a version before a release").option("--otp <code>", "a one-time password, where the registry wants one")
    .option("--provenance", "have it signed where it was built, or fail; by itself only from a public repository to npm's public registry").option("--no-provenance", "do not have it signed")
    .option(...SKIP, collect).option("--no-test", "publish it unproven: without mlstack plugin test").option("-n, --dry-run", "only say what would be published").option("-y, --yes", "do not ask")
    .action(async (folder: string | undefined, _, self) => (await import("../commands/plugin-publish.ts")).pluginPublish(folder, flagsOf(self)));
}
