import { join } from "node:path";
import { MlstackError } from "@mlstack/core";
import type { UncachedReason } from "@mlstack/pipeline";
import { nearestResult } from "../client/nearest-result.ts";
import { namesOf, partChanges, type PartChange } from "../client/part-changes.ts";
import { MISSES, nodeOf, planReader } from "../client/why.ts";
import { nameOfRun, type LoadedPlan, type RunOptions, type RunSurroundings } from "../run/execute-run.ts";
import { resolveData } from "../run/start-run.ts";
import { artifacts } from "../artifacts/artifacts.ts";
import type { CacheOutcome } from "../journal/events.ts";
import type { Records } from "../records/records.ts";
import { actionSpace } from "../store/action-space.ts";
import { layers } from "../store/layers.ts";
import { contentLookedAt, lookedAt } from "../store/looked-at.ts";
import { forecast, isMeantToRun, type ForeseenStep } from "./forecast.ts";

/** What a run would do with a step, and why. */
export interface Foretold extends ForeseenStep {
  /** Its name in its definition. */
  readonly name: string;
  /** One sentence. */
  readonly summary: string;
  /** Its author wants it to be run each time: it was switched off, or has effects. */
  readonly meant: boolean;
  /** The nearest earlier result of the same step, and what of the key differs from it. */
  readonly comparedWith: { readonly run: string; readonly node: string; readonly at: number } | undefined;
  readonly changes: readonly PartChange[];
}

/** What a run of a pipeline would do now. */
export interface RunForecast {
  readonly pipeline: string;
  /** In the plan's order; steps in a map whose items are not known yet once. */
  readonly steps: readonly Foretold[];
  /** With what a run that expects everything to be cached would be refused before its first step: MLS4013, which names the steps and what changed. */
  readonly refusal: MlstackError | undefined;
  /** Stores that could not be asked. */
  readonly warnings: readonly string[];
}

/**
 * Foretells a run. Nothing is run, recorded or written, in no store either.
 *
 * @param s what the run would be lent; its scratch folder is not used
 * @throws MLS4030 for a name that the run can't have
 */
export async function foreseeRun(compiled: LoadedPlan, options: Pick<RunOptions, "cache" | "trustDomain" | "name">, s: RunSurroundings, records: Records): Promise<RunForecast> {
  const { plan } = compiled;
  const { cache = "use", trustDomain = "shared" } = options;
  // a name that can't be used ends a run before it begins
  nameOfRun(compiled, options, s, s.now());
  const [store, launch, others] = await Promise.all([s.stack.artifactStore(), s.stack.launcher(), s.otherStores()]);
  const content = contentLookedAt(store);
  const layered = layers(content, others.map((o) => ({ name: o.name, open: async () => lookedAt(await o.open()) })), join(s.scratchDir, "never"));
  const data = await resolveData(plan, s.project, async () => lookedAt(store), join(s.scratchDir, "never"), false);
  const notStored = async (node: string): Promise<readonly UncachedReason[]> => {
    const [last] = await records.stepsOf({ pipeline: plan.pipeline.name, node, status: "completed", limit: 1 });
    const cache = last === undefined ? undefined : (JSON.parse(last.cache_json) as CacheOutcome);
    return cache?.state === "uncached" ? cache.reasons.filter((r) => SEEN_WHILE_IT_RUNS.has(r.rule)) : [];
  };
  const steps = await forecast({
    notStored, plan, data, launch, liveParams: compiled.liveParams, componentFingerprint: (name) => s.stack.fingerprint(name), layers: layered, cache, actions: actionSpace(content.store, trustDomain),
    io: { artifacts: artifacts(layered.content), scratchDir: join(s.scratchDir, "never") },
  });
  const plans = planReader(records);
  const run = { id: "", pipeline: plan.pipeline.name, started_at: s.now() };
  const told: Foretold[] = [];
  for (const step of steps) {
    const compared = await compare(step);
    const kept = step.verdict === "run" && step.miss === "no-entry" ? await notStored(step.node) : [];
    told.push({ ...step, ...compared, name: plan.steps[step.step]!.name, meant: isMeantToRun(step.reasons), summary: sentence(step, compared, kept) });
  }
  return { pipeline: plan.pipeline.name, steps: told, refusal: refusalOf(told), warnings: layered.warnings };

  async function compare(step: ForeseenStep): Promise<Pick<Foretold, "comparedWith" | "changes">> {
    if (step.verdict !== "run" || step.parts === undefined) return { comparedWith: undefined, changes: [] };
    const nearest = await nearestResult(records, plans, run, step.node, step.step, step.parts);
    const node = nodeOf(plan, step.node);
    if (nearest === undefined || node === undefined) return { comparedWith: undefined, changes: [] };
    const before = await plans(nearest.plan);
    const then = nodeOf(before, nearest.node);
    return { comparedWith: { run: nearest.run, node: nearest.node, at: nearest.startedAt }, changes: partChanges({ parts: nearest.parts, step: then?.kind === "step" ? before.steps[then.step] : undefined }, { parts: step.parts, step: plan.steps[step.step] }, node) };
  }
}

/** What only shows while a step runs, and shows again when it does. */
const SEEN_WHILE_IT_RUNS: ReadonlySet<string> = new Set(["reads-run-info", "reads-data-uri", "reads-artifact-bytes", "other-zone"] satisfies UncachedReason["rule"][]);

function sentence(step: ForeseenStep, { comparedWith, changes }: Pick<Foretold, "comparedWith" | "changes">, [kept]: readonly UncachedReason[]): string {
  switch (step.verdict) {
    case "skipped": return `is left out: ${step.condition ?? "a condition"} says otherwise`;
    case "unknown": return `depends on what ${namedSome(step.waitsFor)} will give`;
    case "cached": return step.sharedWith === undefined ? "is served from the cache: everything in its key is as it was" : `is served with what ${step.sharedWith} will give, which has the same key`;
    default:
      if (step.reasons[0] !== undefined) return `runs: it is never cached: ${step.reasons[0].message}`;
      if (step.miss !== undefined && MISSES[step.miss] !== undefined) return MISSES[step.miss]!.replace(/^ran/, "runs").replace("the run was told", "the run is told");
      if (kept !== undefined) return `runs: its last result was for its run alone: ${kept.message}`;
      if (comparedWith === undefined) return "runs: no earlier run has a result of it";
      return changes.length === 0 ? "runs although its key is unchanged: the earlier result was not stored, has been removed, or lies in a store that was not asked" : `runs: ${namesOf(changes)} changed`;
  }
}

const namedSome = (names: readonly string[]): string => (names.length <= 3 ? names.join(", ") : `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`);

/** Steps that would have to run though all was to be cached. Those that their authors want to be run each time are not among them. */
function refusalOf(steps: readonly Foretold[]): MlstackError | undefined {
  const missed = steps.filter((s) => s.verdict === "run" && !s.meant);
  if (missed.length === 0) return undefined;
  const shown = missed.slice(0, 5).map((s) => `${s.node} ${s.summary}`);
  return new MlstackError("MLS4013", `${missed.length === 1 ? "1 step has" : `${missed.length} steps have`} to run that should be in the cache: ${missed.slice(0, 10).map((s) => s.node).join(", ")}${missed.length > 10 ? " …" : ""}`, {
    why: [...shown, ...(missed.length > shown.length ? [`and ${missed.length - shown.length} more`] : [])].join("\n"), fix: "run it without --expect-cached, or undo the change; --explain shows every step",
    details: { steps: missed.map((s) => ({ step: s.node, summary: s.summary, changed: s.changes.map((c) => c.part) })) },
  });
}
