import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { groupSize, processesOf, until } from "./testing/processes.ts";
import { BIN, jsonOf, testProject, type TestProject } from "./testing/project.ts";
import { onTerminal } from "./testing/pty.ts";

const FILES = {
  "pipeline.mjs": `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, writeFileSync } from "node:fs";
import { factor } from "./factor.mjs";
export const first = step({ name: "first", output: json(z.number()), run: () => 1 });
// each computes until the other one has begun
const meet = (own, other) => { writeFileSync(own, ""); for (const end = Date.now() + 30_000; Date.now() < end;) if (existsSync(other)) return true; return false; };
export const left = step({ name: "left", inputs: { a: json(z.number()) }, output: json(z.boolean()), run: () => meet("left.began", "right.began") });
export const right = step({ name: "right", inputs: { a: json(z.number()) }, output: json(z.boolean()), run: () => meet("right.began", "left.began") });
export const both = pipeline({ name: "both", build() { const a = first(); return { left: left({ a }), right: right({ a }) }; } });

// a step that computes without end, and has started a process of its own
export const stuck = step({ name: "stuck", inputs: { a: json(z.number()) }, params: { note: z.string() }, timeoutMs: 60_000, output: json(z.number()), run: ({ params }) => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)", "helper-of-the-step", params.note]);
  writeFileSync(params.note, JSON.stringify({ pid: process.pid, child: child.pid }));
  for (;;);
} });
export const stubborn = pipeline({ name: "stubborn", params: { note: z.string().meta({ file: false }) }, build: (p) => ({ x: stuck({ a: first(), note: p.note }) }) });
export const late = step({ name: "late", timeoutMs: 500, output: json(z.number()), run: () => { for (;;); } });
export const overdue = pipeline({ name: "overdue", build: () => ({ x: late() }) });

export const dies = step({ name: "dies", output: json(z.number()), run: () => { console.error("about to die"); process.kill(process.pid, "SIGKILL"); return new Promise(() => {}); } });
export const crash = pipeline({ name: "crash", build: () => ({ x: dies() }) });

export const counted = step({ name: "counted", inputs: { a: json(z.number()) }, output: json(z.number()), run: ({ inputs }) => { appendFileSync("counted.txt", "x"); return inputs.a * factor; } });
export const waits = step({ name: "waits", inputs: { a: json(z.number()) }, params: { ms: z.number() }, cache: false, output: json(z.number()), run: async ({ inputs, params }) => { await new Promise((r) => setTimeout(r, params.ms)); return inputs.a + 1; } });
export const chained = pipeline({ name: "chained", params: { ms: z.number().default(60_000) }, build: (p) => ({ x: waits({ a: counted({ a: first() }), ms: p.ms }) }) });

// captured by nothing but the file descriptor
export const loud = step({ name: "loud", output: json(z.number()), run: () => { writeFileSync(1, "straight to the descriptor\\n"); console.log("by the console"); return 1; } });
export const noise = pipeline({ name: "noise", build: () => ({ x: loud() }) });
`,
  "factor.mjs": "export const factor = 3;\n",
  "script.mjs": `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
import { appendFileSync } from "node:fs";
appendFileSync("started.txt", "x");
export const one = step({ name: "one", output: json(z.number()), run: () => process.pid });
const both = pipeline({ name: "scripted", build: () => ({ x: one() }) });
const run = await both.run({}, { concurrency: 2, quiet: true });
console.log(JSON.stringify({ driver: process.pid, step: await run.outputs.x.load() }));
`,
};

let p: TestProject;
beforeAll(() => { p = testProject(FILES); });
afterAll(() => { p.close(); });
const env = () => Object.fromEntries(Object.entries(process.env).filter(([k]) => !/^(VITEST|NODE_OPTIONS|NODE_V8|MLSTACK|CI$|FORCE_COLOR)/.test(k)));
const run = (...args: string[]) => p.mlstack(["run", ...args]);

/** Both the worker and what it has started, once the step has written them down. */
async function stuckStep(note: string): Promise<{ pid: number; child: number }> {
  expect(await until(() => existsSync(join(p.dir, note)) && readFileSync(join(p.dir, note), "utf8") !== "")).toBe(true);
  return JSON.parse(readFileSync(join(p.dir, note), "utf8")) as { pid: number; child: number };
}

test("steps that compute run side by side", async () => {
  expect(jsonOf(await run("pipeline.mjs#both", "--concurrency", "2", "--json")).data).toMatchObject({ status: "completed" });
  for (const step of ["left", "right"]) expect((await p.mlstack(["artifact", "preview", `last/${step}`])).stdout.trim()).toBe("true");
});

test("a step that computes for ever is ended by its timeout, with what it has started", async () => {
  const { code, stderr } = await run("pipeline.mjs#overdue", "--concurrency", "1");
  expect([code, stderr]).toEqual([1, expect.stringContaining("MLS4002")]);
  expect(processesOf(p.dir)).toEqual([]);
});

test("a worker that dies is the failure of its step, and says what it printed last", async () => {
  const { code, stderr } = await run("pipeline.mjs#crash", "--concurrency", "1");
  expect(code).toBe(1);
  expect(stderr).toMatch(/MLS4008 {2}the step "dies" ended without a result: its process ended with a signal \(SIGKILL\)/);
  expect((await p.mlstack(["run", "logs", "last"])).stdout).toContain("about to die");
});

test("what a step prints past the console is logged, too", async () => {
  expect((await run("pipeline.mjs#noise", "--concurrency", "1")).code).toBe(0);
  const { stdout } = await p.mlstack(["run", "logs", "last"]);
  expect(stdout).toContain("straight to the descriptor");
  expect(stdout).toContain("by the console");
});

test("a script that runs its own pipeline at its top level is not run again by its workers", async () => {
  const { stdout, stderr } = await p.node(["script.mjs"]);
  const { driver, step } = JSON.parse(stdout || `{"stderr":${JSON.stringify(stderr)}}`) as { driver: number; step: number };
  expect(step).toBeGreaterThan(0);
  expect(step).not.toBe(driver);
  // the driver, and the worker up to the point at which it knows the step
  expect(readFileSync(join(p.dir, "started.txt"), "utf8")).toBe("xx");
});

describe.skipIf(process.platform === "win32")("on a terminal", () => {
  const start = (note: string) => onTerminal([process.execPath, BIN, "run", "pipeline.mjs#stubborn", "-p", `note=${note}`], p.dir, env());

  test("Ctrl-C ends a step that computes for ever, says how to go on, and leaves no process", async () => {
    const t = start("once.json");
    const { pid } = await stuckStep("once.json");
    expect(groupSize(pid)).toBe(2);
    // the live view moves although the step computes
    await t.shows(/stuck {2}\S*?1\.\d s[^]*stuck {2}\S*?[2-9]\.\d s/);
    t.type("\x03");
    const { code, stdout } = await t.ended;
    expect(stdout).toContain("stopping; press Ctrl-C again to stop at once");
    expect(stdout).toMatch(/mlstack run resume [0-9a-z]{16}/);
    expect(code).toBe(130);
    expect(await until(() => groupSize(pid) === 0)).toBe(true);
    expect(jsonOf(await p.mlstack(["run", "show", "last", "--json"])).data).toMatchObject({ status: "cancelled", steps: [{ step: "first" }, { step: "stuck", status: "cancelled" }] });
  });

  test("Ctrl-C twice stops at once, and leaves no process", async () => {
    const t = start("twice.json");
    const { pid } = await stuckStep("twice.json");
    t.type("\x03");
    await t.shows("stopping");
    t.type("\x03");
    expect((await t.ended).code).toBe(130);
    expect(await until(() => groupSize(pid) === 0)).toBe(true);
    expect(jsonOf(await p.mlstack(["run", "show", "last", "--json"])).data).toMatchObject({ status: "interrupted" });
  });
});

test("kill -9 of the driver leaves no process, and the run shows as interrupted", async () => {
  const child = spawn(process.execPath, [BIN, "run", "pipeline.mjs#stubborn", "-p", "note=killed.json"], { cwd: p.dir, stdio: "ignore", env: env() });
  const { pid } = await stuckStep("killed.json");
  expect(groupSize(pid)).toBe(2);
  child.kill("SIGKILL");
  expect(await until(() => groupSize(pid) === 0)).toBe(true);
  const { data } = jsonOf(await p.mlstack(["run", "list", "--status", "interrupted", "--limit", "1", "--json"]));
  expect(data).toMatchObject([{ pipeline: "stubborn", status: "interrupted" }]);
});

describe("run resume", () => {
  /** Starts the chain, and ends its driver while the second half of it waits. */
  async function interrupted(): Promise<string> {
    const child = spawn(process.execPath, [BIN, "run", "pipeline.mjs#chained"], { cwd: p.dir, stdio: "ignore", env: env() });
    await until(async () => (jsonOf(await p.mlstack(["run", "list", "--limit", "1", "--json"])).data as unknown as { pipeline: string }[])[0]?.pipeline === "chained" && (jsonOf(await p.mlstack(["run", "show", "last", "--json"])).data["steps"] as { status: string; step: string }[]).some((s) => s.step === "waits" && s.status === "running"));
    child.kill("SIGKILL");
    const { data } = jsonOf(await p.mlstack(["run", "show", "last", "--json"]));
    expect(data).toMatchObject({ status: "interrupted", steps: [{ step: "first" }, { step: "counted" }, { step: "waits", status: "interrupted" }] });
    return data["run"] as string;
  }
  const times = () => (existsSync(join(p.dir, "counted.txt")) ? readFileSync(join(p.dir, "counted.txt"), "utf8").length : 0);
  const quick = () => p.write("pipeline.mjs", FILES["pipeline.mjs"].replace("setTimeout(r, params.ms)", "setTimeout(r, 1)"));
  const restore = () => { p.write("pipeline.mjs", FILES["pipeline.mjs"]); p.write("factor.mjs", FILES["factor.mjs"]); };

  test("finishes a killed run under its own id, and does not repeat what had finished", async () => {
    const id = await interrupted();
    const before = times();
    quick();
    const { code, stdout, stderr } = await run("resume", id.slice(0, 12));
    restore();
    expect([code, stdout.trim()], stderr).toEqual([0, id]);
    expect(stderr).toMatch(/changed since the run was started:\n {2}waits {2}pipeline\.mjs: waits\n/);
    expect(stderr).toContain("counted  had finished before");
    expect(times()).toBe(before);
    expect(jsonOf(await p.mlstack(["run", "show", id, "--json"])).data).toMatchObject({ status: "completed", steps: [{ step: "first" }, { step: "counted" }, { step: "waits", status: "completed", attempt: 2 }] });
  });

  test("--from runs a step and what depends on it again; what changed is shown", async () => {
    quick();
    const id = jsonOf(await run("pipeline.mjs#chained", "--json")).data["run"] as string;
    const before = times();
    p.write("factor.mjs", "export const factor = 4;\n");
    const { code, stderr } = await run("resume", id, "--from", "counted");
    restore();
    expect(code, stderr).toBe(0);
    expect(stderr).toContain("counted  factor.mjs: factor");
    expect(times()).toBe(before + 1);
    expect((await p.mlstack(["artifact", "preview", `${id}/waits`])).stdout.trim()).toBe("5");
  });

  test("a step that changed since then is run again although it had finished", async () => {
    const id = await interrupted();
    p.write("factor.mjs", "export const factor = 10;\n");
    quick();
    const { code, stderr } = await run("resume", id);
    restore();
    expect(code, stderr).toBe(0);
    expect((await p.mlstack(["artifact", "preview", `${id}/waits`])).stdout.trim()).toBe("11");
  });

  test("a run that has completed, or is going on, is not resumed", async () => {
    const id = jsonOf(await run("pipeline.mjs#both", "--json")).data["run"] as string;
    expect((await run("resume", id)).stderr).toMatch(/MLS4010[^]*--from STEP/);
    const child = spawn(process.execPath, [BIN, "run", "pipeline.mjs#chained", "--refresh"], { cwd: p.dir, stdio: "ignore", env: env() });
    await until(async () => (jsonOf(await p.mlstack(["run", "list", "--limit", "1", "--json"])).data as unknown as { status: string }[])[0]?.status === "running");
    expect((await run("resume", "last")).stderr).toContain("MLS4009");
    const ended = new Promise((done) => { child.once("exit", done); });
    expect((await p.mlstack(["run", "cancel", "last"])).code).toBe(0);
    expect(await ended).toBe(130);
  });
});
