// The integrations that there are and are to be. What an available one offers is not said here: it comes from its manifest.

/** Component types and the flavors that are to come, by type; a list gives a flavor and its aliases. */
type Planned = Readonly<Record<string, readonly (string | readonly string[])[]>>;

export interface Definition {
  readonly title: string;
  readonly description: string;
  readonly homepage?: string;
  readonly keywords?: readonly string[];
  /** Comes with mlstack: its manifest is that of this package. */
  readonly builtIn?: string;
  readonly planned?: Planned;
  /** Real servers that its live tests run against: how the server is called, the test, and where its version is pinned and how. */
  readonly live?: readonly { readonly server: string; readonly test: string; readonly pin: readonly [file: string, text: string] }[];
  /** Types whose contract was played on paper, with the test that does it. */
  readonly paper?: Readonly<Record<string, string>>;
}

export const INTEGRATIONS: Readonly<Record<string, Definition>> = {
  local: {
    title: "Local", builtIn: "@mlstack/engine",
    description: "Everything on this machine: artifacts in a folder, steps in processes, tracking in files, models served, secrets in variables or encrypted files.",
    keywords: ["folder", "disk", "worker", "laptop"],
  },
  airflow: {
    title: "Apache Airflow", homepage: "https://airflow.apache.org", description: "Pipelines as DAGs that Airflow schedules and runs.",
    keywords: ["dag", "schedule", "cron"], planned: { orchestrator: ["airflow"] }, paper: { orchestrator: "tests/contracts/orchestrator/airflow.test.ts" },
  },
  prefect: { title: "Prefect", homepage: "https://www.prefect.io", description: "Pipelines as flows that Prefect runs.", keywords: ["flow", "schedule"], planned: { orchestrator: ["prefect"] } },
  kubeflow: { title: "Kubeflow Pipelines", homepage: "https://www.kubeflow.org", description: "Pipelines as documents that Kubeflow Pipelines runs on Kubernetes.", keywords: ["kfp", "kubernetes"], planned: { orchestrator: ["kubeflow"] } },
  kubernetes: {
    title: "Kubernetes", homepage: "https://kubernetes.io", description: "Each step as a Job of a Kubernetes cluster.",
    keywords: ["job", "cluster", "container", "gpu"], planned: { orchestrator: ["kubernetes"], step_operator: ["kubernetes"] }, paper: { orchestrator: "tests/contracts/orchestrator/kubernetes.test.ts" },
  },
  docker: { title: "Docker", homepage: "https://www.docker.com", description: "Each step in a container of its own; images built from the project's lock.", keywords: ["container", "image"], planned: { orchestrator: ["docker"], step_operator: ["docker"], image_builder: ["docker"] } },
  vertex: {
    title: "Google Vertex AI", homepage: "https://cloud.google.com/vertex-ai", description: "Pipelines, custom jobs, experiments, models and endpoints of Vertex AI.",
    keywords: ["google", "cloud", "endpoint", "training"],
    planned: { orchestrator: ["vertex"], step_operator: ["vertex"], experiment_tracker: ["vertex"], model_deployer: ["vertex"], model_registry: ["vertex"] },
    paper: { model_deployer: "tests/contracts/model-deployer/vertex.test.ts" },
  },
  sagemaker: { title: "Amazon SageMaker", homepage: "https://aws.amazon.com/sagemaker", description: "Steps as training and processing jobs, pipelines, and models behind endpoints of SageMaker.", keywords: ["amazon", "cloud", "training", "endpoint"], planned: { orchestrator: ["sagemaker"], step_operator: ["sagemaker"] } },
  process: { title: "Processes", description: "Steps in processes and empty folders of this machine that have nothing of the project: what a cloud would do, without one.", keywords: ["remote", "isolation"] },
  s3: { title: "Amazon S3", homepage: "https://aws.amazon.com/s3", description: "Artifacts as objects of an S3 bucket, at AWS or a service that speaks the same protocol.", keywords: ["amazon", "bucket", "object storage", "minio", "r2", "ceph"], live: [{ server: "versitygw 1.8.0", test: "tests/live/s3.live.ts", pin: ["tests/live/servers/versitygw.ts", "cmd/versitygw@v1.8.0"] }] },
  gcs: {
    title: "Google Cloud Storage", homepage: "https://cloud.google.com/storage", description: "Artifacts as objects of a Cloud Storage bucket.",
    keywords: ["google", "bucket", "object storage"], planned: { artifact_store: [["gcs", "gcp"]] }, paper: { artifact_store: "tests/contracts/artifact-store/gcs.test.ts" },
  },
  "azure-blob": {
    title: "Azure Blob Storage", homepage: "https://azure.microsoft.com/products/storage/blobs", description: "Artifacts as blobs of an Azure container.",
    keywords: ["microsoft", "container", "object storage"], planned: { artifact_store: ["azure"] }, paper: { artifact_store: "tests/contracts/artifact-store/azure.test.ts" },
  },
  mlflow: { title: "MLflow", homepage: "https://mlflow.org", description: "Parameters, metrics, tags and files as runs of an MLflow server.", keywords: ["experiments", "metrics", "registry"], live: [
    { server: "MLflow 3.17.2", test: "tests/live/mlflow.live.ts", pin: ["tests/live/servers/mlflow.ts", "mlflow[auth]==3.17.2"] }, { server: "MLflow 2.22.5", test: "tests/live/mlflow.live.ts", pin: ["tests/live/servers/mlflow.ts", "mlflow[auth]==2.22.5"] },
  ], planned: { model_deployer: ["mlflow"], model_registry: ["mlflow"] } },
  wandb: {
    title: "Weights & Biases", homepage: "https://wandb.ai", description: "Parameters, metrics and files as runs of Weights & Biases.",
    keywords: ["experiments", "metrics"], planned: { experiment_tracker: ["wandb"] }, paper: { experiment_tracker: "tests/contracts/experiment-tracker/wandb.test.ts" },
  },
  comet: { title: "Comet", homepage: "https://www.comet.com", description: "Parameters, metrics and files as experiments of Comet.", keywords: ["experiments", "metrics"], planned: { experiment_tracker: ["comet"] } },
  neptune: { title: "Neptune", homepage: "https://neptune.ai", description: "Parameters, metrics and files as runs of Neptune.", keywords: ["experiments", "metrics"], planned: { experiment_tracker: ["neptune"] } },
  seldon: { title: "Seldon Core", homepage: "https://www.seldon.io", description: "Models served by Seldon Core on Kubernetes.", keywords: ["serving", "kubernetes"], planned: { model_deployer: ["seldon"] } },
  bentoml: { title: "BentoML", homepage: "https://www.bentoml.com", description: "Models packed as Bentos and served.", keywords: ["serving", "bento"], planned: { model_deployer: ["bentoml"] } },
  huggingface: { title: "Hugging Face", homepage: "https://huggingface.co", description: "Models behind Hugging Face Inference Endpoints.", keywords: ["serving", "transformers", "endpoint"], planned: { model_deployer: ["huggingface"] } },
  "cloud-run": { title: "Google Cloud Run", homepage: "https://cloud.google.com/run", description: "Models served by containers of Cloud Run.", keywords: ["google", "serving", "container"], planned: { model_deployer: [["cloud_run"]] } },
  feast: { title: "Feast", homepage: "https://feast.dev", description: "Features from Feast, online and historical.", keywords: ["features"], planned: { feature_store: ["feast"] } },
  tecton: { title: "Tecton", homepage: "https://www.tecton.ai", description: "Features from Tecton, online and historical.", keywords: ["features"], planned: { feature_store: ["tecton"] } },
  oci: { title: "OCI registry", homepage: "https://opencontainers.org", description: "Images in any registry that speaks the OCI distribution protocol.", keywords: ["container", "image", "docker"], planned: { container_registry: [["default", "oci"]] } },
  dockerhub: { title: "Docker Hub", homepage: "https://hub.docker.com", description: "Images in Docker Hub.", keywords: ["container", "image", "docker"], planned: { container_registry: ["dockerhub"] } },
  ecr: { title: "Amazon ECR", homepage: "https://aws.amazon.com/ecr", description: "Images in Amazon Elastic Container Registry.", keywords: ["amazon", "container", "image"], planned: { container_registry: [["aws", "ecr"]] } },
  gcr: { title: "Google Artifact Registry", homepage: "https://cloud.google.com/artifact-registry", description: "Images in Google's container registries: Artifact Registry and gcr.io.", keywords: ["google", "container", "image"], planned: { container_registry: [["gcp", "gcr"]] } },
  acr: { title: "Azure Container Registry", homepage: "https://azure.microsoft.com/products/container-registry", description: "Images in Azure Container Registry.", keywords: ["microsoft", "container", "image"], planned: { container_registry: [["azure", "acr"]] } },
  "great-expectations": { title: "Great Expectations", homepage: "https://greatexpectations.io", description: "Tables checked against expectation suites.", keywords: ["data quality", "validation"], planned: { data_validator: [["great_expectations"]] } },
  evidently: { title: "Evidently", homepage: "https://www.evidentlyai.com", description: "Drift and quality reports of tables.", keywords: ["data quality", "drift"], planned: { data_validator: ["evidently"] } },
  deepchecks: { title: "Deepchecks", homepage: "https://www.deepchecks.com", description: "Tables and models checked by suites.", keywords: ["data quality", "validation"], planned: { data_validator: ["deepchecks"] } },
  slack: { title: "Slack", homepage: "https://slack.com", description: "Messages to channels of Slack.", keywords: ["chat", "notification"], planned: { alerter: ["slack"] } },
  webhook: { title: "Webhook", description: "Messages to any address by HTTP.", keywords: ["http", "notification"], planned: { alerter: ["webhook"] } },
  "aws-secrets-manager": { title: "AWS Secrets Manager", homepage: "https://aws.amazon.com/secrets-manager", description: "Secrets from AWS Secrets Manager.", keywords: ["amazon", "secrets"], planned: { secret_store: [["aws"]] } },
  "google-secret-manager": { title: "Google Secret Manager", homepage: "https://cloud.google.com/security/products/secret-manager", description: "Secrets from Google Secret Manager.", keywords: ["google", "secrets"], planned: { secret_store: [["gcp"]] } },
  "azure-key-vault": { title: "Azure Key Vault", homepage: "https://azure.microsoft.com/products/key-vault", description: "Secrets from Azure Key Vault.", keywords: ["microsoft", "secrets"], planned: { secret_store: [["azure"]] } },
  vault: { title: "HashiCorp Vault", homepage: "https://www.hashicorp.com/products/vault", description: "Secrets from HashiCorp Vault.", keywords: ["secrets"], planned: { secret_store: ["vault"] } },
  polars: { title: "Polars", homepage: "https://pola.rs", description: "Polars data frames and series as artifacts, kept as Parquet.", keywords: ["dataframe", "parquet", "table"] },
};

export interface AliasDefinition { readonly title: string; readonly integrations: readonly string[] }

export const ALIASES: Readonly<Record<string, AliasDefinition>> = {
  gcp: { title: "Google Cloud", integrations: ["gcs", "vertex", "gcr", "cloud-run", "google-secret-manager"] },
  aws: { title: "Amazon Web Services", integrations: ["s3", "sagemaker", "ecr", "aws-secrets-manager"] },
  azure: { title: "Microsoft Azure", integrations: ["azure-blob", "acr", "azure-key-vault"] },
  k8s: { title: "Kubernetes", integrations: ["kubernetes"] },
  kfp: { title: "Kubeflow Pipelines", integrations: ["kubeflow"] },
  "weights-and-biases": { title: "Weights & Biases", integrations: ["wandb"] },
  "vertex-ai": { title: "Google Vertex AI", integrations: ["vertex"] },
  hf: { title: "Hugging Face", integrations: ["huggingface"] },
};
