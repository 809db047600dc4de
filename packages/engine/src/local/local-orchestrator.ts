import type { Orchestrator, StepHandle, StepIdentity, StepLaunch } from "@mlstack/core";
import { workerPool } from "./worker-pool.ts";

export interface LocalOrchestratorOptions {
  /** How many steps run side by side. */
  readonly concurrency: number;
  /** `inline`: in the driver's own process. `process`: in worker processes, which can be ended at any time. */
  readonly isolation: "inline" | "process";
}

/**
 * Runs steps on this machine. Inline, a step costs a fraction of a millisecond, but one that computes without waiting holds everything
 * up: other steps, the live view, an interrupt. In worker processes none of that is so. Both end with this process.
 */
export function localOrchestrator({ concurrency, isolation }: LocalOrchestratorOptions, place: { readonly projectDir: string; readonly stateDir: string }): Orchestrator {
  const pool = isolation === "process" ? workerPool(place) : undefined;
  const running = new Map<string, StepHandle>();
  return {
    contract: "orchestrator@1",
    launch: {
      maxParallel: concurrency, cancel: isolation === "process" ? "kill" : "ask", sees: "project", runsHere: pool === undefined,
      async start(launch, options) {
        options?.signal?.throwIfAborted();
        const id = identityOf(launch.spec);
        const found = running.get(id);
        if (found !== undefined) return found;
        const handle = pool === undefined || launch.here?.only !== undefined ? inline(launch) : pool.start(launch);
        running.set(id, handle);
        void handle.ended.then(() => running.delete(id));
        return handle;
      },
    },
    async dispose() { await pool?.dispose(); },
  };
}

const identityOf = ({ runId, node, ordinal, attempt }: StepIdentity): string => `${runId}/${node}/${ordinal}.${attempt}`;

function inline({ spec, here }: StepLaunch): StepHandle {
  const abort = new AbortController();
  return {
    id: `${process.pid}/${identityOf(spec)}`,
    ended: (here?.run(abort.signal) ?? Promise.resolve()).then(() => ({ status: "exited", exitCode: 0 })),
    async cancel(reason, options) {
      options?.signal?.throwIfAborted();
      abort.abort(new Error(reason));
    },
  };
}
