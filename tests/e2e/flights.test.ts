import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pl } from "nodejs-polars";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { BIN, jsonOf, run } from "./testing/project.ts";

const root = join(import.meta.dirname, "..", "..");
const example = join(root, "examples", "flight-delays");
let state: string;
beforeAll(() => { state = mkdtempSync(join(tmpdir(), "mlstack-flights-")); });
afterAll(() => rmSync(state, { recursive: true, force: true }));
const mlstack = (...args: string[]) => run(process.execPath, [BIN, ...args], example, { MLSTACK_STATE_DIR: join(state, "state") });

it("runs on 30,000 of three million flights, and is cached but for the step with effects", async () => {
  const first = jsonOf(await mlstack("run", "src/pipeline.ts", "--param", "rows=30000", "--json"));
  expect(first.data).toMatchObject({ status: "completed" });
  const again = jsonOf(await mlstack("run", "src/pipeline.ts", "--param", "rows=30000", "--json")).data as unknown as { steps: { step: string; status: string }[] };
  expect(again.steps.map((s) => `${s.step} ${s.status}`)).toEqual(["load_and_validate_data cached", "engineer_features cached", "train_model cached", "evaluate_model cached", "deploy_model_step completed"]);
  const metrics = JSON.parse((await mlstack("artifact", "preview", "last/evaluate_model.evaluation_metrics")).stdout) as { roc_auc: number };
  expect(metrics.roc_auc).toBeGreaterThan(0.6);
  expect((await mlstack("run", "logs", "last", "deploy_model_step")).stdout).toMatch(/below threshold 0\.69\. Skipping deployment|No model deployer in active stack\. Skipping deployment/);
  const above = await mlstack("run", "src/pipeline.ts", "--param", "rows=30000", "--param", "deployThreshold=0.5");
  expect([above.code, (await mlstack("run", "logs", "last", "deploy_model_step")).stdout]).toEqual([0, expect.stringContaining("No model deployer in active stack. Skipping deployment.")]);
}, 120_000);

it("on a stack with a deployer the same pipeline trains nothing again, and the model answers", async () => {
  const { data } = jsonOf(await mlstack("run", "src/pipeline.ts", "--param", "rows=30000", "--param", "deployThreshold=0.5", "--stack", "serving", "--json"));
  expect((data as unknown as { steps: { step: string; status: string }[] }).steps.map((s) => s.status)).toEqual(["cached", "cached", "cached", "cached", "completed"]);
  try {
    const answer = JSON.parse((await mlstack("deployment", "predict", "flight-delays", "--file", "request.json")).stdout) as { outputs: { name: string; data: number[] }[] };
    expect(answer.outputs[0]).toMatchObject({ name: "probability", shape: [3] });
    for (const p of answer.outputs[0]!.data) expect(p > 0 && p < 1).toBe(true);
  } finally { expect((await mlstack("deployment", "delete", "flight-delays", "--yes")).code).toBe(0); }
}, 120_000);

it("after an edit of a helper only what reaches it runs, and why says so", async () => {
  // a copy in the clone, where the example's packages are in reach
  const copies = join(root, ".quickstart");
  mkdirSync(copies, { recursive: true });
  const copy = mkdtempSync(join(copies, "e2e-"));
  onTestFinished(() => rmSync(copy, { recursive: true, force: true }));
  for (const part of ["package.json", "tsconfig.json", "src"]) cpSync(join(example, part), join(copy, part), { recursive: true });
  const inCopy = async (...args: string[]) => jsonOf(await run(process.execPath, [BIN, ...args, "--json"], copy)).data;
  expect(await inCopy("run", "src/pipeline.ts", "--param", "rows=30000")).toMatchObject({ status: "completed" });
  const path = join(copy, "src", "lib", "metrics.ts");
  const before = readFileSync(path, "utf8");
  writeFileSync(path, before.replace("const weight = ", "const weight = 0 + "));
  expect(readFileSync(path, "utf8")).not.toBe(before);
  const { steps } = (await inCopy("run", "src/pipeline.ts", "--param", "rows=30000")) as unknown as { steps: { step: string; status: string }[] };
  expect(steps.map((s) => `${s.step} ${s.status}`)).toEqual(["load_and_validate_data cached", "engineer_features cached", "train_model cached", "evaluate_model completed", "deploy_model_step completed"]);
  expect(await inCopy("why", "last/evaluate_model")).toMatchObject({ changes: [{ part: "code", details: ["src/lib/metrics.ts: f1Score changed"] }] });
}, 120_000);

it("a missing column is named, and nothing after it runs", async () => {
  const path = join(state, "bad.parquet");
  pl.DataFrame({ delay: [1, 2], distance: [3, 4], origin: ["A", "B"], destination: ["C", "D"] }).writeParquet(path);
  const { code, stderr } = await mlstack("run", "src/pipeline.ts", "--param", `dataset=${path}`);
  expect(code).toBe(1);
  expect(stderr).toMatch(/error MLS4001 .*"load_and_validate_data" failed: Flights lack the column "date"/);
  expect(stderr).toMatch(/flights\.ts:\d+/);
  expect(stderr).toContain("engineer_features");
  expect(stderr).toMatch(/1 failed, 4 not started/);
}, 60_000);

it("a parameter out of range is refused before anything runs", async () => {
  const { error } = jsonOf(await mlstack("run", "src/pipeline.ts", "--param", "rows=10", "--json"));
  expect(error).toMatchObject({ code: "MLS1005" });
  expect(error!.message).toContain('"rows"');
});

it("runs from a script, and its outputs are read back", async () => {
  const { code, stdout } = await run(process.execPath, ["run.ts"], example, { MLSTACK_STATE_DIR: join(state, "script") });
  expect([code, stdout]).toEqual([0, expect.stringMatching(/^Latest model AUC: 0\.6\d+\nModel type: json\/1, 100 trees\n$/)]);
}, 120_000);
