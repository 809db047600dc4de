import { faults, memoryDeployer, memoryStack, testStep } from "@mlstack/testkit";
import { pl } from "nodejs-polars";
import { describe, expect, it } from "vitest";
import { deployModelStep, evaluateModel, trainModel } from "./steps.ts";

const ROWS = 200;
/** Ten features, of which the first decides. */
const features = pl.DataFrame(Object.fromEntries(Array.from({ length: 10 }, (_, column) => [`f${column}`, Array.from({ length: ROWS }, (_, row) => (row * (column + 1)) % 17)])));
const late = pl.Series("late", Array.from({ length: ROWS }, (_, row) => (row % 17 > 8 ? 1 : 0)));
const train = () => testStep(trainModel, { inputs: { X_train: features, y_train: late }, params: { nEstimators: 5, maxDepth: 3 } });

describe("the steps, one by one", () => {
  it("trains a model that has learnt, and tracks by what", async () => {
    const { outputs, tracked } = await train();
    expect(outputs.trained_model.trees).toHaveLength(5);
    expect(tracked.params).toEqual({ n_estimators: 5, max_depth: 3, learning_rate: 0.1 });
    expect(tracked.metric("train_auc")).toBeGreaterThan(0.95);
  });

  it("evaluates it, and says so of the output", async () => {
    const { outputs: { trained_model: model } } = await train();
    const { outputs, tracked, metadata } = await testStep(evaluateModel, { inputs: { model, X_test: features, y_test: late } });
    expect(outputs.evaluation_metrics.roc_auc).toBeGreaterThan(0.95);
    expect(metadata.evaluation_metrics["roc_auc"]).toBe(tracked.metric("roc_auc"));
  });

  it("deploys a model that is good enough, and that answers", async () => {
    const { outputs: { trained_model: model } } = await train();
    const { outputs: { evaluation_metrics } } = await testStep(evaluateModel, { inputs: { model, X_test: features, y_test: late } });
    const { deployer } = memoryDeployer();
    const deployed = await testStep(deployModelStep, { inputs: { model, evaluation_metrics }, components: { modelDeployer: deployer } });
    expect([deployed.outputs.output, deployed.logs]).toEqual(["memory://flight-delays", ["Model deployed: memory://flight-delays"]]);
    const row = (first: number) => [first, ...Array.from({ length: 9 }, () => 0)];
    const { outputs } = await deployer.infer("flight-delays", { inputs: [{ name: "features", shape: [2, 10], datatype: "FP64", data: [...row(16), ...row(0)] }] });
    const [likely, unlikely] = outputs[0]!.data as [number, number];
    expect(likely).toBeGreaterThan(unlikely);
  });

  it("deploys nothing where the model is not good enough, where there is no deployer, and where that one does not answer", async () => {
    const { outputs: { trained_model: model } } = await train();
    const { outputs: { evaluation_metrics } } = await testStep(evaluateModel, { inputs: { model, X_test: features, y_test: late } });
    const inputs = { model, evaluation_metrics };
    const stack = memoryStack();
    expect((await testStep(deployModelStep, { inputs: { model, evaluation_metrics: { ...evaluation_metrics, roc_auc: 0.5 } }, stack })).logs[0]).toContain("below threshold 0.69");
    expect((await testStep(deployModelStep, { inputs, stack: memoryStack({ deployer: false }) })).logs).toEqual(["No model deployer in active stack. Skipping deployment."]);
    const away = faults(memoryDeployer().deployer, [{ on: "deploy", fail: "MLS6001" }]);
    await expect(testStep(deployModelStep, { inputs, components: { modelDeployer: away } })).rejects.toMatchObject({ code: "MLS6001" });
    expect(stack.deployments()).toEqual([]);
  });
});
