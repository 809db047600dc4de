// npm run demo:stacks: a fresh folder, the lesson's two stack files and its commands letter for letter with mlstack in front, then the same pipeline on
// two stacks with no edit, one of which serves its model, which is asked and stopped. It ends with 1 where something is not as it says here. Nothing
// outside of this machine is needed.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { root } from "./bootstrap/install.mjs";

const dir = mkdtempSync(join(tmpdir(), "mlstack-demo-"));
const bin = join(root, "packages", "cli", "bin", "mlstack.js");
// as at a person's terminal: where CI is set a stack must be named, which is shown below
const { CI: _, MLSTACK_STACK: __, ...env } = process.env;

const title = (text: string): void => console.log(`\n\u2500\u2500 ${text}\n`);
function fail(message: string): never { throw new Error(message); }

interface How { readonly code?: number; readonly more?: Record<string, string>; readonly quiet?: boolean; readonly input?: string }
function run(line: string, { code = 0, more = {}, quiet = false, input }: How = {}): string {
  const [, ...args] = line.replaceAll("\\\n", " ").trim().split(/\s+/);
  if (!quiet) console.log(`$ ${input === undefined ? "" : `echo '${input}' | `}${line}`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { cwd: dir, encoding: "utf8", input: input ?? "", env: { ...env, NO_COLOR: "1", ...more } });
  if (!quiet) console.log(`${stdout}${stderr}`);
  if (status !== code) fail(`${line} ended with ${status}, not ${code}: ${stderr}`);
  return stdout + stderr;
}
const data = (line: string): unknown => (JSON.parse(run(`${line} --json`, { quiet: true })) as { data: unknown }).data;

const PREDICTOR = `import { json, predictor, tensor } from "mlstack";
import { z } from "zod";

export const Model = z.object({ weight: z.number() });
export const weigh = predictor({
  model: json(Model), inputs: { x: tensor("FP64", [-1]) }, outputs: { y: tensor("FP64", [-1]) },
  predict: ({ model, inputs }) => ({ y: inputs.x.data.map((x) => model.weight * x) }),
});
`;

const PIPELINE = `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
import { Model, weigh } from "./predictor.ts";

export const trainModel = step({
  name: "train_model",
  params: { epochs: z.number().default(3) },
  requires: { experimentTracker: true },
  outputs: { trained_model: json(Model) },
  run({ params, tracker }) {
    for (let epoch = 0; epoch < params.epochs; epoch++) tracker.logMetric("loss", 1 / (epoch + 1), epoch);
    return { trained_model: { weight: params.epochs } };
  },
});
export const report = step({ name: "report", inputs: { model: json(Model) }, output: json(z.string()), run: ({ inputs }) => "weight " + inputs.model.weight });
export const deployModel = step({
  name: "deploy_model", inputs: { model: json(Model) }, uses: { modelDeployer: "optional" }, output: json(z.string().nullable()),
  async run({ artifacts, deployer, log }) {
    if (deployer === undefined) { log("No model deployer in active stack. Skipping deployment."); return null; }
    return (await deployer.deploy({ name: "weigh", model: artifacts.model, servable: weigh })).url;
  },
});
export const training = pipeline({ name: "training", build() {
  const model = trainModel({}).trained_model;
  deployModel({ model });
  return { text: report({ model }) };
} });
`;

try {
  for (const [name, target] of [["mlstack", join(root, "packages", "cli")], ...["core", "pipeline", "engine"].map((p) => [`@mlstack/${p}`, join(root, "packages", p)] as const), ["zod", join(root, "node_modules", "zod")]] as const) {
    mkdirSync(dirname(join(dir, "node_modules", name)), { recursive: true });
    symlinkSync(target, join(dir, "node_modules", name), "junction");
  }
  console.log("A fresh folder, and the lesson's commands as they stand, with mlstack for zenml.");
  title("A project");
  run("mlstack init");
  cpSync(join(root, "packages", "engine", "src", "project-files", "fixtures", "lesson"), join(dir, "stacks"), { recursive: true });
  writeFileSync(join(dir, "predictor.ts"), PREDICTOR);
  writeFileSync(join(dir, "training.ts"), PIPELINE);
  console.log(`stacks/local-mlflow.yaml\n\n${readFileSync(join(dir, "stacks", "local-mlflow.yaml"), "utf8")}`);

  title("The lesson's commands");
  run("mlstack stack register local-mlflow \\\n  --artifact-store local_artifact_store \\\n  --orchestrator local_orchestrator \\\n  --experiment-tracker mlflow_tracker");
  run("mlstack stack set local-mlflow");
  run("mlstack stack register vertex-production \\\n  --artifact-store gcs_artifact_store \\\n  --orchestrator vertex_orchestrator \\\n  --experiment-tracker vertex_experiment_tracker \\\n  --container-registry gcr_registry \\\n  --model-deployer vertex_model_deployer");
  run("mlstack stack set vertex-production");
  run("mlstack stack describe");
  run("mlstack stack list");

  title("What the stack needs and this folder has not is said before anything runs");
  const refused = run("mlstack run training.ts", { code: 2 });
  if (!refused.includes("MLS4020") || (data("mlstack run list") as unknown[]).length > 0) fail("a run was recorded that could not be");

  title("The same pipeline on two stacks, with no edit");
  run("mlstack component register laptop --type artifact_store --flavor local");
  run(`mlstack component register shared --type artifact_store --flavor local --config path=${join(dir, "shared-store")}`);
  run("mlstack component register beside --type orchestrator --flavor local --config concurrency=2 --config isolation=process");
  run("mlstack component register server --type model_deployer --flavor local");
  run("mlstack stack register laptop -a laptop -o beside -e local_tracker");
  run("mlstack stack register team -a shared -o beside -e local_tracker -d server --set");
  run("mlstack stack verify");
  run("mlstack run training.ts");
  run("mlstack stack set laptop");
  run("mlstack run training.ts");
  const { stack, steps } = data("mlstack run show last") as { stack: { name: string }; steps: { step: string; status: string }[] };
  // a step that may deploy is never taken from the cache
  if (stack.name !== "laptop" || steps.some((s) => s.status !== (s.step === "deploy_model" ? "completed" : "cached"))) fail(`expected the work of the first stack to be found: ${JSON.stringify(steps)}`);

  title("The first stack has a model deployer: the model is served, asked, stopped");
  run("mlstack stack set team");
  run("mlstack deployment list");
  run("mlstack deployment show weigh");
  const answer = JSON.parse(run("mlstack deployment predict weigh", { input: '{"inputs":[{"name":"x","shape":[2],"datatype":"FP64","data":[1,2]}]}' })) as { outputs: { data: number[] }[] };
  if (answer.outputs[0]?.data.join() !== "3,6") fail(`expected 3 and 6: ${JSON.stringify(answer)}`);
  run("mlstack deployment stop weigh");
  run("mlstack deployment predict weigh", { code: 1, input: '{"inputs":[{"name":"x","shape":[1],"datatype":"FP64","data":[1]}]}' });
  run("mlstack deployment delete weigh --yes");

  title("Where CI is set, a stack that nobody has named is refused");
  run("mlstack run training.ts", { code: 2, more: { CI: "true" } });
  run("mlstack run training.ts --stack team", { more: { CI: "true" } });
  console.log("\nDone. Every command above has ended as it is said here.");
} finally {
  // what serves would outlive this
  spawnSync(process.execPath, [bin, "deployment", "delete", "weigh", "--yes", "--stack", "team"], { cwd: dir, env, stdio: "ignore" });
  rmSync(dir, { recursive: true, force: true });
}
