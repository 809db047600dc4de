import { Option, type Command } from "commander";
import { flagsOf } from "./flags.ts";

/** How commands are made: as the others of the program. */
export interface Make {
  command(parent: Command, name: string): Command;
  noun(parent: Command, name: string, text: string): Command;
  collect(value: string, before?: string[]): string[];
  positive(value: string): number;
}

const SPEC = "a name, an alias or a package, with a range where that is wanted (s3@^1.2), a tarball, or a folder of the workspace";

/** `mlstack integration …`. */
export function integrationCommands(program: Command, { command, noun, collect, positive }: Make): void {
  const integration = noun(program, "integration", "find, install, pin and verify integrations");
  const network = (of: Command) => of.option("--offline", "use no network: what was fetched before").option("--registry <url>", "in the place of the default registry of npm's settings");
  const change = (of: Command) => network(of).option("--allow-fresh <name>", "an integration, package or scope whose versions may be younger than a day; may be given again", collect).option("-n, --dry-run", "only say what would be changed").option("-y, --yes", "do not ask");
  const wider = (of: Command) => of.option("--allow-permissions <name>", "an integration that may reach more than it could, without being asked; may be given again", collect);
  const consent = (of: Command) => wider(of).option("--allow-invalid-config <name>", "an integration whose saved configurations are mended afterwards; may be given again", collect);
  const filter = (of: Command) => of.option("--type <type>", "with components of this type, or format").addOption(new Option("--state <state>", "in this state").choices(["available", "built-in", "planned"]));

  filter(command(integration, "list")).alias("ls").description("what there is, and what is installed; asks no network").option("--installed", "what this project has")
    .action(async (_, self) => (await import("../commands/integration-list.ts")).integrationList(flagsOf(self)));
  network(filter(command(integration, "search"))).description("find integrations by words, those of others in the registry, too").argument("<WORDS...>", "that name, description, types or settings have")
    .action(async (words: string[], _, self) => (await import("../commands/integration-list.ts")).integrationSearch(words, flagsOf(self)));
  network(command(integration, "info")).description("one integration: what it offers, its settings, what it may reach").argument("<NAME>", "a name, an alias or a package")
    .action(async (name: string, _, self) => (await import("../commands/integration-list.ts")).integrationInfo(name, flagsOf(self)));
  consent(change(command(integration, "install"))).description("install integrations and pin them; without names what the project declares").argument("[SPEC...]", SPEC)
    .option("--available", "leave out what is only planned").option("--frozen", "install what is pinned, and fail where anything differs")
    .action(async (specs: string[], _, self) => (await import("../commands/integration-change.ts")).integrationInstall(specs, flagsOf(self)));
  change(command(integration, "uninstall")).alias("rm").description("remove integrations").argument("<NAME...>", "names or packages").option("--allow-in-use <name>", "one that components of this project are made by; may be given again", collect)
    .action(async (names: string[], _, self) => (await import("../commands/integration-change.ts")).integrationUninstall(names, flagsOf(self)));
  network(command(integration, "outdated")).description("which have newer versions, and why those are not taken").option("--exit-code", "end with exit code 3 where there are any")
    .action(async (_, self) => (await import("../commands/integration-lock.ts")).integrationOutdated(flagsOf(self)));
  consent(change(command(integration, "upgrade"))).description("go to the newest compatible versions that fit").argument("[NAME...]", "all by default")
    .option("--major", "past the next major version, too").option("--to <version>", "a version, range or tag, of one that is named").option("--plan", "only say what would be changed, and what that means for this project")
    .action(async (names: string[], _, self) => (await import("../commands/integration-change.ts")).integrationUpgrade(names, flagsOf(self)));
  network(command(integration, "rollback")).description("take back the last change of integrations, exactly").option("--to <id>", "go back to before this change", positive).option("--list", "the changes that can be taken back").option("-n, --dry-run", "only say what would be taken back").option("-y, --yes", "do not ask")
    .action(async (_, self) => (await import("../commands/integration-lock.ts")).integrationRollback(flagsOf(self)));
  network(command(integration, "verify")).description("compare what is installed with mlstack.lock, byte by byte").option("--deep", "what they depend on, too, with the registry's tarballs")
    .action(async (_, self) => (await import("../commands/integration-lock.ts")).integrationVerify(flagsOf(self)));
  wider(network(command(integration, "lock"))).description("write mlstack.lock anew from what is installed").option("--check", "write nothing; end with exit code 3 where it differs").option("-n, --dry-run", "only say what would be changed")
    .action(async (_, self) => (await import("../commands/integration-lock.ts")).integrationLock(flagsOf(self)));
  const bundle = noun(integration, "bundle", "take integrations to where there is no network, in one file");
  network(command(bundle, "export")).description("write a file with all that installing this project needs, and what is named besides").argument("<FILE>", "the file, which must not be there yet").argument("[SPEC...]", "integrations besides those that are pinned: a name, an alias or a package, with a range where that is wanted (s3@^1.2)")
    .option("--platform <platform>", "without the tarballs of packages that are for other platforms alone (linux-x64); may be given again; all by default", collect).option("--available", "leave out what is only planned").option("--allow-fresh <name>", "an integration, package or scope whose versions may be younger than a day; may be given again", collect)
    .action(async (file: string, specs: string[], _, self) => (await import("../commands/integration-bundle.ts")).integrationBundleExport(file, specs, flagsOf(self)));
  command(bundle, "import").description("take what such a file has into the cache, for --offline; asks no network").argument("<FILE>", "the file")
    .option("--registry <url>", "in the place of the default registry of npm's settings").option("--any-registry", "also from another registry than the one here, of which this is a copy").option("-n, --dry-run", "only say what is in it")
    .action(async (file: string, _, self) => (await import("../commands/integration-bundle.ts")).integrationBundleImport(file, flagsOf(self)));
  command(integration, "permissions").description("what integrations may reach").argument("[NAME]", "of this one only")
    .action(async (name: string | undefined, _, self) => (await import("../commands/integration-lock.ts")).integrationPermissions(name, flagsOf(self)));
  command(integration, "doctor").description("look whether these commands can work here, and say what to mend; asks no network")
    .action(async (_, self) => (await import("../commands/integration-doctor.ts")).integrationDoctor(flagsOf(self)));
}
