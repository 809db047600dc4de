import { MlstackError, serializeError, type ArtifactPointer, type CacheMiss, type SerializedError } from "@mlstack/core";
import { attempts, type Prepared } from "./attempt.ts";
import { cancelled } from "./attempt-end.ts";
import { lookUp } from "./cache-lookup.ts";
import type { Drive, DriveResult } from "./drive.ts";
import { choose, collect, expand, failedBefore, unmet } from "./expand.ts";
import { hasEnded, nodeStates, type ItemRun, type MapRun, type NodeState } from "./node-states.ts";
import { prepare } from "./prepare.ts";
import { isKnownWork } from "./step-key.ts";
import { singleFlights } from "./single-flights.ts";
import { slots } from "./slots.ts";
import type { StoredOutput } from "../store/action-space.ts";
import { namedBy } from "../store/roots.ts";
import { pointersOf, type StepOutcome } from "./step-outcome.ts";

/** How many nodes are looked up side by side in a store that is elsewhere. */
const LOOKUPS = 16;
/** What is wrong with the artifacts that decide how a run goes on, not with the run. */
const UNUSABLE = new Set(["MLS1007", "MLS1009", "MLS3001", "MLS3002"]);

/** Runs a plan: decides what is ready, serves what the cache has, starts the rest where the orchestrator runs it, retries, and stops. */
export async function drive(d: Drive): Promise<DriveResult> {
  const root = nodeStates(d.plan);
  const ready = [...root.states.values()].filter((s) => s.waiting === 0);
  const all = new Map([...root.states.values()].map((s) => [s.id, s]));
  const running = slots(d.maxParallel);
  const active = new Set<Promise<void>>();
  const flights = singleFlights<NodeState>();
  let failed: DriveResult["failed"];
  let broken: { error: unknown } | undefined;
  const stopping = () => d.signal.aborted || broken !== undefined || (failed !== undefined && d.onFailure === "stop");

  /** What can follow from the end of a node: its dependents, and the end of the item and map that it belongs to. */
  async function settle(state: NodeState): Promise<void> {
    for (const next of state.dependents) if (--next.waiting === 0) ready.push(next);
    await leave(state);
  }

  async function leave({ item }: NodeState): Promise<void> {
    if (item !== undefined && --item.open === 0 && --item.map.open === 0) await finishMap(item.map);
  }

  /** A failure ends the run, unless a map around it collects failures: then it ends the item, and what is between the two. */
  async function fail(state: NodeState, error: SerializedError): Promise<void> {
    Object.assign(state, { status: "failed", error });
    const collecting = collector(state);
    for (let { item } = state; item !== undefined && item !== collecting; { item } = item.map.state) {
      if (collecting === undefined) item.map.state.error ??= error; else item.map.over ??= { status: "failed", error };
    }
    if (collecting === undefined) { failed ??= { id: state.id, error }; return; }
    collecting.failure ??= error;
    await giveUp(collecting, failedBefore(state.id));
    await leave(state);
  }

  /** Starts nothing more of an item. What runs goes on to its end, and the item ends with the last of it. */
  async function giveUp(item: ItemRun, error: SerializedError): Promise<void> {
    item.over ??= error;
    for (const state of item.scope.states.values()) {
      if (state.item !== item) continue;
      if (state.status === "waiting") { end(state, "skipped", { error }); await leave(state); } else if (state.status === "running" && state.map !== undefined) await giveUpMap(state.map, error);
    }
  }

  async function giveUpMap(map: MapRun, error: SerializedError): Promise<void> {
    map.over ??= { status: "skipped", error };
    for (const item of map.items) await giveUp(item, error);
  }

  async function finishMap(map: MapRun): Promise<void> {
    const { state, over } = map;
    if (over !== undefined) { end(state, over.status, { error: over.error }); return leave(state); }
    try {
      const outputs = await collect(d, map);
      state.outputs = pointersOf(outputs);
      await done(state, outputs);
    } catch (e) { await refuse(state, e); }
  }

  /** What a step gave to a map or a condition that can't work with it is a failure of that node; anything else ends the drive. */
  async function refuse(state: NodeState, e: unknown): Promise<void> {
    if (!MlstackError.is(e) || !UNUSABLE.has(e.code)) throw e;
    if (hasEnded(state)) return;
    const error = serializeError(e);
    end(state, "failed", { error });
    await fail(state, error);
  }

  /** Ends a node that is the driver's own work. */
  async function done(state: NodeState, outputs: Readonly<Record<string, StoredOutput>>): Promise<void> {
    const time = d.io.now();
    d.io.journal.append({ kind: "step-ended", run: d.runId, ordinal: d.ordinal, node: state.id, attempt: 0, startedAt: time, time, status: "completed", key: null, parts: null, cache: { state: "none" }, outputs, tracker: [] });
    state.status = "completed";
    await settle(state);
  }

  /** Ends a node that did not run. */
  function end(state: NodeState, status: "skipped" | "cancelled" | "failed", reason: { readonly error?: SerializedError; readonly condition?: string }): void {
    const time = d.io.now();
    Object.assign(state, { status, ...reason });
    d.io.journal.append({ kind: "step-ended", run: d.runId, ordinal: d.ordinal, node: state.id, attempt: 0, startedAt: time, time, status, key: null, parts: null, cache: { state: "none" }, outputs: {}, tracker: [], ...reason });
  }

  async function visit(state: NodeState): Promise<void> {
    try { if (!hasEnded(state)) await go(state); } catch (e) { await refuse(state, e); }
  }

  // whenever something was waited for, the item that the node belongs to may have been given up
  async function go(state: NodeState): Promise<void> {
    const condition = await unmet(d, state);
    if (hasEnded(state)) return;
    if (condition !== undefined) { end(state, "skipped", { condition }); return settle(state); }
    if (state.node.kind === "choose") {
      const outputs = await choose(d, state);
      if (hasEnded(state)) return;
      state.outputs = outputs;
      return done(state, Object.fromEntries(Object.entries(state.outputs).map(([name, pointer]): [string, StoredOutput] => [name, { ...pointer, kind: "other", metadata: {} }])));
    }
    if (state.node.kind === "map") {
      state.status = "running";
      const { map, ready: first } = await expand(d, state, state.node);
      state.map = map;
      for (const item of map.items) for (const s of item.scope.states.values()) if (s.item === item) all.set(s.id, s);
      if (state.item?.over !== undefined) await giveUpMap(map, state.item.over); else ready.push(...first);
      return map.items.length === 0 ? finishMap(map) : undefined;
    }
    const task = await prepare(d, state, state.node);
    // of steps with the same key one runs, and the others come again when it has: its result is theirs
    const key = d.io.actions === null ? null : task.key.key;
    if (key !== null && !flights.take(key, state)) return;
    try { await run(state, task); } finally { if (key !== null) ready.push(...flights.land(key)); }
  }

  async function run(state: NodeState, task: Prepared): Promise<void> {
    const before = await reused(d, state, task, flights.made);
    if (d.expectCached && before.outcome === undefined && !hasEnded(state) && !isMeant(task)) {
      const error = serializeError(new MlstackError("MLS4013", `the step "${state.id}" has to run, and should be in the cache`, { why: before.miss === undefined || before.miss === "no-entry" ? "no result is stored under its key" : `its result is no hit: ${before.miss}`, fix: `mlstack why ${d.runId}/${state.id}`, details: { steps: [{ step: state.id }] } }));
      const time = d.io.now();
      d.io.journal.append({ kind: "step-ended", run: d.runId, ordinal: d.ordinal, node: state.id, attempt: 0, startedAt: time, time, status: "failed", key: task.key.key, parts: task.key.key === null ? null : task.key.parts, cache: { state: "none", miss: before.miss }, outputs: {}, error, tracker: [] });
      return fail(state, error);
    }
    const outcome = before.outcome ?? (await running.use(async (): Promise<StepOutcome | undefined> => {
      if (stopping() || hasEnded(state)) return undefined;
      await d.io.during(d.signal, async () => { for (const pointer of Object.values(task.spec.inputs)) await d.layers.bring(pointer); });
      if (hasEnded(state)) return undefined;
      state.status = "running";
      return attempts(d, { ...task, spec: { ...task.spec, cache: { ...task.spec.cache, miss: before.miss } } }, d.earlier?.attempts(state) ?? 0);
    }));
    if (outcome === undefined || hasEnded(state)) return;
    state.status = outcome.status;
    // a step that was cancelled though nobody cancelled the run has not done what the run needs
    if (outcome.status === "failed" || (outcome.status === "cancelled" && !d.signal.aborted)) return fail(state, outcome.error);
    if ("error" in outcome) { state.error = outcome.error; return; }
    state.outputs = outcome.outputs;
    if (outcome.status === "completed" && task.key.key !== null) flights.made.add(task.key.key);
    return settle(state);
  }

  const width = d.io.content.store.localPath === undefined ? d.maxParallel + LOOKUPS : d.maxParallel;
  for (let at = 0; ;) {
    while (at < ready.length && active.size < width && !stopping()) {
      const work: Promise<void> = visit(ready[at++]!).catch((error: unknown) => { if (!d.signal.aborted || error !== d.signal.reason) broken ??= { error }; }).finally(() => active.delete(work));
      active.add(work);
    }
    if (active.size === 0) break;
    // what has ended and what starts next is one commit
    if (running.used > 0) await d.io.journal.flush();
    // while it was written something may have ended
    if (active.size > 0 && (at === ready.length || active.size >= width || stopping())) await Promise.race(active);
  }
  if (broken !== undefined) throw broken.error;
  for (const state of all.values()) {
    if (hasEnded(state)) continue;
    // of a map: some of its items have ended, and others never will
    if (state.status === "running") end(state, failed === undefined ? "cancelled" : "failed", { error: state.error ?? failed?.error ?? serializeError(cancelled(d.signal)) });
    else if (failed !== undefined) end(state, "skipped", { error: failedBefore(failed.id) });
    else end(state, "cancelled", { error: serializeError(cancelled(d.signal)) });
  }
  await d.io.journal.flush();
  const unfinished = [...all.values()].some((s) => s.status === "cancelled");
  return { status: failed !== undefined ? "failed" : d.signal.aborted && unfinished ? "cancelled" : "completed", nodes: all, failed };
}

/** Whether a step's author wants it to be run each time. */
function isMeant({ key }: Prepared): boolean {
  return key.key === null && key.reasons.length > 0 && isKnownWork(key.reasons);
}

/** The innermost map around a node that collects failures. */
function collector(state: NodeState): ItemRun | undefined {
  for (let item = state.item; item !== undefined; item = item.map.state.item) if (item.map.node.onFailure === "collect") return item;
  return undefined;
}

/**
 * Serves a node from what this run has done before, or from the cache, its tracker calls included; or says why it did not.
 *
 * @param made keys whose results are of this very drive, and so no old ones, even where the cache is not to be read
 */
async function reused(d: Drive, state: NodeState, task: Prepared, made: ReadonlySet<string>): Promise<{ readonly outcome?: StepOutcome; readonly miss?: CacheMiss }> {
  const { key } = task;
  const kept = d.earlier?.finished(state, key.work);
  if (kept !== undefined && (await everyPresent(d, Object.values(kept)))) {
    // no event says so, for the run has its end already
    d.roots.name(namedBy(kept));
    return { outcome: { status: "cached", outputs: kept } };
  }
  if (key.key === null) return {};
  const mayRead = made.has(key.key) || (d.readsCache && d.earlier?.mustRun(state) !== true);
  if (d.io.actions === null || !mayRead) return { miss: "not-read" };
  const found = await lookUp(key.key, { run: d.runId, node: state.id, ordinal: d.ordinal }, d.io.actions, d.layers);
  if (!found.hit) return { miss: found.reason };
  const { entry, events } = found;
  if (hasEnded(state)) return {};
  // what this very run has made it may also have sent
  await d.io.track(events, entry.writer.run === d.runId);
  if (hasEnded(state)) return {};
  const time = d.io.now();
  d.io.journal.append({
    kind: "step-ended", run: d.runId, ordinal: d.ordinal, node: state.id, attempt: 0, startedAt: time, time, status: "cached", key: key.key, parts: key.parts, work: key.work, outputs: entry.outputs, tracker: events,
    cache: { state: "hit", run: entry.writer.run, node: entry.writer.node, madeAt: entry.createdAt, platform: entry.platform, savedMs: entry.durationMs, tracker: entry.tracker },
  });
  return { outcome: { status: "cached", outputs: pointersOf(entry.outputs) } };
}

async function everyPresent(d: Drive, pointers: readonly ArtifactPointer[]): Promise<boolean> {
  for (const pointer of pointers) if (!(await d.layers.present(pointer))) return false;
  return true;
}
