import { sql, type ExpressionBuilder, type Kysely } from "kysely";
import type { Records } from "./records.ts";
import type { Database, RunRow } from "./schema.ts";

/** A result of an earlier run, with what its key was made of. */
export interface EarlierResult {
  readonly run: string;
  readonly node: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Digest of the run's plan. */
  readonly plan: string;
  readonly parts: Readonly<Record<string, string>>;
}

/** A run of a pipeline, which need not be recorded: what began before it is looked for. */
export type After = Pick<RunRow, "id" | "pipeline" | "started_at">;

/** How many results are handed out at most. */
const RESULTS = 500;

export function earlierResults(kysely: Kysely<Database>): Pick<Records, "earlierOfNode" | "earlierOfNodes" | "earlierPlans"> {
  const before = (run: After) => (eb: ExpressionBuilder<Database, "runs">) => eb.and([eb("runs.pipeline", "=", run.pipeline), eb("runs.started_at", "<=", run.started_at), eb("runs.id", "!=", run.id)]);

  // of the rows with one key SQLite takes the one with the largest time for all columns
  const results = (run: After) => kysely.selectFrom("runs").innerJoin("steps", "steps.run", "runs.id").innerJoin("keys", "keys.key", "steps.key")
    .select(["steps.run", "steps.node", "runs.plan", "keys.parts_json"]).select((eb) => eb.fn.max("steps.started_at").as("startedAt"))
    .where(before(run)).where("steps.status", "in", ["completed", "cached"]).groupBy("steps.key").limit(RESULTS);

  const read = ({ parts_json, ...row }: Omit<EarlierResult, "parts"> & { parts_json: string }): EarlierResult => ({ ...row, parts: JSON.parse(parts_json) as Record<string, string> });

  return {
    async earlierOfNode(run, node) {
      const base = node.split("@", 1)[0]!;
      // items are named BASE@ITEM, and "A" comes right after "@": with the run this is one range of the table's key
      const rows = await results(run).where("steps.node", ">=", base).where("steps.node", "<", `${base}A`).where((eb) => eb.or([eb("steps.node", "=", base), eb("steps.node", ">=", `${base}@`)]))
        .orderBy((eb) => eb("steps.node", "=", node), "desc").orderBy("startedAt", "desc").execute();
      return rows.map(read);
    },
    async earlierOfNodes(run, plans, nodes) {
      const base = sql<string>`substr(steps.node, 1, instr(steps.node || '@', '@') - 1)`;
      const rows = await results(run).where("runs.plan", "in", [...plans]).where(base, "in", sql<string>`(select value from json_each(${JSON.stringify(nodes)}))`).orderBy("startedAt", "desc").execute();
      return rows.map(read);
    },
    async earlierPlans(run, limit) {
      const rows = await kysely.selectFrom("runs").select("plan").select((eb) => eb.fn.max("runs.started_at").as("at")).where(before(run)).groupBy("plan").orderBy("at", "desc").limit(limit).execute();
      return rows.map((r) => r.plan);
    },
  };
}
