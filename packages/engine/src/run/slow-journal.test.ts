import { definePipeline, json, step } from "@mlstack/pipeline";
import { afterEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { harness, type Harness } from "../testing/harness.ts";
import { parallel, valuesOf } from "../testing/values.ts";

const turns = async (n: number) => { for (let i = 0; i < n; i++) await new Promise<void>((go) => { setImmediate(go); }); };
// a journal in a store that is far away
vi.mock("../journal/direct-journal.ts", async (original) => {
  const { directJournal } = await original<typeof import("../journal/direct-journal.ts")>();
  const slow: typeof directJournal = (...args) => { const journal = directJournal(...args); return { ...journal, async flush() { await journal.flush(); await turns(20); } }; };
  return { directJournal: slow };
});
const open: Harness[] = [];
afterEach(async () => { for (const h of open.splice(0)) await h.close(); });

const num = json(z.number());
const quick = step({ name: "quick", output: num, run: () => 1 });
const soon = step({ name: "soon", output: num, run: async () => { await turns(5); return 2; } });
const after = step({ name: "after", inputs: { x: num }, output: num, run: ({ inputs }) => inputs.x + 1 });

test("what ends while the journal is written is not waited for again", async () => {
  const h = await harness({ stack: parallel(2) });
  open.push(h);
  const p = definePipeline({ name: "p", build: () => { quick(); soon(); } });
  expect(h.status(await h.run(p))).toEqual({ quick: "completed", soon: "completed" });
});

test("what becomes ready while the journal is written is begun at once", async () => {
  const h = await harness({ stack: parallel(2) });
  open.push(h);
  let begun = false;
  const next = step({ name: "next", inputs: { x: num }, output: num, run: ({ inputs }) => { begun = true; return inputs.x; } });
  const long = step({ name: "long", output: num, run: async () => { while (!begun) await turns(1); return 3; } });
  const p = definePipeline({ name: "p", build: () => { long(); return { x: after({ x: next({ x: soon() }) }) }; } });
  expect(await valuesOf(h, await h.run(p), p)).toEqual({ x: 3 });
});
