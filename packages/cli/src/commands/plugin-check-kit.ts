import { didYouMean, MlstackError, nameList } from "@mlstack/core/errors";

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
  readonly CHECK_RULES: readonly { readonly id: string }[];
  checkPlugin(dir: string, options?: { readonly skip?: readonly string[] | undefined }): Promise<{ readonly package: string; readonly version: string | undefined; readonly rules: number; readonly findings: readonly CheckFinding[] }>;
  pluginManifestState(dir: string): Promise<ManifestState>;
  writePluginManifest(dir: string): Promise<ManifestState>;
  shippedProblems(paths: Iterable<string>): readonly { readonly kind: "test" | "secret"; readonly path: string }[];
}

/** What `check`, `pack` and `publish` take. */
export interface SkipFlags {
  /** Ids of rules that are left out. */
  readonly skip?: readonly string[] | undefined;
}

/** The rules that are left out, each once. @throws MLS8714 for one that the plugin's kit does not have */
export function skippedRules({ skip = [] }: SkipFlags, { CHECK_RULES }: CheckKit): readonly string[] {
  const known = CHECK_RULES.map(({ id }) => id);
  for (const id of skip) {
    if (known.includes(id)) continue;
    const near = didYouMean(id, known);
    throw new MlstackError("MLS8714", `--skip ${id}: there is no such rule`, { why: near === undefined ? `there are ${nameList(known)}` : `did you mean "${near}"?`, fix: near === undefined ? "leave --skip out, or name a rule that mlstack plugin check shows behind a finding" : `--skip ${near}`, details: { rule: id, known, didYouMean: near ?? null } });
  }
  return [...new Set(skip)];
}

export const skipWarnings = (skipped: readonly string[]): readonly string[] => skipped.map((id) => `${id}: skipped by --skip`);
