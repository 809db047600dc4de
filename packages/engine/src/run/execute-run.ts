import { isAbsolute, join } from "node:path";
import { encodeValue, MlstackError, type ArtifactStore, type JsonObject, type JsonValue, type SerializedError, type StepDefinition } from "@mlstack/core";
import type { CompiledPlan, Plan } from "@mlstack/pipeline";
import type { LoadCheck } from "@mlstack/pipeline/compile";
import { directJournal } from "../journal/direct-journal.ts";
import type { Journal, JournalEvent, LogLine } from "../journal/events.ts";
import type { LogFiles } from "../journal/log-files.ts";
import type { Project, ProjectIdentity } from "../project/project.ts";
import { thisDriver } from "../records/liveness.ts";
import type { OpenDatabase } from "../records/open-database.ts";
import type { Stack, StackSpec } from "../stack/stack.ts";
import { abortable } from "../store/abortable.ts";
import { contentSpace } from "../store/content-space.ts";
import type { NamedStore } from "../store/known-stores.ts";
import { layers } from "../store/layers.ts";
import type { EarlierWork } from "./drive.ts";
import { driveRun } from "./drive-run.ts";
import type { Faults } from "./faults.ts";
import { recordBeats } from "./heartbeat.ts";
import type { NodeState } from "./node-states.ts";
import type { TrackedBefore } from "./tracked-before.ts";
import { keepPlan, newRunId, resolveData, shareWithSteps } from "./start-run.ts";

/** Told of what happens, as it happens. Used by live views; what it throws is not caught. */
export interface RunObserver {
  planned?(run: string, plan: Plan): void;
  event?(event: JournalEvent): void;
  /** An attempt was handed to what runs it; that it has begun is told by its event, which a process elsewhere may send late. */
  launched?(node: string, attempt: number): void;
  log?(node: string, attempt: number, line: LogLine): void;
  /** A node of a resumed run that had finished before. */
  kept?(node: string): void;
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
  /** Which trust domain results are read from and written to; `shared` by default. */
  readonly trustDomain?: string | undefined;
}

/** What a run copied from another of the project's stores, because something was going to need it. */
export interface CopiedFrom { readonly from: string; readonly artifacts: number; /** In bytes. */ readonly bytes: number }

/** A run that has ended. */
export interface RunReport {
  readonly id: string;
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
  readonly ordinal: number;
  readonly startedAt: number;
  readonly earlier: EarlierWork;
  readonly tracked: TrackedBefore;
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
  if (launch.sees === "bundle") { refuseHereOnly(compiled); refuseOwnFolder(s.stack.spec, store); }
  const run = resumed?.run ?? newRunId(s.now());
  const ordinal = resumed?.ordinal ?? 0;
  const scratchDir = join(s.scratchDir, run);
  const { store: watched, during } = abortable(store);
  const layered = layers(contentSpace(watched), await s.otherStores(), join(scratchDir, "copies"));
  const data = await resolveData(plan, s.project, async () => store, join(scratchDir, "data"));
  const shared = launch.sees === "bundle" ? await shareWithSteps(plan, data, s.project, layered.content) : { data, files: new Map<string, string>() };
  const planDigest = await keepPlan(compiled, layered.content, s.db);
  const journal = observed(directJournal(s.db, s.logs), options);
  const startedAt = s.now();
  const snapshot = await s.stack.snapshot();
  journal.append(firstEvent({ compiled, given, options, s, run, resumed, planDigest, snapshot, time: startedAt }));
  await journal.flush();
  options.observer?.planned?.(run, plan);
  await s.faults.at("run.recorded");
  const beats = recordBeats(s.db, run);
  try {
    const end = await driveRun({
      run, ordinal, project: s.identity.id, plan, planDigest, startedAt: resumed?.startedAt ?? startedAt, stack: s.stack, snapshot, launch, maxParallel: Math.min(launch.maxParallel, s.concurrency ?? Infinity), layers: layered, during, journal, logs: s.logs, steps: compiled.steps, checks: compiled.checks, liveParams: compiled.liveParams,
      data: shared.data, files: shared.files, env: compiled.env, cache: options.cache ?? "use", trustDomain: options.trustDomain ?? "shared", onFailure: options.onFailure ?? "stop", earlier: resumed?.earlier, tracked: resumed?.tracked, filesDir: s.project.dir,
      signal: options.signal ?? new AbortController().signal, scratchDir, faults: s.faults, now: () => s.now(), onLog: (node, attempt, line) => options.observer?.log?.(node, attempt, line),
      onLaunch: (node, attempt) => options.observer?.launched?.(node, attempt),
      onTracked: (externalId, url) => options.observer?.tracked?.(externalId, url),
    });
    return { id: run, ...end, plan, steps: compiled.steps, outputs: compiled.outputs, copied: layered.copied };
  } finally { beats.stop(); }
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

/**
 * A store in a folder whose place is meant from the project is another folder for a process that has nothing of the project.
 *
 * @throws MLS4004
 */
export function refuseOwnFolder({ name, components }: StackSpec, store: ArtifactStore): void {
  const found = components["artifact_store"];
  const path = found?.config?.["path"];
  if (store.localPath === undefined || (typeof path === "string" && isAbsolute(path))) return;
  throw new MlstackError("MLS4004", `the artifact store "${found?.name ?? ""}" of the stack "${name}" is a folder of this project, and its steps run where the project is not`, { why: "they would look for it elsewhere", fix: "give the store an absolute path, or use a bucket" });
}

interface FirstEvent { compiled: CompiledPlan; given: Readonly<Record<string, unknown>>; options: RunOptions; s: RunSurroundings; run: string; resumed: ResumedRun | undefined; planDigest: string; snapshot: JsonObject; time: number }

function firstEvent({ compiled: { plan }, given, options, s, run, resumed, planDigest, snapshot, time }: FirstEvent): JournalEvent {
  const common = { run, time, plan: planDigest, bundle: plan.bundle, stack: snapshot, driver: thisDriver("direct") };
  if (resumed !== undefined) return { kind: "run-resumed", ordinal: resumed.ordinal, ...common };
  return runStarted(plan, given, { ...common, version: s.version, project: s.identity.id, tags: options.tags ?? [] });
}

export function runStarted(plan: Plan, given: Readonly<Record<string, unknown>>, { version, tags, ...common }: Pick<Extract<JournalEvent, { kind: "run-started" }>, "run" | "time" | "plan" | "bundle" | "stack" | "driver" | "project"> & { version: string; tags: readonly string[] }): JournalEvent {
  return { kind: "run-started", pipeline: plan.pipeline.name, params: plan.params, given: encodeGiven(given), versions: { mlstack: version }, tags: [...plan.pipeline.tags, ...tags], ...common };
}

/** The given parameters as far as they can be written down. */
function encodeGiven(given: Readonly<Record<string, unknown>>): Record<string, JsonValue> {
  const encoded: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    try { encoded[name] = encodeValue(value instanceof URL ? value.href : value); } catch { continue; }
  }
  return encoded;
}

function observed(journal: Journal, options: RunOptions): Journal {
  const tell = options.observer?.event?.bind(options.observer);
  return tell === undefined ? journal : { ...journal, append: (event) => { journal.append(event); tell(event); } };
}

