import type { Orchestrator, StepHandle, StepLaunch } from "@mlstack/core";
import { workerPool } from "./worker-pool.ts";

export interface LocalOrchestratorOptions {
  /** How many steps run side by side. */
  readonly concurrency: number;
  /** `inline`: in the driver's own process. `process`: in worker processes, which can be ended at any time. */
  readonly isolation: "inline" | "process";
}

/**
 * Runs steps on this machine. Inline, a step costs a fraction of a millisecond, but one that computes without waiting holds everything
 * up: other steps, the live view, an interrupt. In worker processes none of that is so.
 */
export function localOrchestrator({ concurrency, isolation }: LocalOrchestratorOptions, place: { readonly projectDir: string; readonly stateDir: string }): Orchestrator {
  const pool = isolation === "process" ? workerPool(place) : undefined;
  return {
    contract: "orchestrator@1",
    launch: {
      maxParallel: concurrency, cancel: isolation === "process" ? "kill" : "ask", sees: "project", runsHere: pool === undefined,
      start: async (launch) => (pool === undefined || launch.hereOnly !== undefined ? inline(launch) : pool.start(launch)),
    },
    async dispose() { await pool?.dispose(); },
  };
}

function inline({ spec, runHere }: StepLaunch): StepHandle {
  const abort = new AbortController();
  return {
    id: `${process.pid}/${spec.node}/${spec.attempt}`,
    ended: runHere(abort.signal).then(() => ({ status: "exited", exitCode: 0 })),
    cancel: async (reason) => { abort.abort(new Error(reason)); },
  };
}
