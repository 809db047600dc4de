import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { effectsProject, stackOf, stepOf, TYPES } from "./testing/effects-project.ts";
import { jsonOf, type TestProject } from "./testing/project.ts";

let p: TestProject;
beforeAll(async () => { p = await effectsProject(); });
afterAll(() => { p.close(); });

/** Runs a pipeline on a stack, and says how its steps ended and what the components did. */
async function on(stack: string, pipeline: string): Promise<{ steps: Record<string, string>; effects: string[] }> {
  p.write("stacks/now.yaml", stack);
  rmSync(join(p.dir, "effects.txt"), { force: true });
  const outcome = await p.mlstack(["run", `pipeline.mjs#${pipeline}`, "--stack", "now", "--json"]);
  expect(outcome.code, `${outcome.stdout}\n${outcome.stderr}`).toBe(0);
  const { steps } = jsonOf(outcome).data as { steps: { step: string; status: string }[] };
  const path = join(p.dir, "effects.txt");
  return { steps: Object.fromEntries(steps.map((s) => [s.step, s.status])), effects: existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [] };
}

test("a deploy step runs with and without a deployer, and what it does not change stays cached", async () => {
  expect(await on(stackOf([]), "served")).toEqual({ steps: { train: "completed", deploy: "completed", announce: "completed" }, effects: [] });
  expect((await p.mlstack(["artifact", "preview", "last/announce"])).stdout).toContain("it is at nowhere");
  const deployed = await on(stackOf(["model_deployer"]), "served");
  expect(deployed).toEqual({ steps: { train: "cached", deploy: "completed", announce: "completed" }, effects: [expect.stringMatching(/^my_model_deployer 1: deployed demo [0-9a-f]{8}$/)] });
  // deploying is what the step is for: it does it every time
  expect(await on(stackOf(["model_deployer"]), "served")).toEqual({ steps: { train: "cached", deploy: "completed", announce: "cached" }, effects: deployed.effects });
  expect(await on(stackOf([]), "served")).toEqual({ steps: { train: "cached", deploy: "completed", announce: "cached" }, effects: [] });
});

test("a component that a step requires is looked for before anything runs", async () => {
  p.write("stacks/now.yaml", stackOf(["model_deployer"]));
  const { code, stderr } = await p.mlstack(["run", "pipeline.mjs#searching", "--stack", "now"]);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/MLS4004[^]*"search" requires acme\.vector_index/)]);
  const run = await on(stackOf(["acme.vector_index"]), "searching");
  expect(run.effects).toEqual(["my_acme_vector_index 1: searched"]);
  expect((await on(stackOf(["acme.vector_index"]), "searching")).steps).toEqual({ search: "completed", train: "cached" });
});

describe("a change of the stack is an edit of the steps that use the component", () => {
  const cached = { train: "cached", ...Object.fromEntries(TYPES.map((type) => [stepOf(type), "cached"])) };
  beforeAll(async () => { await on(stackOf(TYPES), "all"); });

  test("the same stack is a hit for all of them, and nothing is done twice", async () => {
    expect(await on(stackOf(TYPES), "all")).toEqual({ steps: cached, effects: [] });
  });

  test.each(TYPES)("another configuration of the %s runs its step again, and no other", async (type) => {
    const changed = stackOf(TYPES, { [type]: ", max_level: 7" });
    expect(await on(changed, "all")).toEqual({ steps: { ...cached, [stepOf(type)]: "completed" }, effects: [expect.stringMatching(new RegExp(`^my_${type.replace(".", "_")} 7: `))] });
    expect((await on(changed, "all")).steps).toEqual(cached);
    expect((await on(stackOf(TYPES), "all")).steps).toEqual(cached);
  });

  test.each(TYPES)("a stack without the %s runs its step again, and no other", async (type) => {
    const without = stackOf(TYPES.filter((t) => t !== type));
    expect(await on(without, "all")).toEqual({ steps: { ...cached, [stepOf(type)]: "completed" }, effects: [] });
  });

  test.each([["artifact_store", ", configuration: { path: other-store }"], ["orchestrator", ", configuration: { isolation: process }"], ["experiment_tracker", ", configuration: { path: other-tracking }"]])("another %s runs nothing again", async (type, change) => {
    expect(await on(stackOf(TYPES, { [type]: change }), "all")).toEqual({ steps: cached, effects: [] });
  });

  test("a name, and the order of keys, are not the component", async () => {
    const before = stackOf(TYPES, { alerter: ", max_level: 3" });
    await on(before, "all");
    const other = before.replaceAll("my_", "your_").replace("{ file: effects.txt, max_level: 3 }", "{ max_level: 3, file: 'effects.txt' }");
    expect(other).toContain("{ max_level: 3, file:");
    expect(await on(other, "all")).toEqual({ steps: cached, effects: [] });
  });
});
