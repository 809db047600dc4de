import { MlstackError, type ExperimentTracker, type TrackedRun, type TrackedStatus, type TrackerEvent } from "@mlstack/core";

/** A run as the tracker was told of it. */
export interface MemoryRun extends TrackedRun {
  readonly externalId: string;
  readonly events: readonly TrackerEvent[];
  /** Undefined while it is going on. */
  readonly status: TrackedStatus | undefined;
  /** As the engine has told it. */
  readonly endedAt: Date | undefined;
}

interface Kept { readonly run: TrackedRun; readonly events: Map<string, TrackerEvent>; status?: TrackedStatus; endedAt?: Date }

/** An experiment tracker in this process's memory, and what it was told. */
export function memoryTracker(): { readonly tracker: ExperimentTracker; runs(): readonly MemoryRun[] } {
  const kept = new Map<string, Kept>();
  const found = (id: string): Kept => {
    const run = kept.get(id);
    if (run === undefined) throw new MlstackError("MLS6003", `there is no tracked run ${id}`);
    return run;
  };
  return {
    runs: () => [...kept].map(([externalId, { run, events, status, endedAt }]) => ({ ...run, externalId, events: [...events.values()], status, endedAt })),
    tracker: {
      contract: "experiment_tracker@1",
      async startRun(run, options) {
        options?.signal?.throwIfAborted();
        const before = kept.get(run.runId);
        if (before === undefined) kept.set(run.runId, { run, events: new Map() }); else { delete before.status; delete before.endedAt; }
        return { externalId: run.runId };
      },
      async log(id, events, options) {
        options?.signal?.throwIfAborted();
        const { events: shown } = found(id);
        for (const event of events) if (!shown.has(event.id)) shown.set(event.id, event);
        return { refused: [] };
      },
      async finishRun(id, status, endedAt, options) {
        options?.signal?.throwIfAborted();
        Object.assign(found(id), { status, endedAt });
      },
    },
  };
}
