import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { MlstackError, type ArtifactStore, type ContractRegistry, type PluginLoader } from "@mlstack/core";
import type { CompiledPlan, PipelineDefinition, Plan } from "@mlstack/pipeline";
import type { Artifacts } from "./artifacts/artifacts.ts";
import { logFiles, type LogFiles } from "./journal/log-files.ts";
import { packageJson, projectPlugins } from "./plugins.ts";
import { findProject, projectIdentity, type Project, type ProjectIdentity } from "./project/project.ts";
import { givenParams } from "./records/given-params.ts";
import { openDatabase } from "./records/open-database.ts";
import { openToRead } from "./records/open-to-read.ts";
import { recordsOf, type Records } from "./records/records.ts";
import type { RunRow } from "./records/schema.ts";
import { askToCancel, attachRun, follower, isDriven } from "./run/attach.ts";
import { detachRun, type DetachedRun } from "./run/detach.ts";
import { changedSteps, downstream, earlierWork, type ChangedStep } from "./run/earlier-work.ts";
import { executeRun, type LoadedPlan, type RunObserver, type RunOptions, type RunReport, type RunSurroundings } from "./run/execute-run.ts";
import type { Faults } from "./run/faults.ts";
import { restoreStep, type RestoredStep } from "./run/restore-step.ts";
import { trackedBefore } from "./run/tracked-before.ts";
import { otherStores } from "./stack/other-stores.ts";
import { openStack, LOCAL_STACK, withConcurrency, type Stack, type StackSpec } from "./stack/stack.ts";
import { actionSpace, type ActionSpace } from "./store/action-space.ts";
import { contentSpace } from "./store/content-space.ts";
import { layers } from "./store/layers.ts";
import { neverInStepProcess } from "./step/nested-run.ts";

export interface EngineOptions {
  /** A folder of the project; the working folder by default. */
  readonly from?: string | undefined;
  /** The local stack by default. */
  readonly stack?: StackSpec | undefined;
  /**
   * How many steps run side by side at most; what the orchestrator is configured for by default. The local orchestrator then runs steps
   * in worker processes, also where it is 1.
   */
  readonly concurrency?: number | undefined;
  /** What written records survive: the death of the process (default), or also of the machine. */
  readonly durability?: "process" | "power" | undefined;
  /**
   * Only looks at what there is: also where the project can't be written to, and without making anything where nothing has run yet.
   * Such an engine runs nothing.
   */
  readonly readOnly?: boolean | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly contracts?: ContractRegistry | undefined;
  readonly faults?: Faults | undefined;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
}

export interface ResumeOptions extends RunOptions {
  /** Runs this step and all that depend on it again, whatever they did before. */
  readonly from?: string | undefined;
  /** Told what has changed since the run was started, before anything runs. */
  readonly onChanged?: ((steps: readonly ChangedStep[]) => void) | undefined;
}

/** Runs pipelines of one project. It owns its database, its plugins and its stack; engines of one process share nothing. */
export interface Engine {
  readonly project: Project;
  readonly stack: Stack;
  readonly plugins: PluginLoader;
  readonly records: Records;
  readonly logs: LogFiles;
  /** Artifacts of the project's runs, wherever they lie: in the stack's store, or in another that runs have used. */
  artifacts(): Promise<Artifacts>;
  /** Results by key in the stack's store, for one trust domain (`shared` by default): what is marked as non-deterministic, to be accepted or evicted. */
  actions(domain?: string): Promise<ActionSpace>;
  /** Compiles without running. */
  plan(pipeline: PipelineDefinition, params?: Readonly<Record<string, unknown>>): Promise<CompiledPlan>;
  /**
   * Runs a pipeline to its end. It resolves also for a run that failed or was cancelled: look at `status`.
   *
   * @throws what makes a run impossible before its first step: MLS1xxx, MLS3010, MLS4004, MLS4011, and errors of records and stores
   */
  run(pipeline: PipelineDefinition, params?: Readonly<Record<string, unknown>>, options?: RunOptions): Promise<RunReport>;
  /**
   * Starts a run whose driver is where steps run, and returns when that has been accepted.
   *
   * @throws as `run`, and MLS4004 when the stack's orchestrator can't run a driver
   */
  detach(pipeline: PipelineDefinition, params?: Readonly<Record<string, unknown>>, options?: RunOptions): Promise<DetachedRun>;
  /** Follows a run that is driven elsewhere until it ends, or until the signal says to leave it. Throws MLS5003, MLS4010. */
  attach(run: string, options?: { readonly observer?: RunObserver | undefined; readonly signal?: AbortSignal | undefined }): Promise<RunRow>;
  /** Asks a run that is driven elsewhere to stop. */
  cancel(run: string): Promise<RunRow>;
  /** Brings the records of a run that is driven elsewhere up to date. */
  sync(run: string): Promise<RunRow>;
  /**
   * Goes on with a run that was interrupted, failed or cancelled: what has finished, and is still the same work, is not run again.
   *
   * @throws MLS4009 while it is running; MLS4010 when there is nothing to do; MLS5003, MLS5004
   */
  resume(run: string, pipeline: PipelineDefinition, options?: ResumeOptions): Promise<RunReport>;
  /** Lays out a step of a run as it was started, to be looked at on this machine. Throws MLS5003, MLS5004, MLS4010. */
  restore(run: string, node: string): Promise<RestoredStep>;
  close(): Promise<void>;
}

/** @throws MLS5001, MLS5002 for the records; MLS3004, MLS3005 where the project's state folder can't be written and is to be */
export async function openEngine(options: EngineOptions = {}): Promise<Engine> {
  const env = options.env ?? process.env;
  const project = findProject(options.from ?? process.cwd(), env);
  const mayWrite = options.readOnly !== true;
  let known: ProjectIdentity | undefined = mayWrite ? projectIdentity(project) : undefined;
  const identity = () => (known ??= projectIdentity(project));
  const path = join(project.stateDir, "records.db");
  const db = mayWrite ? await openDatabase(path, options.durability ?? "process") : await openToRead(path);
  const logs = logFiles(join(project.stateDir, "logs"));
  const plugins = projectPlugins(project.dir, options.contracts, { env });
  const place = { projectDir: project.dir, stateDir: project.stateDir };
  const stack = openStack(withConcurrency(options.stack ?? LOCAL_STACK, options.concurrency), plugins, place);
  const records = recordsOf(db);
  const scratch = join(project.stateDir, "scratch", randomUUID());
  const others = otherStores(stack, records, place);
  const surroundings: RunSurroundings = {
    project, get identity() { return identity(); }, db, logs, stack, scratchDir: scratch, version: packageJson.version, concurrency: options.concurrency, otherStores: () => others.list(),
    faults: options.faults ?? { at: () => undefined }, now: options.now ?? Date.now,
  };
  const compile = async (pipeline: PipelineDefinition, params: Readonly<Record<string, unknown>>): Promise<LoadedPlan> => {
    await neverInStepProcess();
    if (!mayWrite) throw new MlstackError("MLS3005", "this engine was opened to read only", { fix: "open it without readOnly to run something" });
    const [{ compilePlan }, { compileContext }] = await Promise.all([import("@mlstack/pipeline"), import("./run/compile-context.ts")]);
    const values = { ...env };
    const context = compileContext(project, identity(), values);
    try {
      const compiled = await compilePlan(pipeline, params, context);
      return { ...compiled, checks: context.checks(compiled.plan), env: values };
    } finally { context.close(); }
  };
  const compileFor = async (pipeline: PipelineDefinition, params: Readonly<Record<string, unknown>>) => {
    await stack.verify();
    const compiled = await compile(pipeline, params);
    stack.require(compiled.plan);
    return compiled;
  };
  const attachment = async (row: RunRow) => ({ store: await storeOf(row), db, logs, records });
  const storeOf = (row: RunRow): Promise<ArtifactStore> => others.of(JSON.parse(row.stack_json) as StackSpec);
  const sync = async (row: RunRow): Promise<RunRow> => (row.journal === "store" && row.ended_at === null ? follower(row.id, await attachment(row)).pass() : row);

  return {
    project, stack, plugins, logs, records,
    artifacts: async () => layers(contentSpace(await stack.artifactStore()), await others.list(), join(scratch, "copies")).artifacts,
    actions: async (domain = "shared") => actionSpace(await stack.artifactStore(), domain),
    plan: (pipeline, params = {}) => compile(pipeline, params),
    run: async (pipeline, params = {}, runOptions = {}) => executeRun(await compileFor(pipeline, params), params, runOptions, surroundings),
    detach: async (pipeline, params = {}, runOptions = {}) => detachRun(await compileFor(pipeline, params), params, runOptions, surroundings),
    async attach(id, attachOptions = {}) {
      const row = await records.run(id);
      if (row.journal === "direct" && row.status === "running") throw new MlstackError("MLS4009", `the run ${row.id} is driven by the process ${row.pid} on ${row.host}`, { why: "only a run that was started with --detach has a journal to follow", fix: `mlstack run show ${row.id}` });
      return row.journal === "direct" ? row : attachRun(row, await attachment(row), attachOptions);
    },
    async cancel(id) {
      const row = await sync(await records.run(id));
      if (row.status !== "running") throw new MlstackError("MLS4010", `the run ${row.id} is ${row.status}`, { fix: `mlstack run show ${row.id}` });
      if (row.journal === "store") await askToCancel(await storeOf(row), row.id, "mlstack run cancel");
      else if (row.host === hostname()) process.kill(row.pid, "SIGINT");
      else throw new MlstackError("MLS4010", `the run ${row.id} is driven on ${row.host}`, { why: "its process can be ended on that machine only", fix: `there: mlstack run cancel ${row.id}` });
      return row;
    },
    sync: async (id) => sync(await records.run(id)),
    async resume(id, pipeline, { from, onChanged, ...runOptions } = {}) {
      const row = await sync(await records.run(id));
      if (row.status === "running" && (row.journal === "direct" || (await isDriven(await storeOf(row), row.id)))) throw new MlstackError("MLS4009", `the run ${row.id} is still going on`, { why: `its driver is the process ${row.pid} on ${row.host}`, fix: row.journal === "store" ? `mlstack run attach ${row.id}` : "wait for it, or stop it" });
      if (row.status === "completed" && from === undefined) throw new MlstackError("MLS4010", `the run ${row.id} has completed: there is nothing to resume`, { fix: `run a step again: mlstack run resume ${row.id} --from STEP` });
      if (row.pipeline !== pipeline.name) throw new MlstackError("MLS4010", `the run ${row.id} is of the pipeline "${row.pipeline}", not "${pipeline.name}"`, { fix: "name the module that exports it" });
      const given = givenParams(row);
      const compiled = await compileFor(pipeline, given);
      const before = await records.plan(row.plan);
      const forced = from === undefined ? new Set<string>() : fromNode(compiled.plan, from);
      const changed = changedSteps(before, compiled.plan);
      if (changed.length > 0) onChanged?.(changed);
      const earlier = await earlierWork(row, before, compiled.plan, forced, records, (node) => runOptions.observer?.kept?.(node));
      return executeRun(compiled, given, runOptions, surroundings, { run: row.id, ordinal: row.ordinal + 1, startedAt: row.started_at, earlier, tracked: await trackedBefore(row, records, stack.fingerprint("experimentTracker")) });
    },
    async restore(id, node) {
      const row = await sync(await records.run(id));
      return restoreStep(row, await records.step(row.id, node), records, await storeOf(row), project);
    },
    async close() {
      await Promise.all([stack.dispose(), others.dispose()]);
      db.close();
      await rm(scratch, { recursive: true, force: true }).catch(() => undefined);
    },
  };
}

function fromNode(plan: Plan, node: string): Set<string> {
  const found = downstream(plan, node);
  if (plan.nodes.some((n) => n.id === node) || found.size > 1) return found;
  throw new MlstackError("MLS5004", `the pipeline has no step ${JSON.stringify(node)}`, { why: `its steps are ${plan.nodes.map((n) => n.id).join(", ")}` });
}
