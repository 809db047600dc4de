import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { processesOf, until } from "./testing/processes.ts";
import { BIN, cleanEnv, jsonOf, testProject, type TestProject } from "./testing/project.ts";

const FILES = {
  "package.json": JSON.stringify({ name: "project", private: true, type: "module", dependencies: { mlstack: "*", zod: "*", counter: "*" } }),
  "settings.txt": "old",
  "node_modules/counter/package.json": JSON.stringify({ name: "counter", version: "1.0.0", type: "module", exports: "./index.js" }),
  "node_modules/counter/index.js": "export const count = () => 1;\n",
  "pipeline.mjs": `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { count } from "counter";
export const first = step({ name: "first", output: json(z.number()), run: () => { if (!existsSync("/proc/self/cwd/open")) throw new Error("first is closed"); return 1; } });
export const breaks = step({ name: "breaks", inputs: { x: json(z.number()) }, files: ["settings.txt"], env: ["MODE"], output: json(z.number()), run() { throw new Error(["v1", readFileSync("settings.txt", "utf8").slice(0, 5), process.env.MODE, count()].join(" ")); } });
export const broken = pipeline({ name: "broken", build: () => ({ x: breaks({ x: first() }) }) });
export const hangs = step({ name: "hangs", output: json(z.number()), async run() { writeFileSync("/proc/self/cwd/hangs.pid", String(process.pid)); await new Promise((r) => setTimeout(r, 600_000)); return 1; } });
export const hanging = pipeline({ name: "hanging", build: () => ({ x: hangs() }) });
`,
};

let p: TestProject;
beforeAll(() => { p = testProject(FILES); });
afterAll(() => { p.close(); });

test("a step is as it was when it was started, also in a resumed run; what is not is named", async () => {
  expect((await p.mlstack(["run", "pipeline.mjs#broken"], { env: { MODE: "a" } })).stderr).toContain("first is closed");
  const { run } = jsonOf(await p.mlstack(["run", "show", "last", "--json"])).data as { run: string };
  p.write("open", "");
  // the code, and so the plan, of the second part of the run is another
  p.write("pipeline.mjs", FILES["pipeline.mjs"].replace('"v1"', '"v2"'));
  expect((await p.mlstack(["run", "resume", run], { env: { MODE: "a" } })).stderr).toContain("v2 old a 1");
  const same = await p.mlstack(["debug", `${run}/breaks`, "--no-wait"], { env: { MODE: "a" } });
  expect(same.stderr).toContain("Error: v2 old a 1");
  expect(same.stderr).not.toContain("warning");

  p.write("pipeline.mjs", FILES["pipeline.mjs"].replace('"v1"', '"v3"'));
  p.write("settings.txt", "new");
  p.write("node_modules/counter/package.json", FILES["node_modules/counter/package.json"].replace("1.0.0", "2.0.0"));
  p.write("node_modules/counter/index.js", "export const count = () => 2;\n");
  const { stderr } = await p.mlstack(["debug", `${run}/breaks`, "--no-wait"], { env: { MODE: "b" } });
  expect(stderr).toContain("Error: v2 old b 2");
  expect(stderr).toContain("warning  the environment variable MODE has another value today");
  expect(stderr).toMatch(/warning {2}the packages in reach are not those of then: counter@2\.0\.0\S* instead of counter@1\.0\.0/);
  expect(stderr).not.toContain("settings.txt");
});

test("a declared file that was too large to be kept is today's, and that is said", async () => {
  p.write("settings.txt", Buffer.alloc(65 * 1024 * 1024, "x"));
  expect((await p.mlstack(["run", "pipeline.mjs#broken", "--json"], { env: { MODE: "a" } })).code).toBe(1);
  p.write("settings.txt", "small");
  const { stderr } = await p.mlstack(["debug", "last/breaks", "--no-wait"], { env: { MODE: "a" } });
  expect(stderr).toContain("warning  the declared file settings.txt was changed since, and only today's is there");
  expect(stderr).toContain("v3 small a 2");
});

test.skipIf(process.platform === "win32")("what ends the command ends the step", async () => {
  const failed = p.mlstack(["run", "pipeline.mjs#hanging"]);
  expect(await until(() => existsSync(join(p.dir, "hangs.pid")), 60)).toBe(true);
  process.kill(Number(readFileSync(join(p.dir, "hangs.pid"), "utf8")), "SIGKILL");
  await failed;
  for (const signal of ["SIGTERM", "SIGHUP"] as const) {
    const debug = spawn(process.execPath, [BIN, "debug", "last/hangs", "--no-wait"], { cwd: p.dir, stdio: "ignore", env: cleanEnv() });
    const ended = new Promise((done) => { debug.once("exit", done); });
    expect(await until(() => processesOf(p.dir).some(({ command }) => command.includes("step debug")), 60)).toBe(true);
    debug.kill(signal);
    await ended;
    expect(await until(() => processesOf(p.dir).length === 0)).toBe(true);
  }
});
