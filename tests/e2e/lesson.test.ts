import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lessonProject } from "./testing/lesson-project.ts";
import { jsonOf, type TestProject } from "./testing/project.ts";

let p: TestProject;
beforeAll(() => { p = lessonProject(); });
afterAll(async () => {
  await p.mlstack(["deployment", "delete", "fraud-detector", "--yes"]);
  p.close();
});

const TIME = { timeout: 240_000 };
/** `python run.py` of the lesson. */
async function runScript(): Promise<void> {
  const { code, stderr } = await p.node(["--import", "mlstack/register", "run.ts"]);
  expect(code, stderr).toBe(0);
}
async function mlstack(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await p.mlstack(args);
  expect(code, stderr).toBe(0);
  return stdout;
}
const statuses = async () => Object.fromEntries((jsonOf(await p.mlstack(["run", "show", "last", "--json"])).data as unknown as { steps: { step: string; status: string }[] }).steps.map((s) => [s.step, s.status]));

describe("the lesson's pipeline, on its two stacks with no edit", TIME, () => {
  test("the first stack has no deployer: the step says so, and everything else is done", async () => {
    await mlstack("stack", "set", "local-mlflow");
    await runScript();
    expect(Object.values(await statuses()).every((s) => s === "completed")).toBe(true);
    expect(await mlstack("run", "logs", "last", "deploy_model_step")).toContain("No model deployer in active stack. Skipping deployment.");
    expect(await mlstack("artifact", "show", "last/train_model.trained_model")).toMatch(/example\.booster\/1[^]*num_weights +3/);
    expect(await mlstack("artifact", "show", "last/load_and_validate_data.raw_dataframe")).toMatch(/num_rows +400/);
    expect(await mlstack("run", "show", "last")).toMatch(/train_model +train_auc +0\.\d+/);
  });

  test("the second one deploys what the first has made, under the lesson's names, and it answers", async () => {
    await mlstack("stack", "set", "production");
    await runScript();
    expect(await statuses()).toEqual({ load_and_validate_data: "cached", engineer_features: "cached", train_model: "cached", evaluate_model: "cached", deploy_model_step: "completed", load_fresh_data: "completed" });
    expect(await mlstack("run", "logs", "last", "deploy_model_step")).toMatch(/Model deployed: http:\/\/127\.0\.0\.1:\d+/);
    p.write("request.json", JSON.stringify({ inputs: [{ name: "rows", shape: [2, 2], datatype: "FP64", data: [0.5, -0.5, -0.5, 0.5] }] }));
    const { outputs: [{ data: [high, low] }] } = JSON.parse(await mlstack("deployment", "predict", "fraud-detector", "--file", "request.json")) as { outputs: [{ data: [number, number] }] };
    expect([high > 0.5, low < 0.5]).toEqual([true, true]);
  });

  test("a model below the threshold is not deployed", async () => {
    await mlstack("run", "pipeline/pipeline.ts", "-p", "deploy_threshold=0.999");
    expect(await mlstack("run", "logs", "last", "deploy_model_step")).toMatch(/Model AUC 0\.\d{4} below threshold 0\.999\. Skipping deployment\./);
  });

  test("a stack without the tracker that a step names is refused before anything runs, and so is one that nobody has named in CI", async () => {
    const before = await mlstack("run", "list", "--plain");
    const lacking = await p.mlstack(["run", "pipeline/pipeline.ts", "--stack", "without-tracker"]);
    expect([lacking.code, lacking.stderr]).toEqual([2, expect.stringMatching(/MLS4004 {2}the step "train_model" requires experimentTracker/)]);
    const unnamed = await p.mlstack(["run", "pipeline/pipeline.ts"], { env: { CI: "true" } });
    expect([unnamed.code, unnamed.stderr]).toEqual([2, expect.stringContaining("MLS7014")]);
    expect(await mlstack("run", "list", "--plain")).toBe(before);
    // what the lesson says to look at
    expect(await mlstack("stack", "describe")).toMatch(/^production[^]*vertex_experiment_tracker[^]*mlflow_tracker/);
  });
});
