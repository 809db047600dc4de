/** What a plugin may bring, as `--type` names it. */
export const PLUGIN_TYPES = {
  artifact_store: "a place for artifacts, such as a bucket",
  experiment_tracker: "a service that shows parameters and metrics",
  model_deployer: "a service that serves models",
  orchestrator: "a place where steps run",
  secret_store: "a place for secrets",
  format: "a format of artifacts, with its codec and without a component",
  component_type: "a component type of your own, such as acme.vector_index, with its conformance suite",
} as const;

export type PluginType = keyof typeof PLUGIN_TYPES;

export const isPluginType = (word: string): word is PluginType => Object.hasOwn(PLUGIN_TYPES, word);
