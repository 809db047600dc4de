// npm run compat: adds a snapshot of each kind that has a version of a format which is in none yet. Needs a build.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { changePlugins } from "@mlstack/hub";
import { pack, testRegistry } from "../../e2e/testing/registry.ts";
import { currentVersion, FORMATS, type SnapshotKind } from "../formats.ts";
import { command, dataOf, linkPackages, root } from "./command.ts";
import { READERS } from "./readers.ts";
import { digests, FIXTURES, filesBelow, indexed, json, keep, layOut, placeless, put, snapshots, writeIndex } from "./snapshots.ts";
import { dump } from "./sql.ts";

const scratch = realpathSync(mkdtempSync(join(tmpdir(), "mlstack-compat-")));
const write = (path: string, text: string): void => { mkdirSync(dirname(join(scratch, path)), { recursive: true }); writeFileSync(join(scratch, path), text); };
const at = (path: string): string => join(scratch, path);

const machine = (): Record<string, string> => ({ [root]: "/mlstack", [scratch]: "/scratch", [`"${hostname()}"`]: '"machine"', [`'${hostname()}'`]: "'machine'" });

async function until<T>(what: string, look: () => T | undefined): Promise<T> {
  for (let i = 0; i < 3000; i++) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((done) => { setTimeout(done, 20); });
  }
  throw new Error(`${what} has not come about`);
}

const PIPELINE = `import { dataset, json, list, map, pipeline, step, text } from "mlstack";
import { existsSync } from "node:fs";
import { z } from "zod";
export const numbers = step({ name: "numbers", params: { rows: dataset() }, output: list(json(z.number())), async run({ params }) { let all = ""; for await (const piece of params.rows.stream()) all += new TextDecoder().decode(piece); return all.trim().split("\\n").map(Number); } });
export const double = step({ name: "double", inputs: { n: json(z.number()) }, output: json(z.number()), run: ({ inputs }) => 2 * inputs.n });
export const sum = step({ name: "sum", inputs: { all: list(json(z.number())) }, params: { scale: z.number().default(1) }, output: json(z.number()), tags: ["math"], run({ inputs, params, log, tracker, metadata }) {
  const total = inputs.all.reduce((a, b) => a + b, 0) * params.scale;
  tracker.logParam("scale", params.scale); tracker.logMetric("total", total); metadata("output", { items: inputs.all.length }); log("the sum is " + total);
  return total;
} });
export const words = step({ name: "text", inputs: { total: json(z.number()) }, output: text(), run: ({ inputs }) => "the sum is " + inputs.total });
export const good = pipeline({ name: "good", params: { rows: dataset().default("rows.txt") }, tags: ["kept"], build(p) { const doubled = map(numbers({ rows: p.rows }), (n) => double({ n })); return { text: words({ total: sum({ all: doubled }) }) }; } });
export const fails = step({ name: "fails", retry: { attempts: 2, delayMs: 1 }, output: json(z.number()), run() { throw new Error("no luck"); } });
export const bad = pipeline({ name: "bad", build: () => ({ n: fails() }) });
export const one = step({ name: "one", output: json(z.number()), run: () => 1 });
export const more = step({ name: "more", inputs: { n: json(z.number()) }, cache: false, output: json(z.number()), run({ inputs, tracker }) { tracker.logMetric("seen", inputs.n); return inputs.n + 1; } });
export const away = pipeline({ name: "away", build: () => ({ n: more({ n: one() }) }) });
`;
const SERVING = `import { deployModel, json, pipeline, predictor, step, tensor } from "mlstack";
import { z } from "zod";
export const scale = predictor({ model: json(z.number()), inputs: { x: tensor("FP64", [-1]) }, outputs: { y: tensor("FP64", [-1]) }, predict: ({ model, inputs: { x } }) => ({ y: { shape: x.shape, data: x.data.map((v) => v * model) } }) });
export const model = step({ name: "model", output: json(z.number()), run: () => 3 });
export const deploy = step({ name: "deploy", inputs: { model: json(z.number()) }, requires: { modelDeployer: true }, output: json(z.string()), run: async ({ artifacts, deployer }) => (await deployer.deploy({ name: "scale", model: artifacts.model, servable: scale })).name });
export const serving = pipeline({ name: "serving", build: () => ({ name: deploy({ model: model() }) }) });
`;

interface Documents { readonly step: string; readonly driver: string; readonly plan: string }

/** A project in which about everything has happened once. */
async function makeProject(): Promise<Documents> {
  write("project/package.json", JSON.stringify({ name: "project", private: true, type: "module", dependencies: { mlstack: "*", zod: "*", "@mlstack/plugin-process": "*" } }));
  write("project/mlstack.yaml", "version: 1\nproject: { id: compat, env_salt: salt }\ndefault_stack: local\naliases:\n  bucket: [store]\n");
  write("project/stacks/components.yaml", "version: 1\ncomponents:\n  artifact_store:\n    bucket: { type: local, configuration: { path: bucket } }\n");
  write("project/rows.txt", "1\n2\n3\n");
  write("project/pipeline.mjs", PIPELINE);
  write("project/serving.mjs", SERVING);
  const dir = at("project");
  linkPackages(dir);
  write("project/stacks/away.yaml", `version: 1\nname: away\ncomponents:\n  artifact_store: { type: local, name: shared, configuration: { path: ${dir}/shared } }\n  orchestrator: { type: process, name: away, configuration: { work_dir: ${dir}/work, keep_folders: true } }\n`);
  write("project/stacks/serving.yaml", "components:\n  artifact_store: { type: local }\n  orchestrator: { type: local }\n  model_deployer: { type: local, name: here }\n");
  write("project/stacks/secret.yaml", "components:\n  artifact_store: { type: local, configuration: { path: \"${secret:place}\" } }\n  orchestrator: { type: local }\n");
  const run = async (...args: readonly string[]): Promise<string> => {
    const said = await command(dir, ["run", ...args]);
    if (said.code !== (args[0]!.endsWith("#bad") ? 1 : 0)) throw new Error(`${args.join(" ")}: ${said.code} ${said.stdout}${said.stderr}`);
    return said.stdout.trim();
  };
  if ((await command(dir, ["secret", "set", "place"], { input: "bucket" })).code !== 0) throw new Error("the secret was not set");
  await run("pipeline.mjs#good", "--stack", "local");
  await run("pipeline.mjs#good", "--stack", "local");
  await run("pipeline.mjs#bad", "--stack", "local");
  await run("serving.mjs#serving", "--stack", "serving");
  await dataOf(dir, ["deployment", "stop", "scale"]);
  const id = await run("pipeline.mjs#away", "--stack", "away", "--detach");
  // nobody has looked at it since: its journal is all that knows how it went
  await until("the end of the run elsewhere", () => (existsSync(join(dir, "shared", "journal", id, "_run", "0", "end.json")) ? true : undefined));
  const specs = filesBelow(join(dir, "work")).filter((path) => path.endsWith("spec.json")).map((path) => readFileSync(join(dir, "work", path), "utf8"));
  const driver = specs.find((text) => text.includes('"concurrency"'))!;
  const step = specs.find((text) => text.includes('"willRetry"'))!;
  const { plan } = JSON.parse(driver) as { readonly plan: string };
  return { driver, step, plan: readFileSync(join(dir, "shared", "cas", "sha256", plan.slice(0, 2), plan), "utf8") };
}

async function keepProject(name: string): Promise<void> {
  const dir = at("project");
  write("project/state/records.sql", dump(join(dir, ".mlstack", "records.db")));
  const state = ["store", "logs", "deployments", "secrets", "tracking"].filter((part) => existsSync(join(dir, ".mlstack", part)));
  for (const part of state) cpSync(join(dir, ".mlstack", part), join(dir, "state", part), { recursive: true });
  for (const part of ["node_modules", "work", ".mlstack"]) rmSync(join(dir, part), { recursive: true, force: true });
  keep(name, dir, machine());
}

function keepDocuments(name: string, { step, driver, plan }: Documents): void {
  const manifests = readdirSync(join(root, "packages")).map((p) => join(root, "packages", p, "package.json")).filter(existsSync).map((path) => (json(path) as { readonly mlstack?: object }).mlstack).filter((m) => m !== undefined);
  const files = { "step.json": step, "driver.json": driver, "plan.json": plan, "manifests.json": JSON.stringify(manifests, null, 2), "catalog.json": readFileSync(join(root, "packages", "catalog", "catalog.json"), "utf8") };
  for (const [path, text] of Object.entries(files)) write(`documents/${path}`, text);
  keep(name, at("documents"), { ...machine(), [at("project")]: "/project" });
}

/** A project with an integration from a registry, a change that can be taken back, one that is going on, and a bundle of it. */
async function keepHub(name: string): Promise<void> {
  const server = await testRegistry();
  try {
    server.publish({ name: "@acme/mlstack-plugin-x", version: "1.0.0", permissions: { hosts: ["acme.example"] }, provenance: true });
    write("hub/project/package.json", JSON.stringify({ name: "project", private: true, type: "module" }));
    write("hub/project/tarball.tar.gz", "");
    writeFileSync(at("hub/project/tarball.tar.gz"), pack({ "package.json": JSON.stringify({ name: "@own/mlstack-plugin-y", version: "2.0.0", type: "module", mlstack: { manifestVersion: 1, entry: "./index.js", core: ">=0.1.0 <1", components: [{ contract: "experiment_tracker@1", flavor: "y", description: "Of one's own", config: { type: "object" } }] } }), "index.js": "export default 1;\n" }));
    const dir = at("hub/project");
    const env = { HOME: at("home"), USERPROFILE: at("home"), MLSTACK_CACHE_DIR: at("cache"), npm_config_cache: at("npm-cache"), npm_config_registry: server.url, npm_config_fetch_retries: "0", npm_config_omit_lockfile_registry_resolved: "true", npm_config_update_notifier: "false" };
    await dataOf(dir, ["integration", "install", "@acme/mlstack-plugin-x", "-y"], env);
    await dataOf(dir, ["integration", "install", "./tarball.tar.gz", "-y"], env);
    await dataOf(dir, ["integration", "bundle", "export", at("hub/bundle.mlstack")], env);
    const lock = readFileSync(join(dir, "mlstack.lock"), "utf8");
    // a change is begun, and looked at before it has ended
    await changePlugins({ stateDir: join(dir, ".mlstack"), rootDir: dir, project: ".", files: ["mlstack.lock"], modulesDir: join(dir, "node_modules") }, { change: "install @acme/mlstack-plugin-z@1.0.0", now: () => Date.UTC(2026, 10, 1), reinstall: async () => undefined, recovered: () => undefined }, async () => { cpSync(join(dir, ".mlstack", "hub"), join(dir, "state", "hub"), { recursive: true, filter: (path) => !path.includes("change.lock") }); });
    for (const part of readdirSync(dir)) if (part !== "state") rmSync(join(dir, part), { recursive: true, force: true });
    writeFileSync(join(dir, "mlstack.lock"), lock);
    write("hub/project/package.json", JSON.stringify({ name: "project", private: true, type: "module" }));
    keep(name, at("hub"), machine());
  } finally { await server.stop(); }
}

async function main(): Promise<void> {
  const known = snapshots();
  const lacking = FORMATS.filter((f) => !known.some((s) => s.kind === f.kind && s.formats[f.id] === currentVersion(f)));
  const kinds = [...new Set(lacking.map((f) => f.kind))];
  if (kinds.length === 0) { console.log("every version has a snapshot: nothing was written"); return; }
  mkdirSync(FIXTURES, { recursive: true });
  const next = Math.max(0, ...known.map(({ name }) => Number.parseInt(name, 10))) + 1;
  const documents = kinds.some((kind) => kind !== "hub") ? await makeProject() : undefined;
  for (const kind of kinds) {
    const name = `${next}-${kind}`;
    if (kind === "documents") keepDocuments(name, documents!);
    else if (kind === "project") await keepProject(name);
    else await keepHub(name);
    await finish(name, kind);
    console.log(`${name}: ${lacking.filter((f) => f.kind === kind).map((f) => `${f.id} ${currentVersion(f)}`).join(", ")}`);
  }
  // what was there keeps its digest: a test compares
  writeIndex({ ...digests(), ...indexed() });
}

async function finish(name: string, kind: SnapshotKind): Promise<void> {
  const { dir, remove } = layOut(name);
  try {
    const read = placeless(await READERS[kind](dir), dir);
    put(join(FIXTURES, name, "expected.json"), `${JSON.stringify(read, null, 2)}\n`);
    put(join(FIXTURES, name, "formats.json"), `${JSON.stringify(Object.fromEntries(FORMATS.filter((f) => f.kind === kind).map((f) => [f.id, currentVersion(f)])), null, 2)}\n`);
  } finally { remove(); }
}

try { await main(); } finally { rmSync(scratch, { recursive: true, force: true, maxRetries: 5 }); }
