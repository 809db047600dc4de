import { dataset, pipeline } from "mlstack";
import { z } from "zod";
import { deployModelStep, engineerFeatures, evaluateModel, loadAndValidateData, trainModel } from "./steps.ts";

/** From three million flights to a model that says which will be late. The stack decides where it runs. */
export const flightDelays = pipeline({
  name: "flight-delays-training",
  params: {
    dataset: dataset().default("../../node_modules/vega-datasets/data/flights-3m.parquet"),
    rows: z.int().min(1000).default(1_000_000),
    testFraction: z.number().default(0.2),
    nEstimators: z.int().default(100),
    maxDepth: z.int().default(6),
    learningRate: z.number().default(0.1),
    deployThreshold: z.number().default(0.69),
  },
  build(p) {
    const { raw_dataframe, data_profile } = loadAndValidateData({ dataset: p.dataset });
    const { X_train, X_test, y_train, y_test } = engineerFeatures({ raw_df: raw_dataframe, profile: data_profile, rows: p.rows, testFraction: p.testFraction });
    const { trained_model } = trainModel({ X_train, y_train, nEstimators: p.nEstimators, maxDepth: p.maxDepth, learningRate: p.learningRate });
    const { evaluation_metrics } = evaluateModel({ model: trained_model, X_test, y_test });
    deployModelStep({ model: trained_model, evaluation_metrics, deployThreshold: p.deployThreshold });
    return { trained_model, evaluation_metrics };
  },
});
