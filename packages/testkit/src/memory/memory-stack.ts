import { randomUUID } from "node:crypto";
import { MlstackError, type ArtifactStore, type ExperimentTracker, type SecretStore, type StepComponents } from "@mlstack/core";
import type { Clock } from "../clock.ts";
import { memoryDeployer, type MemoryDeployerOptions, type MemoryDeployment } from "./memory-deployer.ts";
import { memorySecrets } from "./memory-secrets.ts";
import { memoryStore } from "./memory-store.ts";
import { memoryTracker, type MemoryRun } from "./memory-tracker.ts";

/** Where a step's components come from, by their names in its definition: `modelDeployer`, `acme.vector_index`. */
export interface ComponentSource {
  /** Undefined where it has none. */
  component(name: string): Promise<object | undefined>;
}

/** A stack whose components are in this process's memory; steps run in this process, too. */
export interface MemoryStack extends ComponentSource {
  /** To be given to a run: `pipeline.run(params, { stack: stack.spec })`. It has the store, the tracker and the local orchestrator. */
  readonly spec: {
    readonly name: string;
    readonly components: Readonly<Record<string, { readonly name: string; readonly flavor: string; readonly config: Readonly<Record<string, string>> }>>;
  };
  readonly store: ArtifactStore;
  readonly secrets: SecretStore;
  /** What the tracker was told, by runs of this stack. */
  trackedRuns(): readonly MemoryRun[];
  /** What steps have deployed by `testStep(step, { stack })`. */
  deployments(): readonly MemoryDeployment[];
}

export interface MemoryStackOptions {
  /** As it is shown; `memory` by default. */
  readonly name?: string | undefined;
  /** What `modifiedAt` of objects and `changedAt` of secrets are by; the machine's by default. */
  readonly clock?: Pick<Clock, "now"> | undefined;
  /** In its secret store. */
  readonly secrets?: Readonly<Record<string, string>> | undefined;
  /** How its deployer behaves; false for a stack without one. */
  readonly deployer?: MemoryDeployerOptions | false | undefined;
  /** Further components that steps are handed, by their names there: `{ "acme.vector_index": memoryIndex() }`. They go before the stack's own. */
  readonly components?: (Readonly<Partial<StepComponents>> & Readonly<Record<string, object | undefined>>) | undefined;
  /** Puts something in the place of the store or the tracker that runs get: `{ store: (store) => faults(store, …) }`. */
  readonly wrap?: { readonly store?: ((store: ArtifactStore) => ArtifactStore) | undefined; readonly tracker?: ((tracker: ExperimentTracker) => ExperimentTracker) | undefined } | undefined;
}

interface Parts { readonly store: ArtifactStore; readonly tracker: ExperimentTracker }

// A stack is data, and an engine creates its components from that: by this it finds those that a test holds. It is all that is shared.
const stacks = new Map<string, Parts>();

/**
 * Makes an empty stack in memory. The project that a pipeline runs in has `@mlstack/testkit` in its package.json, and so its flavor `memory`; what
 * runs there records is kept in the project's state folder, as always.
 *
 * @param options or its name alone
 */
export function memoryStack(options: string | MemoryStackOptions = {}): MemoryStack {
  const { name = "memory", clock, secrets: values, deployer: how = {}, components = {}, wrap = {} } = typeof options === "string" ? { name: options } : options;
  const id = randomUUID();
  const own = memoryStore(new Map(), clock);
  const store = wrap.store?.(own) ?? own;
  const { tracker: told, runs } = memoryTracker();
  const tracker = wrap.tracker?.(told) ?? told;
  const secrets = memorySecrets(values, clock);
  const { deployer, deployments } = memoryDeployer(how === false ? {} : how);
  stacks.set(id, { store, tracker });
  const all: Readonly<Record<string, object | undefined>> = { artifactStore: store, experimentTracker: tracker, secretStore: secrets, ...(how !== false && { modelDeployer: deployer }), ...components };
  return {
    store, secrets, trackedRuns: runs, deployments, component: async (called) => all[called],
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
