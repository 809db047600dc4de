import { sql, type Selectable } from "kysely";
import { didYouMean, MlstackError, nameList, type JsonObject, type StepSpec } from "@mlstack/core";
import { everyPlanNode, readPlan, type Plan } from "@mlstack/pipeline";
import { callTags, taggedNodes, type CallTags } from "./call-tags.ts";
import { earlierResults, type After, type EarlierResult } from "./earlier-results.ts";
import { lineageRows, type LineageRows } from "./lineage-rows.ts";
import { liveStatus } from "./liveness.ts";
import type { OpenDatabase } from "./open-database.ts";
import type { ArtifactRow, AttemptRow, Database, RunRow, StepRow, TrackerRow } from "./schema.ts";

/** Reads what happened. */
export interface Records {
  /** Newest first. */
  runs(filter?: { readonly pipeline?: string | undefined; readonly status?: string | undefined; /** Begun then or later, in milliseconds since 1970. */ readonly since?: number | undefined; /** Begun earlier. */ readonly before?: number | undefined; readonly tag?: string | undefined; readonly limit?: number | undefined }): Promise<readonly RunRow[]>;
  /**
   * A run by its id, by its name, by the beginning of its id, or `last`.
   *
   * @throws MLS5003 when there is none; MLS5006 when more than one is called so, or has an id that begins so
   */
  run(idOrPrefix: string): Promise<RunRow>;
  /** In the plan's order. */
  steps(run: string): Promise<readonly StepRow[]>;
  /** Steps of any run, those of the latest runs first; of a map's step with its items. */
  stepsOf(filter: { readonly run?: string | undefined; readonly pipeline?: string | undefined; readonly node?: string | undefined; readonly status?: StepRow["status"] | undefined; readonly limit?: number | undefined }): Promise<readonly (StepRow & { readonly pipeline: string })[]>;
  /** @throws MLS5004 */
  step(run: string, node: string): Promise<StepRow>;
  attempts(run: string, node: string): Promise<readonly AttemptRow[]>;
  artifacts(filter: { readonly run?: string | undefined; readonly node?: string | undefined; /** A node, and of a map's its items. */ readonly step?: string | undefined; readonly output?: string | undefined; readonly pipeline?: string | undefined; readonly format?: string | undefined; /** The beginning of its digest. */ readonly digest?: string | undefined; /** Of the call that made it. */ readonly tag?: string | undefined; readonly limit?: number | undefined }): Promise<readonly ArtifactRow[]>;
  /** The tags of a run's calls, by plan node. */
  callTags(run: string): Promise<CallTags>;
  tracked(run: string, node?: string): Promise<readonly TrackerRow[]>;
  parts(key: string): Promise<Readonly<Record<string, string>> | undefined>;
  plan(digest: string): Promise<Plan>;
  /** What earlier runs of the same pipeline know of a node and, of a map's, its other items: one result per key, those of the very item first, then the newest. */
  earlierOfNode(run: After, node: string): Promise<readonly EarlierResult[]>;
  /** The same of any of some nodes, items included, in the runs of the latest plans. */
  earlierOfNodes(run: After, plans: readonly string[], nodes: readonly string[]): Promise<readonly EarlierResult[]>;
  /** Digests of the plans of the latest runs of the same pipeline that began before, the newest first. */
  earlierPlans(run: After, limit: number): Promise<readonly string[]>;
  /** What its nodes were started with last, by node. */
  specs(run: string): Promise<ReadonlyMap<string, { readonly attempt: number; readonly spec: Omit<StepSpec, "stack"> }>>;
  /** The highest number that an attempt had so far, by node. */
  lastAttempts(run: string): Promise<ReadonlyMap<string, number>>;
  /** Attempts whose end is not known here, as they were started. */
  openAttempts(run: string): Promise<readonly AttemptRow[]>;
  /** Keys that runs know: of a pipeline, of a node and, of a map's, its items, or that begin so. The latest first. */
  keysOf(filter: { readonly pipeline?: string | undefined; readonly node?: string | undefined; readonly key?: string | undefined }): Promise<readonly { readonly key: string; readonly node: string }[]>;
  readonly lineage: LineageRows;
  /** Artifact stores that runs have used, the latest first. */
  stores(): Promise<readonly UsedStore[]>;
}

export interface UsedStore {
  readonly name: string;
  readonly flavor: string;
  readonly config: JsonObject;
  /** Packages that its flavor may come from. */
  readonly plugins: readonly string[];
}

// items are named BASE@ITEM, and "A" comes right after "@"
const ofNode = (column: "steps.node" | "artifacts.node", node: string) => sql<boolean>`(${sql.ref(column)} = ${node} or (${sql.ref(column)} >= ${`${node}@`} and ${sql.ref(column)} < ${`${node}A`}))`;
const live = (row: Selectable<Database["runs"]>): RunRow => ({ ...row, status: liveStatus(row) });

export function recordsOf(db: OpenDatabase): Records {
  const { kysely } = db;

  async function run(idOrPrefix: string): Promise<RunRow> {
    if (idOrPrefix === "last") {
      const last = await kysely.selectFrom("runs").selectAll().orderBy("started_at", "desc").orderBy("id", "desc").limit(1).executeTakeFirst();
      if (last === undefined) throw new MlstackError("MLS5003", "there are no runs yet", { fix: "mlstack run FILE" });
      return live(last);
    }
    const named = await kysely.selectFrom("runs").selectAll().where("name", "=", idOrPrefix).orderBy("started_at", "desc").limit(6).execute();
    const found = /^[0-9a-z]+$/.test(idOrPrefix) ? await kysely.selectFrom("runs").selectAll().where("id", ">=", idOrPrefix).where("id", "<", `${idOrPrefix}{`).orderBy("id", "desc").limit(6).execute() : [];
    const exact = found.find((r) => r.id === idOrPrefix) ?? (named.length === 1 ? named[0] : undefined) ?? (named.length === 0 && found.length === 1 ? found[0] : undefined);
    if (exact !== undefined) return live(exact);
    const several = named.length > 0 ? named : found;
    if (several.length === 0) {
      const names = await kysely.selectFrom("runs").select("name").where("name", "is not", null).orderBy("started_at", "desc").limit(200).execute();
      const near = didYouMean(idOrPrefix, names.map((r) => r.name!));
      throw new MlstackError("MLS5003", `there is no run ${JSON.stringify(idOrPrefix)}`, { fix: near === undefined ? "mlstack run list" : `write ${near}` });
    }
    throw new MlstackError("MLS5006", `${JSON.stringify(idOrPrefix)} fits ${several.length > 5 ? "more than five" : several.length} runs`, { why: several.slice(0, 5).map((r) => r.id).join(", "), fix: named.length > 0 ? "give an id" : "give more of the id" });
  }

  const plan = async (digest: string): Promise<Plan> => {
    const row = await kysely.selectFrom("plans").select("document").where("digest", "=", digest).executeTakeFirst();
    if (row === undefined) throw new MlstackError("MLS5003", `the plan ${digest} is not in the records`);
    return readPlan(row.document, digest);
  };

  const steps = async (id: string): Promise<readonly StepRow[]> => {
    const rows = await kysely.selectFrom("steps").selectAll().where("run", "=", id).execute();
    const { plan: digest } = await kysely.selectFrom("runs").select("plan").where("id", "=", id).executeTakeFirstOrThrow();
    const order = new Map([...everyPlanNode((await plan(digest)).nodes)].map((n, i) => [n.id, i]));
    // items of a map come after it, body by body
    const place = (node: string) => order.get(node.split("@", 1)[0]!) ?? order.size;
    return rows.toSorted((a, b) => place(a.node) - place(b.node) || a.started_at - b.started_at || (a.node < b.node ? -1 : 1));
  };

  return {
    run, steps, plan,
    callTags: async (id) => callTags(await plan((await kysely.selectFrom("runs").select("plan").where("id", "=", id).executeTakeFirstOrThrow()).plan)),
    async runs({ pipeline, status, since, before, tag, limit = 20 } = {}) {
      let query = kysely.selectFrom("runs").selectAll();
      if (pipeline !== undefined) query = query.where("pipeline", "=", pipeline);
      if (since !== undefined) query = query.where("started_at", ">=", since);
      if (before !== undefined) query = query.where("started_at", "<", before);
      // whether a run is interrupted is not written down: nobody was there to do it
      const recorded = status === "interrupted" ? "running" : status;
      if (recorded !== undefined) query = query.where("status", "=", recorded as "running");
      if (tag !== undefined) query = query.where(sql<boolean>`exists (select 1 from json_each(tags_json) where value = ${tag})`);
      if (recorded !== "running") query = query.limit(limit);
      const rows = (await query.orderBy("started_at", "desc").orderBy("id", "desc").execute()).map(live);
      return rows.filter((r) => status === undefined || r.status === status).slice(0, limit);
    },
    async step(id, node) {
      const rows = await steps(id);
      const found = rows.find((s) => s.node === node);
      if (found !== undefined) return found;
      const item = rows.find((s) => s.node.startsWith(`${node}@`))?.node;
      if (item !== undefined) throw new MlstackError("MLS5004", `the step ${JSON.stringify(node)} of the run ${id} runs once per item of a map`, { why: `mlstack run show ${id} --all lists its items`, fix: `name one, such as ${item}`, details: { run: id, step: node } });
      const near = didYouMean(node, rows.map((s) => s.node));
      throw new MlstackError("MLS5004", `the run ${id} has no step ${JSON.stringify(node)}`, { why: `its steps are ${nameList(rows.map((s) => s.node))}`, fix: near === undefined ? `mlstack run show ${id}` : `write ${near}`, details: { run: id, step: node, ...(near !== undefined && { near }) } });
    },
    attempts: (id, node) => kysely.selectFrom("attempts").selectAll().where("run", "=", id).where("node", "=", node).orderBy("attempt").execute(),
    lineage: lineageRows(kysely),
    async stepsOf({ run: id, pipeline, node, status, limit = 100 }) {
      let query = kysely.selectFrom("runs").innerJoin("steps", "steps.run", "runs.id").selectAll("steps").select("runs.pipeline");
      if (id !== undefined) query = query.where("runs.id", "=", id);
      if (pipeline !== undefined) query = query.where("runs.pipeline", "=", pipeline);
      if (node !== undefined) query = query.where(ofNode("steps.node", node));
      if (status !== undefined) query = query.where("steps.status", "=", status);
      return query.orderBy("runs.started_at", "desc").orderBy("steps.started_at").orderBy("steps.node").limit(limit).execute();
    },
    async artifacts({ run: id, node, step, output, pipeline, format, digest, tag, limit = 200 }) {
      let query = kysely.selectFrom("artifacts").innerJoin("runs", "runs.id", "artifacts.run").selectAll("artifacts");
      if (id !== undefined) query = query.where("run", "=", id);
      if (node !== undefined) query = query.where("node", "=", node);
      if (step !== undefined) query = query.where(ofNode("artifacts.node", step));
      if (output !== undefined) query = query.where("output", "=", output);
      if (pipeline !== undefined) query = query.where("runs.pipeline", "=", pipeline);
      if (format !== undefined) query = query.where("artifacts.format", "=", format);
      // hexadecimal digits end before "g"
      if (digest !== undefined) query = query.where("artifacts.manifest", ">=", digest).where("artifacts.manifest", "<", `${digest}g`);
      const ordered = query.orderBy("runs.started_at", "desc").orderBy("artifacts.node").orderBy("artifacts.output");
      if (tag === undefined) return ordered.limit(limit).execute();
      const nodes = await taggedNodes(kysely, tag);
      const rows = await ordered.select("runs.plan as of_plan").where("runs.plan", "in", [...nodes.keys()]).execute();
      return rows.filter((row) => nodes.get(row.of_plan)?.has(row.node.split("@", 1)[0]!) === true).slice(0, limit).map(({ of_plan: _plan, ...row }) => row);
    },
    async tracked(id, node) {
      let query = kysely.selectFrom("tracker_events").selectAll().where("run", "=", id);
      if (node !== undefined) query = query.where("node", "=", node);
      return query.orderBy("time").orderBy("id").execute();
    },
    async keysOf({ pipeline, node, key }) {
      let query = kysely.selectFrom("steps").innerJoin("runs", "runs.id", "steps.run").select(["steps.key", "steps.node"]).select((e) => e.fn.max("steps.started_at").as("at")).where("steps.key", "is not", null);
      if (pipeline !== undefined) query = query.where("runs.pipeline", "=", pipeline);
      if (key !== undefined) query = query.where("steps.key", ">=", key).where("steps.key", "<", `${key}g`);
      if (node !== undefined) query = query.where(ofNode("steps.node", node));
      return (await query.groupBy("steps.key").orderBy("at", "desc").execute()).map((r) => ({ key: r.key!, node: r.node }));
    },
    async parts(key) {
      const row = await kysely.selectFrom("keys").select("parts_json").where("key", "=", key).executeTakeFirst();
      return row === undefined ? undefined : (JSON.parse(row.parts_json) as Record<string, string>);
    },
    ...earlierResults(kysely),
    async specs(id) {
      const rows = await kysely.selectFrom("attempts").select(["node", "attempt", "spec_json"]).where("run", "=", id).orderBy("attempt").execute();
      return new Map(rows.flatMap((r) => (r.spec_json === null ? [] : [[r.node, { attempt: r.attempt, spec: JSON.parse(r.spec_json) as Omit<StepSpec, "stack"> }]])));
    },
    async lastAttempts(id) {
      const rows = await kysely.selectFrom("attempts").select(["node"]).select((e) => e.fn.max("attempt").as("last")).where("run", "=", id).groupBy("node").execute();
      return new Map(rows.map((r) => [r.node, Number(r.last)]));
    },
    openAttempts: (id) => kysely.selectFrom("attempts").selectAll().where("run", "=", id).where("status", "=", "running").execute(),
    async stores() {
      const rows = await kysely.selectFrom("stores").selectAll().orderBy("used_at", "desc").limit(8).execute();
      return rows.map((r) => ({ name: r.name, plugins: JSON.parse(r.plugins_json) as string[], ...(JSON.parse(r.spec_json) as { flavor: string; config: JsonObject }) }));
    },
  };
}
