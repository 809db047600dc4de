import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "./testing/processes.ts";
import { cleanEnv, jsonOf, testProject, type TestProject } from "./testing/project.ts";

const FILES = {
  "package.json": JSON.stringify({ name: "project", private: true, type: "module", dependencies: { mlstack: "*", "@mlstack/plugin-process": "*", zod: "*" } }),
  "config.json": '{ "n": 1 }',
  "pipeline.mjs": `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
const num = json(z.number());
const config = JSON.parse(readFileSync("config.json", "utf8"));
export const reads = step({ name: "reads", output: num, run: () => config.n });
const make = (name, n) => step({ name, output: num, run: () => n });
export const made = make("made", 1);
export const gate = step({ name: "gate", inputs: { a: num, b: num }, cache: false, output: num, run: ({ inputs }) => { if (!existsSync("open")) throw new Error("closed"); return inputs.a * 10 + inputs.b; } });
export const unknown = pipeline({ name: "unknown", build: () => ({ x: gate({ a: reads(), b: made() }) }) });
export const counted = step({ name: "counted", cache: false, output: num, async run() { appendFileSync("counted.txt", "x"); while (!existsSync("go")) await new Promise((r) => setTimeout(r, 20)); return 1; } });
export const opens = step({ name: "opens", inputs: { x: num }, output: num, run: ({ inputs }) => { if (!existsSync("open")) throw new Error("closed"); appendFileSync("opened.txt", "x"); return inputs.x; } });
export const slow = pipeline({ name: "slow", build: () => ({ x: opens({ x: counted() }) }) });
// each computes until the other one has begun
import { writeFileSync } from "node:fs";
const meet = (own, other) => { writeFileSync(own, ""); for (const end = Date.now() + 30_000; Date.now() < end;) if (existsSync(other)) return true; return false; };
export const left = step({ name: "left", cache: false, output: json(z.boolean()), run: () => meet("left.began", "right.began") });
export const right = step({ name: "right", cache: false, output: json(z.boolean()), run: () => meet("right.began", "left.began") });
export const both = pipeline({ name: "both", build: () => ({ left: left(), right: right() }) });
export const endless = step({ name: "endless", output: num, async run() { writeFileSync("endless.began", ""); await new Promise((r) => setTimeout(r, 600_000)); return 1; } });
export const forever = pipeline({ name: "forever", build: () => ({ x: endless() }) });
`,
  // a service that runs pipelines, and has better things to do than to end when one of them is stopped
  "server.mjs": `import { writeFileSync } from "node:fs";
import { forever } from "./pipeline.mjs";
await forever.run({}, { quiet: true, concurrency: 1 }).catch((e) => { writeFileSync("stopped.txt", e.code); });
setInterval(() => {}, 1000);
`,
  "stacks/two.yaml": "components:\n  artifact_store: { type: local, name: store }\n  orchestrator: { type: local, name: here, configuration: { concurrency: 2 } }\n",
};

let p: TestProject;
const children = new Set<ChildProcess>();
beforeAll(() => {
  p = testProject(FILES);
  p.write("stacks/other.yaml", `components:\n  artifact_store: { type: local, name: other, configuration: { path: ${join(p.dir, "other")} } }\n  orchestrator: { type: local, name: here }\n`);
});
afterAll(() => { for (const child of children) child.kill("SIGKILL"); p.close(); });

type Shown = { run: string; status: string; stack: { name: string }; steps: { step: string; status: string; attempt: number }[] };
const shown = async (id = "last") => jsonOf(await p.mlstack(["run", "show", id, "--json"])).data as Shown;
const preview = async (name: string) => JSON.parse((await p.mlstack(["artifact", "preview", name])).stdout) as unknown;
const lines = (file: string) => (existsSync(join(p.dir, file)) ? readFileSync(join(p.dir, file), "utf8").length : 0);

test("a step of which nobody can say that it would do the same again does not stay", async () => {
  p.remove("open");
  expect((await p.mlstack(["run", "pipeline.mjs#unknown"])).code).toBe(1);
  const { run } = await shown();
  p.write("config.json", '{ "n": 2 }');
  p.write("pipeline.mjs", FILES["pipeline.mjs"].replace(`make("made", 1)`, `make("made", 7)`));
  p.write("open", "");
  const { code, stderr } = await p.mlstack(["run", "resume", run]);
  p.write("pipeline.mjs", FILES["pipeline.mjs"]);
  expect(code, stderr).toBe(0);
  expect(stderr).not.toContain("had finished before");
  expect(await preview(`${run}/gate`)).toBe(27);
});

test("of two that go on with a run at once one does", async () => {
  p.remove("open");
  p.write("go", "");
  expect((await p.mlstack(["run", "pipeline.mjs#slow"])).code).toBe(1);
  const { run } = await shown();
  p.write("open", "");
  p.remove("go");
  const before = lines("counted.txt");
  let refused = 0;
  const all = [1, 2, 3].map(() => p.mlstack(["run", "resume", run, "--from", "counted"]).finally(() => refused++));
  // the one that does is held up until the others have ended
  expect(await until(() => refused === 2, 40)).toBe(true);
  p.write("go", "");
  const resumed = await Promise.all(all);
  expect(resumed.filter((o) => o.code === 0), resumed.map((o) => o.stderr).join("\n")).toHaveLength(1);
  for (const o of resumed) if (o.code !== 0) expect(o.stderr).toContain("MLS4009");
  expect([lines("counted.txt") - before, lines("opened.txt")]).toEqual([1, 1]);
  expect((await shown(run)).steps.map((s) => [s.step, s.status, s.attempt])).toEqual([["counted", "completed", 2], ["opens", "completed", 2]]);
});

test("goes on with the stack and the cache mode that the run had, whatever happens to be set", async () => {
  p.remove("open");
  const entries = () => (existsSync(join(p.dir, ".mlstack", "store", "ac")) ? readdirSync(join(p.dir, ".mlstack", "store", "ac"), { recursive: true }).length : 0);
  const before = entries();
  expect((await p.mlstack(["run", "pipeline.mjs#slow", "--no-cache"])).code).toBe(1);
  const { run } = await shown();
  p.write("open", "");
  expect((await p.mlstack(["run", "resume", run], { env: { MLSTACK_STACK: "other" } })).code).toBe(0);
  expect([(await shown(run)).stack.name, entries(), existsSync(join(p.dir, "other"))]).toEqual(["local", before, false]);
  expect((await p.mlstack(["run", "resume", run, "--stack", "other", "--from", "opens"])).code).toBe(0);
  expect((await shown(run)).stack.name).toBe("other");
});

test("a stack's file that says how many steps run side by side leaves them in worker processes", async () => {
  const { code, stderr } = await p.mlstack(["run", "pipeline.mjs#both", "--stack", "two"]);
  expect(code, stderr).toBe(0);
  expect([await preview("last/left"), await preview("last/right")]).toEqual([true, true]);
});

test("a run that is cancelled takes the process that drives it along only where that wants to", async () => {
  const server = spawn(process.execPath, ["server.mjs"], { cwd: p.dir, stdio: "ignore", env: cleanEnv() });
  children.add(server);
  expect(await until(() => existsSync(join(p.dir, "endless.began")), 60)).toBe(true);
  expect((await p.mlstack(["run", "cancel", "last"])).code).toBe(0);
  expect(await until(() => existsSync(join(p.dir, "stopped.txt")), 60)).toBe(true);
  expect([readFileSync(join(p.dir, "stopped.txt"), "utf8"), server.exitCode, server.signalCode]).toEqual(["MLS4003", null, null]);
  expect(await shown()).toMatchObject({ status: "cancelled" });
});
