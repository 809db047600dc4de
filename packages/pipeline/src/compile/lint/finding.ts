import type { UncachedReason } from "../types.ts";

/** What the linter looks for besides what keeps a step from being cached. */
export type LintRule = UncachedReason["rule"] | "vendor-sdk" | "undeclared-result" | "random-without-seed" | "clock" | "network";

/** Something in a project's code that will fail, or is not what its author thinks. */
export interface LintFinding {
  readonly rule: LintRule;
  /** `error`: it fails in a run, or ties the code to one vendor. `warning`: it runs, and is not cached or not repeatable. */
  readonly severity: "error" | "warning";
  /** Names of the steps that reach it, in the order of the source. */
  readonly steps: readonly string[];
  /** What was found, in one line. */
  readonly message: string;
  /** What to write instead, in one line. */
  readonly fix: string;
  /** `src/features.ts:12:5`, relative to the project's root. */
  readonly at: string;
}

export type FindingOf = Omit<LintFinding, "steps">;

/** Gathers findings; the same one that several steps reach is told once. */
export function gathered(): { add(finding: FindingOf, step?: string): void; readonly all: () => readonly LintFinding[] } {
  const found = new Map<string, FindingOf & { readonly steps: string[] }>();
  return {
    add(finding, step) {
      const key = JSON.stringify([finding.at, finding.rule, finding.message]);
      let known = found.get(key);
      if (known === undefined) found.set(key, known = { ...finding, steps: [] });
      if (step !== undefined && !known.steps.includes(step)) known.steps.push(step);
    },
    all: () => [...found.values()].toSorted((a, b) => byPlace(a.at, b.at) || (a.rule < b.rule ? -1 : 1)),
  };
}

function byPlace(a: string, b: string): number {
  const [, fileA = a, lineA = "0", columnA = "0"] = /^(.*?)(?::(\d+):(\d+))?$/.exec(a) ?? [];
  const [, fileB = b, lineB = "0", columnB = "0"] = /^(.*?)(?::(\d+):(\d+))?$/.exec(b) ?? [];
  return fileA < fileB ? -1 : fileA > fileB ? 1 : Number(lineA) - Number(lineB) || Number(columnA) - Number(columnB);
}
