import { definePipeline, json, step, type Ref } from "@mlstack/pipeline";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { LOCAL_STACK, type StackSpec } from "../stack/stack.ts";
import { counted, type Counter } from "../testing/counted.ts";
import { harness } from "../testing/harness.ts";
import { memoryPlugin, memoryStore } from "../testing/memory-store.ts";

const num = json(z.number());
const start = step({ name: "start", params: { n: z.number() }, output: num, run: ({ params }) => params.n });
const next = step({ name: "next", inputs: { x: num }, output: num, run: ({ inputs }) => inputs.x + 1 });
/** Steps in a row. */
const chain = (length: number) => definePipeline({ name: "chain", build() {
  let x: Ref<number> = start({ n: length });
  for (let i = 1; i < length; i++) x = next({ x });
} });

const STACK: StackSpec = { ...LOCAL_STACK, components: { ...LOCAL_STACK.components, artifact_store: { name: "m", flavor: "memory", config: { of: "m" } } } };

// the clock stands still: a look for clean-ups every two seconds is no work of a step
beforeEach(() => { vi.useFakeTimers({ toFake: ["Date", "performance"] }); });
afterEach(() => { vi.useRealTimers(); });

/** What it takes to run a pipeline of so many steps: calls of the store, events of the journal, looks at nodes of the plan. */
async function work(length: number, runs: number): Promise<{ readonly calls: number; readonly events: number; readonly reads: number }[]> {
  const store = memoryStore();
  const reads: Counter = { count: 0 };
  const h = await harness({ stack: STACK, plugins: [memoryPlugin({ m: store })], planned: (c) => ({ ...c, plan: { ...c.plan, nodes: counted(c.plan.nodes, reads) } }) });
  const all = [];
  try {
    for (let i = 0; i < runs; i++) {
      store.calls.length = 0;
      reads.count = 0;
      let events = 0;
      const report = await h.run(chain(length), {}, { observer: { event: () => { events++; } } });
      expect(report.status).toBe("completed");
      all.push({ calls: store.calls.length, events, reads: reads.count });
    }
    return all;
  } finally { await h.close(); }
}

test("10,000 steps take a hundred times the work of a hundred, executed or served", { timeout: 300_000 }, async () => {
  const [small, double, large] = [await work(100, 2), await work(200, 2), await work(10_000, 2)];
  for (const kind of ["calls", "events", "reads"] as const) {
    for (const run of [0, 1]) {
      const perHundred = double[run]![kind] - small[run]![kind];
      expect({ kind, run, work: large[run]![kind] }).toEqual({ kind, run, work: small[run]![kind] + 99 * perHundred });
      expect(perHundred).toBeGreaterThanOrEqual(100);
    }
  }
});
