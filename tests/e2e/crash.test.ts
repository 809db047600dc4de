import { CRASH_POINTS, type CrashPoint } from "@mlstack/engine";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { CHAIN } from "./testing/chain-project.ts";
import { jsonOf, testProject } from "./testing/project.ts";
import { storeState, type StoreState } from "./testing/store.ts";

let undisturbed: StoreState;
beforeAll(async () => {
  const p = testProject(CHAIN);
  expect((await p.node(["crash.mjs", "never"])).stdout.trim()).toBe("completed");
  undisturbed = storeState(join(p.dir, ".mlstack"));
  expect(Object.keys(undisturbed.entries)).toHaveLength(3);
  p.close();
});

interface Case { readonly point: CrashPoint; readonly node: string | undefined }
const cases = CRASH_POINTS.flatMap((point): Case[] => (point.startsWith("run.") ? [{ point, node: undefined }] : ["one", "two", "three"].map((node) => ({ point, node }))));

describe("killed (SIGKILL) in the middle of a run", () => {
  it.concurrent.each(cases)("at $point $node", async ({ point, node }) => {
    const p = testProject(CHAIN);
    const killed = await p.node(["crash.mjs", point, ...(node === undefined ? [] : [node])]);
    expect(killed.signal).toBe("SIGKILL");

    // nothing half is readable: every blob is what its name says, and every entry has all of its bytes
    const state = storeState(join(p.dir, ".mlstack"));
    expect(state.damaged).toEqual([]);
    expect(state.dangling).toEqual([]);

    // a step that was committed is a hit, one that was not runs
    const order = ["one", "two", "three"];
    const reached = node === undefined ? (point === "run.recorded" ? 0 : 3) : order.indexOf(node) + (point === "step.committed" || point === "step.ended" ? 1 : 0);
    const { data } = jsonOf(await p.mlstack(["run", "pipeline.mjs", "--json"]));
    expect((data["steps"] as { status: string }[]).map((s) => s.status)).toEqual(order.map((_, i) => (i < reached ? "cached" : "completed")));
    expect(storeState(join(p.dir, ".mlstack")).entries).toEqual(undisturbed.entries);

    // the records of the killed run are readable, and tell the finished steps from the others
    const runs = jsonOf(await p.mlstack(["run", "list", "--json"])).data as unknown as { run: string; status: string }[];
    expect(runs).toHaveLength(2);
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
