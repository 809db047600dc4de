import { existsSync } from "node:fs";
import { join } from "node:path";
import { sql } from "kysely";
import { everyPlanNode, isStepNode, type Plan } from "@mlstack/pipeline";
import type { Project } from "../project/project.ts";
import { openUntouched } from "./open-to-read.ts";

/** Recorded results of a step that have a package in their keys. */
export interface KeyedResults {
  readonly pipeline: string;
  readonly step: string;
  /** How many keys. */
  readonly results: number;
}

/**
 * Results that a project's runs have recorded, whose keys have one version of a package in them: they are not found any more where another version is
 * installed. A key has the packages that the step's code reaches. Those of the stack's components are not in it: a step that is cached by component
 * has flavor and configuration of that in its key, and no version.
 *
 * Writes nothing, and asks no store whether the results are still there.
 *
 * @returns by pipeline and step
 * @throws MLS5001, MLS5002
 */
export async function resultsKeyedBy({ stateDir }: Pick<Project, "stateDir">, name: string, version: string): Promise<readonly KeyedResults[]> {
  const path = join(stateDir, "records.db");
  if (!existsSync(path)) return [];
  const db = await openUntouched(path);
  try {
    const id = `${name}@${version}`;
    // only a plan whose text holds the package is worth parsing
    const plans = await db.kysely.selectFrom("plans").selectAll().where(sql<boolean>`instr(document, ${id}) > 0`).execute();
    const found = new Map<string, { readonly pipeline: string; readonly step: string; readonly keys: Set<string> }>();
    for (const { digest, document } of plans) {
      const plan = JSON.parse(document) as Plan;
      const reached = new Set(Object.entries(plan.steps).filter(([, { parts }]) => Object.keys(parts.packages?.entries ?? {}).some((entry) => entry === id || entry.startsWith(`${id} `))).map(([step]) => step));
      const nodes = [...everyPlanNode(plan.nodes)].filter(isStepNode).filter(({ step }) => reached.has(step)).map((node) => node.id);
      const rows = await db.kysely.selectFrom("steps").innerJoin("runs", "runs.id", "steps.run").select(["runs.pipeline", "steps.node", "steps.key"]).where("runs.plan", "=", digest).where("steps.key", "is not", null).where("steps.status", "in", ["completed", "cached"])
        .where(sql<string>`case when instr(steps.node, '@') > 0 then substr(steps.node, 1, instr(steps.node, '@') - 1) else steps.node end`, "in", sql<string>`(select value from json_each(${JSON.stringify(nodes)}))`).execute();
      for (const { pipeline, node, key } of rows) {
        const step = node.replace(/@.*/s, "");
        const place = JSON.stringify([pipeline, step]);
        if (!found.has(place)) found.set(place, { pipeline, step, keys: new Set() });
        found.get(place)!.keys.add(key!);
      }
    }
    return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, { pipeline, step, keys }]) => ({ pipeline, step, results: keys.size }));
  } finally { db.close(); }
}
