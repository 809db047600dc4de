import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { contractRegistry, pluginLoader, type PluginHost } from "@mlstack/core";
import { compilePlan, type CallOverrides, type CompileContext, type CompiledPlan, type PipelineDefinition } from "@mlstack/pipeline";
import type { LoadCheck } from "@mlstack/pipeline/compile";
import { foreseeRun, type RunForecast } from "../forecast/foresee-run.ts";
import { logFiles, type LogFiles } from "../journal/log-files.ts";
import plugin from "../plugin/index.ts";
import { manifestOf, type PluginDefinition } from "@mlstack/core";
import { projectIdentity, type Project } from "../project/project.ts";
import { openDatabase, type OpenDatabase } from "../records/open-database.ts";
import { recordsOf, type Records } from "../records/records.ts";
import { detachRun, type DetachedRun } from "../run/detach.ts";
import { executeRun, type LoadedPlan, type RunOptions, type RunReport, type RunSurroundings } from "../run/execute-run.ts";
import type { Faults } from "../run/faults.ts";
import { planFindings, refuseFindings } from "../run/preflight.ts";
import { resumeRun, type ResumeOptions } from "../run/resume-run.ts";
import { otherStores } from "../stack/other-stores.ts";
import { LOCAL_STACK, openStack, type Stack, type StackSpec } from "../stack/stack.ts";

/**
 * An engine whose steps have a code digest that the test says: what the engine does with keys is tested here, how they come about is
 * tested where they are made.
 */
export interface Harness {
  readonly project: Project;
  readonly records: Records;
  readonly db: OpenDatabase;
  readonly stack: Stack;
  readonly logs: LogFiles;
  /** Step name → anything; a step whose text changes has other code. */
  readonly code: Map<string, string>;
  run(pipeline: PipelineDefinition, params?: Record<string, unknown>, options?: RunOptions): Promise<RunReport>;
  foresee(pipeline: PipelineDefinition, params?: Record<string, unknown>, options?: RunOptions): Promise<RunForecast>;
  /** @param asked told of the part of the run whose launcher is asked for */
  resume(run: string, pipeline: PipelineDefinition, options?: ResumeOptions, asked?: (ordinal: number | undefined) => void): Promise<RunReport>;
  detach(pipeline: PipelineDefinition, params?: Record<string, unknown>, options?: RunOptions): Promise<DetachedRun>;
  /** Makes the records say that a run is going on, driven by a process of this machine that is not there any more. */
  orphan(run: string): void;
  status(report: RunReport): Record<string, string>;
  close(): Promise<void>;
}

export interface HarnessOptions {
  readonly stack?: StackSpec;
  readonly plugins?: readonly PluginDefinition[];
  readonly faults?: Faults;
  readonly dir?: string;
  readonly uncached?: ReadonlySet<string>;
  /** Of the code of every step. */
  readonly check?: LoadCheck;
  /** Told of each plan before it is run, and may put something in its place. */
  readonly planned?: (compiled: CompiledPlan) => CompiledPlan;
  /** Steps whose results may depend on time zone and language. */
  readonly zoned?: ReadonlySet<string>;
  /** Names of steps whose code this process has loaded as it was before. */
  readonly loadedOtherwise?: ReadonlySet<string>;
}

export async function harness(options: HarnessOptions = {}): Promise<Harness> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), "mlstack-engine-"));
  writeFileSync(join(dir, "package.json"), "{}");
  const project: Project = { dir, stateDir: join(dir, ".mlstack") };
  const identity = projectIdentity(project);
  const db = await openDatabase(join(project.stateDir, "records.db"), "process");
  const logs = logFiles(join(project.stateDir, "logs"));
  const stack = openStack(options.stack ?? LOCAL_STACK, pluginLoader({ host: hostOf([plugin, ...(options.plugins ?? [])]), coreVersion: "0.1.0", contracts: contractRegistry() }), { projectDir: dir, stateDir: project.stateDir });
  const code = new Map<string, string>();
  const digest = (text: string) => createHash("sha256").update(text).digest("hex");
  const context: CompileContext = {
    projectDir: dir, runtime: "node/test", platform: { os: "linux", arch: "x64", libc: "glibc" }, codeAlgorithm: "test/1", env: {}, envSalt: "salt", moduleOf: () => null,
    fingerprinters: {
      node: {
        fingerprint: (step) => ({
          identity: { module: "steps.ts", export: step.name }, native: false, readsZone: options.zoned?.has(step.name) === true, env: [], runtime: "node/test", packages: { digest: digest(""), entries: {}, roots: [], native: false, uncached: [] },
          code: { digest: digest(code.get(step.name) ?? step.name), modules: { "steps.ts": { digest: digest(code.get(step.name) ?? ""), symbols: { [step.name]: digest(code.get(step.name) ?? "") } } }, packages: [], files: [], readsZone: false, readsPlatform: false, env: [], uncached: [] },
          uncached: options.uncached?.has(step.name) === true ? [{ rule: "run-time-step", message: "made at run time", fix: "export it" }] : [],
        }),
      },
    },
    bundle: () => ({ digest: digest("bundle"), bundle: { files: new Map(), modules: {} } }),
  };
  const records = recordsOf(db);
  const surroundings: RunSurroundings = {
    project, identity, db, logs, stack, concurrency: undefined, otherStores: () => otherStores(stack, records, { projectDir: dir, stateDir: project.stateDir }).list(), storesElsewhere: async () => [],
    scratchDir: join(project.stateDir, "scratch"), version: "0.1.0", faults: options.faults ?? { at: () => undefined }, now: Date.now,
  };
  async function compile(pipeline: PipelineDefinition, params: Readonly<Record<string, unknown>>, steps?: CallOverrides): Promise<LoadedPlan> {
    const compiled = (options.planned ?? ((c) => c))(await compilePlan(pipeline, params, context, steps));
    refuseFindings(await planFindings(compiled, stack, []), stack.spec.name, pipeline.name);
    const loaded: LoadCheck = { changed: () => ({ rule: "changed-after-load", message: "it was changed", fix: "start anew" }) };
    const checkOf = (id: string) => options.check ?? (options.loadedOtherwise?.has(compiled.plan.steps[id]!.name) === true ? loaded : undefined);
    const checks = new Map(Object.keys(compiled.plan.steps).flatMap((id): [string, LoadCheck][] => { const check = checkOf(id); return check === undefined ? [] : [[id, check]]; }));
    return { ...compiled, checks, env: {} };
  }
  return {
    project, db, stack, logs, code, records,
    run: async (pipeline, params = {}, runOptions = {}) => executeRun(await compile(pipeline, params, runOptions.steps), params, runOptions, surroundings),
    detach: async (pipeline, params = {}, runOptions = {}) => detachRun(await compile(pipeline, params, runOptions.steps), params, runOptions, surroundings),
    foresee: async (pipeline, params = {}, runOptions = {}) => foreseeRun(await compile(pipeline, params, runOptions.steps), runOptions, surroundings, records),
    resume: async (run, pipeline, resumeOptions = {}, asked = () => undefined) => resumeRun({ run: await records.run(run), driver: { state: "unknown" } }, pipeline, resumeOptions, {
      surroundings, records, store: () => stack.artifactStore(), launcher: async (ordinal) => { asked(ordinal); return (await stack.orchestrator()).launch; }, compile: (given, steps) => compile(pipeline, given, steps),
    }),
    orphan(run) { db.prepare("update runs set status = 'running', ended_at = null, host = ?, pid = ?, born = '1' where id = ?").run(hostname(), 2 ** 22 + 1, run); },
    status: (report) => Object.fromEntries([...report.nodes].map(([id, n]) => [id, n.status])),
    async close() {
      await stack.dispose();
      db.close();
      if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Plugins as a host would find them installed. */
export function hostOf(plugins: readonly PluginDefinition[]): PluginHost {
  return {
    packages: async () => plugins.map((p) => ({ name: p.name, version: "0.1.0", dir: `/${p.name}`, manifest: manifestOf(p, "./plugin.js", ">=0.1.0 <1"), source: "installed", load: async () => ({ default: p }) })),
    installCommand: (names) => `npm install ${names.join(" ")}`,
  };
}
