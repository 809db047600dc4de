import { join } from "node:path";
import { MlstackError, serializeError, type DataPointer, type JsonObject, type StepHandle } from "@mlstack/core";
import { everyPlanNode } from "@mlstack/pipeline";
import type { JournalEvent, RunSettings } from "../journal/events.ts";
import { objectJournal } from "../journal/object-journal.ts";
import { foldEvents } from "../records/fold.ts";
import { thisDriver } from "../records/liveness.ts";
import type { UsedStore } from "../records/records.ts";
import { refuseLocal } from "../stack/local-components.ts";
import { componentEnv } from "../secrets/travelling.ts";
import type { StackSnapshot } from "../stack/stack.ts";
import { contentSpace } from "../store/content-space.ts";
import { layers } from "../store/layers.ts";
import { openRoots } from "../store/roots.ts";
import { cancelled } from "./attempt-end.ts";
import { beforeSteps } from "./drive-run.ts";
import { hooksNotCalled } from "./run-hooks.ts";
import { nameOfRun, refuseHereOnly, runStarted, settingsOf, type LoadedPlan, type RunOptions, type RunSurroundings } from "./execute-run.ts";
import { keepPlan, newRunId, resolveData, shareWithSteps } from "./start-run.ts";

/** What a driver elsewhere needs, as JSON that travels to it. */
export interface DriverSpec extends RunSettings {
  readonly version: 1;
  readonly run: string;
  readonly name: string | null;
  readonly ordinal: number;
  readonly project: string;
  readonly startedAt: number;
  /** Digest of the plan document in the content space. */
  readonly plan: string;
  readonly stack: StackSnapshot & JsonObject;
  readonly data: Readonly<Record<string, Readonly<Record<string, DataPointer>>>>;
  /** Manifests of declared files, by step. */
  readonly files: Readonly<Record<string, string>>;
  readonly concurrency: number | null;
  /** The project's other stores, in which results may lie, as far as they can be reached from there. */
  readonly stores: readonly (UsedStore & JsonObject)[];
}

/** A run whose driver is elsewhere. */
export interface DetachedRun {
  readonly id: string;
  readonly name: string | undefined;
  readonly handle: StepHandle;
  /** What the run will do otherwise than one that is driven from here. */
  readonly warnings: readonly string[];
}

/**
 * Starts the driver where the stack's orchestrator runs it, and returns when that has accepted it.
 *
 * @throws MLS4004 when the orchestrator can't run a driver, or a component of the stack is of no use there; MLS4011 for steps that can't leave
 * this process; MLS4003 when the signal was aborted, and then nothing is left that runs
 */
export async function detachRun(compiled: LoadedPlan, given: Readonly<Record<string, unknown>>, options: RunOptions, s: RunSurroundings): Promise<DetachedRun> {
  const { plan } = compiled;
  const { signal } = options;
  const [store, launch, snapshot] = await Promise.all([s.stack.artifactStore(), s.stack.launcher(), s.stack.snapshot()]);
  if (launch.startDriver === undefined) throw new MlstackError("MLS4004", `the orchestrator of the stack "${s.stack.spec.name}" can't run the driver`, { why: "steps run where the client is, and end with it", fix: "use a stack whose orchestrator can, or leave out --detach" });
  refuseHereOnly(compiled);
  await refuseLocal(s.stack);
  const run = newRunId(s.now());
  const scratch = join(s.scratchDir, run);
  const layered = layers(contentSpace(store), await s.otherStores(), join(scratch, "copies"));
  const data = await resolveData(plan, s.project, async () => store, join(scratch, "data"));
  const shared = await shareWithSteps(plan, data, s.project, layered.content);
  const planDigest = await keepPlan(compiled, layered.content, s.db);
  const startedAt = s.now();
  const name = nameOfRun(compiled, options, s, startedAt);
  const settings = settingsOf(options);
  const started = runStarted(plan, given, { run, name, time: startedAt, plan: planDigest, bundle: plan.bundle, stack: snapshot, driver: thisDriver("store"), settings, version: s.version, project: s.identity.id, tags: options.tags ?? [] });
  const isStopped = (): boolean => signal?.aborted === true;
  const stopped = () => cancelled(signal ?? AbortSignal.abort());
  if (isStopped()) throw stopped();
  // its driver may be begun much later, and what it is going to need must be there then
  const roots = await openRoots(store, { project: s.identity.id, run, ordinal: 0, relied: () => layered.relied() }, beforeSteps({ plan, planDigest, files: shared.files, data: shared.data }));
  roots.stop();
  const journal = objectJournal(store);
  journal.append(started);
  await journal.flush();
  foldEvents(s.db, [started]);
  const end = async (cause: unknown, status: "failed" | "cancelled") => {
    const ended: JournalEvent = { kind: "run-ended", run, ordinal: 0, time: s.now(), status, error: s.stack.secrets.redactor.data(serializeError(cause)), warnings: [] };
    journal.append(ended);
    foldEvents(s.db, [ended]);
    await journal.flush();
  };
  const spec: DriverSpec = {
    ...settings, version: 1, run, name: name ?? null, ordinal: 0, project: s.identity.id, startedAt, plan: planDigest, stack: snapshot, concurrency: s.concurrency ?? null, stores: await s.storesElsewhere(),
    data: Object.fromEntries([...shared.data].map(([node, of]) => [node, Object.fromEntries(Object.entries(of).map(([name, { pointer }]) => [name, pointer]))])), files: Object.fromEntries(shared.files),
  };
  const declared = [...everyPlanNode(plan.nodes)].flatMap((n) => (n.kind === "step" ? plan.steps[n.step]!.options.env : []));
  const env = Object.fromEntries([...new Set(declared)].flatMap((name) => (compiled.env[name] === undefined ? [] : [[name, compiled.env[name]]])));
  let handle: StepHandle;
  try { handle = await launch.startDriver({ runId: run, ordinal: 0, spec: spec as unknown as JsonObject, command: ["driver", "run", "spec.json"], env: { ...(await componentEnv([snapshot, ...spec.stores], compiled.env, s.stack.secrets)), ...env } }, { signal }); } catch (e) {
    const cause = isStopped() ? stopped() : e;
    await end(cause, isStopped() ? "cancelled" : "failed");
    throw cause;
  }
  s.db.prepare("update runs set driver_handle = ? where id = ?").run(handle.id, run);
  if (isStopped()) {
    await handle.cancel("the run was cancelled");
    await handle.ended;
    await end(stopped(), "cancelled");
    throw stopped();
  }
  const silent = hooksNotCalled(compiled.steps, compiled.hooks);
  return { id: run, name, handle, warnings: silent === undefined ? [] : [silent] };
}
