import { join } from "node:path";
import { pathDigest, type UncachedReason } from "@mlstack/pipeline";
import type { OpenData } from "../data/data-resolver.ts";
import { zoneOfProcess } from "../step/zone.ts";
import type { StepTask } from "./run-step.ts";

/**
 * Watches, from before a step begins until it has ended, whether it uses what its key was made of. A result is stored under a key only if
 * it did: this is the one place where that is decided. Inputs are not among it: what is read of them is compared with its digest, always.
 */
export interface KeyWatch {
  /**
   * Every part of the key that is not, or may not be, what the step has used.
   *
   * @throws MLS3002 for a stored copy of data that is not what its digest says
   */
  changed(): Promise<readonly UncachedReason[]>;
}

/**
 * @param data what the step was given for its parameters of external data
 * @param filesDir where declared files lie
 */
export function keyWatch({ spec, step, check, env }: Pick<StepTask, "spec" | "step" | "check" | "env">, data: Readonly<Record<string, OpenData>>, filesDir: string): KeyWatch {
  // steps of one process share its environment: another one may have written to it before, or do so meanwhile
  const before = changedVariables(env);
  return {
    async changed() {
      const reasons: UncachedReason[] = [];
      const loaded = check?.changed();
      if (loaded !== undefined) reasons.push(loaded);
      for (const name of new Set([...before, ...changedVariables(env)])) {
        reasons.push({ rule: "changed-after-load", message: `the environment variable ${name} was not, all the time that the step ran, what it was when the run was started`, fix: "do not change process.env while steps run, or run them in worker processes (concurrency: 1)" });
      }
      if (spec.zone !== null && zoneOfProcess() !== spec.zone) reasons.push(otherZone(spec.zone));
      for (const [path, digest] of Object.entries(step.parts.files)) {
        if (digestNow(join(filesDir, path)) !== digest) reasons.push({ rule: "changed-after-load", message: `the declared file ${path} was changed while the run was going on`, fix: "run again when nobody writes to it" });
      }
      for (const [param, open] of Object.entries(data)) {
        if (await open.changed()) reasons.push({ rule: "changed-after-load", message: `the data of the parameter "${param}" (${open.handle.uri}) was changed while the step was using it`, fix: "run again when nobody writes to it; a step that writes beside its data should write elsewhere" });
      }
      return reasons;
    },
  };
}

/** A container that sets variables of its own, or code that has changed them. */
function otherZone(zone: string): UncachedReason {
  return { rule: "other-zone", message: `it ran in ${zoneOfProcess()}, and its key was made for ${zone}`, fix: "start the process with the TZ, LANG and LC_ALL that the driver gives; to run in others, declare all of them that are set: env: [\"TZ\", \"LANG\", \"LC_ALL\"]" };
}

/** What can't be read any more has changed. */
function digestNow(path: string): string | undefined {
  try { return pathDigest(path); } catch { return undefined; }
}

/** Declared variables that this process has otherwise than the key. */
function changedVariables(env: StepTask["env"]): string[] {
  return Object.entries(env).flatMap(([name, value]) => (process.env[name] === value ? [] : [name]));
}
