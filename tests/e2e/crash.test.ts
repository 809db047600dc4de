import { CRASH_POINTS, type CrashPoint } from "@mlstack/engine";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { CHAIN } from "./testing/chain-project.ts";
import { jsonOf, testProject, type Outcome, type TestProject } from "./testing/project.ts";
import { processesOf, until } from "./testing/processes.ts";
import { storeState, type StoreState } from "./testing/store.ts";

let undisturbed: StoreState;
beforeAll(async () => {
  const p = testProject(CHAIN);
  expect((await p.node(["crash.mjs", "inline", "never"])).stdout.trim()).toBe("completed");
  undisturbed = storeState(join(p.dir, ".mlstack"));
  expect(Object.keys(undisturbed.entries)).toHaveLength(3);
  p.close();
});

const ORDER = ["one", "two", "three"];
interface Case { readonly mode: "inline" | "workers"; readonly point: string; readonly node: string | undefined; /** How many steps have a result that is kept. */ readonly reached: number; /** How many have ended in the records. */ readonly recorded: number }

/** A run that is killed at one point: what must be there afterwards. */
function caseOf(mode: Case["mode"], point: CrashPoint | "step-started" | "step-ended", node?: string): Case {
  if (node === undefined) return { mode, point, node, reached: point === "run.recorded" ? 0 : 3, recorded: point === "run.recorded" ? 0 : 3 };
  const before = ORDER.indexOf(node);
  // an entry is written before the record, and the record of a step with the start of the next
  return { mode, point, node, reached: before + (["step.committed", "step.ended", "step-ended"].includes(point) ? 1 : 0), recorded: before };
}
const inRun = CRASH_POINTS.filter((point) => point.startsWith("run."));
const inStep = CRASH_POINTS.filter((point) => point.startsWith("step."));
const cases: Case[] = [
  ...inRun.flatMap((point) => [caseOf("inline", point), caseOf("workers", point)]),
  ...ORDER.flatMap((node) => [...inStep.map((point) => caseOf("inline", point, node)), ...(["step-started", "step-ended"] as const).map((kind) => caseOf("workers", kind, node))]),
];
const kept = (reached: number) => ORDER.map((_, i) => (i < reached ? "cached" : "completed"));

/** Kills a run, and looks at what is left. */
async function killed({ mode, point, node, reached, recorded }: Case): Promise<{ readonly p: TestProject; readonly id: string; readonly reached: number }> {
  const p = testProject(CHAIN);
  expect((await p.node(["crash.mjs", mode, point, ...(node === undefined ? [] : [node])])).signal).toBe("SIGKILL");
  // a worker ends a moment after its driver
  expect(await until(() => processesOf(p.dir).length === 0)).toBe(true);
  // nothing half is readable: every blob is what its name says, and every entry has all of its bytes
  const state = storeState(join(p.dir, ".mlstack"));
  expect(state.damaged).toEqual([]);
  expect(state.dangling).toEqual([]);
  const committed = Object.keys(state.entries).length;
  // a worker that has begun may have come to its end before it ended
  expect(point === "step-started" ? [reached, reached + 1] : [reached]).toContain(committed);
  // the records tell the steps that have ended from the one that was running, and those from what never began
  const { data } = jsonOf(await p.mlstack(["run", "show", "last", "--json"])) as { data: { run: string; status: string; steps: { step: string; status: string }[] } };
  expect(data.status).toBe(point === "run.ended" ? "completed" : "interrupted");
  expect(data.steps.map((s) => [s.step, s.status])).toEqual([...ORDER.slice(0, recorded).map((step) => [step, "completed"]), ...(node === undefined || point === "step-started" ? [] : [[node, "interrupted"]])]);
  return { p, id: data.run, reached: committed };
}
const statuses = (o: Outcome) => (jsonOf(o).data["steps"] as { status: string }[]).map((s) => s.status);

describe.each(["is run again", "goes on"])("a run that is killed (SIGKILL), and %s", (how) => {
  it.concurrent.each(cases)("$mode, at $point $node", async (one) => {
    const { p, id, reached } = await killed(one);
    const { point, node } = one;
    if (how === "is run again") {
      // a step that was committed is a hit, one that was not runs
      expect(statuses(await p.mlstack(["run", "pipeline.mjs", "--json"]))).toEqual(kept(reached));
    } else if (point === "run.ended") {
      expect((await p.mlstack(["run", "resume", id])).stderr).toContain("MLS4010");
    } else {
      expect(statuses(await p.mlstack(["run", "resume", id, "--json"]))).toEqual(kept(reached));
      const { data } = jsonOf(await p.mlstack(["run", "show", id, "--json"])) as { data: { status: string; metrics: unknown[] } };
      expect([data.status, data.metrics]).toEqual(["completed", [{ step: "one", key: "seen", value: 1 }]]);
      // shown once, also where it had been sent before; only an execution of which nothing was kept, and that is done again, logs again, and what it
      // had logged before may have been sent by then
      const sent = readFileSync(join(p.dir, ".mlstack", "tracking", id, "events.jsonl"), "utf8").trim().split("\n");
      if (point !== "step-started") expect(point === "step.tracked" && node === "one" ? [1, 2] : [1]).toContain(sent.length);
      expect(statuses(await p.mlstack(["run", "pipeline.mjs", "--json"]))).toEqual(["cached", "cached", "cached"]);
    }
    expect(storeState(join(p.dir, ".mlstack")).entries).toEqual(undisturbed.entries);
    p.close();
  });
});

it("two processes that run the same pipeline at once both succeed, and leave one entry per step", async () => {
  const p = testProject(CHAIN);
  const both = await Promise.all([p.mlstack(["run", "pipeline.mjs", "--json"]), p.mlstack(["run", "pipeline.mjs", "--json"])]);
  for (const o of both) expect(o, o.stdout + o.stderr).toMatchObject({ code: 0 });
  const state = storeState(join(p.dir, ".mlstack"));
  expect(state).toEqual(undisturbed);
  const runs = jsonOf(await p.mlstack(["run", "list", "--json"])).data as unknown as { status: string }[];
  expect(runs.map((r) => r.status)).toEqual(["completed", "completed"]);
  p.close();
});

it("eight processes write their records at once", async () => {
  const p = testProject(CHAIN);
  const all = await Promise.all(Array.from({ length: 8 }, () => p.mlstack(["run", "pipeline.mjs", "--refresh", "--json"])));
  for (const o of all) expect(o, o.stdout + o.stderr).toMatchObject({ code: 0 });
  expect((jsonOf(await p.mlstack(["run", "list", "--json"])).data as unknown as { status: string }[]).map((r) => r.status)).toEqual(Array.from({ length: 8 }, () => "completed"));
  p.close();
});
