/** Flavors that packages of this project offer, for telling what to install. A test compares them with those packages. */
export const KNOWN_PLUGINS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  artifact_store: { s3: "@mlstack/plugin-s3" },
  experiment_tracker: { mlflow: "@mlstack/plugin-mlflow" },
  orchestrator: { process: "@mlstack/plugin-process" },
};

/** Component types that have a name already, and no contract yet: stack files may list them, and nothing uses them. */
export const PLANNED_TYPES: readonly string[] = ["step_operator", "model_registry", "container_registry", "image_builder", "feature_store", "data_validator", "alerter"];

/** Flavors that have a name already and no package yet, by type, with the integration that is to bring them. */
export const PLANNED_FLAVORS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  artifact_store: { gcp: "gcp", gcs: "gcp", azure: "azure" },
  orchestrator: { vertex: "gcp", kubernetes: "kubernetes", kubeflow: "kubeflow", airflow: "airflow", sagemaker: "aws", docker: "docker", prefect: "prefect" },
  experiment_tracker: { vertex: "gcp", wandb: "wandb", comet: "comet", neptune: "neptune" },
  model_deployer: { vertex: "gcp", mlflow: "mlflow", bentoml: "bentoml", seldon: "seldon", huggingface: "huggingface" },
};
