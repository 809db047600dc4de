import type { JsonObject } from "@mlstack/core";

/** Something that a module did while it was imported, besides defining things. */
export interface ImportEffect {
  readonly kind: "socket" | "process" | "file" | "env" | "timer" | "output" | "global" | "listener";
  /** In words: `reads /etc/hosts`. */
  readonly what: string;
}

/** A package that came along. */
export interface LoadedPackage {
  /** As package.json of it says. */
  readonly name: string;
  /** The module of the plugin that names it: a path from the plugin's folder. */
  readonly from: string;
  /** Whether it carries a manifest: a plugin, such as one that brings a component type. */
  readonly isPlugin: boolean;
}

/** What the entry's default export says of itself. */
export interface DefinedPlugin {
  readonly name: string;
  /** What its manifest would be. */
  readonly manifest: JsonObject;
  /** Components that say nothing of what they reach: `artifact_store@1/acme`. */
  readonly undeclared: readonly string[];
}

/** What was seen of an import of a plugin's entry, in a process of its own. */
export interface ImportReport {
  /** Undefined where `problem` says why. */
  readonly plugin: DefinedPlugin | undefined;
  /** Why there is no definition: it threw, did not end, or exports something else. */
  readonly problem: string | undefined;
  readonly packages: readonly LoadedPackage[];
  readonly effects: readonly ImportEffect[];
}

/** What the process that imports is told, as JSON in its one argument. */
export interface ImportOrder {
  /** The plugin's folder: absolute, with links resolved. */
  readonly dir: string;
  /** From the folder: `./dist/index.js`. */
  readonly entry: string;
  /** The range of core, as the manifest will have it. */
  readonly core: string;
}
