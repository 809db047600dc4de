import { sql, type Kysely } from "kysely";

export type Migration = (db: Kysely<unknown>) => Promise<void>;

/**
 * The records' history, append-only: what is here was shipped and is never edited. A migration's number is its place in the list,
 * counted from 1, and the database's `user_version` after it.
 */
export const MIGRATIONS: readonly Migration[] = [
  async function initial(db) {
    await db.schema.createTable("runs")
      .addColumn("id", "text", (c) => c.primaryKey()).addColumn("pipeline", "text", (c) => c.notNull()).addColumn("status", "text", (c) => c.notNull())
      .addColumn("started_at", "integer", (c) => c.notNull()).addColumn("ended_at", "integer").addColumn("plan", "text", (c) => c.notNull()).addColumn("bundle", "text")
      .addColumn("params_json", "text", (c) => c.notNull()).addColumn("given_json", "text", (c) => c.notNull()).addColumn("stack_json", "text", (c) => c.notNull()).addColumn("versions_json", "text", (c) => c.notNull())
      .addColumn("project", "text", (c) => c.notNull()).addColumn("host", "text", (c) => c.notNull()).addColumn("pid", "integer", (c) => c.notNull()).addColumn("born", "text", (c) => c.notNull())
      .addColumn("journal", "text", (c) => c.notNull()).addColumn("ordinal", "integer", (c) => c.notNull()).addColumn("heartbeat_at", "integer", (c) => c.notNull()).addColumn("driver_handle", "text")
      .addColumn("error_json", "text").addColumn("warnings_json", "text", (c) => c.notNull()).addColumn("tags_json", "text", (c) => c.notNull())
      .modifyEnd(sql`strict`).execute();
    await db.schema.createIndex("runs_by_pipeline").on("runs").columns(["pipeline", "started_at"]).execute();
    await db.schema.createIndex("runs_by_time").on("runs").column("started_at").execute();
    await db.schema.createTable("steps")
      .addColumn("run", "text", (c) => c.notNull()).addColumn("node", "text", (c) => c.notNull()).addColumn("status", "text", (c) => c.notNull())
      .addColumn("ordinal", "integer", (c) => c.notNull()).addColumn("attempt", "integer", (c) => c.notNull()).addColumn("started_at", "integer", (c) => c.notNull()).addColumn("ended_at", "integer")
      .addColumn("condition", "text").addColumn("key", "text").addColumn("cache_json", "text", (c) => c.notNull()).addColumn("error_json", "text")
      .addPrimaryKeyConstraint("steps_pk", ["run", "node"]).modifyEnd(sql`strict, without rowid`).execute();
    await db.schema.createTable("attempts")
      .addColumn("run", "text", (c) => c.notNull()).addColumn("node", "text", (c) => c.notNull()).addColumn("attempt", "integer", (c) => c.notNull()).addColumn("status", "text", (c) => c.notNull())
      .addColumn("started_at", "integer", (c) => c.notNull()).addColumn("ended_at", "integer").addColumn("error_json", "text").addColumn("spec_json", "text")
      .addPrimaryKeyConstraint("attempts_pk", ["run", "node", "attempt"]).modifyEnd(sql`strict, without rowid`).execute();
    await db.schema.createTable("artifacts")
      .addColumn("run", "text", (c) => c.notNull()).addColumn("node", "text", (c) => c.notNull()).addColumn("output", "text", (c) => c.notNull())
      .addColumn("manifest", "text", (c) => c.notNull()).addColumn("identity", "text", (c) => c.notNull()).addColumn("format", "text", (c) => c.notNull()).addColumn("kind", "text", (c) => c.notNull())
      .addColumn("size", "integer", (c) => c.notNull()).addColumn("metadata_json", "text", (c) => c.notNull()).addColumn("preview_json", "text")
      .addPrimaryKeyConstraint("artifacts_pk", ["run", "node", "output"]).modifyEnd(sql`strict, without rowid`).execute();
    await db.schema.createTable("keys").addColumn("key", "text", (c) => c.primaryKey()).addColumn("parts_json", "text", (c) => c.notNull()).modifyEnd(sql`strict, without rowid`).execute();
    await db.schema.createTable("tracker_events")
      .addColumn("run", "text", (c) => c.notNull()).addColumn("id", "text", (c) => c.notNull()).addColumn("node", "text", (c) => c.notNull()).addColumn("attempt", "integer", (c) => c.notNull())
      .addColumn("kind", "text", (c) => c.notNull()).addColumn("key", "text", (c) => c.notNull()).addColumn("value", sql`any`).addColumn("type", "text", (c) => c.notNull())
      .addColumn("step", "real", (c) => c.notNull()).addColumn("time", "integer", (c) => c.notNull())
      .addPrimaryKeyConstraint("tracker_events_pk", ["run", "id"]).modifyEnd(sql`strict, without rowid`).execute();
    await db.schema.createTable("stores").addColumn("spec_json", "text", (c) => c.primaryKey()).addColumn("name", "text", (c) => c.notNull()).addColumn("plugins_json", "text", (c) => c.notNull()).addColumn("used_at", "integer", (c) => c.notNull()).modifyEnd(sql`strict, without rowid`).execute();
    await db.schema.createTable("plans").addColumn("digest", "text", (c) => c.primaryKey()).addColumn("document", "text", (c) => c.notNull()).modifyEnd(sql`strict, without rowid`).execute();
  },
  /** The vendor's run of a tracked run, and what is needed to send its events again. */
  async function tracking(db) {
    await db.schema.alterTable("runs").addColumn("tracked_json", "text").execute();
    await db.schema.alterTable("tracker_events").addColumn("size", "integer").execute();
    await db.schema.alterTable("tracker_events").addColumn("cached_from", "text").execute();
  },
  async function claimsAndHandles(db) {
    await db.schema.alterTable("runs").addColumn("settings_json", "text", (c) => c.notNull().defaultTo('{"cache":"use","trustDomain":"shared","onFailure":"stop"}')).execute();
    await db.schema.alterTable("runs").addColumn("lost_json", "text", (c) => c.notNull().defaultTo("[]")).execute();
    await db.schema.alterTable("runs").addColumn("cancel_reason", "text").execute();
    await db.schema.alterTable("runs").addColumn("earlier_stacks_json", "text", (c) => c.notNull().defaultTo("[]")).execute();
    await db.schema.alterTable("steps").addColumn("work", "text").execute();
    await db.schema.alterTable("attempts").addColumn("ordinal", "integer", (c) => c.notNull().defaultTo(0)).execute();
    await db.schema.alterTable("attempts").addColumn("handle", "text").execute();
  },
  /** Lineage asks where an artifact was made or used. */
  async function artifactsByDigest(db) {
    await db.schema.createIndex("artifacts_by_manifest").on("artifacts").column("manifest").execute();
  },
  async function runNames(db) {
    await db.schema.alterTable("runs").addColumn("name", "text").execute();
    await db.schema.createIndex("runs_by_name").on("runs").column("name").execute();
  },
];
