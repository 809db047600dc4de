import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { MlstackError, type ErrorCode, type Orchestrator, type PluginDefinition, type StepLaunch } from "@mlstack/core";
import engine from "@mlstack/engine/plugin";
import processes from "@mlstack/plugin-process";
import type { OrchestratorSubject } from "@mlstack/testkit/conformance";

const root = join(import.meta.dirname, "..", "..", "..");

async function create(plugin: PluginDefinition, config: object, projectDir: string): Promise<Orchestrator> {
  const found = plugin.components.find((one) => one.contract === "orchestrator@1")!;
  return (await found.create(found.config.parse(config), { name: "o", projectDir, stateDir: join(projectDir, ".mlstack") })) as Orchestrator;
}

export const openProcesses = (dir: string, more: object = {}): Promise<Orchestrator> => create(processes, { concurrency: 3, workDir: join(dir, "work"), packagesFrom: dir, passEnv: ["PATH"], graceMs: 200, ...more }, dir);

/** Of this folder: run by Node in a process of its own, as `[flavor, folder]`. */
const client = (flavor: string, dir: string): readonly string[] => [join(import.meta.dirname, "orchestrator-client.ts"), flavor, dir];

export const openers: Readonly<Record<string, (dir: string) => Promise<Orchestrator>>> = {
  process: (dir) => openProcesses(dir),
  local: (dir) => create(engine, { concurrency: 3, isolation: "process" }, dir),
  inline: (dir) => create(engine, { concurrency: 3, isolation: "inline" }, dir),
};

/** The process orchestrator, for which an actor is what `mlstack` runs. @param first what the program does before */
export function processSubject(dir: string, first = ""): OrchestratorSubject {
  const program = join(dir, "node_modules", "mlstack", "bin", "mlstack.js");
  mkdirSync(dirname(program), { recursive: true });
  writeFileSync(join(dir, "node_modules", "mlstack", "package.json"), `{ "type": "module" }`);
  writeFileSync(program, `import { playActor } from ${JSON.stringify(import.meta.resolve("@mlstack/testkit/conformance/actor"))};\n${first}\nawait playActor();\n`);
  return { open: () => openers["process"]!(dir), client: client("process", dir) };
}

export const inlineSubject = (dir: string): OrchestratorSubject => ({ open: () => openers["inline"]!(dir), client: client("inline", dir) });

/** The local orchestrator with worker processes, which run steps of real plans: each launch is made of one that the engine has made for a step with an actor's code. */
export function localSubject(dir: string): OrchestratorSubject {
  const real = recordedLaunch(dir);
  return {
    open: () => openers["local"]!(dir), client: client("local", dir),
    launch: ({ spec: { runId, node, ordinal, attempt }, env, ...rest }) => ({ ...rest, spec: { ...real.spec, runId, node, ordinal, attempt }, env: { ...real.env, ...env } }),
  };
}

const STEP = `import { json, pipeline, step } from "mlstack";
import { playActor } from "@mlstack/testkit/conformance/actor";
export const actor = step({ name: "actor", env: ["CONFORMANCE_STAGE"], cache: false, output: json(), async run({ signal }) { await playActor(process.env.CONFORMANCE_STAGE, { signal }); return null; } });
export const play = pipeline({ name: "play", build: () => ({ x: actor() }) });
`;
/** An orchestrator that writes down what it is to launch, and ends. */
const RECORDER = `import { writeFileSync } from "node:fs";
const launch = { maxParallel: 1, cancel: "kill", sees: "project", async start({ spec, env }) {
  writeFileSync("launch.json", JSON.stringify({ spec, env }));
  return { id: "recorded", ended: Promise.resolve({ status: "exited", exitCode: 0 }), cancel: async () => {} };
} };
`;

function recordedLaunch(dir: string): Pick<StepLaunch, "spec" | "env"> {
  const write = (path: string, text: string) => { mkdirSync(dirname(join(dir, path)), { recursive: true }); writeFileSync(join(dir, path), text); };
  const link = (name: string, target: string) => { mkdirSync(dirname(join(dir, "node_modules", name)), { recursive: true }); symlinkSync(target, join(dir, "node_modules", name), "junction"); };
  link("mlstack", join(root, "packages", "cli"));
  for (const name of ["core", "pipeline", "engine", "testkit"]) link(`@mlstack/${name}`, join(root, "packages", name));
  link("zod", join(root, "node_modules", "zod"));
  write("package.json", JSON.stringify({ name: "project", private: true, type: "module", dependencies: { mlstack: "*", "@mlstack/testkit": "*", recorder: "*" } }));
  const component = { contract: "orchestrator@1", flavor: "recorder", aliases: [], description: "Writes launches down", config: { $schema: "https://json-schema.org/draft/2020-12/schema", type: "object", properties: {}, additionalProperties: false }, permissions: { hosts: [], files: [], processes: [], env: [] } };
  write("node_modules/recorder/package.json", JSON.stringify({ name: "recorder", version: "1.0.0", type: "module", exports: "./index.js", mlstack: { manifestVersion: 1, entry: "./index.js", core: ">=0.1.0", components: [component], pure: [], formats: [], contracts: [] } }));
  write("node_modules/recorder/index.js", `${RECORDER}
import { component, definePlugin } from "@mlstack/core";
import { z } from "zod";
export default definePlugin({ name: "recorder", components: [component({ type: "orchestrator", version: 1, flavor: "recorder", description: "Writes launches down", config: z.strictObject({}), create: () => ({ contract: "orchestrator@1", launch }) })] });
`);
  write("play.mjs", STEP);
  write("stacks/recorder.yaml", "components:\n  artifact_store: { type: local, name: store }\n  orchestrator: { type: recorder, name: recorder }\n");
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_OPTIONS|NODE_V8|MLSTACK)/.test(name)));
  try {
    execFileSync(process.execPath, [join(root, "packages", "cli", "bin", "mlstack.js"), "run", "play.mjs#play", "--stack", "recorder"], { cwd: dir, env: { ...env, MLSTACK_KEYCHAIN: "off", CONFORMANCE_STAGE: "none" }, encoding: "utf8", stdio: "pipe" });
  } catch { /* the step has no result */ }
  return JSON.parse(readFileSync(join(dir, "launch.json"), "utf8")) as Pick<StepLaunch, "spec" | "env">;
}

/** An orchestrator of which every call fails; the check says so. */
export function failingOrchestrator(code: ErrorCode): Orchestrator {
  const fail = async (): Promise<never> => { throw new MlstackError(code, "it fails"); };
  return { contract: "orchestrator@1", launch: { maxParallel: 3, cancel: "kill", sees: "bundle", start: fail, attach: fail }, check: async () => [{ name: "reach", ok: false, message: "it fails" }] };
}
