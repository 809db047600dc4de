// npm run demo:elsewhere: the flights example, unchanged, on a real S3 server and a real MLflow, its steps in empty folders; then on the
// local stack, which finds the finished work in the bucket. Installs the servers first, which takes some minutes once.
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { install as installMlflow, startMlflow } from "../tests/live/servers/mlflow.ts";
import { install as installVersitygw, startVersitygw } from "../tests/live/servers/versitygw.ts";
import { root } from "./bootstrap/install.mjs";

const example = join(root, "examples", "flight-delays");
const copy = join(root, ".demo", "elsewhere");
const bin = join(root, "packages", "cli", "bin", "mlstack.js");

interface RunDocument { readonly data: { readonly run: string; readonly status: string; readonly steps: readonly { readonly step: string; readonly status: string }[]; readonly copied: readonly { readonly bytes: number }[] } }

const title = (text: string): void => console.log(`\n\u2500\u2500 ${text}\n`);

function fail(message: string): never {
  throw new Error(message);
}

/** Runs a command; the servers' connections live on meanwhile, so this process does not stand still. */
async function run(args: readonly string[], env: Readonly<Record<string, string>>, output: "inherit" | "pipe"): Promise<string> {
  const child = spawn(process.execPath, [bin, ...args], { cwd: copy, env: { ...process.env, ...env }, stdio: ["ignore", output, "inherit"] });
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => { text += chunk; });
  const status = await new Promise<number | null>((done) => { child.once("close", done); });
  if (status !== 0) fail(`mlstack ${args.join(" ")} ended with ${status}`);
  return text;
}

async function mlstack(args: readonly string[], env: Readonly<Record<string, string>>): Promise<void> {
  console.log(`$ mlstack ${args.join(" ")}`);
  await run(args, env, "inherit");
}

const lastRun = async (): Promise<RunDocument["data"]> => (JSON.parse(await run(["run", "show", "last", "--json"], {}, "pipe")) as RunDocument).data;

interface MlflowRun {
  readonly info: { readonly status: string; readonly run_name: string };
  readonly data: { readonly metrics?: readonly { readonly key: string; readonly value: number }[]; readonly params?: readonly unknown[] };
}

async function mlflowRuns(url: string): Promise<readonly MlflowRun[]> {
  const api = async (path: string, body?: unknown): Promise<unknown> =>
    (await fetch(`${url}/api/2.0/mlflow/${path}`, body === undefined ? {} : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) })).json();
  const { experiment } = (await api("experiments/get-by-name?experiment_name=flights")) as { experiment: { experiment_id: string } };
  return ((await api("runs/search", { experiment_ids: [experiment.experiment_id] })) as { runs: readonly MlflowRun[] }).runs;
}

const started = performance.now();
console.log(`The flights pipeline, unchanged, somewhere else: artifacts in a bucket of a real S3 server (versitygw), tracked in a real MLflow, and
each step in a process and an empty folder of its own that have nothing of the project. Then the local stack: nothing runs again.
It takes two minutes, once the servers are installed.`);
title("The servers");
for (const [name, install] of [["versitygw (Go)", installVersitygw], ["MLflow (pip)", installMlflow]] as const) {
  const at = performance.now();
  process.stdout.write(`${name} … `);
  await install();
  console.log(`ready (${((performance.now() - at) / 1000).toFixed(0)} s)`);
}

rmSync(copy, { recursive: true, force: true });
mkdirSync(join(copy, "stacks"), { recursive: true });
for (const part of ["tsconfig.json", "src"]) cpSync(join(example, part), join(copy, part), { recursive: true });
const manifest = JSON.parse(readFileSync(join(example, "package.json"), "utf8")) as { dependencies: Record<string, string> };
// what another stack needs is installed, not written into the pipeline
writeFileSync(join(copy, "package.json"), JSON.stringify({ ...manifest, dependencies: { ...manifest.dependencies, "@mlstack/plugin-mlflow": "*", "@mlstack/plugin-process": "*", "@mlstack/plugin-s3": "*" } }, null, 2));

const s3 = await startVersitygw();
const mlflow = await startMlflow({ version: "3" });
try {
  await s3.bucket("flights");
  writeFileSync(join(copy, "stacks", "elsewhere.yaml"), `components:
  artifact_store:
    type: s3
    name: bucket
    configuration:
      bucket: flights
      endpoint: ${s3.endpoint}
      region: ${s3.region}
  orchestrator:
    type: process
    name: empty_folders
  experiment_tracker:
    type: mlflow
    name: mlflow_tracker
    configuration:
      tracking_uri: ${mlflow.url}
      experiment_name: flights
`);
  console.log(`\nstacks/elsewhere.yaml\n\n${readFileSync(join(copy, "stacks", "elsewhere.yaml"), "utf8")}`);
  // as a person's shell has them: the stack's file holds no secret
  const env = { AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.secretAccessKey };

  title("The first run, elsewhere: every step runs in an empty folder");
  await mlstack(["run", "src/pipeline.ts", "--stack", "elsewhere"], env);
  const first = await lastRun();
  if (first.status !== "completed" || first.steps.some((s) => s.status !== "completed")) fail(`expected every step to have run: ${JSON.stringify(first.steps)}`);

  title("What MLflow has of it");
  const [run] = await mlflowRuns(mlflow.url);
  if (run?.info.status !== "FINISHED" || (run.data.metrics?.length ?? 0) === 0) fail(`MLflow has no finished run with metrics: ${JSON.stringify(run)}`);
  console.log(`${run.info.run_name}: ${run.info.status}, ${run.data.params?.length ?? 0} parameters, ${run.data.metrics?.map((m) => `${m.key} ${m.value.toFixed(4)}`).join(", ") ?? ""}`);

  title("The second run, on the local stack: the finished work is found in the bucket");
  await mlstack(["run", "src/pipeline.ts", "--stack", "local"], env);
  const second = await lastRun();
  const again = second.steps.filter((s) => s.status !== "cached").map((s) => s.step);
  // a step that may deploy is never taken from the cache
  if (again.join() !== "deploy_model_step") fail(`expected nothing but the deploy step to run: ${again.join(", ")}`);
  console.log();
  await mlstack(["why", "last/train_model"], env);
  console.log(`\nDone in ${((performance.now() - started) / 1000).toFixed(0)} s. The copy is in .demo/elsewhere; the servers are stopped.`);
} finally { await Promise.all([s3.stop(), mlflow.stop()]); }
