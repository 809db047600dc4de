// npm run quickstart: the flights example, run, run again, run after an edit, deployed and asked, in a copy that anybody may play with. It ends
// with 1 where a step ran, or did not, otherwise than it says here. Nothing that it has started is left running.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./bootstrap/install.mjs";

const example = join(root, "examples", "flight-delays");
const copy = join(root, ".quickstart", "flight-delays");
const bin = join(root, "packages", "cli", "bin", "mlstack.js");
const EDITED = join("src", "lib", "metrics.ts");
const DEPLOYS = "deploy_model_step";
const DEPLOYMENT = "flight-delays";
const SERVING = "serving";
const STEPS = ["load_and_validate_data", "engineer_features", "train_model", "evaluate_model", DEPLOYS];

function title(text: string): void {
  console.log(`\n\u2500\u2500 ${text}\n`);
}

let hasDeployed = false;
// Ctrl-C ends the command that is going on, and that ends this: not before it has seen to what was deployed
process.on("SIGINT", () => undefined);

/** Again where an impatient Ctrl-C has ended it. */
function undeploy(): void {
  for (let tries = 5; tries > 0; tries--) if (spawnSync(process.execPath, [bin, "deployment", "delete", DEPLOYMENT, "--yes"], { cwd: copy, stdio: "ignore" }).status === 0) return;
}

function fail(message: string): never {
  console.error(`\n${message}`);
  if (hasDeployed) undeploy();
  process.exit(1);
}

function mlstack(...args: string[]): void {
  console.log(`$ mlstack ${args.join(" ")}`);
  const { status } = spawnSync(process.execPath, [bin, ...args], { cwd: copy, stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) fail(`mlstack ${args.join(" ")} ended with ${status}`);
}

function asked(...args: string[]): unknown {
  const { stdout, status } = spawnSync(process.execPath, [bin, ...args, "--json"], { cwd: copy, encoding: "utf8" });
  if (status !== 0) fail(`mlstack ${args.join(" ")} ended with ${status}: ${stdout}`);
  return (JSON.parse(stdout) as { data: unknown }).data;
}

/** Compares what the last run did with what is claimed here. */
function expectSteps(claim: string, ran: readonly string[]): void {
  const { steps } = asked("run", "show", "last") as { steps: { step: string; status: string }[] };
  const wanted = STEPS.map((step) => `${step} ${ran.includes(step) ? "completed" : "cached"}`);
  const found = steps.map((s) => `${s.step} ${s.status}`);
  if (wanted.join() !== found.join()) fail(`${claim}: expected ${wanted.join(", ")}; found ${found.join(", ")}`);
}

/** What a build prints is of no interest where it succeeds. */
function build(): void {
  const { status, stdout, stderr } = spawnSync("turbo", ["run", "build"], { cwd: root, encoding: "utf8", shell: process.platform === "win32" });
  if (status === 0) return;
  console.error(`${stdout}${stderr}\nthe build ended with ${status}`);
  process.exit(1);
}

build();
const started = performance.now();
console.log(`A pipeline of five steps on 3 million flights: load and validate, engineer features, train, evaluate, deploy.
It takes about half a minute on two cores, 1.5 GB of memory and 200 MB of disk, and no network.
It runs in a copy of examples/flight-delays: .quickstart/flight-delays`);

// an earlier one may have been killed while its model was served
if (existsSync(join(copy, ".mlstack", "deployments", DEPLOYMENT))) undeploy();
rmSync(copy, { recursive: true, force: true });
mkdirSync(copy, { recursive: true });
for (const part of ["package.json", "tsconfig.json", "src", "stacks", "request.json", "run.ts"]) cpSync(join(example, part), join(copy, part), { recursive: true });

title("The first run: every step runs");
mlstack("run", "src/pipeline.ts", "--stack", "local");
expectSteps("the first run", STEPS);

title("The second run: nothing changed, so everything is cached, but for the step that may deploy");
mlstack("run", "src/pipeline.ts", "--stack", "local");
expectSteps("the second run", [DEPLOYS]);

title(`An edit of a helper, f1Score in ${EDITED}: only what reaches it runs`);
const before = readFileSync(join(copy, EDITED), "utf8");
const edited = before.replace("const weight = ", "const weight = 0 + ");
if (edited === before) throw new Error(`${EDITED} does not have the line that is edited here`);
writeFileSync(join(copy, EDITED), edited);
mlstack("run", "src/pipeline.ts", "--stack", "local");
expectSteps("the run after the edit", ["evaluate_model", DEPLOYS]);
const { changes } = asked("why", "last/evaluate_model") as { changes: { details: string[] }[] };
const named = changes.flatMap((c) => c.details).join("; ");
if (named !== "src/lib/metrics.ts: f1Score changed") fail(`mlstack why does not name the edit, but: ${named}`);
console.log();
mlstack("why", "last/evaluate_model");
console.log();
mlstack("why", "last/train_model");

title("The same pipeline on a stack with a deployer: nothing is trained again, and the model is served");
hasDeployed = true;
mlstack("run", "src/pipeline.ts", "--stack", SERVING);
expectSteps("the run on the stack with a deployer", [DEPLOYS]);
mlstack("run", "logs", "last", DEPLOYS);
mlstack("deployment", "list");
mlstack("deployment", "predict", DEPLOYMENT, "--file", "request.json");
mlstack("deployment", "stop", DEPLOYMENT);
if ((asked("deployment", "show", DEPLOYMENT) as { state: string }).state !== "stopped") fail("the deployment was not stopped");
mlstack("deployment", "delete", DEPLOYMENT, "--yes");
if ((asked("deployment", "list") as unknown[]).length > 0) fail("the deployment was not deleted");

title("What the last run made");
mlstack("run", "show", "last");

console.log(`
Where everything is
  the pipeline        .quickstart/flight-delays/src/pipeline.ts (edit it and run again)
  runs and artifacts  .quickstart/flight-delays/.mlstack (records.db, store/, logs/, tracking/)
Next, from .quickstart/flight-delays, with mlstack standing for node ../../packages/cli/bin/mlstack.js (Node 22.19 or later):
  mlstack run src/pipeline.ts --stack local --param maxDepth=4
  mlstack artifact preview last/engineer_features.X_train
  mlstack run list
  mlstack run src/pipeline.ts --stack serving     # serves the model until mlstack deployment stop flight-delays

Done in ${((performance.now() - started) / 1000).toFixed(0)} s.`);
