import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "./testing/processes.ts";
import { jsonOf, testProject, type TestProject } from "./testing/project.ts";

const FILES = {
  "pipeline.mjs": `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
export const patient = step({ name: "patient", timeoutMs: 2500, retry: { attempts: 2, delayMs: 1 }, output: json(z.number()), async run() { appendFileSync("patient.txt", "x"); await sleep(60_000); return 1; } });
export const innocent = step({ name: "innocent", output: json(z.number()), run: () => 2 });
export const timed = pipeline({ name: "timed", build: () => ({ a: patient(), b: innocent(), c: innocent({}, { id: "another" }) }) });

export const dirty = step({ name: "dirty", env: ["SECRET"], output: json(z.string()), run() { process.env.GREETING = "from dirty"; process.env.EXTRA = "x"; process.chdir("/"); return process.env.SECRET ?? "unset"; } });
export const reads = step({ name: "reads", inputs: { after: json(z.string()) }, env: ["GREETING"], output: json(z.array(z.string())), run: () => [process.env.GREETING ?? "unset", process.cwd()] });
export const peeks = step({ name: "peeks", inputs: { after: json(z.string()) }, cache: false, output: json(z.string()), run: () => (process.env["SEC" + "RET"] ?? "unset") + (process.env["EX" + "TRA"] ?? "") });
export const shared = pipeline({ name: "shared", build() { const d = dirty(); return { r: reads({ after: d }), p: peeks({ after: d }) }; } });

export const hold = step({ name: "hold", params: { n: z.number() }, output: json(z.number()), async run({ params }) { writeFileSync("holding", ""); while (!existsSync(String("go"))) await sleep(20); return params.n; } });
export const prompt = step({ name: "prompt", inputs: { n: json(z.number()) }, files: ["prompt.txt"], output: json(z.string()), run: () => readFileSync("prompt.txt", "utf8") });
export const prompted = pipeline({ name: "prompted", params: { n: z.number() }, build: (p) => ({ x: prompt({ n: hold({ n: p.n }) }) }) });

export const told = step({ name: "told", output: json(z.number()), async run() { process.kill(process.pid, "SIGTERM"); await sleep(60_000); return 1; } });
export const stopped = pipeline({ name: "stopped", build: () => ({ x: told() }) });
`,
  "versions.mjs": `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
import { existsSync } from "node:fs";
export const n = step({ name: "n", cache: false, output: json(z.string()), run: () => "v0" });
export const b = step({ name: "b", cache: false, inputs: { n: json(z.string()) }, output: json(z.string()), async run({ inputs }) { if (!existsSync("ready")) throw new Error("not ready"); return inputs.n; } });
export const both = pipeline({ name: "versions", build: () => ({ x: b({ n: n() }) }) });
`,
  "run.ts": `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
enum Answer { Yes = 42 }
export const answer = step({ name: "answer", output: json(z.number()), run: () => Answer.Yes });
const p = pipeline({ name: "script", build: () => ({ x: answer() }) });
console.log(await (await p.run({}, { concurrency: 1, quiet: true })).outputs.x.load());
`,
  "prompt.txt": "old",
  "stacks/near.yaml": "components:\n  artifact_store: { type: local, name: near }\n  orchestrator: { type: process, name: away }\n",
};

let p: TestProject;
beforeAll(() => {
  p = testProject({ ...FILES, "package.json": JSON.stringify({ name: "project", private: true, type: "module", dependencies: { mlstack: "*", "@mlstack/plugin-process": "*", zod: "*" } }) });
  p.write("stacks/away.yaml", `components:\n  artifact_store: { type: local, name: shared, configuration: { path: ${join(p.dir, "bucket")} } }\n  orchestrator: { type: process, name: away, configuration: { grace_ms: 3000 } }\n`);
});
afterAll(() => { p.close(); });
const run = (args: readonly string[], env: Record<string, string> = {}) => p.mlstack(["run", ...args], { env });
const preview = async (name: string) => JSON.parse((await p.mlstack(["artifact", "preview", name])).stdout) as unknown;
const steps = async () => Object.fromEntries((jsonOf(await p.mlstack(["run", "show", "last", "--json"])).data["steps"] as { step: string; status: string }[]).map((s) => [s.step, s.status]));

describe.each([["worker processes", ["--concurrency", "1"]], ["processes elsewhere", ["--stack", "away", "--concurrency", "1"]]] as const)("in %s", (_, where) => {
  test("a step that is told of its timeout and stops in order has failed, is tried again, and takes no other step with it", async () => {
    p.remove("patient.txt");
    const { code, stderr } = await run(["pipeline.mjs#timed", "--keep-going", ...where]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/MLS4002 {2}the step "patient" took longer than its timeout of 2500 ms/)]);
    if (where[0] === "--concurrency") expect(readFileSync(join(p.dir, "patient.txt"), "utf8")).toBe("xx");
    expect(await steps()).toEqual({ patient: "failed", innocent: expect.stringMatching(/completed|cached/), another: expect.stringMatching(/completed|cached/) });
  });

  test("no step sees what another one has changed in the process, nor variables that only another one declares", async () => {
    const { code, stderr } = await run(["pipeline.mjs#shared", ...where], { SECRET: "canary" });
    expect(code, stderr).toBe(0);
    const [greeting, cwd] = (await preview("last/reads")) as [string, string];
    expect([greeting, cwd === "/"]).toEqual(["unset", false]);
    // what is not declared is still what the driver's own environment has, where the process is one of this machine
    expect(await preview("last/peeks")).toBe(where[0] === "--stack" ? "unset" : "canary");
  });
});

test("a declared file that changes while the run is going on: its step keeps no result of it under the old key", async () => {
  for (const file of ["go", "holding"]) p.remove(file);
  const running = run(["pipeline.mjs#prompted", "-p", "n=1", "--json"]);
  expect(await until(() => existsSync(join(p.dir, "holding")))).toBe(true);
  p.write("prompt.txt", "new");
  p.write("go", "");
  expect(jsonOf(await running).data).toMatchObject({ status: "completed" });
  p.write("prompt.txt", FILES["prompt.txt"]);
  expect(jsonOf(await run(["pipeline.mjs#prompted", "-p", "n=1", "--json"])).data).toMatchObject({ steps: [{ status: "cached" }, { status: "completed" }] });
  expect(await preview("last/prompt")).toBe("old");
});

test("a process that somebody else tells to stop is the failure of its step", async () => {
  const { code, stderr } = await run(["pipeline.mjs#stopped", "--stack", "away"]);
  expect([code, stderr]).toEqual([1, expect.stringContaining("MLS4008")]);
});

test("a run that is resumed twice keeps nothing of code that was there two versions ago", async () => {
  expect((await run(["versions.mjs"])).code).toBe(1);
  p.write("versions.mjs", FILES["versions.mjs"].replace("v0", "v1").replace(`run: () => "v1"`, `run: () => { process.exit(9); }`));
  const id = jsonOf(await p.mlstack(["run", "show", "last", "--json"])).data["run"] as string;
  expect((await run(["resume", id])).code).toBe(1);
  p.write("versions.mjs", FILES["versions.mjs"].replace("v0", "v1"));
  p.write("ready", "");
  expect((await run(["resume", id])).code).toBe(0);
  expect(await preview(`${id}/b`)).toBe("v1");
});

test("workers of a script that was started with flags of Node run the step and not the script's flags", async () => {
  expect((await p.node(["--import", "mlstack/register", "run.ts"])).stdout).toBe("42\n");
  const evaluated = await p.node(["--import", "mlstack/register", "--input-type=module", "-e", `import "./run.ts";`]);
  expect(evaluated.stdout, evaluated.stderr).toBe("42\n");
});

test("a store in the project's own folder is refused for steps that do not see the project", async () => {
  const { code, stderr } = await run(["pipeline.mjs#timed", "--stack", "near"]);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/MLS4004[^]*keeps things in a folder of this project[^]*give it an absolute path/)]);
});

test("workers leave no folders behind", async () => {
  await run(["pipeline.mjs#shared", "--concurrency", "2", "--refresh"]);
  const scratch = join(p.dir, ".mlstack", "scratch");
  expect(await until(() => !existsSync(scratch) || readdirSync(scratch).length === 0)).toBe(true);
});
