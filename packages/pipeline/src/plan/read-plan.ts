import { MlstackError } from "@mlstack/core";
import { planSources, type PlanNode } from "./plan-node.ts";
import { planSchema, type Plan } from "./plan.ts";

/**
 * Reads a plan document.
 *
 * @param text JSON, in UTF-8
 * @param digest what it is called in messages
 * @param options.foreign whether another installation of mlstack may have written it: then all of it is compared with the schema, and nodes with
 * each other, which takes some milliseconds; else as much as says whether it is one
 * @throws MLS1012 for what is no plan, and for one of another version
 */
export function readPlan(text: string | Uint8Array, digest: string, { foreign = false }: { readonly foreign?: boolean } = {}): Plan {
  let document: unknown;
  try { document = JSON.parse(typeof text === "string" ? text : Buffer.from(text).toString("utf8")); } catch (cause) { throw unreadable(digest, "it is no JSON", cause); }
  if (typeof document !== "object" || document === null) throw unreadable(digest, "it is no JSON object");
  const { planVersion, nodes, steps } = document as Partial<Record<keyof Plan, unknown>>;
  if (planVersion !== 1) throw new MlstackError("MLS1012", `the plan ${digest} is of version ${JSON.stringify(planVersion) ?? "none"}, this mlstack reads version 1`, { fix: "use the same version of mlstack in both places" });
  if (!Array.isArray(nodes) || typeof steps !== "object" || steps === null) throw unreadable(digest, "it has no steps and nodes");
  if (!foreign) return document as Plan;
  const { error, data } = planSchema.safeParse(document);
  if (error === undefined) {
    const wrong = misplaced(data.nodes, data, new Set(), new Set());
    if (wrong !== undefined) throw unreadable(digest, wrong);
    return data;
  }
  const [issue] = error.issues;
  throw unreadable(digest, `${issue?.path.join(".") || "the document"}: ${issue?.message ?? ""}`);
}

const unreadable = (digest: string, why: string, cause?: unknown): MlstackError =>
  new MlstackError("MLS1012", `the plan ${digest} can't be read`, { why, fix: "use the same version of mlstack in both places, or make the plan anew: run the pipeline again", cause });

/**
 * What of a plan's nodes no run could follow: a step that is not there, an id twice, a node before one that it waits for.
 *
 * @param visible ids of what comes before, here and outside of the body
 * @param all ids of the whole plan so far
 */
function misplaced(nodes: readonly PlanNode[], plan: Plan, visible: Set<string>, all: Set<string>): string | undefined {
  for (const node of nodes) {
    if (all.has(node.id)) return `the id ${node.id} is there twice`;
    if (node.kind === "step" && !Object.hasOwn(plan.steps, node.step)) return `${node.id}: there is no step ${JSON.stringify(node.step)}`;
    const missing = [...planSources(node).map((s) => s.node), ...node.after].find((id) => !visible.has(id));
    if (missing !== undefined) return `${node.id}: ${missing} does not come before it`;
    all.add(node.id);
    if (node.kind === "map") {
      const inside = new Set([...visible, node.id]);
      const wrong = misplaced(node.body, plan, inside, all);
      if (wrong !== undefined) return wrong;
      const nowhere = Object.values(node.outputs).find((s) => !inside.has(s.node));
      if (nowhere !== undefined) return `${node.id}: ${nowhere.node} is not in its body`;
    }
    visible.add(node.id);
  }
  return undefined;
}
