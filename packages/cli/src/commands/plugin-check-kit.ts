/** A place where a plugin does not keep a convention. */
export interface CheckFinding {
  readonly rule: string;
  readonly level: "error" | "warning";
  /** A path from the plugin's folder. */
  readonly at: string;
  readonly found: string;
  readonly expected: string;
  readonly fix: string;
}

interface ManifestState {
  readonly package: string;
  readonly entry: string;
  readonly same: boolean;
  readonly differs: readonly string[];
}

/** What is used of `@mlstack/testkit/check`, of the version that the plugin has. */
export interface CheckKit {
  checkPlugin(dir: string): Promise<{ readonly package: string; readonly version: string | undefined; readonly rules: number; readonly findings: readonly CheckFinding[] }>;
  pluginManifestState(dir: string): Promise<ManifestState>;
  writePluginManifest(dir: string): Promise<ManifestState>;
  shippedProblems(paths: Iterable<string>): readonly { readonly kind: "test" | "secret"; readonly path: string }[];
}
