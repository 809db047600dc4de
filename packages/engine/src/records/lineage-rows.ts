import { sql, type Kysely } from "kysely";
import type { ArtifactRow, Database, StepRow } from "./schema.ts";

/** Where an artifact was a step's output: in how many runs of a plan, and the first of them. */
export interface SeenAs { readonly plan: string; readonly node: string; readonly output: string; readonly runs: number }

/** An execution that made something, and in how many runs its result was used. */
export interface Execution { readonly run: string; readonly node: string; readonly startedAt: number; readonly runs: number; /** A run in which it is, or was served. */ readonly seenIn: string; readonly seenAs: string }

/** What lineage is read from. */
export interface LineageRows {
  /** Outputs that are this artifact, by plan. */
  seenAs(manifest: string): Promise<readonly SeenAs[]>;
  /** The executions of a node in those runs in which an artifact was an output; with `items`, of all items of a map whose names begin so. */
  executionsWhere(seen: SeenAs & { readonly manifest: string }, node: string, items: boolean): Promise<readonly Execution[]>;
  /** The artifacts of a node of a run, or of all items of a map. */
  outputsOf(run: string, node: string, items?: boolean): Promise<readonly ArtifactRow[]>;
  stepOf(run: string, node: string): Promise<StepRow | undefined>;
  planOf(run: string): Promise<{ readonly plan: string; readonly pipeline: string } | undefined>;
}

// items are named BASE@ITEM, and "A" comes right after "@"
const named = (column: "s.node" | "node", node: string, items: boolean) => (items ? sql<boolean>`${sql.ref(column)} >= ${`${node}@`} and ${sql.ref(column)} < ${`${node}A`}` : sql<boolean>`${sql.ref(column)} = ${node}`);

export function lineageRows(kysely: Kysely<Database>): LineageRows {
  return {
    async seenAs(manifest) {
      return kysely.selectFrom("artifacts").innerJoin("runs", "runs.id", "artifacts.run").select(["runs.plan", "artifacts.node", "artifacts.output"]).select((eb) => eb.fn.countAll<number>().as("runs"))
        .where("artifacts.manifest", "=", manifest).groupBy(["runs.plan", "artifacts.node", "artifacts.output"]).execute();
    },
    async executionsWhere({ manifest, plan, node: maker, output }, node, items) {
      const { rows } = await sql<Execution>`
        select case when s.cache_json ->> '$.state' = 'hit' then s.cache_json ->> '$.run' else s.run end as run, case when s.cache_json ->> '$.state' = 'hit' then s.cache_json ->> '$.node' else s.node end as node,
          min(s.started_at) as startedAt, count(*) as runs, min(s.run) as seenIn, min(s.node) as seenAs
        from artifacts a join runs r on r.id = a.run join steps s on s.run = a.run
        where a.manifest = ${manifest} and a.node = ${maker} and a.output = ${output} and r.plan = ${plan} and s.status in ('completed', 'cached') and ${named("s.node", node, items)}
        group by 1, 2 order by 3`.execute(kysely);
      return rows;
    },
    outputsOf: (run, node, items = false) => kysely.selectFrom("artifacts").selectAll().where("run", "=", run).where(named("node", node, items)).orderBy("node").orderBy("output").execute(),
    stepOf: (run, node) => kysely.selectFrom("steps").selectAll().where("run", "=", run).where("node", "=", node).executeTakeFirst(),
    planOf: (run) => kysely.selectFrom("runs").select(["plan", "pipeline"]).where("id", "=", run).executeTakeFirst(),
  };
}
