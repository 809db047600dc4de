// Written by npm run catalog.

/** Flavors that packages of this project offer, for telling what to install. */
export const KNOWN_PLUGINS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  artifact_store: { s3: "@mlstack/plugin-s3" },
  experiment_tracker: { mlflow: "@mlstack/plugin-mlflow" },
  orchestrator: { process: "@mlstack/plugin-process" },
};

/** Component types that have a name already, and no contract yet: stack files may list them, and nothing uses them. */
export const PLANNED_TYPES: readonly string[] = ["step_operator", "model_registry", "container_registry", "image_builder", "feature_store", "data_validator", "alerter"];

/** Flavors that have a name already and no package yet, by type, with the integration that is to bring them. */
export const PLANNED_FLAVORS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  alerter: { slack: "slack", webhook: "webhook" },
  artifact_store: { azure: "azure-blob", gcp: "gcs", gcs: "gcs" },
  container_registry: { acr: "acr", aws: "ecr", azure: "acr", default: "oci", dockerhub: "dockerhub", ecr: "ecr", gcp: "gcr", gcr: "gcr", oci: "oci" },
  data_validator: { deepchecks: "deepchecks", evidently: "evidently", great_expectations: "great-expectations" },
  experiment_tracker: { comet: "comet", neptune: "neptune", vertex: "vertex", wandb: "wandb" },
  feature_store: { feast: "feast", tecton: "tecton" },
  image_builder: { docker: "docker" },
  model_deployer: { bentoml: "bentoml", cloud_run: "cloud-run", huggingface: "huggingface", mlflow: "mlflow", seldon: "seldon", vertex: "vertex" },
  model_registry: { mlflow: "mlflow", vertex: "vertex" },
  orchestrator: { airflow: "airflow", docker: "docker", kubeflow: "kubeflow", kubernetes: "kubernetes", prefect: "prefect", sagemaker: "sagemaker", vertex: "vertex" },
  secret_store: { aws: "aws-secrets-manager", azure: "azure-key-vault", gcp: "google-secret-manager", vault: "vault" },
  step_operator: { docker: "docker", kubernetes: "kubernetes", sagemaker: "sagemaker", vertex: "vertex" },
};
