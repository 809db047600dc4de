import { resolve } from "node:path";
import { MlstackError, type Orchestrator, type StepHandle } from "@mlstack/core";
import { startProcess } from "./step-process.ts";
import { findMlstack } from "./work-folder.ts";

export interface AcmeOptions {
  /** The most steps side by side. */
  readonly concurrency: number;
  /** A folder from which the packages are found; relative to the project. */
  readonly packagesFrom: string;
}

/**
 * Each step is a process of its own, in a folder that has nothing of the project: what it needs it fetches from the artifact store, and what it did it
 * writes there. A service is given the same: `command`, `spec` as spec.json and `env`, in an image that has the project's packages.
 *
 * Steps end with the process that has started them. Those of a service outlive it: such a flavor has `attach`, which finds them again by their names.
 */
export function acmeOrchestrator({ concurrency, packagesFrom }: AcmeOptions, projectDir: string): Orchestrator {
  const from = resolve(projectDir, packagesFrom);
  const running = new Map<string, Promise<StepHandle>>();
  return {
    contract: "orchestrator@1",
    launch: {
      maxParallel: concurrency, cancel: "kill", sees: "bundle",
      async start({ spec, command, env }, { signal } = {}) {
        signal?.throwIfAborted();
        // a start whose answer was lost comes again, and has to find the step that is there
        const name = JSON.stringify([spec.runId, spec.node, spec.ordinal, spec.attempt]);
        const there = running.get(name);
        if (there !== undefined) return there;
        const handle = startProcess({ spec, command, env }, from);
        running.set(name, handle);
        const forget = (): void => { running.delete(name); };
        void handle.then((one) => one.ended.then(forget), forget);
        return handle;
      },
    },
    async check() {
      try { return [{ name: "packages in reach", ok: true, message: findMlstack(from) }]; } catch (e) {
        if (!MlstackError.is(e)) throw e;
        return [{ name: "packages in reach", ok: false, message: e.message }];
      }
    },
  };
}
