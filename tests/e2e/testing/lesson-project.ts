import { testProject, type TestProject } from "./project.ts";

/** The lesson's materializer: save, load and metadata of a class of one's own. */
const MATERIALIZER = `import type { ArtifactType } from "mlstack";

export class Booster {
  readonly weights: readonly number[];
  constructor(weights: readonly number[]) { this.weights = weights; }
  score(row: readonly number[]): number { return 1 / (1 + Math.exp(-this.weights.reduce((sum, w, i) => sum + w * (i === 0 ? 1 : row[i - 1]!), 0))); }
}

export const booster = (): ArtifactType<Booster> => ({
  format: "example.booster/1",
  kind: "model",
  codec: {
    reads: ["example.booster/1"],
    save: (model, dir) => dir.write("model.json", JSON.stringify(model.weights)),
    load: async (dir) => new Booster(JSON.parse(Buffer.from(await dir.read("model.json")).toString("utf8")) as number[]),
    extractMetadata: (model) => ({ num_weights: model.weights.length }),
  },
});
`;

const PREDICTOR = `import { predictor, tensor } from "mlstack";
import { booster } from "./booster.ts";
export const fraud = predictor({
  model: booster(), inputs: { rows: tensor("FP64", [-1, 2]) }, outputs: { probability: tensor("FP64", [-1]) },
  predict: ({ model, inputs }) => ({ probability: Array.from({ length: inputs.rows.shape[0]! }, (_, i) => model.score(inputs.rows.data.slice(2 * i, 2 * i + 2))) }),
});
`;

const STEPS = `import { dataset, deployModel, json, step } from "mlstack";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { Booster, booster } from "./booster.ts";
import { fraud } from "./predictor.ts";

const Rows = z.array(z.array(z.number()));
const Labels = z.array(z.number());

export const loadAndValidateData = step({
  name: "load_and_validate_data",
  params: { dataset_uri: dataset() },
  outputs: { raw_dataframe: json(Rows), data_profile: json(z.object({ num_rows: z.number(), label_distribution: z.record(z.string(), z.number()) })) },
  async run({ params, metadata }) {
    const [head = "", ...lines] = (await readFile(await params.dataset_uri.path(), "utf8")).trim().split("\\n");
    const missing = ["feature_1", "feature_2", "label"].filter((c) => !head.split(",").includes(c));
    if (missing.length > 0) throw new Error("Missing required columns: " + missing.join(", "));
    const rows = lines.map((line) => line.split(",").map(Number));
    const positive = rows.filter((r) => r[2] === 1).length / rows.length;
    metadata("raw_dataframe", { num_rows: rows.length });
    return { raw_dataframe: rows, data_profile: { num_rows: rows.length, label_distribution: { 0: 1 - positive, 1: positive } } };
  },
});

export const engineerFeatures = step({
  name: "engineer_features",
  inputs: { raw_df: json(Rows), profile: json(z.object({ num_rows: z.number(), label_distribution: z.record(z.string(), z.number()) })) },
  params: { test_fraction: z.number().default(0.2) },
  outputs: { X_train: json(Rows), X_test: json(Rows), y_train: json(Labels), y_test: json(Labels) },
  run({ inputs: { raw_df, profile }, params }) {
    const cut = Math.round(profile.num_rows * (1 - params.test_fraction));
    const [train, test] = [raw_df.slice(0, cut), raw_df.slice(cut)];
    return { X_train: train.map((r) => r.slice(0, 2)), X_test: test.map((r) => r.slice(0, 2)), y_train: train.map((r) => r[2]!), y_test: test.map((r) => r[2]!) };
  },
});

export const trainModel = step({
  name: "train_model",
  requires: { experimentTracker: "mlflow_tracker" },
  inputs: { X_train: json(Rows), y_train: json(Labels) },
  params: { n_estimators: z.number().default(100), learning_rate: z.number().default(0.1) },
  outputs: { trained_model: booster() },
  run({ inputs: { X_train, y_train }, params, tracker }) {
    tracker.logParams({ n_estimators: params.n_estimators, learning_rate: params.learning_rate });
    let model = new Booster([0, 0, 0]);
    for (let i = 0; i < params.n_estimators; i++) {
      const gradient = [0, 0, 0];
      X_train.forEach((row, n) => { const e = model.score(row) - y_train[n]!; [1, ...row].forEach((x, k) => { gradient[k]! += e * x; }); });
      model = new Booster(model.weights.map((w, k) => w - params.learning_rate * gradient[k]! / X_train.length));
    }
    tracker.logMetric("train_auc", auc(model, X_train, y_train));
    return { trained_model: model };
  },
});

const auc = (model: Booster, X: readonly number[][], y: readonly number[]): number => {
  const [yes, no] = [1, 0].map((label) => X.filter((_, i) => y[i] === label).map((row) => model.score(row))) as [number[], number[]];
  return yes.reduce((sum, a) => sum + no.filter((b) => a > b).length, 0) / (yes.length * no.length);
};

export const evaluateModel = step({
  name: "evaluate_model",
  inputs: { model: booster(), X_test: json(Rows), y_test: json(Labels) },
  outputs: { evaluation_metrics: json(z.object({ roc_auc: z.number() })) },
  run({ inputs: { model, X_test, y_test }, metadata }) {
    const metrics = { roc_auc: auc(model, X_test, y_test) };
    metadata("evaluation_metrics", metrics);
    return { evaluation_metrics: metrics };
  },
});

export const deployModelStep = step({
  name: "deploy_model_step",
  inputs: { model: booster(), evaluation_metrics: json(z.object({ roc_auc: z.number() })) },
  params: { deploy_threshold: z.number().default(0.85) },
  uses: { modelDeployer: "optional" },
  output: json(z.string().nullable()),
  async run({ inputs, artifacts, params, deployer, log }) {
    const { roc_auc } = inputs.evaluation_metrics;
    if (roc_auc < params.deploy_threshold) { log(\`Model AUC \${roc_auc.toFixed(4)} below threshold \${params.deploy_threshold}. Skipping deployment.\`); return null; }
    if (deployer === undefined) { log("No model deployer in active stack. Skipping deployment."); return null; }
    const deploymentInfo = await deployModel(deployer, { model: artifacts.model, model_name: "fraud-detector", replicas: 1, servable: fraud });
    log(\`Model deployed: \${deploymentInfo.url}\`);
    return deploymentInfo.url;
  },
});

export const loadFreshData = step({ name: "load_fresh_data", cache: false, output: json(z.number()), run: () => 1 });
`;

const PIPELINE = `import { dataset, pipeline } from "mlstack";
import { z } from "zod";
import { deployModelStep, engineerFeatures, evaluateModel, loadAndValidateData, loadFreshData, trainModel } from "./steps.ts";

export const fraudDetectionPipeline = pipeline({
  name: "fraud-detection-training",
  cache: true,
  params: { dataset_uri: dataset().default("data/features.csv"), test_fraction: z.number().default(0.2), n_estimators: z.number().default(100), learning_rate: z.number().default(0.1), deploy_threshold: z.number().default(0.85) },
  build(p) {
    const { raw_dataframe, data_profile } = loadAndValidateData({ dataset_uri: p.dataset_uri });
    const { X_train, X_test, y_train, y_test } = engineerFeatures({ raw_df: raw_dataframe, profile: data_profile, test_fraction: p.test_fraction });
    const { trained_model } = trainModel({ X_train, y_train, n_estimators: p.n_estimators, learning_rate: p.learning_rate });
    const { evaluation_metrics } = evaluateModel({ model: trained_model, X_test, y_test });
    return { url: deployModelStep({ model: trained_model, evaluation_metrics, deploy_threshold: p.deploy_threshold }), fresh: loadFreshData() };
  },
});
`;

/** Rows whose label the features tell, but not always: the AUC lies above the lesson's threshold. */
function features(): string {
  let state = 7;
  const random = () => { state = (state * 48_271) % 2_147_483_647; return state / 2_147_483_647; };
  const rows = Array.from({ length: 400 }, () => { const [a, b] = [random() - 0.5, random() - 0.5]; return [a, b, 2 * a - b + 0.6 * (random() - 0.5) > 0 ? 1 : 0].join(","); });
  return `feature_1,feature_2,label\n${rows.join("\n")}\n`;
}

/** The lesson's pipeline with its names, on the lesson's local stack and on one with a deployer; what mlflow is there, the local tracker is here. */
export function lessonProject(): TestProject {
  const tracker = "  experiment_tracker: { type: local, name: mlflow_tracker }\n";
  const parts = "components:\n  artifact_store: { type: local, name: local_artifact_store }\n  orchestrator: { type: local, name: local_orchestrator }\n";
  return testProject({
    "pipeline/booster.ts": MATERIALIZER, "pipeline/predictor.ts": PREDICTOR, "pipeline/steps.ts": STEPS, "pipeline/pipeline.ts": PIPELINE, "data/features.csv": features(),
    "run.ts": `import { fraudDetectionPipeline } from "./pipeline/pipeline.ts";\nawait fraudDetectionPipeline.run();\n`,
    "stacks/local-mlflow.yaml": parts + tracker, "stacks/production.yaml": `${parts}  experiment_tracker: { type: local, name: vertex_experiment_tracker, aliases: [mlflow_tracker] }\n  model_deployer: { type: local, name: vertex_model_deployer }\n`,
    "stacks/without-tracker.yaml": parts,
  });
}
