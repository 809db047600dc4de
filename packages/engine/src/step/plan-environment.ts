import { resolve } from "node:path";
import { MlstackError } from "@mlstack/core";
import { KEY_ALGORITHM, type Plan, type PlanStep } from "@mlstack/pipeline";
import { packageFingerprinter, platformOf, runtimeOf, type LoadCheck, type ReachedPackage } from "@mlstack/pipeline/compile";

export interface OtherPackages { readonly what: string; readonly found: string; readonly planned: string }

/** Where a step is going to run, compared with what its key was made of. */
export interface PlanEnvironment {
  /**
   * Refuses a step whose result would be that of another environment than its key says.
   *
   * @throws MLS4005
   */
  verify(step: PlanStep): void;
  /** How the packages in reach differ from those that the step's key was made of; undefined where they do not. */
  otherPackages(step: PlanStep): OtherPackages | undefined;
  /** Watches whether the step's packages are those of the plan, and stay so. To be made before any of them is loaded. */
  watch(step: PlanStep): LoadCheck;
}

/** @param dir packages are found from there */
export function planEnvironment(plan: Plan, dir: string, stateDir: string): PlanEnvironment {
  // what it has seen of a package it does not look at again: what happens later is the watch's to find
  const fingerprinter = packageFingerprinter({ projectDir: dir, stateDir });

  function otherPackages({ parts: { packages } }: PlanStep): OtherPackages | undefined {
    if (packages === null) return undefined;
    const found = fingerprinter.fingerprint(reached(packages));
    fingerprinter.flush();
    if (found.digest === packages.digest) return undefined;
    const names = new Set([...Object.keys(found.entries), ...Object.keys(packages.entries)]);
    const changed = [...names].filter((n) => found.entries[n] !== packages.entries[n]).toSorted();
    const text = (entries: Readonly<Record<string, string>>) => changed.filter((n) => n in entries).slice(0, 5).join(", ") || "none of them";
    if (changed.length === 0) return { what: "wiring of the packages", found: "another copy of a package", planned: "the copy of the plan" };
    const [now, planned] = [text(found.entries), text(packages.entries)];
    return now === planned ? { what: "content of the packages", found: `${now} with other files`, planned } : { what: "set of packages", found: now, planned };
  }

  const reached = (packages: NonNullable<PlanStep["parts"]["packages"]>): ReachedPackage[] => packages.roots.map(({ name, from, folder }) => ({ name, from: resolve(dir, from), ...(folder !== undefined && { folder: resolve(dir, folder) }) }));

  return {
    otherPackages,
    verify(step) {
      const differs = (what: string, found: string, planned: string, fix: string) => new MlstackError("MLS4005", `the ${what} differs from the plan: found ${found}, planned ${planned}`, {
        why: "the step's result would be stored under a key that was made for another environment", fix, details: { what, found, planned, step: step.name },
      });
      if (plan.environment.algorithms.key !== KEY_ALGORITHM) throw differs("key algorithm", KEY_ALGORITHM, plan.environment.algorithms.key, "use the same version of mlstack in both places");
      const runtime = runtimeOf();
      if (runtime !== step.parts.runtime) throw differs("runtime", runtime, step.parts.runtime, `run the step on ${step.parts.runtime}`);
      const { os, arch, libc } = platformOf();
      const platform = [os, arch, ...(libc === null ? [] : [libc])].join("-");
      if (step.parts.platform !== "any" && step.parts.platform !== platform) throw differs("platform", platform, step.parts.platform, "compile the plan on the platform where steps run");
      const other = otherPackages(step);
      if (other !== undefined) throw differs(other.what, other.found, other.planned, "install the packages from the same lock file");
    },
    watch(step) {
      const { packages } = step.parts;
      const other = otherPackages(step);
      if (packages === null || other === undefined) return packages === null ? { changed: () => undefined } : fingerprinter.check(reached(packages), false);
      const reason = { rule: "changed-after-load", message: `the ${other.what} was changed while the run was going on: found ${other.found}, planned ${other.planned}`, fix: "run again when nobody installs packages" } as const;
      return { changed: () => reason };
    },
  };
}
