import { MlstackError, type ArtifactStore, type Launcher } from "@mlstack/core";
import type { CallOverrides, PipelineDefinition, Plan } from "@mlstack/pipeline";
import type { RunResumed, RunSettings } from "../journal/events.ts";
import { claimInStore, readObjectJournal } from "../journal/object-journal.ts";
import { claimRun, stillDriven } from "../records/claim.ts";
import { foldEvents } from "../records/fold.ts";
import { givenParams } from "../records/given-params.ts";
import type { Records } from "../records/records.ts";
import type { RunRow } from "../records/schema.ts";
import { isDriven } from "./attach.ts";
import { changedSteps, downstream, earlierWork, type ChangedStep } from "./earlier-work.ts";
import { executeRun, type LoadedPlan, type RunOptions, type RunReport, type RunSurroundings } from "./execute-run.ts";
import type { Followed } from "./follow-run.ts";
import { endLeftovers } from "./leftovers.ts";
import { trackedBefore } from "./tracked-before.ts";

export interface ResumeOptions extends RunOptions {
  /** Runs this step and all that depend on it again, whatever they did before. */
  readonly from?: string | undefined;
  /** Told what has changed since the run was started, before anything runs. */
  readonly onChanged?: ((steps: readonly ChangedStep[]) => void) | undefined;
}

/** What a run is resumed with. */
export interface ResumePlace {
  readonly surroundings: RunSurroundings;
  readonly records: Records;
  /** The store of the stack that the run was on when it had been resumed so often; last of all by default. */
  store(ordinal?: number): Promise<ArtifactStore>;
  /** What started its steps then. */
  launcher(ordinal?: number): Promise<Launcher | undefined>;
  /** @param steps options for calls that the run was started with */
  compile(given: Readonly<Record<string, unknown>>, steps: CallOverrides | undefined): Promise<LoadedPlan>;
}

/** Goes on with a run, see `Engine.resume`. */
export async function resumeRun(found: Followed, pipeline: PipelineDefinition, { from, onChanged, ...options }: ResumeOptions, place: ResumePlace): Promise<RunReport> {
  const { surroundings: s, records } = place;
  const { run: row } = found;
  const { observer } = options;
  if (row.status === "running") await refuseDriven(found, place, (message) => observer?.waiting?.(message), options.signal);
  refuseUnfit(row, pipeline, from);
  const given = givenParams(row);
  const settings = JSON.parse(row.settings_json) as RunSettings;
  const steps = options.steps ?? settings.overrides;
  const compiled = await place.compile(given, steps);
  const before = await records.plan(row.plan);
  const forced = from === undefined ? new Set<string>() : fromNode(compiled.plan, from);
  const changed = changedSteps(before, compiled.plan);
  if (changed.length > 0) onChanged?.(changed);
  const asked = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return executeRun(compiled, given, { ...settings, ...asked, steps }, s, {
    run: row.id, name: row.name ?? undefined, ordinal: row.ordinal + 1, startedAt: row.started_at,
    claim: async (event) => claim(event, row, place),
    async earlier(journal) {
      await endLeftovers(await records.openAttempts(row.id), { store: (ordinal) => place.store(ordinal), logs: s.logs, launcher: (ordinal) => place.launcher(ordinal), journal, now: () => s.now(), waiting: (message) => observer?.waiting?.(message) });
      return earlierWork(row.id, forced, records, (node) => observer?.kept?.(node));
    },
    tracked: async () => trackedBefore(row, records, s.stack.fingerprint("experimentTracker")),
  });
}

/** @throws MLS4003; MLS4009 when a driver elsewhere, of which it can't be told whether it is there, gives a sign of life */
async function refuseDriven({ run, driver }: Followed, place: ResumePlace, waiting: (message: string) => void, signal: AbortSignal | undefined): Promise<void> {
  if (run.journal === "direct" || driver.state === "running") throw stillDriven(run);
  waiting(`waiting for up to 30 s for a sign of life of the run's driver`);
  if (await isDriven(await place.store(), { run: run.id, ordinal: run.ordinal }, { signal })) throw stillDriven(run);
}

function refuseUnfit(row: RunRow, pipeline: PipelineDefinition, from: string | undefined): void {
  const refuse = (message: string, more: { why?: string; fix: string }) => new MlstackError("MLS4010", message, more);
  if (row.status === "completed" && from === undefined) throw refuse(`the run ${row.id} has completed: there is nothing to resume`, { fix: `run a step again: mlstack run resume ${row.id} --from STEP` });
  if (row.pipeline !== pipeline.name) throw refuse(`the run ${row.id} is of the pipeline "${row.pipeline}", not "${pipeline.name}"`, { fix: "name the module that exports it" });
  const lost = JSON.parse(row.lost_json) as string[];
  if (lost.length > 0) throw refuse(`the run ${row.id} can't be built again: it was given ${lost.map((name) => `"${name}"`).join(", ")}, which can't be written down`, { why: "without it, it would go on with another value", fix: "start a new run; what has finished and has a key is in the cache" });
}

/** Makes this process the run's only driver: by the journal where that lies in the store, and by the records. */
async function claim(event: RunResumed, row: RunRow, place: ResumePlace): Promise<void> {
  if (row.journal === "store" && !(await claimInStore(await place.store(), event))) {
    // where that one has died since, the records must know of it, or nobody could go on any more
    foldEvents(place.surroundings.db, await readObjectJournal(await place.store(), row.id));
    throw new MlstackError("MLS4009", `the run ${row.id} was taken over by another process`, { why: "somebody has just gone on with it", fix: `mlstack run show ${row.id}` });
  }
  claimRun(place.surroundings.db, event, row.journal === "store");
}

function fromNode(plan: Plan, node: string): Set<string> {
  const found = downstream(plan, node);
  if (plan.nodes.some((n) => n.id === node) || found.size > 1) return found;
  throw new MlstackError("MLS5004", `the pipeline has no step ${JSON.stringify(node)}`, { why: `its steps are ${plan.nodes.map((n) => n.id).join(", ")}` });
}
