/** A package that carries an `mlstack` manifest, found but not loaded. */
export interface PluginPackage {
  readonly name: string;
  readonly version: string;
  /** Absolute, real path of its folder. */
  readonly dir: string;
  /** The `mlstack` field of its package.json, as found. */
  readonly manifest: unknown;
  /** `built-in` comes with the engine, `linked` lies outside of node_modules, `installed` in it. */
  readonly source: "built-in" | "linked" | "installed";
  /** Imports its plugin entry and returns the module. Throws MLS8204, MLS8207 or MLS8208, and imports nothing, where it is not what the project has pinned. */
  load(): Promise<Readonly<Record<string, unknown>>>;
}

/** Where plugins come from; the loader itself touches neither disk nor network. */
export interface PluginHost {
  /** The packages that the project may use, sorted by name. Reads manifests only. */
  packages(): Promise<readonly PluginPackage[]>;
  /** What to type to install a package, for error texts: `npm install x@1`. */
  installCommand(packages: readonly string[]): string;
}
