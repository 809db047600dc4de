import type { ArtifactStore } from "./artifact-store.ts";
import type { Component } from "./component.ts";
import type { ExperimentTracker } from "./experiment-tracker.ts";
import type { ModelDeployer } from "./model-deployer.ts";
import type { Orchestrator } from "./orchestrator.ts";
import type { SecretStore } from "./secret-store.ts";

/**
 * Component types by their id. A third party adds its own by module augmentation, with a namespaced id:
 * `declare module "@mlstack/core" { interface ComponentTypes { "acme.vector_index": VectorIndex } }`.
 */
export interface ComponentTypes {
  /** Bytes by key. */
  artifact_store: ArtifactStore;
  /** Where steps run. */
  orchestrator: Orchestrator;
  /** Where parameters and metrics of runs are shown. */
  experiment_tracker: ExperimentTracker;
  /** Serves models under names. */
  model_deployer: ModelDeployer;
  /** Where `${secret:NAME}` leads. */
  secret_store: SecretStore;
}

/** The id of a component type that this program knows, such as `artifact_store`. */
export type ComponentTypeId = keyof ComponentTypes & string;

/** What core knows of a component type. */
export interface ContractDescriptor {
  /** The type's id, such as `artifact_store`, or `acme.vector_index` for a third party's. */
  readonly type: string;
  /** The versions that are accepted; the last one is what the engine works with. */
  readonly accepts: readonly number[];
  /** Whether the shape may still change within its version. */
  readonly stability: "experimental" | "stable";
  /** How a component of an older accepted version is wrapped into the next one: explicit, method by method. */
  readonly upgrade?: Readonly<Record<number, (component: Component) => Component>> | undefined;
}

/** A contract that is known here, and who brings it. */
export interface KnownContract extends ContractDescriptor {
  /** The package that brings the type; left out for those of core. */
  readonly broughtBy?: { readonly name: string; readonly version: string } | undefined;
}

/** The contracts that an engine works with: the built-in ones and those that installed plugins bring. */
export type ContractRegistry = ReadonlyMap<string, KnownContract>;

/** Stable are those of which two flavors have passed the conformance kit; a test compares them with the suites that are run. */
const BUILT_IN: readonly ContractDescriptor[] = [
  { type: "artifact_store", accepts: [1], stability: "stable" },
  { type: "orchestrator", accepts: [1], stability: "stable" },
  { type: "experiment_tracker", accepts: [1], stability: "stable" },
  { type: "model_deployer", accepts: [1], stability: "experimental" },
  { type: "secret_store", accepts: [1], stability: "stable" },
];

/** The built-in contracts, and `more`. A later descriptor of the same type replaces an earlier one. */
export function contractRegistry(more: Iterable<KnownContract> = []): ContractRegistry {
  return new Map([...BUILT_IN, ...more].map((d) => [d.type, d]));
}

/** Whether a component type is one of core's own, which nobody else brings. */
export function isBuiltInType(type: string): boolean {
  return BUILT_IN.some((d) => d.type === type);
}

/** Splits `artifact_store@1` into type and version; undefined if it has another form. */
export function parseContractId(id: string): { type: string; version: number } | undefined {
  const m = /^([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)?)@([1-9][0-9]*)$/.exec(id);
  return m === null ? undefined : { type: m[1]!, version: Number(m[2]) };
}
