import { resolve } from "node:path";
import { MlstackError } from "@mlstack/core";
import { KEY_ALGORITHM, type Plan, type PlanStep } from "@mlstack/pipeline";
import { packageFingerprinter, platformOf, runtimeOf } from "@mlstack/pipeline/compile";

/**
 * Compares where a step is going to run with what its key was made of. A difference fails the step: to run it all the same would store,
 * under a key that says one thing, the result of another.
 *
 * @throws MLS4005
 */
export function verifyEnvironment(plan: Plan, step: PlanStep, dir: string, stateDir: string): void {
  const differs = (what: string, found: string, planned: string, fix: string) => new MlstackError("MLS4005", `the ${what} differs from the plan: found ${found}, planned ${planned}`, {
    why: "the step's result would be stored under a key that was made for another environment", fix, details: { what, found, planned, step: step.name },
  });
  if (plan.environment.algorithms.key !== KEY_ALGORITHM) throw differs("key algorithm", KEY_ALGORITHM, plan.environment.algorithms.key, "use the same version of mlstack in both places");
  const runtime = runtimeOf();
  if (runtime !== step.parts.runtime) throw differs("runtime", runtime, step.parts.runtime, `run the step on ${step.parts.runtime}`);
  const { os, arch, libc } = platformOf();
  const platform = [os, arch, ...(libc === null ? [] : [libc])].join("-");
  if (step.parts.platform !== "any" && step.parts.platform !== platform) throw differs("platform", platform, step.parts.platform, "compile the plan on the platform where steps run");
  const { packages } = step.parts;
  if (packages === null) return;
  const fingerprinter = packageFingerprinter({ projectDir: dir, stateDir });
  const found = fingerprinter.fingerprint(packages.roots.map(({ name, from }) => ({ name, from: resolve(dir, from) })));
  fingerprinter.flush();
  if (found.digest === packages.digest) return;
  const names = new Set([...Object.keys(found.entries), ...Object.keys(packages.entries)]);
  const changed = [...names].filter((n) => found.entries[n] !== packages.entries[n]).toSorted();
  const text = (entries: Readonly<Record<string, string>>) => changed.filter((n) => n in entries).slice(0, 5).join(", ") || "none of them";
  throw changed.length === 0 ? differs("wiring of the packages", "another copy of a package", "the copy of the plan", "install the packages as they are where the plan was compiled")
    : differs("set of packages", text(found.entries), text(packages.entries), "install the packages from the same lock file");
}
