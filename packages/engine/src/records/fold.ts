import type { SQLInputValue } from "node:sqlite";
import type { JsonObject, TrackerEvent } from "@mlstack/core";
import type { JournalEvent, RunEnded, RunResumed, RunStarted, RunTracked, StepEnded, StepLaunched, StepStarted } from "../journal/events.ts";
import type { StackSnapshot } from "../stack/stack.ts";
import type { OpenDatabase } from "./open-database.ts";

/**
 * Folds events into the records, in one transaction. Every statement leaves alone what is as new as its event, so a journal can be
 * folded again at any time, and in part.
 *
 * Statements are plain SQL here: this runs for every step, and a query builder would take ten times as long as the database does.
 *
 * @param before called first in the transaction; what it throws is thrown, and nothing is written
 */
export function foldEvents(db: OpenDatabase, events: readonly JournalEvent[], before?: () => void): void {
  if (events.length === 0) return;
  db.transaction(() => {
    before?.();
    for (const event of events) apply(db, event);
  });
}

export function apply(db: OpenDatabase, event: JournalEvent): void {
  switch (event.kind) {
    case "run-started": return runStarted(db, event);
    case "run-resumed": return runResumed(db, event);
    case "run-tracked": return runTracked(db, event);
    case "step-started": return stepStarted(db, event);
    case "step-launched": return stepLaunched(db, event);
    case "step-ended": return stepEnded(db, event);
    case "run-ended": return runEnded(db, event);
  }
}

function runStarted(db: OpenDatabase, e: RunStarted): void {
  const { host, pid, born, journal } = e.driver;
  db.prepare("insert into runs (id, pipeline, status, started_at, plan, bundle, params_json, given_json, stack_json, versions_json, project, host, pid, born, journal, ordinal, heartbeat_at, warnings_json, tags_json, settings_json, lost_json, name) values (?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, '[]', ?, ?, ?, ?) on conflict do nothing")
    .run(e.run, e.pipeline, e.time, e.plan, e.bundle, JSON.stringify(e.params), JSON.stringify(e.given), JSON.stringify(e.stack), JSON.stringify(e.versions), e.project, host, pid, born, journal, e.time, JSON.stringify(e.tags), JSON.stringify(e.settings), JSON.stringify(e.lost), e.name ?? null);
  storeUsed(db, e.stack, e.time);
}

function runResumed(db: OpenDatabase, e: RunResumed): void {
  const { host, pid, born, journal } = e.driver;
  db.prepare("update runs set status = 'running', ended_at = null, error_json = null, warnings_json = '[]', cancel_reason = null, driver_handle = null, earlier_stacks_json = json_insert(earlier_stacks_json, '$[#]', json_object('ordinal', ordinal, 'stack', json(stack_json))), plan = ?, bundle = ?, stack_json = ?, settings_json = ?, host = ?, pid = ?, born = ?, journal = ?, heartbeat_at = ?, ordinal = ? where id = ? and ordinal < ?")
    .run(e.plan, e.bundle, JSON.stringify(e.stack), JSON.stringify(e.settings), host, pid, born, journal, e.time, e.ordinal, e.run, e.ordinal);
  storeUsed(db, e.stack, e.time);
}

function runTracked(db: OpenDatabase, { run, ordinal, tracker, externalId, url }: RunTracked): void {
  db.prepare("update runs set tracked_json = ? where id = ? and ordinal <= ?").run(JSON.stringify({ tracker, externalId, url }), run, ordinal);
}

/** Results of this run will be looked for where it has put them, whatever stack is active then. */
function storeUsed(db: OpenDatabase, stack: JsonObject, time: number): void {
  const { components, plugins } = stack as unknown as StackSnapshot;
  const store = components["artifact_store"];
  if (store === undefined) return;
  db.prepare("insert into stores (spec_json, name, plugins_json, used_at) values (?, ?, ?, ?) on conflict do update set used_at = max(used_at, excluded.used_at)")
    .run(JSON.stringify({ flavor: store.flavor, config: store.config ?? {} }), store.name, JSON.stringify(Object.keys(plugins ?? {})), time);
}

function stepStarted(db: OpenDatabase, e: StepStarted): void {
  db.prepare("insert into attempts (run, node, attempt, ordinal, status, started_at, spec_json) values (?, ?, ?, ?, 'running', ?, ?) on conflict do update set spec_json = excluded.spec_json where spec_json is null").run(e.run, e.node, e.attempt, e.ordinal, e.time, JSON.stringify(e.spec));
  db.prepare(`insert into steps (run, node, status, ordinal, attempt, started_at, cache_json) values (?, ?, 'running', ?, ?, ?, '{"state":"none"}') on conflict do update set status = 'running', started_at = ${THIS_TIME}, ordinal = excluded.ordinal, attempt = excluded.attempt, ended_at = null, error_json = null, condition = null where ${NEWER_START}`)
    .run(e.run, e.node, e.ordinal, e.attempt, e.time);
}

function stepLaunched(db: OpenDatabase, e: StepLaunched): void {
  db.prepare("insert into attempts (run, node, attempt, ordinal, status, started_at, handle) values (?, ?, ?, ?, 'running', ?, ?) on conflict do update set handle = excluded.handle").run(e.run, e.node, e.attempt, e.ordinal, e.time, e.handle);
}

// a resumed run counts its attempts on, but what it takes from the cache has attempt 0 again
const NEWER_START = "excluded.ordinal > ordinal or (excluded.ordinal = ordinal and excluded.attempt > attempt)";
// a step that is tried again began with its first attempt, one of a resumed run begins anew
const THIS_TIME = "case when excluded.ordinal > ordinal then excluded.started_at else started_at end";
const NEWER_END = "excluded.ordinal > ordinal or (excluded.ordinal = ordinal and excluded.attempt >= attempt)";
const IS_NEWEST = "exists (select 1 from steps where steps.run = ? and steps.node = ? and steps.ordinal = ? and steps.attempt = ?)";

function stepEnded(db: OpenDatabase, e: StepEnded): void {
  const error = e.error === undefined ? null : JSON.stringify(e.error);
  if (e.attempt > 0) {
    db.prepare("insert into attempts (run, node, attempt, ordinal, status, started_at, ended_at, error_json) values (?, ?, ?, ?, ?, ?, ?, ?) on conflict do update set status = excluded.status, ended_at = excluded.ended_at, error_json = excluded.error_json")
      .run(e.run, e.node, e.attempt, e.ordinal, e.status, e.startedAt, e.time, error);
  }
  const status = e.retried === true ? "running" : e.status;
  db.prepare(`insert into steps (run, node, status, ordinal, attempt, started_at, ended_at, key, work, cache_json, error_json, condition) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do update set status = excluded.status, started_at = ${THIS_TIME}, ordinal = excluded.ordinal, attempt = excluded.attempt, ended_at = excluded.ended_at, key = excluded.key, work = excluded.work, cache_json = excluded.cache_json, error_json = excluded.error_json, condition = excluded.condition where ${NEWER_END}`)
    .run(e.run, e.node, status, e.ordinal, e.attempt, e.startedAt, e.retried === true ? null : e.time, e.key, e.work ?? null, JSON.stringify(e.cache), error, e.condition ?? null);
  if (e.key !== null && e.parts !== null) db.prepare("insert into keys (key, parts_json) values (?, ?) on conflict do nothing").run(e.key, JSON.stringify(e.parts));
  // what an earlier part of the run made is not what this one has made
  if (e.ordinal > 0) db.prepare(`delete from artifacts where run = ? and node = ? and output not in (select value from json_each(?)) and ${IS_NEWEST}`).run(e.run, e.node, JSON.stringify(Object.keys(e.outputs)), e.run, e.node, e.ordinal, e.attempt);
  for (const [output, o] of Object.entries(e.outputs)) {
    db.prepare(`insert into artifacts (run, node, output, manifest, identity, format, kind, size, metadata_json, preview_json) select ?, ?, ?, ?, ?, ?, ?, ?, ?, ? where ${IS_NEWEST} on conflict do update set manifest = excluded.manifest, identity = excluded.identity, format = excluded.format, kind = excluded.kind, size = excluded.size, metadata_json = excluded.metadata_json, preview_json = excluded.preview_json`)
      .run(e.run, e.node, output, o.manifest, o.identity, o.format, o.kind, o.size, JSON.stringify(o.metadata), o.preview === undefined ? null : JSON.stringify(o.preview), e.run, e.node, e.ordinal, e.attempt);
  }
  // of a step that ran more than once, what the attempt that counts has logged; a hit of what an earlier part of this run made has its ids
  if (e.ordinal > 0 || e.attempt > 1) db.prepare(`delete from tracker_events where run = ? and node = ? and id not in (select value from json_each(?)) and ${IS_NEWEST}`).run(e.run, e.node, JSON.stringify(e.tracker.map((t) => t.id)), e.run, e.node, e.ordinal, e.attempt);
  if (e.tracker.length === 0 || db.prepare(`select ${IS_NEWEST} as newest`).get(e.run, e.node, e.ordinal, e.attempt)?.["newest"] !== 1) return;
  for (const t of e.tracker) trackerEvent(db, e.run, t);
}

function trackerEvent(db: OpenDatabase, run: string, t: TrackerEvent): void {
  // SQLite has no NaN and keeps no booleans: numbers that it can't hold are text, and the type says what they were
  const plain = t.kind === "metric" && !Number.isFinite(t.value) ? String(t.value) : typeof t.value === "boolean" ? String(t.value) : t.value;
  db.prepare("insert into tracker_events (run, id, node, attempt, kind, key, value, type, step, time, size, cached_from) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing")
    .run(run, t.id, t.node, t.attempt, t.kind, t.key, plain as SQLInputValue, typeof t.value, t.kind === "metric" ? t.step : 0, t.time, t.kind === "file" ? t.size : null, t.cachedFrom ?? null);
}

function runEnded(db: OpenDatabase, e: RunEnded): void {
  // steps that the plan of a resumed run does not have any more never end by themselves
  if (e.ordinal > 0) db.prepare("update steps set status = 'cancelled', ended_at = ? where run = ? and status = 'running' and ordinal < ?").run(e.time, e.run, e.ordinal);
  db.prepare("update runs set status = ?, ended_at = ?, error_json = ?, warnings_json = ? where id = ? and ordinal = ?")
    .run(e.status, e.time, e.error === undefined ? null : JSON.stringify(e.error), JSON.stringify(e.warnings), e.run, e.ordinal);
}
