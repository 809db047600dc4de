import type { CacheMiss } from "@mlstack/core";
import { everyPlanNode, type Plan, type PlanNode, type UncachedReason } from "@mlstack/pipeline";
import type { CacheOutcome } from "../journal/events.ts";
import type { Records } from "../records/records.ts";
import type { RunRow, StepRow, StepStatus } from "../records/schema.ts";
import { nearestResult, type PlanReader } from "./nearest-result.ts";
import { namesOf, partChanges, type PartChange } from "./part-changes.ts";

/** Why a step ran, or why it did not have to. */
export interface Explanation {
  readonly run: string;
  readonly node: string;
  readonly status: StepStatus;
  /** One sentence. */
  readonly summary: string;
  /** Where the result came from, for a cached step. */
  readonly madeBy?: { readonly run: string; readonly node: string; readonly at: number; readonly platform: string } | undefined;
  /** For a step that is never cached, or whose result was not kept. */
  readonly reasons: readonly UncachedReason[];
  /** Why the cache had no result, where it was asked. */
  readonly miss?: CacheMiss | undefined;
  /** The nearest earlier result of the same step, and every part of the key that differs from it. */
  readonly comparedWith?: { readonly run: string; readonly node: string; readonly at: number } | undefined;
  readonly changes: readonly PartChange[];
  /** The key's parts. */
  readonly parts: Readonly<Record<string, string>> | undefined;
}

/** What a miss says that the comparison with earlier results can't: there was a result under this very key, or nobody has looked. */
export const MISSES: Readonly<Partial<Record<CacheMiss, string>>> = {
  "bytes-missing": "ran although its result is known: some of its bytes are not in the store any more",
  "non-deterministic": "ran although its key is unchanged: executions with this key gave different results, so none of them is served",
  unreadable: "ran although something is stored under its key: it can't be read",
  "not-read": "ran because the run was told not to use earlier results of it",
};

/** @throws MLS5003, MLS5004 */
export async function explainStep(records: Records, runId: string, node: string): Promise<Explanation> {
  const run = await records.run(runId);
  const step = await records.step(run.id, node);
  const plans = planReader(records);
  const own = nodeOf(await plans(run.plan), node);
  const cache = JSON.parse(step.cache_json) as CacheOutcome;
  const parts = step.key === null ? undefined : await records.parts(step.key);
  const miss = "miss" in cache ? cache.miss : undefined;
  const base = { run: run.id, node, status: step.status, reasons: [] as readonly UncachedReason[], changes: [] as readonly PartChange[], parts, ...(miss !== undefined && { miss }) };
  if (step.status === "skipped" || step.status === "cancelled") return { ...base, summary: `did not run${step.status === "cancelled" ? " to its end" : ""}: it was ${step.status}${step.condition === null ? "" : `, for ${step.condition} said otherwise`}` };
  if (own !== undefined && own.kind !== "step") return { ...base, summary: own.kind === "map" ? `is a map, which does no work of its own: ask about an item of it, as mlstack run show ${run.id} names them` : "takes the result of one of two branches, and does no work of its own" };
  if (cache.state === "hit") return { ...base, summary: "served from the cache: everything in its key is as it was", madeBy: { run: cache.run, node: cache.node, at: cache.madeAt, platform: cache.platform } };
  if (cache.state === "uncached") return { ...base, summary: `ran because ${step.key === null ? "it is never cached: " : ""}${cache.reasons[0]?.message ?? "no reason was recorded"}`, reasons: cache.reasons };
  if (parts === undefined) return { ...base, ...(await withoutKey(plans, run, step)) };
  return compare(records, plans, run, step, { ...base, parts });
}

/** A step that has not come to a result, and has no key: never to be cached, or not known yet. */
async function withoutKey(plans: PlanReader, run: RunRow, step: StepRow): Promise<Pick<Explanation, "summary" | "reasons">> {
  const plan = await plans(run.plan);
  const node = nodeOf(plan, step.node);
  const reasons = (node?.kind === "step" ? [...plan.steps[node.step]!.uncached, ...node.uncached] : []) as UncachedReason[];
  const state = step.status === "failed" ? "failed" : run.status === "running" ? "is running" : `did not come to its end: the run was ${run.status}`;
  if (reasons[0] !== undefined) return { summary: `${state}; it is never cached: ${reasons[0].message}`, reasons };
  return { summary: step.status === "failed" ? "failed before its key was known" : state, reasons };
}

async function compare(records: Records, plans: PlanReader, run: RunRow, step: StepRow, base: Omit<Explanation, "summary"> & { readonly parts: Readonly<Record<string, string>> }): Promise<Explanation> {
  const plan = await plans(run.plan);
  const own = nodeOf(plan, step.node);
  const known = base.miss === undefined ? undefined : MISSES[base.miss];
  const nearest = own?.kind === "step" ? await nearestResult(records, plans, run, step.node, own.step, base.parts) : undefined;
  if (nearest === undefined || own?.kind !== "step") return { ...base, summary: known ?? "ran because no earlier run has a result of this step" };
  const comparedWith = { run: nearest.run, node: nearest.node, at: nearest.startedAt };
  const before = await plans(nearest.plan);
  const beforeNode = nodeOf(before, nearest.node);
  const beforeStep = beforeNode?.kind === "step" ? before.steps[beforeNode.step] : undefined;
  const changes = partChanges({ parts: nearest.parts, step: beforeStep }, { parts: base.parts, step: plan.steps[own.step] }, own);
  if (known !== undefined) return { ...base, comparedWith, changes, summary: known };
  if (changes.length === 0) return { ...base, comparedWith, summary: "ran although its key is unchanged: the earlier result was not stored, has been removed, or lies in a store that was not asked" };
  return { ...base, comparedWith, changes, summary: `ran because ${namesOf(changes)} changed` };
}

/** Reads every plan once: that of a wide pipeline takes its time. */
export function planReader(records: Records): PlanReader {
  const read = new Map<string, Promise<Plan>>();
  return (digest) => {
    let plan = read.get(digest);
    if (plan === undefined) read.set(digest, (plan = records.plan(digest)));
    return plan;
  };
}

/** The plan's node behind a node of a run, which may be an item of a map. */
export function nodeOf(plan: Plan, node: string): PlanNode | undefined {
  const base = node.split("@", 1)[0];
  for (const n of everyPlanNode(plan.nodes)) if (n.id === base) return n;
  return undefined;
}
