import type { PluginManifest } from "@mlstack/core";
import type { ConfigFacts } from "./config-keys.ts";
import type { ImportReport } from "./import-report.ts";
import type { ModuleImport } from "./module-imports.ts";
import type { PackageFolder } from "./package-folder.ts";
import type { Readme } from "./readme.ts";

/** A component, as rules look at it. */
export interface InspectedComponent {
  /** `artifact_store@1/acme`, for messages. */
  readonly label: string;
  readonly entry: PluginManifest["components"][number];
  readonly config: ConfigFacts;
}

/** All that rules look at: read once, for all of them. */
export interface InspectedPlugin {
  readonly folder: PackageFolder;
  /** The package's name; its folder's where it has none. */
  readonly name: string;
  /** The built entry, from the folder; undefined where nothing is built. */
  readonly entry: string | undefined;
  /** The manifest in package.json; undefined where there is none, or none that is valid. */
  readonly manifest: PluginManifest | undefined;
  /** Why there is none. */
  readonly manifestProblem: string | undefined;
  /** What an import of the entry showed; undefined where there is nothing to import. */
  readonly report: ImportReport | undefined;
  /** By the code, where that could be imported; by package.json otherwise. */
  readonly described: PluginManifest | undefined;
  readonly components: readonly InspectedComponent[];
  readonly shipped: readonly string[];
  /** What shipped JavaScript imports by a fixed name. */
  readonly imports: readonly ModuleImport[];
  readonly readme: Readme | undefined;
}

/** What a rule has found in the place of what it expects. */
export interface Found {
  readonly found: string;
  /** Where: a path from the plugin's folder, or `package.json`. */
  readonly at: string;
  /** What mends this one, where that is more than the rule's own text says. */
  readonly fix?: string | undefined;
}

/** A convention that a plugin keeps or does not. Its id is stable: it is named in scripts and in the docs. */
export interface Rule {
  readonly id: string;
  /** A warning fails with `--strict` only. */
  readonly level: "error" | "warning";
  /** What holds where the rule is kept, in one sentence. */
  readonly expects: string;
  /** What mends it. */
  readonly fix: string;
  find(plugin: InspectedPlugin): readonly Found[];
}
