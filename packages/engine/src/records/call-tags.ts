import { sql, type Kysely } from "kysely";
import { callOptionsOf, everyPlanNode, isStepNode, type Plan } from "@mlstack/pipeline";
import type { Database } from "./schema.ts";

/** The tags of a plan's calls, by node. What a call makes has its tags. */
export type CallTags = ReadonlyMap<string, readonly string[]>;

export function callTags(plan: Plan): CallTags {
  return new Map([...everyPlanNode(plan.nodes)].filter(isStepNode).map((n) => [n.id, callOptionsOf(plan.steps[n.step]!, n).tags]));
}

/** The nodes that have a tag, by the digest of their plan; of all plans of the records. */
export async function taggedNodes(kysely: Kysely<Database>, tag: string): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  // only a plan whose text holds the tag is worth parsing
  const rows = await kysely.selectFrom("plans").selectAll().where(sql<boolean>`instr(document, ${JSON.stringify(tag)}) > 0`).execute();
  const found = rows.map((row) => [row.digest, new Set([...callTags(JSON.parse(row.document) as Plan)].filter(([, tags]) => tags.includes(tag)).map(([node]) => node))] as const);
  return new Map(found.filter(([, nodes]) => nodes.size > 0));
}
