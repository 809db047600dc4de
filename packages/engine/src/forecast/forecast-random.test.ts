import { definePipeline, everyPlanNode } from "@mlstack/pipeline";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { StackSpec } from "../stack/stack.ts";
import { layout } from "../store/layout.ts";
import { harness, type Harness } from "../testing/harness.ts";
import { building, op, perform, type Op } from "../testing/random-program.ts";
import { parallel } from "../testing/values.ts";

const untouched = { what: "nothing", which: 0 };
const STEPS = ["start", "calc", "spread", "sum", "tally", "value", "even"];

const made = (kind: Op["kind"], picks: number[], inside: Op[] = [], fragile = false): Op => ({ kind, picks, inside, fragile });
/** Has something of everything: a branch not taken, maps whose items are known and whose are not, an item that fails. */
const everything: [Op[], number, string | undefined] = [[
  made("when", [90, 76, 33, 86], [made("when", [53, 57, 28, 16]), made("collect", [27, 33, 88, 42], [made("collect", [3, 72, 54, 15]), made("step", [29, 72, 19, 49], [], true)], true), made("step", [35, 80, 29, 87], [], true)]),
  made("step", [74, 82, 62, 94], [], true), made("either", [62, 28, 81, 61]), made("either", [11, 3, 74, 80]),
], 96, undefined];

const withStore = (path: string): StackSpec => { const stack = parallel(3); return { ...stack, name: "elsewhere", components: { ...stack.components, artifact_store: { name: "elsewhere", flavor: "local", config: { path } } } }; };
const itemOf = (node: string) => `${node.split("@").slice(1).map((item) => `@${item}`).join("")}@`;

/** What somebody does to the stored results between two runs. */
const damage = fc.record({ what: fc.constantFrom("nothing", "evicted", "marked", "unreadable"), which: fc.nat(99) });

async function doTo(h: Harness, { what, which }: { readonly what: string; readonly which: number }): Promise<void> {
  const store = await h.stack.artifactStore();
  const keys: string[] = [];
  for await (const { key } of store.list(layout.actions)) keys.push(key);
  const at = keys.toSorted()[which % keys.length];
  if (at === undefined || what === "nothing") return;
  if (what === "evicted") await store.delete(at);
  else await store.put(what === "marked" ? `${at}${layout.MARKED}/r` : at, { kind: "bytes", bytes: Buffer.from(what === "marked" ? "{}" : "no entry") });
}

test("what is foretold of a random program after a random edit is what a run of it does", async () => {
  const seen = { cached: 0, run: 0, unknown: 0, skipped: 0 };
  await fc.assert(fc.asyncProperty(fc.array(op, { minLength: 1, maxLength: 4 }), fc.nat(99), fc.constantFrom<string | undefined>(undefined, ...STEPS), damage, fc.constantFrom("use" as const, "use" as const, "refresh" as const, "off" as const), fc.boolean(), async (ops, start, edited, damaged, cache, elsewhere) => {
    const first = await harness({ stack: parallel(3) });
    // the other stack has a store of its own, and finds what lies in the first one
    const h = elsewhere ? await harness({ dir: first.project.dir, stack: withStore("other") }) : first;
    try {
      const p = definePipeline({ name: "p", build: () => ({ result: perform(building, ops, building.start(start)) }) });
      await first.run(p, {}, { onFailure: "continue" });
      if (edited !== undefined) h.code.set(edited, "edited");
      await doTo(first, damaged);
      const { steps } = await h.foresee(p, {}, { cache });
      const report = await h.run(p, {}, { onFailure: "continue", cache });
      const done = h.status(report);
      // of steps with the same key which one runs is chance, and the other may be one whose key was not known before
      const ran = new Set(h.db.prepare("select key from steps where run = ? and status = 'completed'").all(report.id).map((row) => row["key"]));
      // where a step fails, what stands behind it and what else is of its item goes no further, and maps are not begun
      const left = [...report.nodes.values()].filter((n) => n.error?.code === "MLS4006");
      const reached = (id: string) => !left.some((n) => n.id === id || (n.node.kind === "map" && itemOf(id).startsWith(itemOf(n.id)) && [...everyPlanNode(n.node.body)].some((b) => b.id === id.split("@", 1)[0])));
      const shared = new Set<unknown>();
      for (const s of steps) {
        seen[s.verdict]++;
        const status = done[s.node];
        if (s.verdict === "cached" && s.sharedWith === undefined && reached(s.node)) expect(status, s.node).toBe("cached");
        if (s.verdict === "cached" && s.sharedWith !== undefined && reached(s.node)) { expect(["cached", "completed", "failed", "skipped"], s.node).toContain(status); shared.add(s.key); }
        if (s.verdict === "run") expect(status !== "cached" || ran.has(s.key), `${s.node} was to run and was ${status}`).toBe(true);
        // the body of a map that is left out has no nodes of its own
        if (s.verdict === "skipped") expect(status ?? "skipped", s.node).toBe("skipped");
      }
      // one execution is enough for all that were to share it, where its result was not one for that attempt alone
      const often = h.db.prepare("select key from steps where run = ? and status = 'completed' and key is not null group by key having count(*) > 1").all(report.id).map((row) => row["key"]);
      expect(often.filter((key) => shared.has(key))).toEqual([]);
      // and nothing is left out: every step of the run was foretold, or stands behind a map that was not known
      for (const n of report.nodes.values()) if (n.node.kind === "step") expect(steps.some((s) => s.node === n.id || (s.verdict !== "cached" && s.node === n.id.split("@", 1)[0]) || n.id.startsWith(`${s.node}@`)), n.id).toBe(true);
    } finally {
      if (h !== first) await h.close();
      await first.close();
    }
  }), { numRuns: 25, endOnFailure: true, examples: [[...everything, untouched, "use", false], [everything[0], 96, "value", untouched, "use", true]] });
  // it has met each of them
  expect(Object.values(seen).every((n) => n > 0)).toBe(true);
}, 120_000);
