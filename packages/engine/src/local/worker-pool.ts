import { randomUUID } from "node:crypto";
import { join } from "node:path";
import type { StepHandle, StepLaunch } from "@mlstack/core";
import { ownTag } from "../project/processes.ts";
import { languageOf, zoneVariables } from "../step/zone.ts";
import { workerProcess, type WorkerProcess } from "./worker-process.ts";

/** Processes of this machine that run steps, one step at a time each; kept between steps, for starting one costs a tenth of a second. */
export interface WorkerPool {
  start(launch: StepLaunch): StepHandle;
  /** Ends all of them, and what they have started. */
  dispose(): Promise<void>;
}

export function workerPool(place: { readonly projectDir: string; readonly stateDir: string }): WorkerPool {
  /** Those that may get a step. */
  const workers = new Set<WorkerProcess>();
  /** All whose process has not ended. */
  const alive = new Set<WorkerProcess>();
  // a process that exits without closing its engine leaves nobody behind
  const killAll = () => { for (const worker of alive) worker.kill(); };

  function spawn(code: string, env: StepLaunch["env"]): WorkerProcess {
    const worker = workerProcess(code, zoneVariables(env), { ...place, scratch: join(place.stateDir, "scratch", `${ownTag()}worker-${randomUUID()}`) });
    if (alive.size === 0) process.on("exit", killAll);
    workers.add(worker);
    alive.add(worker);
    void worker.gone.finally(() => {
      workers.delete(worker);
      alive.delete(worker);
      if (alive.size === 0) process.off("exit", killAll);
    });
    return worker;
  }

  const drop = (worker: WorkerProcess) => { workers.delete(worker); worker.kill(); };

  return {
    start(launch) {
      // a worker has the modules that it has imported: of other code than the plan's it would give the results of that
      const { plan } = launch.spec;
      const code = `${plan} ${languageOf(launch.env)}`;
      for (const w of workers) if (!w.isBusy && !w.code.startsWith(`${plan} `)) drop(w);
      const worker = [...workers].find((w) => !w.isBusy && w.code === code && w.isReachable) ?? spawn(code, launch.env);
      const { ended, cancel, tail } = worker.run(launch);
      return {
        id: `${worker.pid ?? 0}`, ended,
        async tail(options) { options?.signal?.throwIfAborted(); return tail(); },
        async cancel(reason, options) {
          options?.signal?.throwIfAborted();
          // one that was asked to stop is ended in any case
          if (cancel(reason)) workers.delete(worker);
        },
      };
    },
    async dispose() {
      const all = [...alive];
      for (const worker of all) drop(worker);
      await Promise.all(all.map((worker) => worker.gone));
    },
  };
}
