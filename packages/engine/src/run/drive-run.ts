import { MlstackError, serializeError, type DataPointer, type Launcher, type PipelineHooks, type SerializedError, type StepDefinition, type TrackedStatus } from "@mlstack/core";
import type { Plan } from "@mlstack/pipeline";
import type { LoadCheck } from "@mlstack/pipeline/compile";
import type { ResolvedData } from "../data/data-resolver.ts";
import type { Journal, LogLine, RunSettings } from "../journal/events.ts";
import type { LogFiles } from "../journal/log-files.ts";
import { componentEnv } from "../secrets/travelling.ts";
import type { Stack, StackSnapshot } from "../stack/stack.ts";
import type { JsonObject } from "@mlstack/core";
import type { During } from "../store/abortable.ts";
import { actionSpace } from "../store/action-space.ts";
import type { Layers } from "../store/layers.ts";
import { cancelled } from "./attempt-end.ts";
import { runHooks, type RunHooks } from "./run-hooks.ts";
import { openRoots, type Named, type Roots } from "../store/roots.ts";
import { consoleCapture } from "./console-capture.ts";
import type { EarlierWork } from "./drive.ts";
import { drive } from "./driver.ts";
import type { Faults } from "./faults.ts";
import type { NodeState } from "./node-states.ts";
import { plainParams } from "./start-run.ts";
import type { TrackedBefore } from "./tracked-before.ts";
import { trackerLink, type TrackerLink } from "./tracker-link.ts";

/** A run that is in the journal and can be driven, here or elsewhere. */
export interface DrivenRun extends RunSettings {
  readonly run: string;
  readonly name?: string | undefined;
  /** The pipeline's own; those of steps are in `steps`. Left out where nothing of the project is. */
  readonly hooks?: PipelineHooks | undefined;
  readonly ordinal: number;
  readonly project: string;
  readonly plan: Plan;
  readonly planDigest: string;
  readonly startedAt: number;
  readonly stack: Stack;
  readonly snapshot: StackSnapshot & JsonObject;
  readonly launch: Launcher;
  /** How many steps run side by side. */
  readonly maxParallel: number;
  readonly layers: Layers;
  /** Does work whose calls to the store end with a signal. */
  readonly during: During;
  readonly journal: Journal;
  readonly logs: LogFiles | undefined;
  readonly steps: ReadonlyMap<string, StepDefinition>;
  readonly checks: ReadonlyMap<string, LoadCheck>;
  readonly liveParams: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  readonly data: ReadonlyMap<string, Readonly<Record<string, ResolvedData | { readonly pointer: DataPointer }>>>;
  readonly files: ReadonlyMap<string, string>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What the run has done before, where it goes on; asked first of all. */
  earlier(): Promise<EarlierWork | undefined>;
  /** What is known of its tracked run, where it goes on; asked after `earlier`. */
  tracked?(): Promise<TrackedBefore>;
  /** Whether a step that the cache does not have fails instead of being run. */
  readonly expectCached?: boolean | undefined;
  readonly signal: AbortSignal;
  readonly scratchDir: string;
  /** Where files lie that steps which run in this process declare. */
  readonly filesDir: string;
  readonly faults: Faults;
  now(): number;
  onLog(node: string, attempt: number, line: LogLine): void;
  /** Called when an attempt is handed to what runs it. */
  onLaunch?(node: string, attempt: number): void;
  /** Called with the vendor's id of the tracked run. */
  onTracked?(externalId: string, url: string | undefined): void;
}

export interface DrivenEnd {
  readonly status: TrackedStatus;
  readonly error: SerializedError | undefined;
  readonly nodes: ReadonlyMap<string, NodeState>;
  readonly warnings: readonly string[];
}

/** Drives a run from the journal's first word about it to the last: tracker, steps, roots, end. */
export async function driveRun(r: DrivenRun): Promise<DrivenEnd> {
  const { plan, run, ordinal, layers } = r;
  const { content, artifacts } = layers;
  const store = content.store;
  const { redactor } = r.stack.secrets;
  let environment: Promise<Readonly<Record<string, string>>> | undefined;
  const end = async (status: TrackedStatus, error: SerializedError | undefined, warnings: readonly string[]) => {
    await r.faults.at("run.before-end");
    journal.append({ kind: "run-ended", run, ordinal, time: r.now(), status, ...(error !== undefined && { error }), warnings });
    await journal.flush();
    await r.faults.at("run.ended");
  };
  // a tracker that works in the background prints what it likes, too
  const capture = consoleCapture({ hide: (text) => redactor.text(text) });
  let link: TrackerLink | undefined;
  let roots: Roots | undefined;
  let hooks: RunHooks | undefined;
  const journal: Journal = { ...r.journal, append(event) { roots?.event(event); r.journal.append(event); hooks?.event(event); } };
  try {
    const earlier = await r.earlier();
    const tracked = await r.tracked?.();
    hooks = runHooks({ run: { id: run, pipeline: plan.pipeline.name, name: r.name }, plan, steps: r.steps, hooks: r.hooks, startedAt: r.startedAt, signal: r.signal, now: () => r.now() });
    roots = await openRoots(store, { project: r.project, run, ordinal, relied: () => layers.relied() }, beforeSteps(r));
    const tracker = await r.stack.tracker();
    const required = Object.values(plan.steps).some((step) => "experimentTracker" in step.requires);
    const tags = { "mlstack.run": run, "mlstack.pipeline": plan.pipeline.name, "mlstack.stack": r.snapshot.name, ...(r.name !== undefined && { "mlstack.name": r.name }) };
    if (tracker !== undefined) {
      link = await trackerLink(tracker, { runId: run, pipeline: plan.pipeline.name, params: plainParams(plan), tags, startedAt: new Date(r.startedAt), externalId: tracked?.externalId }, {
        required, open: (digest) => content.stream(digest), signal: r.signal,
        onOpened(externalId, address) {
          // some write who may see it into the address
          const url = address === undefined ? undefined : redactor.text(address);
          journal.append({ kind: "run-tracked", run, ordinal, time: r.now(), tracker: r.stack.fingerprint("experimentTracker"), externalId, url: url ?? null });
          r.onTracked?.(externalId, url);
        },
      });
      link.send(tracked?.events ?? [], true);
    }
    const tracking = link;
    const actions = actionSpace(store, r.trustDomain);
    const { os, arch, libc } = plan.environment.platform;
    const result = await drive({
      runId: run, project: r.project, ordinal, plan, planDigest: r.planDigest, stack: r.snapshot, get trackedRun() { return tracker?.writers === "one" ? null : (tracking?.externalId ?? null); }, steps: r.steps, checks: r.checks, liveParams: r.liveParams, data: r.data, files: r.files, env: r.env, componentEnv: () => (environment ??= componentEnv(r.snapshot, r.env, r.stack.secrets)),
      launch: r.launch, maxParallel: r.maxParallel, layers, roots, logs: r.logs, readsCache: r.cache === "use", expectCached: r.expectCached === true, cache: { domain: r.trustDomain, store: r.cache !== "off" }, earlier,
      componentFingerprint: (name) => r.stack.fingerprint(name), onFailure: r.onFailure, signal: r.signal, onLaunch: (node, attempt) => r.onLaunch?.(node, attempt),
      io: {
        content, artifacts, during: r.during, actions: r.cache === "off" ? null : actions, journal, capture, redactor, faults: r.faults, now: () => r.now(),
        // sent in the background, and at the end of the run at the latest
        async track(events, resent) { tracking?.send(events, resent); return 0; },
        component: (name) => r.stack.component(name), onLog: r.onLog, platform: [os, arch, ...(libc === null ? [] : [libc])].join("-"), scratchDir: r.scratchDir, filesDir: r.filesDir,
      },
    });
    if (isTakenOver(r.signal.reason)) throw r.signal.reason;
    const ended = [...((await link?.finish(result.status, new Date(r.now()))) ?? []), ...layers.warnings];
    const error = result.failed?.error ?? (result.status === "cancelled" ? serializeError(cancelled(r.signal)) : undefined);
    const warnings = [...ended, ...(await hooks.finish(result.status, error)), ...(await roots.keep())].map((text) => redactor.text(text));
    await end(result.status, error, warnings);
    return { status: result.status, error, nodes: result.nodes, warnings };
  } catch (e) {
    // how it ends is for the one that goes on with it to say
    if (isTakenOver(e)) { link?.abandon(); throw e; }
    // what made it impossible to go on may also make it impossible to say so; the first cause is the one that counts
    const error = redactor.data(serializeError(e));
    await end("failed", error, ((await hooks?.finish("failed", error)) ?? []).map((text) => redactor.text(text))).catch(() => undefined);
    await link?.finish("failed", new Date(r.now())).catch(() => undefined);
    throw redactor.error(e);
  } finally {
    roots?.stop();
    capture.close();
  }
}

const isTakenOver = (reason: unknown): boolean => MlstackError.is(reason, "MLS4009");

/** What a run relies on before its first step: plan and code, and what steps elsewhere read of the client's machine. */
export function beforeSteps({ plan, planDigest, files, data }: Pick<DrivenRun, "plan" | "planDigest" | "files" | "data">): Named {
  const copies = [...data.values()].flatMap((of) => Object.values(of).map(({ pointer }) => pointer.manifest));
  return { blobs: [planDigest], manifests: [plan.bundle, ...files.values(), ...copies].filter((m) => typeof m === "string") };
}
