import { MlstackError, type ExperimentTracker, type LogOptions, type TrackedRun, type TrackedStatus, type TrackerEvent } from "@mlstack/core";

/** A run as the tracker was told of it. */
export interface MemoryRun extends TrackedRun {
  readonly externalId: string;
  readonly events: readonly TrackerEvent[];
  /** The bytes of `file` events by their digests. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Undefined while it is going on. */
  readonly status: TrackedStatus | undefined;
  /** As the engine has told it. */
  readonly endedAt: Date | undefined;
}

interface Kept { readonly run: TrackedRun; readonly events: Map<string, TrackerEvent>; readonly files: Map<string, Uint8Array>; status?: TrackedStatus; endedAt?: Date }

/** An experiment tracker in this process's memory, and what it was told. */
export function memoryTracker(): { readonly tracker: ExperimentTracker; runs(): readonly MemoryRun[] } {
  const kept = new Map<string, Kept>();
  const found = (id: string): Kept => {
    const run = kept.get(id);
    if (run === undefined) throw new MlstackError("MLS6003", `there is no tracked run ${id}`);
    return run;
  };
  return {
    runs: () => [...kept].map(([externalId, { run, events, files, status, endedAt }]) => ({ ...run, externalId, events: [...events.values()], files, status, endedAt })),
    tracker: {
      contract: "experiment_tracker@1",
      async startRun(run, options) {
        options?.signal?.throwIfAborted();
        const before = kept.get(run.runId);
        if (before === undefined) kept.set(run.runId, { run, events: new Map(), files: new Map() }); else { delete before.status; delete before.endedAt; }
        return { externalId: run.runId };
      },
      async log(id, events, options) {
        options?.signal?.throwIfAborted();
        const { events: shown, files } = found(id);
        const refused: { readonly id: string; readonly reason: string }[] = [];
        for (const event of events) {
          if (shown.has(event.id)) continue;
          try {
            if (event.kind === "file" && !files.has(event.value)) files.set(event.value, await bytesOf(event.value, options));
            shown.set(event.id, event);
          } catch (e) {
            options?.signal?.throwIfAborted();
            refused.push({ id: event.id, reason: e instanceof Error ? e.message : String(e) });
          }
        }
        return { refused };
      },
      async finishRun(id, status, endedAt, options) {
        options?.signal?.throwIfAborted();
        Object.assign(found(id), { status, endedAt });
      },
    },
  };
}

/** @throws what `open` throws; the signal's reason, also while it gives nothing */
async function bytesOf(sha256: string, { open, signal }: LogOptions = {}): Promise<Uint8Array> {
  if (open === undefined) throw new Error("its bytes can't be had");
  const parts: Uint8Array[] = [];
  const read = async (): Promise<Uint8Array> => { for await (const part of open(sha256)) parts.push(part); return Buffer.concat(parts); };
  if (signal === undefined) return read();
  let abort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => { abort = () => { reject(signal.reason as Error); }; signal.addEventListener("abort", abort, { once: true }); });
  try { return await Promise.race([read(), aborted]); } finally { signal.removeEventListener("abort", abort!); }
}
