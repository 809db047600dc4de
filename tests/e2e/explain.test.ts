import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { documentOf } from "./testing/documents.ts";
import { LINE } from "./testing/line-project.ts";
import { jsonOf, testProject, type TestProject } from "./testing/project.ts";

let p: TestProject;
beforeEach(() => { p = testProject(LINE); });
afterEach(() => p.close());
const run = (...args: string[]) => p.mlstack(["run", "p.ts", ...args]);
const state = () => (existsSync(join(p.dir, ".mlstack")) ? readdirSync(join(p.dir, ".mlstack"), { recursive: true, withFileTypes: true }).filter((e) => e.isFile() && !/-(?:wal|shm)$/.test(e.name)).map((e) => join(e.parentPath, e.name)).toSorted().map((f) => [f, statSync(f).mtimeMs, readFileSync(f).length]) : []);

it("run --explain says what would happen, and leaves no trace", async () => {
  const never = documentOf("run-explain", await run("--explain", "--json")) as { data: { steps: { step: string; foretold: string; summary: string }[] } };
  expect(never.data.steps.map((s) => `${s.step} ${s.foretold}`)).toEqual(["load run", "train unknown", "tell run"]);
  expect(existsSync(join(p.dir, ".mlstack"))).toBe(false);
  expect((await run("-q")).code).toBe(0);
  const before = state();
  const explained = await run("--explain", "-p", "depth=4");
  expect(explained.stdout).toMatch(/= load +cached: made [^\n]+\n {2}▸ train +runs: the parameter depth changed\n {6}the parameter depth: 3 → 4\n {2}▸ tell +runs: it is never cached: [^\n]+\n[^]*3 steps: 2 would run, 1 cached\. Nothing was run\n$/);
  expect((await run("--explain", "--plain")).stdout.split("\n")[0]).toBe("load\tcached\tis served from the cache: everything in its key is as it was");
  expect(state()).toEqual(before);
  expect((await run("--explain", "--name", "{what}")).stderr).toMatch(/MLS4030 .*\{what\}/);
  expect((await run("--explain", "--name", "{pipeline}-{n}")).code).toBe(0);
  expect((await run("--explain", "--detach")).stderr).toMatch(/MLS7001 .*exclude each other/);
}, 60_000);

it("run --expect-cached ends with exit code 3 before anything runs, and names the step and what changed", async () => {
  const first = await run("--expect-cached", "--json");
  expect([first.code, jsonOf(first).error]).toEqual([3, expect.objectContaining({ code: "MLS4013", exitCode: 3, message: "1 step has to run that should be in the cache: load" })]);
  expect(jsonOf(await p.mlstack(["run", "list", "--json"])).data).toEqual([]);
  expect((await run("-q")).code).toBe(0);
  expect((await run("--expect-cached", "-q")).code).toBe(0);
  const changed = await run("--expect-cached", "-p", "depth=4");
  expect([changed.code, changed.stderr]).toEqual([3, expect.stringMatching(/MLS4013 .*: train\n +why +train runs: the parameter depth changed\n +fix /)]);
  // explained, it is refused as well: nobody takes the exit code for that of a run that has all it needs
  const explained = await run("--explain", "--expect-cached", "-p", "depth=4", "--json");
  expect([explained.code, jsonOf(explained).error]).toEqual([3, expect.objectContaining({ code: "MLS4013" })]);
  expect((jsonOf(explained).data as unknown as { steps: unknown[] }).steps).toHaveLength(3);
  const shown = await run("--explain", "--expect-cached", "-p", "depth=4");
  expect([shown.code, shown.stdout, shown.stderr]).toEqual([3, expect.stringMatching(/▸ train +runs/), expect.stringMatching(/MLS4013 .*: train\n/)]);
  expect((await run("--explain", "--expect-cached")).code).toBe(0);
  expect(jsonOf(await p.mlstack(["run", "list", "--json"])).data).toHaveLength(2);
}, 60_000);
