import type { IntegrationState } from "../../packages/hub/dist/index.js";

/** Component types as people call them, in the order in which they are shown. */
const TYPES: Readonly<Record<string, string>> = {
  orchestrator: "Orchestrator", artifact_store: "Artifact store", experiment_tracker: "Experiment tracker", model_deployer: "Model deployer", step_operator: "Step operator", model_registry: "Model registry",
  container_registry: "Container registry", image_builder: "Image builder", feature_store: "Feature store", data_validator: "Data validator", alerter: "Alerter", secret_store: "Secret store", format: "Data format",
};

export const typeTitle = (type: string): string => TYPES[type] ?? type;

const ORDER = Object.keys(TYPES);
/** The known types in their order, then those of third parties by name. */
export function inOrder(types: Iterable<string>): string[] {
  const place = (type: string): number => (ORDER.includes(type) ? ORDER.indexOf(type) : ORDER.length);
  return [...new Set(types)].sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1));
}

export const STATES: readonly IntegrationState[] = ["available", "built-in", "planned"];
export const stateTitle = (state: IntegrationState): string => ({ available: "Available", "built-in": "Built in", planned: "Planned" })[state];

/** Bytes as kB or MB, of a thousand each. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(0)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** `one thing`, `2 things`. */
export const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;

/** The day of a time. */
export const day = (time: string): string => time.slice(0, 10);
