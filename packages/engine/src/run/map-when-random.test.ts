import { definePipeline } from "@mlstack/pipeline";
import fc from "fast-check";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { JournalEvent } from "../journal/events.ts";
import { foldEvents } from "../records/fold.ts";
import { openDatabase } from "../records/open-database.ts";
import { LOCAL_STACK } from "../stack/stack.ts";
import { harness } from "../testing/harness.ts";
import { memoryPlugin, memoryStore } from "../testing/memory-store.ts";
import { building, failsAtFirst, op, perform, plain, type Op } from "../testing/random-program.ts";
import { parallel, rowsOf, valuesOf } from "../testing/values.ts";
import { hasEnded } from "./node-states.ts";

interface Case { readonly ops: readonly Op[]; readonly start: number; readonly side: number; readonly away: boolean; readonly goOn: boolean; readonly cancelAfter: number | null }
const cases = fc.record<Case>({
  ops: fc.array(op, { maxLength: 4 }), start: fc.nat(99), side: fc.integer({ min: 1, max: 4 }), away: fc.boolean(), goOn: fc.boolean(),
  cancelAfter: fc.option(fc.integer({ min: 1, max: 40 }), { freq: 5 }),
});
/** More of them: MLSTACK_RANDOM_RUNS=1000 vitest run map-when-random. */
const RUNS = Number(process.env["MLSTACK_RANDOM_RUNS"] ?? 40);
/** Cases of which the ends are known, so that none is missing by chance. */
const ONE_OF_EACH: readonly Case[] = [[true, null], [false, null], [false, 1]].map(([fragile, cancelAfter]) => ({
  ops: [{ kind: "step", picks: [0, 0, 0, 0], fragile: fragile === true, inside: [] }], start: 0, side: 2, away: true, goOn: false, cancelAfter: cancelAfter as number | null,
}));
const ENDS = { step: ["completed", "cached", "failed", "cancelled", "skipped"], map: ["completed", "failed", "cancelled", "skipped"], choose: ["completed", "failed", "cancelled", "skipped"] };

/** What the program gives without an engine. */
function expected(ops: readonly Op[], start: number): { ok: true; value: number } | { ok: false } {
  try { return { ok: true, value: perform(plain, ops, plain.start(start)) }; } catch { return { ok: false }; }
}

async function check({ ops, start, side, away, goOn, cancelAfter }: Case): Promise<"completed" | "failed" | "cancelled"> {
  const local = parallel(side);
  const stack = away ? { ...local, components: { ...local.components, artifact_store: { name: "m", flavor: "memory", config: { of: "a" } } } } : local;
  const h = await harness({ stack: side === 1 && !away ? LOCAL_STACK : stack, plugins: [memoryPlugin({ a: memoryStore() })] });
  try {
    const p = definePipeline({ name: "p", build: () => ({ result: perform(building, ops, building.start(start)) }) });
    const events: JournalEvent[] = [];
    const abort = new AbortController();
    const started = () => events.filter((e) => e.kind === "step-started").length;
    const report = await h.run(p, {}, { onFailure: goOn ? "continue" : "stop", signal: abort.signal, observer: { event(e) { events.push(e); if (started() === cancelAfter) abort.abort(); } } });
    // every node has an end, of its kind
    for (const n of report.nodes.values()) { expect(hasEnded(n), n.id).toBe(true); expect(ENDS[n.node.kind], n.id).toContain(n.status); }
    // the records say the same, and of nothing else
    const rows = await h.records.steps(report.id);
    expect(Object.fromEntries(rows.map((r) => [r.node, r.status]))).toEqual(h.status(report));
    expect(rows.filter((r) => r.ended_at === null)).toEqual([]);
    for (const n of report.nodes.values()) expect((await h.records.artifacts({ run: report.id, node: n.id })).map((a) => a.manifest)).toEqual(Object.values(n.outputs).map((o) => o.manifest));
    // the journal says all that the records know, however often it is folded
    const db = await openDatabase(join(h.project.dir, "again.db"), "process");
    foldEvents(db, events);
    expect(rowsOf(db, report.id)).toEqual(rowsOf(h.db, report.id));
    foldEvents(db, events);
    expect(rowsOf(db, report.id)).toEqual(rowsOf(h.db, report.id));
    db.close();
    const want = expected(ops, start);
    if (cancelAfter === null || !abort.signal.aborted) expect(report.status, report.error?.message).toBe(want.ok ? "completed" : "failed");
    if (report.status !== "completed") return report.status;
    expect(await valuesOf(h, report, p)).toEqual({ result: want.ok && want.value });
    // again: nothing that went well is done a second time
    const again = await h.run(p);
    expect(await valuesOf(h, again, p)).toEqual({ result: want.ok && want.value });
    const done = (id: string) => ["completed", "cached"].includes(report.nodes.get(id)?.status ?? "");
    expect([...again.nodes.values()].filter((n) => n.node.kind === "step" && n.status === "completed" && done(n.id) && !failsAtFirst((n.node.params["salt"] as { value?: unknown } | undefined)?.value)).map((n) => n.id)).toEqual([]);
    return "completed";
  } finally { await h.close(); }
}

test("random nestings of map and when, with random failures, end as they would without an engine", { timeout: Math.max(60_000, RUNS * 1000) }, async () => {
  const seen = { completed: 0, failed: 0, cancelled: 0 };
  await fc.assert(fc.asyncProperty(cases, async (one) => { seen[await check(one)]++; }), { numRuns: RUNS, examples: ONE_OF_EACH.map((one): [Case] => [one]) });
  // the cases are worth the name
  expect(Math.min(seen.completed, seen.failed, seen.cancelled), JSON.stringify(seen)).toBeGreaterThan(0);
});
