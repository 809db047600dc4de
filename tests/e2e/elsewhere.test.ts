import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { processesOf, until } from "./testing/processes.ts";
import { jsonOf, testProject, type Outcome, type TestProject } from "./testing/project.ts";

const stack = (root: string, more = "") => `components:
  artifact_store: { type: local, name: shared, configuration: { path: ${root}/bucket } }
  orchestrator:
    type: process
    name: away
    configuration:
      concurrency: 2
      work_dir: ${root}/work
${more}  experiment_tracker: { type: local, name: tracker, configuration: { path: ${root}/tracking } }
`;

const FILES = {
  "package.json": JSON.stringify({ name: "project", private: true, type: "module", dependencies: { mlstack: "*", "@mlstack/plugin-process": "*", zod: "*", counter: "*" } }),
  "data/numbers.txt": "1\n2\n3\n",
  "settings/scale.txt": "10",
  "node_modules/counter/package.json": JSON.stringify({ name: "counter", version: "1.0.0", type: "module", exports: "./index.js" }),
  "node_modules/counter/index.js": "export const count = (text) => text.trim().split(\"\\n\").length;\n",
  "src/tools.ts": `import { count } from "counter";
enum Unit { One = 1 }
export const lines = (text: string): number => count(text) * Unit.One;
`,
  "src/pipeline.ts": `import { file, json, pipeline, step } from "mlstack";
import { z } from "zod";
import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { lines } from "./tools";
const Place = z.object({ cwd: z.string(), files: z.array(z.string()), env: z.string(), scale: z.number(), lines: z.number() });
export const look = step({ name: "look", params: { numbers: file() }, env: ["GREETING"], files: ["settings"], output: json(Place),
  async run({ params, tracker, log }) {
    log("looking around");
    tracker.logMetric("lines", 3);
    await tracker.logFile("notes/look.txt", "seen");
    return { cwd: resolve("."), files: readdirSync(String(".")), env: process.env["GREETING"] ?? "", scale: Number(readFileSync("settings/scale.txt", "utf8")), lines: lines(await readFile(await params.numbers.path(), "utf8")) };
  } });
export const double = step({ name: "double", inputs: { place: json(Place) }, output: json(z.number()), run: ({ inputs }) => inputs.place.lines * inputs.place.scale * 2 });
export const away = pipeline({ name: "away", params: { numbers: file().default("data/numbers.txt") }, build: (p) => { const place = look({ numbers: p.numbers }); return { place, double: double({ place }) }; } });

export const slow = step({ name: "slow", params: { ms: z.number() }, output: json(z.number()), async run({ params }) { for (let i = 0; i < 5; i++) { console.log("tick", i); await new Promise((r) => setTimeout(r, params.ms / 5)); } return 1; } });
export const after = step({ name: "after", inputs: { n: json(z.number()) }, output: json(z.number()), run: ({ inputs }) => inputs.n + 1 });
export const waiting = pipeline({ name: "waiting", params: { ms: z.number().default(2000) }, build: (p) => ({ x: after({ n: slow({ ms: p.ms }) }) }) });

export const endless = step({ name: "endless", timeoutMs: 4000, output: json(z.number()), run: () => { for (;;); } });
export const overdue = pipeline({ name: "overdue", build: () => ({ x: endless() }) });
export const breaks = step({ name: "breaks", inputs: { n: json(z.number()) }, output: json(z.number()), run: ({ inputs }) => { console.log("input", inputs.n); throw new TypeError("broken at line " + (inputs.n + 40)); } });
export const broken = pipeline({ name: "broken", build: () => ({ x: breaks({ n: after({ n: slow({ ms: 1 }) }) }) }) });
export const dies = step({ name: "dies", output: json(z.number()), run: () => { process.stderr.write("out of breath\\n"); process.abort(); } });
export const crash = pipeline({ name: "crash", build: () => ({ x: dies() }) });
`,
};

let p: TestProject;
beforeAll(() => {
  p = testProject(FILES);
  p.write("stacks/away.yaml", stack(p.dir));
  p.write("stacks/kept.yaml", stack(p.dir, "      keep_folders: true\n"));
});
afterAll(() => { p.close(); });
const run = (args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> => p.mlstack(["run", ...args], { env });
const preview = async (name: string) => JSON.parse((await p.mlstack(["artifact", "preview", name])).stdout) as unknown;
const workFolders = () => (existsSync(join(p.dir, "work")) ? readdirSync(join(p.dir, "work")) : []);
const lastRun = async () => jsonOf(await p.mlstack(["run", "show", "last", "--json"])).data;

describe("steps in processes that have nothing of the project", () => {
  test("run from the bundle in an empty folder, with declared data, files and environment", async () => {
    const { code, stderr } = await run(["src/pipeline.ts#away", "--stack", "away"], { GREETING: "hello" });
    expect(code, stderr).toBe(0);
    expect(stderr).toContain("look | looking around");
    const place = (await preview("last/look")) as { cwd: string; files: string[]; env: string; scale: number; lines: number };
    expect(place).toMatchObject({ env: "hello", scale: 10, lines: 3 });
    expect(place.cwd.startsWith(join(p.dir, "work"))).toBe(true);
    // the bundle's modules, the declared files, and what the orchestrator put there
    expect(place.files.toSorted()).toEqual([".mlstack", "_mlstack", "node_modules", "output.log", "package.json", "settings", "spec.json", "src"]);
    expect(await preview("last/double")).toBe(60);
    expect(workFolders()).toEqual([]);
    expect(readFileSync(join(p.dir, "tracking", (await lastRun())["run"] as string, "files", "notes", "look.txt"), "utf8")).toBe("seen");
    expect((await p.mlstack(["run", "logs", "last"])).stdout).toContain("looking around");
  });

  test("finished work is found from the local stack, and only what is needed is copied", async () => {
    const local = await run(["src/pipeline.ts#away", "--json"], { GREETING: "hello" });
    expect(jsonOf(local).data).toMatchObject({ status: "completed", steps: [{ step: "look", status: "cached" }, { step: "double", status: "cached" }], copied: [] });
    p.write("src/pipeline.ts", FILES["src/pipeline.ts"].replace("scale * 2", "scale * 3"));
    const edited = jsonOf(await run(["src/pipeline.ts#away", "--json"], { GREETING: "hello" })).data;
    p.write("src/pipeline.ts", FILES["src/pipeline.ts"]);
    expect(edited).toMatchObject({ steps: [{ status: "cached" }, { status: "completed" }], copied: [{ from: "shared (local)", artifacts: 1 }] });
    // back again: what was made here is a hit there
    p.write("src/pipeline.ts", FILES["src/pipeline.ts"].replace("scale * 2", "scale * 3"));
    expect(jsonOf(await run(["src/pipeline.ts#away", "--stack", "away", "--json"], { GREETING: "hello" })).data).toMatchObject({ steps: [{ status: "cached" }, { status: "cached" }] });
    p.write("src/pipeline.ts", FILES["src/pipeline.ts"]);
  });

  test("a package that differs from the plan fails the step", async () => {
    // a copy of the packages, in which one was edited: an image that was built from something else
    const other = testProject({ ...FILES, "node_modules/counter/index.js": "export const count = () => 1000;\n" });
    p.write("stacks/drift.yaml", stack(p.dir, `      packages_from: ${other.dir}\n`));
    const { code, stderr } = await run(["src/pipeline.ts#away", "--stack", "drift", "--refresh"], { GREETING: "hello" });
    expect([code, stderr]).toEqual([4, expect.stringMatching(/MLS4005 {2}the content of the packages differs from the plan: found counter@1\.0\.0 with other files, planned counter@1\.0\.0/)]);
    other.close();
  });

  test("another version of Node fails the step", async () => {
    // the plan says what it was compiled for; this one says something else
    const fake = await p.node(["--input-type=module", "-e", `
      import { findStack, openEngine } from "@mlstack/engine"; import { installSourceHooks } from "@mlstack/pipeline/compile"; installSourceHooks();
      const { away } = await import("./src/pipeline.ts");
      const version = process.versions.node; Object.defineProperty(process.versions, "node", { value: "99.1.0" });
      const engine = await openEngine({ stack: await findStack("away", process.cwd()) });
      const report = await engine.run(away, {}, { cache: "refresh" });
      console.log(report.status, report.error?.code, report.error?.message); await engine.close();`]);
    expect(fake.stdout, fake.stderr).toMatch(/^failed MLS4005 the runtime differs from the plan: found node\/\d+, planned node\/99/);
  });

  test("a timeout ends a step that computes for ever, and leaves no process", async () => {
    const { code, stderr } = await run(["src/pipeline.ts#overdue", "--stack", "away"]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("MLS4002")]);
    expect(processesOf(join(p.dir, "work"))).toEqual([]);
    expect(workFolders()).toEqual([]);
  });

  test("a process that dies is the failure of its step, with the last that it printed", async () => {
    const { code, stderr } = await run(["src/pipeline.ts#crash", "--stack", "away"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/MLS4008[^]*out of breath/);
  });

  test("a step that is not an exported constant is refused before anything runs", async () => {
    p.write("src/factory.ts", `import { json, pipeline, step } from "mlstack"; import { z } from "zod";
const make = (n: number) => step({ name: "made", output: json(z.number()), run: () => n });
export const one = make(1);
export const lost = pipeline({ name: "lost", build: () => ({ x: one() }) });`);
    const { code, stderr } = await run(["src/factory.ts", "--stack", "away"]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/MLS4011 {2}the step "made" can't run away from this process[^]*export const made = step/)]);
  });
});

describe("a client that leaves", () => {
  test("--detach starts the run; attach follows it to its end", async () => {
    const started = await run(["src/pipeline.ts#waiting", "--stack", "away", "--detach", "-p", "ms=3000"]);
    expect(started.code, started.stderr).toBe(0);
    const id = started.stdout.trim();
    expect(started.stderr).toContain(`mlstack run attach ${id}`);
    expect(jsonOf(await p.mlstack(["run", "list", "--limit", "1", "--json"])).data).toMatchObject([{ run: id, status: "running" }]);
    const attached = await p.mlstack(["run", "attach", id]);
    expect([attached.code, attached.stdout.trim()], attached.stderr).toEqual([0, id]);
    expect(attached.stderr).toContain("slow | tick 4");
    expect(await preview(`${id}/after`)).toBe(2);
    expect(await until(() => workFolders().length === 0)).toBe(true);
    // once more: it says how it ended
    expect((await p.mlstack(["run", "attach", id])).code).toBe(0);
  });

  test("a detached run can be stopped", async () => {
    const id = (await run(["src/pipeline.ts#waiting", "--stack", "away", "--detach", "-p", "ms=60000", "--refresh"])).stdout.trim();
    expect(await until(async () => ((jsonOf(await p.mlstack(["run", "show", id, "--json"])).data["steps"] as { status: string }[])[0]?.status === "running"))).toBe(true);
    expect((await p.mlstack(["run", "cancel", id])).code).toBe(0);
    const { code } = await p.mlstack(["run", "attach", id]);
    expect(code).toBe(130);
    expect(await until(() => processesOf(join(p.dir, "work")).length === 0 && workFolders().length === 0)).toBe(true);
  });

  test("the local stack can't be left", async () => {
    const { code, stderr } = await run(["src/pipeline.ts#waiting", "--detach"]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("MLS4004")]);
  });
});

describe("a failed step at the desk", () => {
  test("is restored with its code and inputs, and fails with the same error, the inspector open", async () => {
    const failed = await run(["src/pipeline.ts#broken", "--stack", "away"]);
    expect(failed.stderr).toContain("broken at line 42");
    const id = (await lastRun())["run"] as string;
    // what the project holds by now does not matter
    p.write("src/pipeline.ts", FILES["src/pipeline.ts"].replace("broken at line", "other"));
    const { code, stderr } = await p.mlstack(["debug", `${id}/breaks`, "--no-wait"]);
    p.write("src/pipeline.ts", FILES["src/pipeline.ts"]);
    expect(code).toBe(1);
    expect(stderr).toContain("Debugger listening on ws://127.0.0.1:");
    expect(stderr).toContain("input 2");
    expect(stderr).toMatch(/TypeError: broken at line 42\n {4}at run \(.*src\/pipeline\.ts:\d+:\d+\)/);
    expect(existsSync(join(p.dir, ".mlstack", "debug", `${id}-breaks`, "src", "pipeline.mjs"))).toBe(true);
  });

  test("waits for a debugger where it is not told otherwise", async () => {
    const id = (await lastRun())["run"] as string;
    const debug = p.mlstack(["debug", `${id}/breaks`, "--port", "0"]);
    expect((await debug).stderr).toContain("MLS7001");
    const socket = await p.node(["--input-type=module", "-e", `
      import { spawn } from "node:child_process";
      const child = spawn(process.execPath, [${JSON.stringify(join(p.dir, "node_modules/mlstack/bin/mlstack.js"))}, "debug", "${id}/breaks"], { stdio: ["ignore", "ignore", "pipe"] });
      let text = ""; let asked = false;
      child.stderr.setEncoding("utf8").on("data", (t) => { text += t; const url = /ws:\\S+/.exec(text)?.[0]; if (url === undefined || asked) return; asked = true;
        setTimeout(() => { console.log("still waiting", !text.includes("input 2")); const ws = new WebSocket(url); ws.onopen = () => { ws.send(JSON.stringify({ id: 1, method: "Runtime.enable" })); ws.send(JSON.stringify({ id: 2, method: "Runtime.runIfWaitingForDebugger" })); setTimeout(() => ws.close(), 3000); }; }, 1500); });
      child.once("exit", (code) => { console.log("exit", code, text.includes("broken at line 42")); process.exit(0); });`]);
    expect(socket.stdout).toBe("still waiting true\nexit 1 true\n");
  });
});

test("orchestrators' own commands say who they are for", async () => {
  const { code, stderr } = await p.mlstack(["step", "run", "nowhere.json"]);
  expect([code, stderr]).toEqual([2, expect.stringContaining("this command is run by orchestrators")]);
  writeFileSync(join(p.dir, "newer.json"), JSON.stringify({ version: 2 }));
  expect((await p.mlstack(["driver", "run", "newer.json"])).stderr).toContain("MLS1012");
  rmSync(join(p.dir, "newer.json"));
});
