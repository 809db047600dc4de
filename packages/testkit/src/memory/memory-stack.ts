import { randomUUID } from "node:crypto";
import { MlstackError, type ArtifactStore, type ExperimentTracker } from "@mlstack/core";
import { memoryStore } from "./memory-store.ts";
import { memoryTracker, type MemoryRun } from "./memory-tracker.ts";

/** A stack whose store and tracker are in this process's memory; steps run in this process, too. */
export interface MemoryStack {
  /** To be given to a run: `pipeline.run(params, { stack: stack.spec })`. */
  readonly spec: {
    readonly name: string;
    readonly components: Readonly<Record<string, { readonly name: string; readonly flavor: string; readonly config: Readonly<Record<string, string>> }>>;
  };
  readonly store: ArtifactStore;
  /** What the tracker was told, by runs of this stack. */
  trackedRuns(): readonly MemoryRun[];
}

interface Parts { readonly store: ArtifactStore; readonly tracker: ExperimentTracker }

// A stack is data, and an engine creates its components from that: by this it finds those that a test holds. It is all that is shared.
const stacks = new Map<string, Parts>();

/**
 * Makes an empty stack in memory. The project that the pipeline runs in has `@mlstack/testkit` in its package.json, and so its flavor `memory`; what
 * runs there records is kept in the project's state folder, as always.
 *
 * @param name as it is shown; `memory` by default
 */
export function memoryStack(name = "memory"): MemoryStack {
  const id = randomUUID();
  const store = memoryStore();
  const { tracker, runs } = memoryTracker();
  stacks.set(id, { store, tracker });
  return {
    store, trackedRuns: runs,
    spec: {
      name,
      components: {
        artifact_store: { name: "memory_store", flavor: "memory", config: { id } },
        orchestrator: { name: "local_orchestrator", flavor: "local", config: { isolation: "inline" } },
        experiment_tracker: { name: "memory_tracker", flavor: "memory", config: { id } },
      },
    },
  };
}

/** @throws MLS2008 for a stack of another process: memory is not shared */
export function partsOf(id: string): Parts {
  const parts = stacks.get(id);
  if (parts !== undefined) return parts;
  throw new MlstackError("MLS2008", "the stack in memory is not of this process", { why: "what is in memory is seen by the process that made it alone", fix: "run the pipeline in that process, without concurrency: pipeline.run(params, { stack: memoryStack().spec })" });
}
