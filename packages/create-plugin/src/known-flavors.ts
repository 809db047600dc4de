/** Flavors that packages of mlstack offer, by type. The same as KNOWN_PLUGINS of @mlstack/core, on which this package does not depend: a test compares them. */
export const KNOWN_FLAVORS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  artifact_store: { s3: "@mlstack/plugin-s3" },
  experiment_tracker: { mlflow: "@mlstack/plugin-mlflow" },
  orchestrator: { process: "@mlstack/plugin-process" },
};
