import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jsonOf, testProject, type TestProject } from "./testing/project.ts";
import { join } from "node:path";

const FILES = {
  "package.json": JSON.stringify({ name: "project", private: true, type: "module", dependencies: { mlstack: "*", "@mlstack/plugin-process": "*", zod: "*" } }),
  "pipeline.mjs": `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
import { spawnSync } from "node:child_process";
import { writeSync } from "node:fs";
const num = json(z.number());
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
// as library code may that takes itself for a program
const leave = () => { process.exit(0); };
export const exits = step({ name: "exits", output: num, run: () => { leave(); return 1; } });
export const exiting = pipeline({ name: "exiting", build: () => ({ x: exits() }) });
export const leaves = step({ name: "leaves", output: num, run: () => { setTimeout(() => { throw new Error("late from leaves"); }, 300); return 1; } });
export const next = step({ name: "next", inputs: { x: num }, output: num, async run({ inputs }) { await sleep(60_000); return inputs.x; } });
export const late = pipeline({ name: "late", build: () => ({ x: next({ x: leaves() }) }) });
// more than a pipe holds, at once, by the step and by a process that it starts
export const prints = step({ name: "prints", output: num, run() {
  console.log("first");
  const line = "x".repeat(99) + "\\n";
  for (let n = 0; n < 400; n++) { if (writeSync(1, line.repeat(100)) !== 10_000) throw new Error("cut off"); }
  const child = spawnSync("python3", ["-c", "import sys\\nfor _ in range(400): sys.stdout.write(('y' * 99 + chr(10)) * 100)"], { stdio: ["ignore", "inherit", "inherit"] });
  if (child.status !== 0) throw new Error("the child failed: " + child.status);
  return 1;
} });
export const printing = pipeline({ name: "printing", build: () => ({ x: prints() }) });
`,
};

let p: TestProject;
beforeAll(() => {
  p = testProject(FILES);
  p.write("stacks/away.yaml", `components:\n  artifact_store: { type: local, name: shared, configuration: { path: ${join(p.dir, "bucket")} } }\n  orchestrator: { type: process, name: away }\n`);
});
afterAll(() => { p.close(); });

describe.each([["a worker", []], ["a process elsewhere", ["--stack", "away"]]] as const)("in %s", (_, where) => {
  test("a step that calls process.exit has failed, and it is said who called it", async () => {
    const { code, stderr } = await p.mlstack(["run", "pipeline.mjs#exiting", ...where]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/MLS4008 {2}the step "exits" ended without a result: its process ended with exit code 0 before the step had/);
    expect(stderr).toMatch(/the step "exits" called process\.exit\(0\)\n\s+at leave \(.*pipeline\.mjs:\d+:\d+\)/);
  });
});

test("an error that a step has left behind says where it comes from, when it ends the worker under the next step", async () => {
  const { code, stderr } = await p.mlstack(["run", "pipeline.mjs#late", "--concurrency", "1"]);
  expect([code, stderr]).toEqual([1, expect.stringContaining(`MLS4008  the step "next" ended without a result`)]);
  expect(stderr).toContain(`an error was thrown by something that the step "leaves" had left behind, such as a timer: it had ended, and takes "next" with it`);
  expect(stderr).toContain("late from leaves");
});

test("a step, and what it starts, may print more at once than a pipe holds", async () => {
  const { code, stderr } = await p.mlstack(["run", "pipeline.mjs#printing", "--quiet"]);
  expect(code, stderr).toBe(0);
  const lines = (jsonOf(await p.mlstack(["run", "logs", "last", "--json"])).data as unknown as { text: string }[]).map((l) => l.text);
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  expect([...counts]).toEqual([["first", 1], ["x".repeat(99), 40_000], ["y".repeat(99), 40_000]]);
});
