import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { MlstackError, type ArtifactStore, type ContractRegistry, type PluginLoader } from "@mlstack/core";
import type { CallOverrides, CompiledPlan, PipelineDefinition } from "@mlstack/pipeline";
import type { CachedResults } from "./cache/cached-results.ts";
import type { Artifacts } from "./artifacts/artifacts.ts";
import { logFiles, type LogFiles } from "./journal/log-files.ts";
import { packageJson, projectPlugins } from "./plugins.ts";
import { ownTag, sweep } from "./project/processes.ts";
import { declaredIdentity } from "./project-files/declared-identity.ts";
import { findProject, knownIdentity, nobodysIdentity, projectIdentity, type Project, type ProjectIdentity } from "./project/project.ts";
import { keepBackup, openRecords } from "./records/open-records.ts";
import type { RunForecast } from "./forecast/foresee-run.ts";
import { openToRead } from "./records/open-to-read.ts";
import { recordsOf, type Records } from "./records/records.ts";
import type { RunRow } from "./records/schema.ts";
import { stackAt } from "./records/stack-at.ts";
import { attachRun } from "./run/attach.ts";
import { detachRun, type DetachedRun } from "./run/detach.ts";
import { executeRun, type LoadedPlan, type RunObserver, type RunOptions, type RunReport, type RunSurroundings } from "./run/execute-run.ts";
import type { Faults } from "./run/faults.ts";
import { follower, type Attachment, type Followed } from "./run/follow-run.ts";
import { askInRecords, askInStore } from "./run/notes.ts";
import { planFindings, refuseFindings } from "./run/preflight.ts";
import { restoreStep, type RestoredStep } from "./run/restore-step.ts";
import { refuseSchedule } from "./run/schedule-run.ts";
import { resumeRun, type ResumeOptions } from "./run/resume-run.ts";
import { otherLaunchers } from "./stack/other-launchers.ts";
import { otherStores } from "./stack/other-stores.ts";
import { openStack, LOCAL_STACK, withConcurrency, type Stack, type StackSpec } from "./stack/stack.ts";
import { settledStack } from "./stack/stack-references.ts";
import { actionSpace, type ActionSpace } from "./store/action-space.ts";
import { contentSpace } from "./store/content-space.ts";
import type { NamedStore } from "./store/known-stores.ts";
import type { CleanedUp, GcOptions } from "./gc/clean-up.ts";
import type { GcPolicy } from "./gc/policy.ts";
import type { Survey } from "./gc/survey.ts";
import { layers } from "./store/layers.ts";
import { lookedAt } from "./store/looked-at.ts";
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
  /** Told, in a sentence, what was mended when the engine was opened, such as records restored from their copy; by default it goes to stderr. */
  readonly onNotice?: ((message: string) => void) | undefined;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
}

/** Runs pipelines of one project. It owns its database, its plugins and its stack; engines of one process share nothing. */
export interface Engine {
  readonly project: Project;
  /** What names the project in stores that others use, too. */
  readonly projectId: string;
  readonly stack: Stack;
  readonly plugins: PluginLoader;
  readonly records: Records;
  readonly logs: LogFiles;
  /** A folder of this engine's own, which goes with it. */
  readonly scratchDir: string;
  /** Artifacts of the project's runs, wherever they lie: in the stack's store, or in another that runs have used. */
  artifacts(): Promise<Artifacts>;
  /** Results by key in the stack's store, for one trust domain (`shared` by default): what is marked as non-deterministic, to be accepted or evicted. */
  actions(domain?: string): Promise<ActionSpace>;
  /** Artifact stores in which results may lie: the stack's, then the others that the project's runs have used. */
  stores(): Promise<readonly NamedStore[]>;
  /** Results that steps are served with, of one trust domain (`shared` by default): to be listed, evicted, or accepted where executions differed. */
  cached(domain?: string): Promise<CachedResults>;
  /** What `gc` would remove from the stack's store now. Changes nothing. Throws as `gc`. */
  planGc(policy?: GcPolicy): Promise<Survey>;
  /**
   * Removes from the stack's store what no run needs any more; runs may go on meanwhile.
   *
   * @throws MLS3013 while another clean-up is at work, or where it can't be known what is kept; MLS7001 for a grace that is too short
   */
  gc(options?: GcOptions): Promise<CleanedUp>;
  /**
   * Foretells what a run would do: which steps the cache has, which would run and why, and which depend on results that are not there yet. Runs
   * and writes nothing; an engine that is opened to read only does it, too. Throws as `run`, before its first step.
   */
  foresee(pipeline: PipelineDefinition, params?: Readonly<Record<string, unknown>>, options?: Pick<RunOptions, "cache" | "trustDomain" | "steps" | "name">): Promise<RunForecast>;
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
  /**
   * Hands a pipeline's schedule to the stack's orchestrator.
   *
   * @throws as `run`; MLS4010 where the pipeline declares none; MLS4031 where the orchestrator can't, as none of today's can: it says what can
   */
  schedule(pipeline: PipelineDefinition, params?: Readonly<Record<string, unknown>>): Promise<never>;
  /** Follows a run that is driven elsewhere until it ends, or until the signal says to leave it. Throws MLS5003, MLS4010. */
  attach(run: string, options?: { readonly observer?: RunObserver | undefined; readonly signal?: AbortSignal | undefined }): Promise<RunRow>;
  /** Leaves a note for the driver of a run, wherever it is, that it shall stop; it looks once a second. Throws MLS4010 when nothing drives it. */
  cancel(run: string): Promise<RunRow>;
  /** Brings the records of a run that is driven elsewhere up to date. */
  sync(run: string): Promise<RunRow>;
  /**
   * Goes on with a run that was interrupted, failed or cancelled: what has finished, and would do the very same work, is not run again. Cache
   * mode, trust domain and what happens after a failure are as the run was started with, where the options do not say otherwise; the stack is
   * that of this engine. Steps elsewhere that outlived the run's driver are ended first.
   *
   * @throws MLS4009 while another process drives it; MLS4010 when there is nothing to do, or a parameter was lost; MLS5003, MLS5004
   */
  resume(run: string, pipeline: PipelineDefinition, options?: ResumeOptions): Promise<RunReport>;
  /** Lays out a step of a run as it was started, to be looked at on this machine. Throws MLS5003, MLS5004, MLS4010. */
  restore(run: string, node: string): Promise<RestoredStep>;
  close(): Promise<void>;
}

/** How a plan is compiled. */
interface Compiling {
  /** Options for calls of the run, over what the code says. */
  readonly steps?: CallOverrides | undefined;
  /** Nothing is going to be run: indexes are not written. */
  readonly looksOnly?: boolean;
}

/** @throws MLS5001, MLS5002 for the records; MLS3004, MLS3005 where the project's state folder can't be written and is to be */
export async function openEngine(options: EngineOptions = {}): Promise<Engine> {
  const env = options.env ?? process.env;
  const project = findProject(options.from ?? process.cwd(), env);
  const mayWrite = options.readOnly !== true;
  const declared = await declaredIdentity(project);
  let known: ProjectIdentity | undefined = mayWrite ? projectIdentity(project, declared()) : undefined;
  const identity = () => (known ??= mayWrite ? projectIdentity(project, declared()) : (knownIdentity(project, declared()) ?? nobodysIdentity(declared())));
  const path = join(project.stateDir, "records.db");
  const tell = options.onNotice ?? ((message: string) => console.warn(`mlstack: ${message}`));
  const db = mayWrite ? await openRecords(path, options.durability ?? "process", tell) : await openToRead(path, tell);
  const logs = logFiles(join(project.stateDir, "logs"));
  const plugins = projectPlugins(project.dir, options.contracts, { env });
  const place = { projectDir: project.dir, stateDir: project.stateDir };
  const stack = openStack(await settledStack(withConcurrency(options.stack ?? LOCAL_STACK, options.concurrency), plugins), plugins, place);
  const records = recordsOf(db);
  const scratches = join(project.stateDir, "scratch");
  const scratch = join(scratches, `${ownTag()}${randomUUID()}`);
  // a process that was killed could not give back its space
  const swept = mayWrite ? sweep(scratches) : undefined;
  const others = otherStores(stack, records, place);
  const surroundings: RunSurroundings = {
    project, get identity() { return identity(); }, db, logs, stack, scratchDir: scratch, version: packageJson.version, concurrency: options.concurrency, otherStores: () => others.list(), storesElsewhere: () => others.elsewhere(),
    faults: options.faults ?? { at: () => undefined }, now: options.now ?? Date.now,
  };
  const compile = async (pipeline: PipelineDefinition, params: Readonly<Record<string, unknown>>, { steps, looksOnly = false }: Compiling = {}): Promise<LoadedPlan> => {
    await neverInStepProcess();
    if (!mayWrite && !looksOnly) throw new MlstackError("MLS3005", "this engine was opened to read only", { fix: "open it without readOnly to run something" });
    const [{ compilePlan }, { compileContext }] = await Promise.all([import("@mlstack/pipeline"), import("./run/compile-context.ts")]);
    const values = { ...env };
    const context = compileContext(project, identity(), values);
    try {
      const compiled = await compilePlan(pipeline, params, context, steps);
      return { ...compiled, checks: context.checks(compiled.plan), env: values };
    } finally { if (!looksOnly) context.close(); }
  };
  // what only looked has nothing that is worth a copy
  let hasRun = false;
  const compileFor = async (pipeline: PipelineDefinition, params: Readonly<Record<string, unknown>>, compiling: Compiling = {}) => {
    if (compiling.looksOnly !== true) hasRun = true;
    const found = await stack.findings();
    const compiled = await compile(pipeline, params, compiling);
    refuseFindings([...found.map((f) => f.error), ...(await planFindings(compiled, stack, found))], stack.spec.name, pipeline.name);
    return compiled;
  };
  const foresee = async (compiled: LoadedPlan, runOptions: RunOptions) => (await import("./forecast/foresee-run.ts")).foreseeRun(compiled, runOptions, surroundings, records);
  const compileToRun = async (pipeline: PipelineDefinition, params: Readonly<Record<string, unknown>>, runOptions: RunOptions) => {
    const compiled = await compileFor(pipeline, params, { steps: runOptions.steps });
    if (runOptions.expectCached === true) {
      const { refusal } = await foresee(compiled, runOptions);
      if (refusal !== undefined) throw refusal;
    }
    return compiled;
  };
  const stores = async (): Promise<readonly NamedStore[]> => [{ name: storeName(stack), open: () => stack.artifactStore() }, ...(await others.list())];
  const launchers = otherLaunchers(stack, place);
  /** What goes wrong is told without the values of secrets, whichever component said it. */
  const told = async <T>(work: () => Promise<T>): Promise<T> => { try { return await work(); } catch (e) { throw stack.secrets.redactor.error(e); } };
  const storeOf = (row: RunRow, ordinal?: number): Promise<ArtifactStore> => others.of(stackAt(row, ordinal));
  const launcherOf = (row: RunRow) => async (ordinal?: number) => launchers.of(stackAt(row, ordinal));
  const attachment = async (row: RunRow): Promise<Attachment> => ({ store: await storeOf(row), db, logs, records, launcher: launcherOf(row) });
  const look = async (id: string): Promise<Followed> => {
    const row = await records.run(id);
    return row.journal === "store" && row.ended_at === null ? follower(row.id, await attachment(row)).pass() : { run: row, driver: { state: "unknown" } };
  };
  const sync = async (id: string): Promise<RunRow> => (await look(id)).run;

  return {
    project, stack, plugins, logs, records, scratchDir: scratch, get projectId() { return identity().id; },
    // who reads relies on nothing: in other stores nothing is kept fresh for it
    artifacts: async () => layers(contentSpace(await stack.artifactStore()), (await others.list()).map(({ name, open }) => ({ name, open: async () => lookedAt(await open()) })), join(scratch, "copies")).artifacts,
    actions: async (domain = "shared") => actionSpace(await stack.artifactStore(), domain),
    stores,
    cached: async (domain = "shared") => (await import("./cache/cached-results.ts")).cachedResults(await stores(), records, domain),
    planGc: async (policy) => (await import("./gc/clean-up.ts")).planCleanUp(await stack.artifactStore(), identity().id, policy),
    gc: async (gcOptions) => (await import("./gc/clean-up.ts")).cleanUp(await stack.artifactStore(), identity().id, gcOptions),
    foresee: async (pipeline, params = {}, runOptions = {}) => foresee(await compileFor(pipeline, params, { steps: runOptions.steps, looksOnly: true }), runOptions),
    plan: (pipeline, params = {}) => compile(pipeline, params),
    run: (pipeline, params = {}, runOptions = {}) => told(async () => executeRun(await compileToRun(pipeline, params, runOptions), params, runOptions, surroundings)),
    detach: (pipeline, params = {}, runOptions = {}) => told(async () => detachRun(await compileToRun(pipeline, params, runOptions), params, runOptions, surroundings)),
    schedule: (pipeline, params = {}) => told(async () => refuseSchedule((await compileFor(pipeline, params)).plan, stack, project.dir)),
    async attach(id, attachOptions = {}) {
      const row = await records.run(id);
      if (row.journal === "direct" && row.status === "running") throw new MlstackError("MLS4009", `the run ${row.id} is driven by the process ${row.pid} on ${row.host}`, { why: "only a run that was started with --detach has a journal to follow", fix: `mlstack run show ${row.id}` });
      return row.journal === "direct" ? row : told(async () => attachRun(row, await attachment(row), attachOptions));
    },
    async cancel(id) {
      const row = await sync(id);
      if (row.status !== "running") throw new MlstackError("MLS4010", `the run ${row.id} is ${row.status}`, { fix: row.status === "interrupted" ? `go on with it: mlstack run resume ${row.id}` : `mlstack run show ${row.id}` });
      const part = { run: row.id, ordinal: row.ordinal };
      if (row.journal === "store") await askInStore(await storeOf(row), part, "mlstack run cancel"); else askInRecords(db, part, "mlstack run cancel");
      return row;
    },
    sync,
    async resume(id, pipeline, resumeOptions = {}) {
      const followed = await told(() => look(id));
      const row = followed.run;
      return told(() => resumeRun(followed, pipeline, resumeOptions, { surroundings, records, store: (ordinal) => storeOf(row, ordinal), launcher: launcherOf(row), compile: async (params, steps) => compileFor(pipeline, params, { steps }) }));
    },
    async restore(id, node) {
      const row = await sync(id);
      return restoreStep(row, await records.step(row.id, node), records, { project, identity: identity(), env, store: (ordinal) => storeOf(row, ordinal) });
    },
    async close() {
      await Promise.all([stack.dispose(), others.dispose(), launchers.dispose()]);
      if (mayWrite && hasRun) keepBackup(db, path, Date.now());
      db.close();
      await Promise.all([swept, rm(scratch, { recursive: true, force: true }).catch(() => undefined)]);
    },
  };
}

/** The stack's artifact store, as a person knows it. */
function storeName({ spec: { components } }: Stack): string {
  const store = components["artifact_store"];
  return `${store?.name ?? "store"} (${store?.flavor ?? "none"})`;
}
