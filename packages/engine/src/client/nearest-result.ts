import { everyPlanNode, isStepNode, type Plan } from "@mlstack/pipeline";
import type { After, EarlierResult } from "../records/earlier-results.ts";
import type { Records } from "../records/records.ts";

export type PlanReader = (digest: string) => Promise<Plan>;
type Parts = Readonly<Record<string, string>>;

/** In how many of the latest plans other calls of the step are looked for. */
const PLANS = 10;

/**
 * The earlier result of the same step whose key differs in the fewest parts; of several the newest. It is looked for under the same name first, and
 * among other calls of the step where that gives nothing near: a call that was taken out renames those behind it.
 *
 * @param step the step's key in the run's plan
 */
export async function nearestResult(records: Records, plans: PlanReader, run: After, node: string, step: string, parts: Parts): Promise<EarlierResult | undefined> {
  const base = node.split("@", 1)[0]!;
  const isSame = async (r: EarlierResult) => (await callsOf(plans, r.plan, step)).has(r.node.split("@", 1)[0]!);
  const distance = (r: EarlierResult) => differing(parts, r.parts) + (r.node === node ? 0 : 0.5);
  const nearest = async (found: readonly EarlierResult[]): Promise<{ result: EarlierResult; distance: number } | undefined> => {
    const ranked = found.map((result) => ({ result, distance: distance(result) })).toSorted((a, b) => a.distance - b.distance || b.result.startedAt - a.result.startedAt);
    for (const candidate of ranked) if (await isSame(candidate.result)) return candidate;
    return undefined;
  };
  const own = await nearest(await records.earlierOfNode(run, node));
  if (own !== undefined && own.distance <= 1) return own.result;
  const latest = await records.earlierPlans(run, PLANS);
  const others = new Set<string>();
  for (const digest of latest) for (const id of await callsOf(plans, digest, step)) if (id !== base) others.add(id);
  const other = others.size === 0 ? undefined : await nearest(await records.earlierOfNodes(run, latest, [...others]));
  return other === undefined || (own !== undefined && own.distance <= other.distance) ? own?.result : other.result;
}

/** The nodes of a plan that call a step. */
async function callsOf(plans: PlanReader, digest: string, step: string): Promise<ReadonlySet<string>> {
  const plan = await plans(digest);
  return new Set([...everyPlanNode(plan.nodes)].filter(isStepNode).filter((n) => n.step === step).map((n) => n.id));
}

function differing(a: Parts, b: Parts): number {
  let n = 0;
  for (const name of new Set([...Object.keys(a), ...Object.keys(b)])) if (a[name] !== b[name]) n++;
  return n;
}
