import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { groupSize, processesOf, until } from "./testing/processes.ts";
import { BIN, cleanEnv, jsonOf, testProject, type TestProject } from "./testing/project.ts";

const FILES = {
  "package.json": JSON.stringify({ name: "project", private: true, type: "module", dependencies: { mlstack: "*", "@mlstack/plugin-process": "*", zod: "*" } }),
  "pipeline.mjs": `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, readFileSync, readlinkSync, renameSync, writeFileSync } from "node:fs";
// not process.pid: what that says is not in the key, so such a step would not be the same work again
const ownPid = () => readlinkSync(["/proc", "self"].join("/"));
const note = (path) => { writeFileSync(path + ".tmp", String(process.pid)); renameSync(path + ".tmp", path); };
const Note = z.string().meta({ file: false });
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
// three processes: the step's, and two that it has started; the step waits
export const waits = step({ name: "waits", params: { note: Note }, output: json(z.number()), async run({ params }) {
  spawn("sleep", ["987"], { stdio: "ignore" });
  spawn("python3", ["-c", "import time; time.sleep(987)"], { stdio: "ignore" });
  note(params.note);
  await sleep(600_000);
  return 1;
} });
export const waiting = pipeline({ name: "waiting", params: { note: Note }, build: (p) => ({ x: waits({ note: p.note }) }) });
// the same, but it computes
export const spins = step({ name: "spins", params: { note: Note }, output: json(z.number()), run({ params }) { spawn("sleep", ["987"], { stdio: "ignore" }); note(params.note); for (;;); } });
export const spinning = pipeline({ name: "spinning", params: { note: Note }, build: (p) => ({ x: spins({ note: p.note }) }) });
export const hurries = step({ name: "hurries", timeoutMs: 4000, params: { note: Note }, output: json(z.number()), async run({ params }) { note(params.note); spawn("sleep", ["987"], { stdio: "ignore" }); await sleep(600_000); return 1; } });
export const hurrying = pipeline({ name: "hurrying", params: { note: Note }, build: (p) => ({ x: hurries({ note: p.note }) }) });
export const races = step({ name: "races", timeoutMs: 2000, params: { note: Note }, output: json(z.number()), run({ params }) { note(params.note); for (;;); } });
export const racing = pipeline({ name: "racing", params: { note: Note }, build: (p) => ({ x: races({ note: p.note }) }) });
// says whether another execution of it goes on
export const deploys = step({ name: "deploys", params: { dir: Note }, cache: false, output: json(z.string()), async run({ params }) {
  const alive = (pid) => { try { return readFileSync("/proc/" + pid + "/stat", "utf8").split(") ")[1][0] !== "Z"; } catch { return false; } };
  const log = params.dir + "/deploys.txt";
  const others = existsSync(log) ? readFileSync(log, "utf8").trim().split("\\n").map(Number).filter(alive) : [];
  appendFileSync(log, ownPid() + "\\n");
  for (let n = 0; n < 3000 && !existsSync(params.dir + "/go"); n++) await sleep(20);
  return others.length === 0 ? "alone" : "beside " + others.join();
} });
export const reads = step({ name: "reads", inputs: { x: json(z.string()) }, cache: false, output: json(z.string()), run: ({ inputs }) => inputs.x });
export const deploying = pipeline({ name: "deploying", params: { dir: Note }, build: (p) => ({ x: reads({ x: deploys({ dir: p.dir }) }) }) });
// a process that leaves the step's group and keeps its output open
export const daemon = step({ name: "daemon", cache: false, output: json(z.number()), run: () => { writeFileSync("daemon.pid", String(spawn("sleep", ["60"], { detached: true, stdio: "inherit" }).pid)); return 1; } });
export const leaving = pipeline({ name: "leaving", build: () => ({ x: daemon() }) });
export const holds = step({ name: "holds", timeoutMs: 1000, output: json(z.number()), run: () => { writeFileSync("daemon.pid", String(spawn("sleep", ["61"], { detached: true, stdio: "inherit" }).pid)); for (;;); } });
export const holding = pipeline({ name: "holding", build: () => ({ x: holds() }) });
`,
  "script.mjs": `import { waiting } from "./pipeline.mjs";
await waiting.run({ note: process.argv[2] }, { quiet: true, concurrency: 1 });
`,
};

let p: TestProject;
const drivers = new Set<ChildProcess>();
beforeAll(() => {
  p = testProject(FILES);
  const away = (silence: number) => `components:\n  artifact_store: { type: local, name: shared, configuration: { path: ${p.dir}/bucket } }\n  orchestrator: { type: process, name: away, configuration: { work_dir: ${p.dir}/work, driver_silence_ms: ${silence} } }\n`;
  p.write("stacks/away.yaml", away(90_000));
  p.write("stacks/nervous.yaml", away(6000));
});
afterAll(() => {
  for (const child of drivers) child.kill("SIGKILL");
  for (const { group } of processesOf(p.dir)) { try { process.kill(-group, "SIGKILL"); } catch { /* it has just ended */ } }
  p.close();
});

/** Starts a driver that a test ends as it likes. */
function start(...args: string[]): ChildProcess & { readonly ended: Promise<number | null> } {
  const child = spawn(process.execPath, args, { cwd: p.dir, stdio: "ignore", env: cleanEnv() });
  drivers.add(child);
  return Object.assign(child, { ended: new Promise<number | null>((done) => { child.once("exit", (code) => { drivers.delete(child); done(code); }); }) });
}
const run = (...args: string[]) => start(BIN, "run", ...args);
/** The process of a step that has written it down. */
async function stepIn(path: string): Promise<number> {
  expect(await until(() => existsSync(path), 60)).toBe(true);
  return Number(readFileSync(path, "utf8"));
}
const ends = (group: number, seconds?: number) => until(() => groupSize(group) === 0, seconds);
const lastRun = async () => jsonOf(await p.mlstack(["run", "show", "last", "--json"])).data as { run: string; status: string; steps: { step: string; status: string; attempt: number; error: { code: string } | null }[] };
const preview = async (name: string) => JSON.parse((await p.mlstack(["artifact", "preview", name])).stdout) as unknown;

describe.skipIf(process.platform === "win32")("a worker whose step waits, and has started processes", () => {
  test("ends with a driver that is killed", async () => {
    const driver = run("pipeline.mjs#waiting", "-p", "note=killed");
    const group = await stepIn(join(p.dir, "killed"));
    expect(await until(() => groupSize(group) === 3)).toBe(true);
    driver.kill("SIGKILL");
    expect(await ends(group)).toBe(true);
  });

  test("ends with a driver whose terminal is closed, which stops in order", async () => {
    const driver = run("pipeline.mjs#waiting", "-p", "note=hung-up");
    const group = await stepIn(join(p.dir, "hung-up"));
    driver.kill("SIGHUP");
    expect(await driver.ended).toBe(129);
    expect(await ends(group)).toBe(true);
    expect(await lastRun()).toMatchObject({ status: "cancelled" });
  });

  test("ends with a script that a signal ends", async () => {
    const driver = start("script.mjs", "script");
    const group = await stepIn(join(p.dir, "script"));
    driver.kill("SIGHUP");
    expect(await ends(group)).toBe(true);
  });
});

describe.skipIf(process.platform === "win32")("a process that has left the step's group, and holds its output", () => {
  const stray = () => { process.kill(Number(readFileSync(join(p.dir, "daemon.pid"), "utf8")), "SIGKILL"); };

  test("holds up neither the end of the run", async () => {
    expect((await p.mlstack(["run", "pipeline.mjs#leaving"])).code).toBe(0);
    stray();
  });

  test("nor a timeout", async () => {
    const { code, stderr } = await p.mlstack(["run", "pipeline.mjs#holding"]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("MLS4002")]);
    stray();
  });
});

describe.skipIf(process.platform === "win32")("a step elsewhere", () => {
  const away = (pipeline: string, note: string, stack = "away") => run(`pipeline.mjs#${pipeline}`, "--stack", stack, "-p", `note=${join(p.dir, note)}`);

  test("is ended by a second Ctrl-C, though it computes", async () => {
    const driver = away("spinning", "twice");
    const group = await stepIn(join(p.dir, "twice"));
    expect(groupSize(group)).toBe(2);
    driver.kill("SIGINT");
    // it has said that it stops, and the step does not
    expect(await until(async () => { driver.kill("SIGINT"); return driver.exitCode !== null; })).toBe(true);
    expect(await ends(group)).toBe(true);
  });

  test.each(["waiting", "spinning"])("ends by itself when its driver was killed: %s", async (pipeline) => {
    const driver = away(pipeline, `lost-${pipeline}`, "nervous");
    const group = await stepIn(join(p.dir, `lost-${pipeline}`));
    driver.kill("SIGKILL");
    expect(await ends(group, 60)).toBe(true);
  });

  test.each(["hurrying", "racing"])("ends at its timeout also without a driver: %s", async (pipeline) => {
    const driver = away(pipeline, `late-${pipeline}`);
    const group = await stepIn(join(p.dir, `late-${pipeline}`));
    driver.kill("SIGKILL");
    expect(await ends(group, 60)).toBe(true);
  });

  test("is ended before a resumed run starts it again", async () => {
    const dir = p.dir;
    const driver = run("pipeline.mjs#deploying", "--stack", "away", "-p", `dir=${dir}`);
    expect(await until(() => existsSync(join(dir, "deploys.txt")), 60)).toBe(true);
    driver.kill("SIGKILL");
    await driver.ended;
    const { run: id } = await lastRun();
    const resumed = p.mlstack(["run", "resume", id]);
    expect(await until(() => readFileSync(join(dir, "deploys.txt"), "utf8").trim().split("\n").length === 2, 60)).toBe(true);
    p.write("go", "");
    const { code, stderr } = await resumed;
    expect(code, stderr).toBe(0);
    expect(await preview(`${id}/reads`)).toBe("alone");
    expect(await lastRun()).toMatchObject({ steps: [{ step: "deploys", status: "completed", attempt: 2 }, { step: "reads", status: "completed" }] });
    p.remove("deploys.txt");
  });

  test("that has ended since its driver was killed is not run again", async () => {
    p.remove("go");
    const driver = run("pipeline.mjs#deploying", "--stack", "away", "-p", `dir=${p.dir}`);
    expect(await until(() => existsSync(join(p.dir, "deploys.txt")), 60)).toBe(true);
    driver.kill("SIGKILL");
    await driver.ended;
    const group = Number(readFileSync(join(p.dir, "deploys.txt"), "utf8"));
    p.write("go", "");
    expect(await ends(group)).toBe(true);
    const { run: id } = await lastRun();
    const { code, stderr } = await p.mlstack(["run", "resume", id]);
    expect([code, stderr], stderr).toEqual([0, expect.stringContaining("deploys  had finished before")]);
    expect(readFileSync(join(p.dir, "deploys.txt"), "utf8").trim().split("\n")).toHaveLength(1);
    expect(await preview(`${id}/reads`)).toBe("alone");
  });
});
