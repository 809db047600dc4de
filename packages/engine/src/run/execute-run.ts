import { join } from "node:path";
import { encodeValue, MlstackError, type JsonObject, type JsonValue, type SerializedError, type StepDefinition } from "@mlstack/core";
import type { CallOverrides, CompiledPlan, Plan } from "@mlstack/pipeline";
import type { LoadCheck } from "@mlstack/pipeline/compile";
import { directJournal } from "../journal/direct-journal.ts";
import type { Journal, JournalEvent, LogLine, RunResumed, RunSettings, RunStarted } from "../journal/events.ts";
import type { LogFiles } from "../journal/log-files.ts";
import type { Project, ProjectIdentity } from "../project/project.ts";
import { thisDriver } from "../records/liveness.ts";
import type { OpenDatabase } from "../records/open-database.ts";
import type { UsedStore } from "../records/records.ts";
import { refuseLocal } from "../stack/local-components.ts";
import type { Stack } from "../stack/stack.ts";
import { abortable } from "../store/abortable.ts";
import { contentSpace } from "../store/content-space.ts";
import type { NamedStore } from "../store/known-stores.ts";
import { layers } from "../store/layers.ts";
import type { EarlierWork } from "./drive.ts";
import { driveRun } from "./drive-run.ts";
import type { Faults } from "./faults.ts";
import { recordBeats, storeBeats } from "./heartbeat.ts";
import type { NodeState } from "./node-states.ts";
import { notesInRecords } from "./notes.ts";
import { runNameOf } from "./run-name.ts";
import { keepFiles } from "./share-files.ts";
import type { TrackedBefore } from "./tracked-before.ts";
import { keepPlan, newRunId, resolveData, shareWithSteps } from "./start-run.ts";

/** Told of what happens, as it happens. Used by live views; what it throws is not caught. */
export interface RunObserver {
  planned?(run: string, plan: Plan, name?: string): void;
  event?(event: JournalEvent): void;
  /** An attempt was handed to what runs it; that it has begun is told by its event, which a process elsewhere may send late. */
  launched?(node: string, attempt: number): void;
  log?(node: string, attempt: number, line: LogLine): void;
  /** A node of a resumed run that had finished before. */
  kept?(node: string): void;
  /** Told, in a sentence, what holds a resumed run up. */
  waiting?(message: string): void;
  /** The run can be looked at elsewhere, such as in the tracker's pages. */
  tracked?(externalId: string, url: string | undefined): void;
}

export interface RunOptions {
  /** `use` (default); `refresh` runs everything and stores what it gives; `off` neither reads nor stores. */
  readonly cache?: "use" | "refresh" | "off" | undefined;
  /** Whether steps that do not depend on a failed one go on; `stop` by default. */
  readonly onFailure?: "stop" | "continue" | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly observer?: RunObserver | undefined;
  readonly tags?: readonly string[] | undefined;
  /** What the run is called, in the place of what its pipeline says (`PipelineSpec.runName`, which names the placeholders). Not of a resumed run. */
  readonly name?: string | undefined;
  /** Options for calls of this run, over what the code says: see `CallOverrides`. Throws MLS1018 for a call that is not there. */
  readonly steps?: CallOverrides | undefined;
  /** Which trust domain results are read from and written to; `shared` by default. */
  readonly trustDomain?: string | undefined;
  /**
   * Fails with MLS4013 where a step would have to run, before anything runs where that can be known then. Steps that their authors want to be
   * run each time (`cache: false`, effects) run all the same.
   */
  readonly expectCached?: boolean | undefined;
}

/** What a run copied from another of the project's stores, because something was going to need it. */
export interface CopiedFrom { readonly from: string; readonly artifacts: number; /** In bytes. */ readonly bytes: number }

/** A run that has ended. */
export interface RunReport {
  readonly id: string;
  readonly name: string | undefined;
  readonly status: "completed" | "failed" | "cancelled";
  /** The first failure. */
  readonly error: SerializedError | undefined;
  readonly nodes: ReadonlyMap<string, NodeState>;
  readonly plan: Plan;
  /** The steps themselves, by the plan's names. */
  readonly steps: ReadonlyMap<string, StepDefinition>;
  /** What the pipeline's build function returned: references into the plan. */
  readonly outputs: unknown;
  readonly warnings: readonly string[];
  readonly copied: readonly CopiedFrom[];
}

/** What an engine lends to its runs. */
export interface RunSurroundings {
  readonly project: Project;
  readonly identity: ProjectIdentity;
  readonly db: OpenDatabase;
  readonly logs: LogFiles;
  readonly stack: Stack;
  /** The stores, besides the stack's own, in which results may lie. */
  otherStores(): Promise<readonly NamedStore[]>;
  /** Those of them that a driver elsewhere can reach, as it opens them. */
  storesElsewhere(): Promise<readonly (UsedStore & JsonObject)[]>;
  readonly scratchDir: string;
  readonly version: string;
  /** At most this many steps at a time, whatever the orchestrator could do. */
  readonly concurrency: number | undefined;
  readonly faults: Faults;
  now(): number;
}

/** A run of the same id that this one goes on with. */
export interface ResumedRun {
  readonly run: string;
  readonly name: string | undefined;
  readonly ordinal: number;
  readonly startedAt: number;
  /** Makes this process the run's only driver. Throws MLS4009 where somebody else is. */
  claim(event: RunResumed): Promise<void>;
  /** What it has done so far; asked once the run is this process's own, and nothing else works on it any more. */
  earlier(journal: Journal): Promise<EarlierWork>;
  /** What is known of its tracked run; asked after `earlier`. */
  tracked(): Promise<TrackedBefore>;
}

/** A compiled plan, and a watch over the code that this process has loaded. */
export interface LoadedPlan extends CompiledPlan {
  /** By step: whether this process runs the code and packages that its key was made of. */
  readonly checks: ReadonlyMap<string, LoadCheck>;
  /** The environment as it was when the plan was compiled: steps that run here may write to the process's. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** @param given the parameters as the caller gave them */
export async function executeRun(compiled: LoadedPlan, given: Readonly<Record<string, unknown>>, options: RunOptions, s: RunSurroundings, resumed?: ResumedRun): Promise<RunReport> {
  const { plan } = compiled;
  const [store, launch] = await Promise.all([s.stack.artifactStore(), s.stack.launcher()]);
  if (launch.sees === "bundle") { refuseHereOnly(compiled); await refuseLocal(s.stack); }
  const startedAt = s.now();
  const run = resumed?.run ?? newRunId(startedAt);
  const name = resumed === undefined ? nameOfRun(compiled, options, s, startedAt) : resumed.name;
  const ordinal = resumed?.ordinal ?? 0;
  const part = { run, ordinal };
  const scratchDir = join(s.scratchDir, run);
  const { store: watched, during } = abortable(store);
  const layered = layers(contentSpace(watched), await s.otherStores(), join(scratchDir, "copies"));
  const data = await resolveData(plan, s.project, async () => store, join(scratchDir, "data"));
  const shared = launch.sees === "bundle" ? await shareWithSteps(plan, data, s.project, layered.content) : { data, files: await keepFiles(plan, s.project, layered.content) };
  const planDigest = await keepPlan(compiled, layered.content, s.db);
  const journal = observed(directJournal(s.db, s.logs, part), options);
  const snapshot = await s.stack.snapshot();
  const settings = settingsOf(options);
  const common = { run, time: startedAt, plan: planDigest, bundle: plan.bundle, stack: snapshot, driver: thisDriver("direct"), settings };
  if (resumed === undefined) {
    journal.append(runStarted(plan, given, { ...common, name, version: s.version, project: s.identity.id, tags: options.tags ?? [] }));
    await journal.flush();
  } else {
    const event: RunResumed = { kind: "run-resumed", ordinal, ...common };
    await resumed.claim(event);
    options.observer?.event?.(event);
  }
  options.observer?.planned?.(run, plan, name);
  await s.faults.at("run.recorded");
  const asked = new AbortController();
  // a step elsewhere looks at the store, everybody else at the records
  const watches = [recordBeats(s.db, part), notesInRecords(s.db, part, asked), ...(launch.sees === "bundle" ? [storeBeats(store, part, launch)] : [])];
  try {
    const end = await driveRun({
      ...settings, expectCached: options.expectCached, run, name, hooks: compiled.hooks, ordinal, project: s.identity.id, plan, planDigest, startedAt: resumed?.startedAt ?? startedAt, stack: s.stack, snapshot, launch, maxParallel: Math.min(launch.maxParallel, s.concurrency ?? Infinity), layers: layered, during, journal, logs: s.logs, steps: compiled.steps, checks: compiled.checks, liveParams: compiled.liveParams,
      data: shared.data, files: shared.files, env: compiled.env, earlier: async () => resumed?.earlier(journal), ...(resumed !== undefined && { tracked: () => resumed.tracked() }), filesDir: s.project.dir,
      signal: options.signal === undefined ? asked.signal : AbortSignal.any([options.signal, asked.signal]), scratchDir, faults: s.faults, now: () => s.now(), onLog: (node, attempt, line) => options.observer?.log?.(node, attempt, line),
      onLaunch: (node, attempt) => options.observer?.launched?.(node, attempt),
      onTracked: (externalId, url) => options.observer?.tracked?.(externalId, url),
    });
    return { id: run, name, ...end, plan, steps: compiled.steps, outputs: compiled.outputs, copied: layered.copied };
  } finally { for (const watch of watches) watch.stop(); }
}

export function settingsOf({ cache = "use", trustDomain = "shared", onFailure = "stop", steps }: RunOptions): RunSettings {
  return { cache, trustDomain, onFailure, ...(steps !== undefined && { overrides: steps }) };
}

/** What a new run is called. Throws MLS4030. */
export function nameOfRun({ plan, runName }: CompiledPlan, options: Pick<RunOptions, "name">, s: Pick<RunSurroundings, "db" | "stack">, time: number): string | undefined {
  const template = options.name ?? runName;
  const pipeline = plan.pipeline.name;
  // two runs that start at once may get one number: a name need not be unique
  const n = () => Number(s.db.prepare("select count(*) as n from runs where pipeline = ?").get(pipeline)?.["n"] ?? 0) + 1;
  return template === undefined ? undefined : runNameOf(template, { pipeline, stack: s.stack.spec.name, time, n, params: plan.params });
}

/**
 * Looks for steps that can't leave this process, before anything runs.
 *
 * @throws MLS4011
 */
export function refuseHereOnly({ plan, liveParams }: CompiledPlan): void {
  const lost = Object.values(plan.steps).find((step) => step.identity === null);
  if (lost !== undefined) {
    throw new MlstackError("MLS4011", `the step "${lost.name}" can't run away from this process: it is not an exported constant`, { why: "the stack's orchestrator runs steps where only the code bundle is, and finds them by module and export", fix: `export const ${lost.name} = step({ … }) at the top of a module`, details: { step: lost.name } });
  }
  const [node] = liveParams.keys();
  if (node !== undefined) throw new MlstackError("MLS4011", `a parameter of "${node}" can't leave this process`, { why: "it can't be written as JSON", fix: "give it as plain data", details: { node } });
}

type Common = Pick<RunStarted, "run" | "time" | "plan" | "bundle" | "stack" | "driver" | "project" | "settings">;

export function runStarted(plan: Plan, given: Readonly<Record<string, unknown>>, { version, tags, name, ...common }: Common & { version: string; tags: readonly string[]; name: string | undefined }): RunStarted {
  return { kind: "run-started", pipeline: plan.pipeline.name, ...(name !== undefined && { name }), params: plan.params, ...encodeGiven(given), versions: { mlstack: version }, tags: [...new Set([...plan.pipeline.tags, ...tags])], ...common };
}

/** The given parameters as far as they can be written down, and the names of the others. */
function encodeGiven(values: Readonly<Record<string, unknown>>): Pick<RunStarted, "given" | "lost"> {
  const given: Record<string, JsonValue> = {};
  const lost: string[] = [];
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) continue;
    try { given[name] = encodeValue(value instanceof URL ? value.href : value); } catch { lost.push(name); }
  }
  return { given, lost };
}

function observed(journal: Journal, options: RunOptions): Journal {
  const tell = options.observer?.event?.bind(options.observer);
  return tell === undefined ? journal : { ...journal, append: (event) => { journal.append(event); tell(event); } };
}

