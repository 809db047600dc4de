// npm run demo:hub: every package released by the changesets flow into a real registry (Verdaccio) on this machine; then, in a fresh folder, what a user
// does with them: init, integrations installed, a stack of them on a real S3 server and a real MLflow, the flights pipeline on it, an upgrade, a
// rollback. It ends with 1 where something is not as it says here. The folder is left in .demo/hub; nothing that was started is left running.
import { execFileSync } from "node:child_process";
import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { install as installMlflow, startMlflow } from "../tests/live/servers/mlflow.ts";
import { install as installVerdaccio, startVerdaccio } from "../tests/live/servers/verdaccio.ts";
import { install as installVersitygw, startVersitygw } from "../tests/live/servers/versitygw.ts";
import { isWindows, root } from "./bootstrap/install.mjs";
import { releaseWorkspace, type Released } from "./demo-hub/release.ts";
import { openShell } from "./demo-hub/shell.ts";

const S3 = "@mlstack/plugin-s3";
const FILES = ["package.json", "package-lock.json", "mlstack.lock"];
/** In the clone's folders, the example finds its data elsewhere. */
const RUN = "npx mlstack run src/pipeline.ts \\\n  --param dataset=node_modules/vega-datasets/data/flights-3m.parquet --param rows=100000";
const example = join(root, "examples", "flight-delays");

const title = (text: string): void => console.log(`\u2500\u2500 ${text}\n`);
function fail(message: string): never { throw new Error(message); }

const started = performance.now();
console.log(`Every package is released as a release does it, into a registry on this machine that was empty. What follows is what a user types, in a folder
that has nothing of this clone. It takes two minutes, once the servers are installed.\n`);
title("The servers");
for (const [name, install] of [["Verdaccio (npm)", installVerdaccio], ["versitygw (Go)", installVersitygw], ["MLflow (pip)", installMlflow]] as const) {
  const at = performance.now();
  process.stdout.write(`${name} \u2026 `);
  await install();
  console.log(`ready (${((performance.now() - at) / 1000).toFixed(0)} s)`);
}
console.log();

const temp = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-demo-hub-")));
const folder = join(temp, "flights");
mkdirSync(folder);
const at = (path: string): string => join(folder, path);
// what others have published is had from where this machine has it from; what is ours is only what is released here
const behind = execFileSync(isWindows ? "npm.cmd" : "npm", ["config", "get", "registry"], { cwd: root, encoding: "utf8", shell: isWindows }).trim();
const [registry, s3, mlflow] = await Promise.all([startVerdaccio({ behind: { url: behind, own: ["mlstack", "@mlstack/*"] } }), startVersitygw(), startMlflow({ version: "3" })]);
// the cache of npm is of this demo alone: another one had other packages at this address
const shell = openShell(folder, { npm_config_cache: join(temp, "npm-cache"), npm_config_update_notifier: "false", npm_config_fund: "false", npm_config_audit: "false", MLSTACK_CACHE_DIR: join(temp, "cache"), AWS_ACCESS_KEY_ID: s3.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.secretAccessKey });
const { type } = shell;
/** What a command says to programs; it is not shown. */
const dataOf = async (line: string): Promise<unknown> => (JSON.parse((await type(`${line} --json`, { quiet: true })).stdout) as { data: unknown }).data;

/** The state that a rollback must bring back, to the byte. */
const state = (): readonly string[] => [...FILES.map((name) => readFileSync(at(name), "utf8")), readFileSync(at(`node_modules/${S3}/package.json`), "utf8")];
const installed = (): string => (JSON.parse(readFileSync(at(`node_modules/${S3}/package.json`), "utf8")) as { version: string }).version;

interface Run { readonly status: string; readonly stack: { readonly name: string }; readonly steps: readonly { readonly step: string; readonly status: string }[] }
async function expectRun(claim: string, ran: (step: string) => boolean): Promise<void> {
  const { status, stack, steps } = (await dataOf("npx mlstack run show last")) as Run;
  const wrong = steps.filter((s) => s.status !== (ran(s.step) ? "completed" : "cached"));
  if (status !== "completed" || stack.name !== "team" || steps.length === 0 || wrong.length > 0) fail(`${claim}: the run is ${status} on ${stack.name}, and ${JSON.stringify(wrong)} is not as expected`);
}
// a step that may deploy is never taken from the cache
const onlyDeploys = (step: string): boolean => step === "deploy_model_step";

const shown = (released: readonly Released[]): string => released.map(({ name, version }) => `  ${name} ${version}`).join("\n");

try {
  await s3.bucket("flights");
  title("A release: the changesets become versions, the packages are built and published");
  const workspace = releaseWorkspace(join(temp, "workspace"));
  const first = await workspace.release(registry, console.log);
  console.log(`\n${shown(first)}\n\nAs it would be for everybody, but without a signature of where they were built: that takes a CI service.\n`);
  for (const name of ["mlstack", S3, "@mlstack/plugin-mlflow"]) if (!first.some((r) => r.name === name)) fail(`${name} was not released`);

  title("A fresh folder, and npm's setting that names the registry");
  writeFileSync(at(".npmrc"), `registry=${registry.url}\n`);
  console.log(`.npmrc\n\n${readFileSync(at(".npmrc"), "utf8")}`);
  await type("npx --yes mlstack init");
  await type("npm install --loglevel=error mlstack zod nodejs-polars@0.25 vega-datasets@3.2.1");
  await type("npx mlstack --version");

  title("Integrations: these are minutes old, and new versions wait a day");
  await type("npx mlstack integration list --type experiment-tracker");
  const refused = await type("npx mlstack integration install s3 mlflow -y", { code: 4 });
  if (!refused.text.includes("MLS8405") || existsSync(at("mlstack.lock"))) fail("expected that versions that new are refused, and nothing is written");
  console.log("Who has released them knows them. The project says so, in mlstack.yaml, where it is reviewed:\n");
  appendFileSync(at("mlstack.yaml"), `integrations:\n  allow_fresh: ["@mlstack"]\n`);
  console.log(readFileSync(at("mlstack.yaml"), "utf8"));
  await type("npx mlstack integration install s3 mlflow -y");
  await type("npx mlstack integration install polars -y");
  await type("npx mlstack integration verify");
  const lock = JSON.parse(readFileSync(at("mlstack.lock"), "utf8")) as { plugins: Record<string, unknown> };
  if (Object.keys(lock.plugins).join() !== `@mlstack/plugin-mlflow,@mlstack/plugin-polars,${S3}`) fail(`mlstack.lock has ${Object.keys(lock.plugins).join(", ")}`);

  title("A stack of them");
  await type(`npx mlstack component register bucket --type artifact_store --flavor s3 \\\n  --config bucket=flights --config endpoint=${s3.endpoint} --config region=${s3.region}`);
  await type(`npx mlstack component register tracker --type experiment_tracker --flavor mlflow \\\n  --config tracking_uri=${mlflow.url} --config experiment_name=flights`);
  await type("npx mlstack component register here --type orchestrator --flavor local");
  await type("npx mlstack stack register team \\\n  --artifact-store bucket --orchestrator here --experiment-tracker tracker --set");
  await type("npx mlstack stack verify team");

  title("The flights pipeline on it, unchanged");
  cpSync(join(example, "src"), at("src"), { recursive: true });
  await type(RUN);
  await expectRun("the first run", () => true);

  title("A new version of an integration is released: what is silent may stay so for two hours");
  workspace.edit("packages/plugin-s3/src/config.ts", ".max(3600).default(60)", ".max(7200).default(60)");
  workspace.changeset("patience", { [S3]: "patch" }, "`idleTimeoutSeconds` may be up to two hours.");
  const [next, ...others] = await workspace.release(registry, console.log);
  if (next?.name !== S3 || others.length > 0) fail(`expected ${S3} alone to be released, not ${shown(others)}`);
  console.log(`\n${shown([next])}\n`);

  title("The upgrade: what it would do, then done, then nothing runs again");
  const before = state();
  const was = installed();
  await type("npx mlstack integration outdated");
  await type("npx mlstack integration upgrade --plan");
  if (state().join() !== before.join()) fail("upgrade --plan has written");
  await type("npx mlstack integration upgrade -y");
  if (installed() !== next.version) fail(`${S3} ${installed()} is installed, not ${next.version}`);
  await type(RUN);
  await expectRun("after the upgrade", onlyDeploys);

  title("The rollback: the files as they were, byte by byte");
  await type("npx mlstack integration rollback --list");
  await type("npx mlstack integration rollback -y");
  if (state().join() !== before.join() || installed() !== was) fail("the rollback has not brought back what was");
  await type("npx mlstack integration verify --deep");
  await type(RUN);
  await expectRun("after the rollback", onlyDeploys);

  const left = join(root, ".demo", "hub");
  rmSync(left, { recursive: true, force: true });
  mkdirSync(join(root, ".demo"), { recursive: true });
  try { renameSync(folder, left); } catch { cpSync(folder, left, { recursive: true, verbatimSymlinks: true }); }
  console.log(`Done in ${((performance.now() - started) / 1000).toFixed(0)} s. The project is in .demo/hub; the servers are stopped, the registry among them.`);
} finally {
  await Promise.all([registry.stop(), s3.stop(), mlflow.stop()]);
  rmSync(temp, { recursive: true, force: true, maxRetries: 5 });
}
