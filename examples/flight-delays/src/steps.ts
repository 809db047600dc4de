import { dataframe, series } from "@mlstack/plugin-polars";
import { dataset, json, step } from "mlstack";
import { z } from "zod";
import type { FlightEncoder } from "./lib/encoder.ts";
import { buildFeatures } from "./lib/features.ts";
import { profileFlights, type FlightsProfile } from "./lib/flights.ts";
import { toColumns, toLabels } from "./lib/frame.ts";
import { predictProba, trainGbdt, type GbdtModel } from "./lib/gbdt.ts";
import { evaluateScores, rocAuc, type Evaluation } from "./lib/metrics.ts";
import { delayPredictor } from "./predictor.ts";

/** Reads the flights, checks their columns and computes a profile. */
export const loadAndValidateData = step({
  name: "load_and_validate_data",
  params: { dataset: dataset() },
  outputs: { raw_dataframe: dataframe(), data_profile: json<FlightsProfile>() },
  async run({ params, log, metadata }) {
    const { pl } = await import("nodejs-polars");
    const flights = pl.readParquet(await params.dataset.path());
    const profile = profileFlights(flights);
    log(`${String(profile.numRows).replace(/\B(?=(\d{3})+$)/g, ",")} flights, ${(100 * profile.labelDistribution.delayedShare).toFixed(1)} % of them late`);
    metadata("raw_dataframe", { num_rows: profile.numRows, source: params.dataset.name });
    return { raw_dataframe: flights, data_profile: profile };
  },
});

/** Draws rows, splits them by class, and computes features with what the training part alone teaches. */
export const engineerFeatures = step({
  name: "engineer_features",
  inputs: { raw_df: dataframe(), profile: json<FlightsProfile>() },
  params: { rows: z.int().min(1000).default(1_000_000), testFraction: z.number().gt(0).lt(1).default(0.2), seed: z.int().default(42) },
  outputs: { X_train: dataframe(), X_test: dataframe(), y_train: series(), y_test: series(), encoder: json<FlightEncoder>() },
  run({ inputs, params, log }) {
    const rows = Math.min(params.rows, inputs.profile.numRows);
    const { X_train, X_test, y_train, y_test, encoder } = buildFeatures(inputs.raw_df, { rows, testShare: params.testFraction, seed: params.seed });
    log(`${X_train.height} rows to train on, ${X_test.height} to test on, ${X_train.width} features`);
    return { X_train, X_test, y_train, y_test, encoder };
  },
});

/** Trains gradient-boosted trees. */
export const trainModel = step({
  name: "train_model",
  inputs: { X_train: dataframe(), y_train: series() },
  params: { nEstimators: z.int().min(1).default(100), maxDepth: z.int().min(1).max(12).default(6), learningRate: z.number().gt(0).max(1).default(0.1) },
  outputs: { trained_model: json<GbdtModel>() },
  requires: { experimentTracker: true },
  run({ inputs, params, tracker }) {
    tracker.logParams({ n_estimators: params.nEstimators, max_depth: params.maxDepth, learning_rate: params.learningRate });
    const columns = toColumns(inputs.X_train);
    const labels = toLabels(inputs.y_train);
    const model = trainGbdt(columns, labels, { trees: params.nEstimators, maxDepth: params.maxDepth, learningRate: params.learningRate });
    tracker.logMetric("train_auc", rocAuc(labels, predictProba(model, columns)));
    return { trained_model: model };
  },
});

/** Measures the model on rows it has not seen. */
export const evaluateModel = step({
  name: "evaluate_model",
  inputs: { model: json<GbdtModel>(), X_test: dataframe(), y_test: series() },
  outputs: { evaluation_metrics: json<Evaluation>() },
  run({ inputs, tracker, metadata }) {
    const metrics = evaluateScores(toLabels(inputs.y_test), predictProba(inputs.model, toColumns(inputs.X_test)));
    const shown = { roc_auc: metrics.roc_auc, avg_precision: metrics.avg_precision, f1: metrics.f1 };
    tracker.logMetrics(shown);
    metadata("evaluation_metrics", shown);
    return { evaluation_metrics: metrics };
  },
});

/** Deploys the model if it is good enough and the stack has a deployer; says so otherwise. */
export const deployModelStep = step({
  name: "deploy_model_step",
  inputs: { model: json<GbdtModel>(), evaluation_metrics: json<Evaluation>() },
  params: { deployThreshold: z.number().min(0).max(1).default(0.69) },
  uses: { modelDeployer: "optional" },
  serves: { model: delayPredictor },
  output: json(z.string().nullable()),
  async run({ inputs, artifacts, params, deployer, log }) {
    const auc = inputs.evaluation_metrics.roc_auc;
    if (auc < params.deployThreshold) {
      log(`Model AUC ${auc.toFixed(4)} below threshold ${params.deployThreshold}. Skipping deployment.`);
      return null;
    }
    if (deployer === undefined) {
      log("No model deployer in active stack. Skipping deployment.");
      return null;
    }
    const { url } = await deployer.deploy({ name: "flight-delays", model: artifacts.model, servable: delayPredictor });
    log(`Model deployed: ${url}`);
    return url;
  },
});
