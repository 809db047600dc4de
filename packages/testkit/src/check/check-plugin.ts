import { basename } from "node:path";
import { pluginManifest, type PluginManifest } from "@mlstack/core";
import { configFacts } from "./config-keys.ts";
import { coreRangeOf, entryOf } from "./manifest-file.ts";
import { moduleImports } from "./module-imports.ts";
import { observeImport } from "./observe-import.ts";
import { openPackageFolder } from "./package-folder.ts";
import { parseReadme } from "./readme.ts";
import type { InspectedPlugin } from "./rule.ts";
import { RULES } from "./rules/index.ts";
import { shippedFiles } from "./shipped-files.ts";

/** A place where a plugin does not keep a convention. */
export interface CheckFinding {
  /** The rule's id, such as `package.exports`. */
  readonly rule: string;
  readonly level: "error" | "warning";
  /** A path from the plugin's folder. */
  readonly at: string;
  readonly found: string;
  readonly expected: string;
  readonly fix: string;
}

/** What a look at a plugin has shown. */
export interface CheckReport {
  /** The package's name, and its version as far as it has one. */
  readonly package: string;
  readonly version: string | undefined;
  /** How many rules were applied. */
  readonly rules: number;
  /** Errors first, then by rule. */
  readonly findings: readonly CheckFinding[];
}

export interface CheckOptions {
  /** Ids of rules that are left out. */
  readonly skip?: readonly string[] | undefined;
}

/**
 * Looks at a plugin's folder, which must be built, by the conventions that all plugins keep. Its entry is imported in a process of its own; nothing is
 * written, and no network asked.
 *
 * @param dir with package.json, `src`, `dist` and README.md
 * @throws MLS8711 where the folder has no package.json that can be read
 */
export async function checkPlugin(dir: string, { skip = [] }: CheckOptions = {}): Promise<CheckReport> {
  const plugin = await inspectPlugin(dir);
  const applied = RULES.filter(({ id }) => !skip.includes(id));
  const findings = applied.flatMap((rule) => rule.find(plugin).map(({ found, at, fix }): CheckFinding => ({ rule: rule.id, level: rule.level, at, found, expected: rule.expects, fix: fix ?? rule.fix })));
  const { version } = plugin.folder.packageJson;
  return { package: plugin.name, version: typeof version === "string" ? version : undefined, rules: applied.length, findings: [...findings.filter(({ level }) => level === "error"), ...findings.filter(({ level }) => level === "warning")] };
}

async function inspectPlugin(dir: string): Promise<InspectedPlugin> {
  const folder = openPackageFolder(dir);
  const { packageJson } = folder;
  const entry = [entryOf(folder)].find((path) => path !== undefined && folder.has(path));
  const [report, shipped] = await Promise.all([entry === undefined ? undefined : observeImport({ dir: folder.dir, entry, core: coreRangeOf(folder) ?? "*" }), shippedFiles(folder)]);
  const parsed = pluginManifest.safeParse(packageJson["mlstack"]);
  const issue = parsed.error?.issues[0];
  const described = (report?.plugin?.manifest as PluginManifest | undefined) ?? parsed.data;
  const readme = folder.read("README.md");
  return {
    folder, entry, report, shipped, described, imports: await moduleImports(folder, shipped), name: typeof packageJson.name === "string" ? packageJson.name : basename(folder.dir), manifest: parsed.data,
    manifestProblem: packageJson["mlstack"] === undefined ? "there is none" : issue === undefined ? undefined : `${issue.path.join(".") || "mlstack"}: ${issue.message}`,
    components: (described?.components ?? []).map((one) => ({ label: `${one.contract}/${one.flavor}`, entry: one, config: configFacts(one.config) })),
    readme: readme === undefined ? undefined : parseReadme(readme),
  };
}
