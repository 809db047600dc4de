import { everyPlanNode, isStepNode, type Plan, type PlanStepNode, type UncachedReason } from "@mlstack/pipeline";
import type { CacheOutcome } from "../journal/events.ts";
import type { Records } from "../records/records.ts";
import type { RunRow, StepRow, StepStatus } from "../records/schema.ts";
import { partChanges, type PartChange } from "./part-changes.ts";

/** Why a step ran, or why it did not have to. */
export interface Explanation {
  readonly run: string;
  readonly node: string;
  readonly status: StepStatus;
  /** One sentence. */
  readonly summary: string;
  /** Where the result came from, for a cached step. */
  readonly madeBy?: { readonly run: string; readonly node: string; readonly at: number; readonly platform: string } | undefined;
  /** For a step that is never cached. */
  readonly reasons: readonly UncachedReason[];
  /** The nearest earlier result of the same step, and every part of the key that differs from it. */
  readonly comparedWith?: { readonly run: string; readonly node: string; readonly at: number } | undefined;
  readonly changes: readonly PartChange[];
  /** The key's parts. */
  readonly parts: Readonly<Record<string, string>> | undefined;
}

/** How many earlier results are compared to find the nearest one. */
const CANDIDATES = 2000;

/** @throws MLS5003, MLS5004 */
export async function explainStep(records: Records, runId: string, node: string): Promise<Explanation> {
  const run = await records.run(runId);
  const step = await records.step(run.id, node);
  const cache = JSON.parse(step.cache_json) as CacheOutcome;
  const parts = step.key === null ? undefined : await records.parts(step.key);
  const base = { run: run.id, node, status: step.status, reasons: [] as readonly UncachedReason[], changes: [] as readonly PartChange[], parts };
  if (cache.state === "hit") {
    return { ...base, summary: "served from the cache: everything in its key is as it was", madeBy: { run: cache.run, node: cache.node, at: cache.madeAt, platform: cache.platform } };
  }
  if (cache.state === "uncached") return { ...base, summary: `ran because it is never cached: ${cache.reasons[0]?.message ?? "no reason was recorded"}`, reasons: cache.reasons };
  if (step.status === "skipped" || step.status === "cancelled") return { ...base, summary: `did not run: it was ${step.status}` };
  if (parts === undefined) return { ...base, summary: step.status === "running" ? "is running" : "failed before its key was known" };
  return compare(records, run, step, parts, base);
}

async function compare(records: Records, run: RunRow, step: StepRow, parts: Readonly<Record<string, string>>, base: Omit<Explanation, "summary">): Promise<Explanation> {
  const plan = await records.plan(run.plan);
  const own = planNodeOf(plan, step.node);
  const identity = own?.step;
  let nearest: { row: StepRow & { plan: string }; parts: Readonly<Record<string, string>>; distance: number } | undefined;
  for (const row of await records.earlier(run, CANDIDATES)) {
    if (row.key === null || (row.status !== "completed" && row.status !== "cached")) continue;
    const other = await records.plan(row.plan);
    if (planNodeOf(other, row.node)?.step !== identity) continue;
    const theirs = await records.parts(row.key);
    if (theirs === undefined) continue;
    const distance = differing(parts, theirs) + (row.node === step.node ? 0 : 0.5);
    if (nearest === undefined || distance < nearest.distance) nearest = { row, parts: theirs, distance };
    if (distance === 0) break;
  }
  if (nearest === undefined) return { ...base, summary: "ran because no earlier run has a result of this step" };
  const comparedWith = { run: nearest.row.run, node: nearest.row.node, at: nearest.row.started_at };
  if (differing(parts, nearest.parts) === 0) return { ...base, comparedWith, summary: "ran although its key is unchanged: the earlier result was gone, had been marked non-deterministic, or the cache was not read" };
  const before = await records.plan(nearest.row.plan);
  const beforeNode = nearest.row.node;
  const changes = partChanges(nearest.parts, parts, before.steps[planNodeOf(before, beforeNode)!.step]!, plan.steps[own!.step]!, own!);
  return { ...base, comparedWith, changes, summary: `ran because ${summaryOf(changes)} changed` };
}

function differing(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): number {
  let n = 0;
  for (const name of new Set([...Object.keys(a), ...Object.keys(b)])) if (a[name] !== b[name]) n++;
  return n;
}

function summaryOf(changes: readonly PartChange[]): string {
  const names = changes.map((c) => c.what);
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** The call behind a node of a run, which may be an item of a map. */
function planNodeOf(plan: Plan, node: string): PlanStepNode | undefined {
  return [...everyPlanNode(plan.nodes)].filter(isStepNode).find((n) => n.id === node.split("@", 1)[0]);
}
