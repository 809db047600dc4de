import { setTimeout as sleep } from "node:timers/promises";
import { MlstackError, type ErrorCode, type ExperimentTracker, type TrackerEvent, type TrackerEventBody } from "@mlstack/core";
import type { ExperimentTrackerSubject } from "@mlstack/testkit/conformance";
import { failingTracker } from "./trackers.ts";

/** A tracker that breaks one promise, and the cases that must see it. */
export interface BadTracker {
  readonly fault: string;
  readonly killers: readonly string[];
  /** What differs. */
  bad(tracker: ExperimentTracker): Partial<ExperimentTracker>;
  readonly subject?: Partial<ExperimentTrackerSubject>;
  readonly limitMs?: number;
}

const fail = (code: ErrorCode): never => { throw new MlstackError(code, "as it should not be"); };
const one = (fault: string, killers: string, bad: BadTracker["bad"], more: Partial<BadTracker> = {}): BadTracker => ({ fault, killers: killers.split(" "), bad, ...more });
/** Logs other events than those that it is given. */
const logging = (t: ExperimentTracker, change: (events: readonly TrackerEvent[]) => readonly TrackerEvent[]): Partial<ExperimentTracker> => ({ log: async (id, events, o) => t.log(id, change(events), o) });
const each = (t: ExperimentTracker, change: (event: TrackerEvent) => Partial<TrackerEventBody & TrackerEvent>): Partial<ExperimentTracker> => logging(t, (events) => events.map((event) => ({ ...event, ...change(event) }) as TrackerEvent));
const without = (t: ExperimentTracker, kind: TrackerEvent["kind"]): Partial<ExperimentTracker> => logging(t, (events) => events.filter((event) => event.kind !== kind));
let made = 0;
/** Of all objects of a bad tracker. */
let busy = false;
const closed = new Set<string>();

export const badTrackers: readonly BadTracker[] = [
  one("implements another contract", "contract", () => ({ contract: "experiment_tracker@2" as "experiment_tracker@1" })),
  one("has a check that fails where all is well", "check", () => ({ check: async () => [{ name: "x", ok: false, message: "no" }] })),
  one("forgets the params of a run", "run.start", (t) => ({ startRun: async (run, o) => t.startRun({ ...run, params: {} }, o) })),
  one("forgets the tags of a run", "run.start", (t) => ({ startRun: async (run, o) => t.startRun({ ...run, tags: {} }, o) })),
  one("makes a new run at each start", "run.again", (t) => ({ startRun: async (run, o) => t.startRun({ ...run, runId: `${run.runId}-${made++}` }, o) })),
  one("shows all runs as one", "run.apart", (t) => ({ startRun: async (run, o) => t.startRun({ ...run, runId: "the-one" }, o) })),
  one("closes every run as completed", "run.finish", (t) => ({ finishRun: async (id, _, at, o) => t.finishRun(id, "completed", at, o) })),
  one("closes a run once only", "run.finish", (t) => { const ended = new Set<string>(); return { finishRun: async (id, status, at, o) => { if (ended.has(id)) fail("MLS6003"); ended.add(id); await t.finishRun(id, status, at, o); } }; }),
  one("closes a run at another time", "run.finish", (t) => ({ finishRun: async (id, status, _, o) => t.finishRun(id, status, new Date(0), o) })),
  one("leaves a resumed run finished", "run.resume", (t) => { const done = new Set<string>(); return { startRun: async (run, o) => (done.has(run.runId) ? { externalId: run.runId } : t.startRun(run, o)), finishRun: async (id, ...rest) => { done.add(id); await t.finishRun(id, ...rest); } }; }),
  one("takes events for a run that was removed", "run.gone", (t) => ({ log: async (id, events, o) => t.log(id, events, o).catch((e: unknown) => { if (MlstackError.is(e, "MLS6003")) return { refused: [] }; throw e; }) })),
  one("wants a run that was removed", "run.gone", (t) => ({ startRun: async (run, o) => (run.externalId === undefined ? t.startRun(run, o) : fail("MLS6003")) })),
  one("takes a missing run for a service that does not serve", "run.unknown", (t) => ({ log: async (id, events, o) => t.log(id, events, o).catch((e: unknown) => { throw MlstackError.is(e, "MLS6003") ? new MlstackError("MLS6001", "later") : e; }) })),
  one("closes what nobody has started", "run.unknown", (t) => ({ finishRun: async (id, ...rest) => t.finishRun(id, ...rest).catch((e: unknown) => { if (!MlstackError.is(e, "MLS6003")) throw e; }) })),

  one("shows no params", "log.kinds", (t) => without(t, "param")),
  one("shows no tags", "log.kinds", (t) => without(t, "tag")),
  one("resolves before it has written", "log.kinds", (t) => ({ log: async (id, events, o) => { void sleep(50).then(() => t.log(id, events, o)).catch(() => undefined); return { refused: [] }; } })),
  one("wants events in every call", "log.nothing", (t) => logging(t, (events) => (events.length === 0 ? fail("MLS6003") : events))),
  one("writes a thousand events of a call", "log.points", (t) => logging(t, (events) => events.slice(0, 1000))),
  one("gives points the time at which they arrive", "log.points log.cached", (t) => each(t, () => ({ time: Date.now() }))),
  one("counts steps itself", "log.points", (t) => { let n = 0; return each(t, (event) => (event.kind === "metric" ? { step: n++ } : {})); }),
  one("refuses a call with a number that is none", "log.numbers", (t) => logging(t, (events) => (events.some((event) => Number.isNaN(event.value)) ? fail("MLS6003") : events))),
  one("rounds numbers", "log.numbers", (t) => each(t, (event) => (event.kind === "metric" && Number.isFinite(event.value) ? { value: Math.fround(event.value) } : {}))),
  one("keeps the first value of a tag", "log.order", (t) => { const seen = new Set<string>(); return logging(t, (events) => events.filter((event) => event.kind !== "tag" || !seen.has(event.key) && seen.add(event.key))); }),
  one("shows what is sent again twice", "log.resent", (t) => each(t, () => ({ id: String(made++) }))),
  one("knows what it has sent itself, and no more", "log.resent", (t) => { const sent = new Set<string>(); const mine = made++; return { log: async (id, events, o) => { const fresh = events.filter((event) => !sent.has(event.id)); for (const event of fresh) sent.add(event.id); return t.log(id, fresh.map((event) => ({ ...event, id: `${mine} ${event.id}` })), o); } }; }),
  one("stores nothing of a call of which something was there", "log.resent", (t) => { const sent = new Set<string>(); return logging(t, (events) => { const again = events.some((event) => sent.has(event.id)); for (const event of events) sent.add(event.id); return again ? [] : events; }); }),
  one("says that its values make events the same, and goes by ids", "log.same", () => ({ sameBy: "value" })),
  one("takes points of one step for one", "log.same", (t) => each(t, (event) => (event.kind === "metric" ? { id: `${event.key} ${event.step}` } : {}))),
  one("mixes the curves of a map's items", "log.items", (t) => each(t, () => ({ node: "all" }))),
  one("gives each step a curve of its own", "log.items", (t) => each(t, (event) => (event.node.includes("@") ? {} : { key: `${event.node}/${event.key}` }))),
  one("shows nothing of a cached step", "log.cached", (t) => logging(t, (events) => events.filter((event) => event.cachedFrom === undefined))),
  one("refuses a call with a name that it does not take", "log.names", (t) => logging(t, (events) => (events.some((event) => /[^\x20-\x7e]/.test(event.key)) ? fail("MLS6003") : events))),
  one("refuses a name and does not say which", "log.names", (t) => ({ log: async (id, events, o) => { const good = events.filter((event) => event.key.length < 250); await t.log(id, good, o); return { refused: good.length < events.length ? [{ id: "some", reason: "too long" }] : [] }; } })),
  one("refuses a call with a param that has another value", "log.params-again", (t) => { const seen = new Set<string>(); return logging(t, (events) => { for (const event of events) if (event.kind === "param") { if (seen.has(event.key)) fail("MLS6003"); seen.add(event.key); } return events; }); }),
  one("loses what another process logs meanwhile", "log.side-by-side", (t) => ({ log: async (id, events, o) => { if (busy) return { refused: [] }; busy = true; try { await sleep(5); return await t.log(id, events, o); } finally { busy = false; } } })),

  one("shows files without their second half", "files.shown", (t) => ({ log: async (id, events, o) => t.log(id, events, o?.open === undefined ? o : { ...o, async *open(digest) { for await (const piece of o.open!(digest)) { yield piece; break; } } }) })),
  one("shows no files and does not say so", "files.shown", (t) => without(t, "file")),
  one("stops at a file that has no place", "files.refused", (t) => ({ log: async (id, events, o) => { const done = await t.log(id, events, o); return done.refused.length > 0 ? fail("MLS6003") : done; } })),
  one("refuses a file without a word", "files.refused", (t) => ({ log: async (id, events, o) => ({ refused: (await t.log(id, events, o)).refused.map((r) => ({ ...r, reason: "" })) }) })),
  one("shows the first file of a path", "files.resent", (t) => { const seen = new Set<string>(); return logging(t, (events) => events.filter((event) => event.kind !== "file" || !seen.has(event.key) && seen.add(event.key))); }),

  one("starts in spite of a signal", "abort.before", (t) => ({ startRun: async (run) => t.startRun(run) })),
  one("logs in spite of a signal", "abort.before", (t) => ({ log: async (id, events) => t.log(id, events) })),
  one("closes in spite of a signal", "abort.before", (t) => ({ finishRun: async (id, status, at) => t.finishRun(id, status, at) })),
  one("waits for a file in spite of a signal", "abort.file", (t) => ({ log: async (id, events, o) => t.log(id, events, { ...o, signal: undefined }) }), { limitMs: 2000 }),
  one("closes all runs when it is disposed of", "dispose", (t) => { const runs = new Set<string>(); return { log: async (id, events, o) => { if (closed.has(id)) fail("MLS6003"); runs.add(id); return t.log(id, events, o); }, dispose: async () => { for (const id of runs) closed.add(id); } }; }),
  one("takes no credentials for a service that does not serve", "fails.denied", () => ({}), { subject: { openDenied: async () => failingTracker("MLS6001") } }),
  one("finds all well where it is refused", "fails.denied", () => ({}), { subject: { openDenied: async () => ({ ...failingTracker("MLS6002"), check: async () => [{ name: "reach", ok: true, message: "yes" }] }) } }),
  one("closes a run that it can't reach", "fails.unreachable", () => ({}), { subject: { openUnreachable: async () => ({ ...failingTracker("MLS6001"), finishRun: async () => undefined }) } }),
];
