import { NO_EVIDENCE, type Catalog, type Integration } from "../schema.ts";

/** An integration with what is given, and defaults for the rest. */
export function integration(name: string, more: Partial<Integration> = {}): Integration {
  const state = more.state ?? "available";
  return {
    name, title: name, description: `About ${name}`, state, source: "mlstack", package: state === "planned" ? null : `@mlstack/plugin-${name}`, homepage: null, keywords: [], types: [], components: [],
    planned: [], formats: [], contracts: [], core: state === "planned" ? null : ">=0.1.0 <1", node: null, version: state === "planned" ? null : "1.0.0", versions: [], evidence: NO_EVIDENCE, ...more,
  };
}

export const component = (type: string, flavor: string, properties: Readonly<Record<string, unknown>> = {}, aliases: readonly string[] = []): Integration["components"][number] => ({
  type, contract: `${type}@1`, flavor, aliases: [...aliases], description: `${flavor} as ${type}`, config: { type: "object", properties } as Integration["components"][number]["config"], permissions: { hosts: [], files: [], processes: [], env: [] },
});

const planned = (type: string, flavor: string, aliases: string[] = []): Integration["planned"][number] => ({ type, flavor, aliases, paper: false });

/** A small catalog with one of each kind. */
export const sample: Catalog = {
  catalogVersion: 1, core: "0.1.0",
  integrations: [
    integration("s3", { title: "Amazon S3", types: ["artifact_store"], keywords: ["amazon", "bucket"], components: [component("artifact_store", "s3", { bucket: {}, sseKmsKeyId: {}, credentials: { type: "object", properties: { accessKeyId: {} } } })] }),
    integration("mlflow", { title: "MLflow", types: ["experiment_tracker"], components: [component("experiment_tracker", "mlflow", { trackingUri: {} })], planned: [planned("model_registry", "mlflow")] }),
    integration("polars", { formats: [{ format: "parquet.table/1", description: "A table" }] }),
    integration("local", { state: "built-in", package: "@mlstack/engine", types: ["artifact_store", "orchestrator"], components: [component("artifact_store", "local"), component("orchestrator", "local")] }),
    integration("gcs", { title: "Google Cloud Storage", state: "planned", types: ["artifact_store"], planned: [planned("artifact_store", "gcs", ["gcp"])] }),
    integration("vertex", { title: "Google Vertex AI", state: "planned", types: ["orchestrator"], planned: [planned("orchestrator", "vertex")] }),
    integration("wandb", { title: "Weights & Biases", state: "planned", types: ["experiment_tracker"], planned: [planned("experiment_tracker", "wandb")] }),
  ],
  aliases: [{ name: "gcp", title: "Google Cloud", integrations: ["gcs", "vertex"] }, { name: "aws", title: "Amazon Web Services", integrations: ["s3", "vertex", "local"] }, { name: "weights-and-biases", title: "W&B", integrations: ["wandb"] }],
};
