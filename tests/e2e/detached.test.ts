import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { groupSize, processesOf, until } from "./testing/processes.ts";
import { jsonOf, testProject, type TestProject } from "./testing/project.ts";

const FILES = {
  "package.json": JSON.stringify({ name: "project", private: true, type: "module", dependencies: { mlstack: "*", "@mlstack/plugin-process": "*", zod: "*" } }),
  "pipeline.mjs": `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
import { existsSync, readlinkSync, renameSync, writeFileSync } from "node:fs";
// not process.pid: what that says is not in the key, so such a step would not be the same work again
const ownPid = () => readlinkSync(["/proc", "self"].join("/"));
const Note = z.string().meta({ file: false });
export const first = step({ name: "first", output: json(z.number()), run: ({ tracker }) => { tracker.logMetric("loss", 0.5); return 1; } });
export const holds = step({ name: "holds", inputs: { x: json(z.number()) }, params: { note: Note }, cache: false, output: json(z.number()), async run({ inputs, params }) {
  writeFileSync(params.note + ".tmp", ownPid()); renameSync(params.note + ".tmp", params.note);
  while (!existsSync(params.note + ".go")) await new Promise((r) => setTimeout(r, 20));
  return inputs.x;
} });
export const held = pipeline({ name: "held", params: { note: Note }, build: (p) => ({ x: holds({ x: first(), note: p.note }) }) });
`,
};

let p: TestProject;
beforeAll(() => {
  p = testProject(FILES);
  const stack = (more = "") => `components:\n  artifact_store: { type: local, name: shared, configuration: { path: ${p.dir}/bucket } }\n  orchestrator: { type: process, name: away, configuration: { work_dir: ${p.dir}/work } }\n${more}`;
  p.write("stacks/away.yaml", stack());
  p.write("stacks/tracked.yaml", stack("  experiment_tracker: { type: local, name: tracker }\n"));
  p.write("stacks/kept.yaml", stack(`  experiment_tracker: { type: local, name: tracker, configuration: { path: ${p.dir}/tracking } }\n`));
});
afterAll(() => {
  for (const { pid } of processesOf(p.dir)) { try { process.kill(pid, "SIGKILL"); } catch { /* it has just ended */ } }
  p.close();
});

const note = (name: string) => join(p.dir, name);
async function detach(name: string): Promise<{ id: string; driver: number; step: number }> {
  const { stdout, stderr } = await p.mlstack(["run", "pipeline.mjs#held", "--stack", "away", "--detach", "-p", `note=${note(name)}`]);
  const id = stdout.trim();
  expect(id, stderr).not.toBe("");
  expect(await until(() => existsSync(note(name)), 60)).toBe(true);
  const step = Number(readFileSync(note(name), "utf8"));
  const driver = processesOf(p.dir).find(({ command }) => command.includes("driver run"))!.pid;
  return { id, driver, step };
}
const status = async (id: string) => (jsonOf(await p.mlstack(["run", "show", id, "--json"])).data as { status: string }).status;
const gone = (pid: number) => until(() => groupSize(pid) === 0);

describe.skipIf(process.platform === "win32")("a detached driver that is killed", () => {
  test("is known to be dead at once, everywhere, and its run goes on without waiting", async () => {
    const { id, driver, step } = await detach("killed");
    expect(await status(id)).toBe("running");
    expect((await p.mlstack(["run", "resume", id])).stderr).toMatch(/MLS4009 {2}the run .* is still going on\n {2}why {3}its driver is elsewhere/);
    process.kill(driver, "SIGKILL");
    expect(await gone(driver)).toBe(true);
    expect(await status(id)).toBe("interrupted");
    expect(jsonOf(await p.mlstack(["run", "list", "--status", "running", "--json"])).data).toEqual([]);
    const attached = await p.mlstack(["run", "attach", id]);
    expect([attached.code, attached.stderr]).toEqual([2, expect.stringMatching(/MLS4010 {2}the driver of the run \w+ has died/)]);
    const cancelled = await p.mlstack(["run", "cancel", id]);
    expect([cancelled.code, cancelled.stderr]).toEqual([2, expect.stringMatching(/MLS4010 {2}the run \w+ is interrupted/)]);
    // its step goes on, and is ended before it is started again
    expect(groupSize(step)).toBeGreaterThan(0);
    p.write("killed.go", "");
    expect(await gone(step)).toBe(true);
    const resumed = await p.mlstack(["run", "resume", id]);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect(resumed.stderr).toContain("holds  had finished before");
    expect(resumed.stderr).not.toContain("waiting");
    expect(await status(id)).toBe("completed");
  });

  test("by somebody who goes on with its run at the same time as somebody else is taken over once", async () => {
    const { id, driver, step } = await detach("twice");
    process.kill(driver, "SIGKILL");
    expect(await gone(driver)).toBe(true);
    p.write("twice.go", "");
    expect(await gone(step)).toBe(true);
    const both = await Promise.all([p.mlstack(["run", "resume", id]), p.mlstack(["run", "resume", id])]);
    const won = both.filter((o) => o.code === 0);
    expect(won, both.map((o) => o.stderr).join("\n")).toHaveLength(1);
    expect(both.find((o) => o.code !== 0)!.stderr).toMatch(/MLS40(09|10)/);
  });
});

test("a detached driver that can't begin is quoted with what it printed last", async () => {
  // the step processes' own mlstack is broken, the client's is not
  p.write("broken/node_modules/mlstack/package.json", JSON.stringify({ name: "mlstack", version: "0.1.0" }));
  p.write("broken/node_modules/mlstack/bin/mlstack.js", `console.error("Cannot find module 'undici'"); process.exitCode = 3;`);
  p.write("stacks/broken.yaml", `components:\n  artifact_store: { type: local, name: shared, configuration: { path: ${p.dir}/bucket } }\n  orchestrator: { type: process, name: away, configuration: { work_dir: ${p.dir}/work, packages_from: ${p.dir}/broken } }\n`);
  const id = (await p.mlstack(["run", "pipeline.mjs#held", "--stack", "broken", "--detach", "-p", `note=${note("broken.note")}`])).stdout.trim();
  expect(await until(async () => (await status(id)) === "interrupted")).toBe(true);
  const { code, stderr } = await p.mlstack(["run", "attach", id]);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/MLS4010 {2}the driver of the run \w+ has died with exit code 3\n {2}why {3}the last that it printed: Cannot find module 'undici'/)]);
});

test.each([["--detach"], ["--quiet"]])("a tracker that keeps things in the project's folder is refused where the run would lose them: %s", async (flag) => {
  const { code, stderr } = await p.mlstack(["run", "pipeline.mjs#held", "--stack", "tracked", flag, "-p", "note=nowhere"]);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/MLS4004 {2}the experiment tracker "tracker" of the stack "tracked" keeps things in a folder of this project[^]*give it an absolute path/)]);
});

test("a client sees by itself how a detached run has ended, and lists of completed runs have it", async () => {
  p.write("seen.note.go", "");
  p.write("watch.mjs", `import { Client } from "mlstack";
const client = new Client();
const id = process.argv[2];
while ((await client.run(id)).status === "running") await new Promise((go) => setTimeout(go, 50));
const { status, steps } = await client.run(id);
console.log(JSON.stringify([status, await steps["holds"].outputs["output"].load(), (await client.runs({ status: "completed" })).some((r) => r.id === id), (await client.lastRun("held")).id === id]));
await client.close();
`);
  const detached = async (name: string) => (await p.mlstack(["run", "pipeline.mjs#held", "--stack", "away", "--detach", "-p", `note=${note(name)}`])).stdout.trim();
  const { stdout, stderr } = await p.node(["watch.mjs", await detached("seen.note")]);
  expect(stdout.trim(), stderr).toBe('["completed",1,true,true]');
  const other = await detached("seen.note");
  expect(await until(async () => (jsonOf(await p.mlstack(["run", "list", "--status", "completed", "--json"])).data as unknown as { run: string }[]).some((r) => r.run === other), 60)).toBe(true);
});

test("stack verify tells of such a tracker before any run", async () => {
  const verified = await p.mlstack(["stack", "verify", "tracked"]);
  expect([verified.code, verified.stderr]).toEqual([1, expect.stringMatching(/MLS4021[^]*does not work as it is: tracker\n {2}why {3}the experiment tracker "tracker"[^]*\n {2}fix {3}give it an absolute path/)]);
  expect((await p.mlstack(["stack", "verify", "kept"])).code).toBe(0);
});

test("one with a folder of its own keeps what a detached run logs", async () => {
  p.write("kept.note.go", "");
  const before = readdirSync(join(p.dir, "work")).length;
  const id = (await p.mlstack(["run", "pipeline.mjs#held", "--stack", "kept", "--detach", "-p", `note=${note("kept.note")}`])).stdout.trim();
  expect(await p.mlstack(["run", "attach", id])).toMatchObject({ code: 0, stderr: expect.stringMatching(/\ncompleted in [\d.]+ \w+\n$/) as string });
  expect(readFileSync(join(p.dir, "tracking", id, "events.jsonl"), "utf8")).toContain("loss");
  expect(await until(() => readdirSync(join(p.dir, "work")).length === before)).toBe(true);
});
