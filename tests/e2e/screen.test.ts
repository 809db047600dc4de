import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { until } from "./testing/processes.ts";
import { BIN, jsonOf, testProject, type TestProject } from "./testing/project.ts";
import { onTerminal, type OnTerminal } from "./testing/pty.ts";

const LONG = "a_step_with_a_name_that_is_rather_long_and_goes_on_and_on";
let p: TestProject;
beforeAll(() => {
  p = testProject({
    "pipeline.mjs": `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
import { existsSync, writeFileSync } from "node:fs";
const num = json(z.number());
const go = async (signal, own) => { writeFileSync(own, ""); while (!existsSync(process.env.GO ?? "go")) { signal.throwIfAborted(); await new Promise((r) => setTimeout(r, 20)); } return 1; };
export const quick = step({ name: "quick", output: num, run: () => 1 });
export const waits = step({ name: "waits", inputs: { x: num }, output: num, cache: false, run: ({ signal }) => go(signal, "waits.began") });
export const ${LONG} = step({ name: "${LONG}", inputs: { x: num }, output: num, cache: false, run: ({ signal, log }) => { log("a line that is longer than a narrow terminal is wide, 日本語, ✓ and 🎉, so that it has to be broken"); return go(signal, "long.began"); } });
export const both = pipeline({ name: "both", build() { const x = quick(); return { a: waits({ x }), b: ${LONG}({ x }) }; } });
export const bar = step({ name: "bar", output: num, cache: false, run: () => { for (const n of [1, 50, 100]) process.stdout.write("\\r" + n + "%"); console.log("\\u001b[2J\\u001b[31mred\\u001b[H\\ttab"); return 1; } });
export const prints = pipeline({ name: "prints", build: () => ({ a: bar() }) });
export const away = step({ name: "away", output: num, cache: false, env: ["GO", "BEGAN"], run: ({ signal }) => go(signal, process.env.BEGAN) });
export const elsewhere = pipeline({ name: "elsewhere", build: () => ({ a: away() }) });
`,
  });
  p.write("stacks/away.yaml", `components:\n  artifact_store: { type: local, configuration: { path: ${join(p.dir, "store")} } }\n  orchestrator: { type: process }\n`);
  p.write("package.json", JSON.stringify({ name: "project", private: true, type: "module", dependencies: { mlstack: "*", zod: "*", "@mlstack/plugin-process": "*" } }));
});
afterAll(() => { p.close(); });
beforeEach(() => { for (const file of ["go", "waits.began", "long.began", "away.began"]) p.remove(file); });

const ESC = "\u001b";
const [BEGIN, END] = [`${ESC}[?2026h`, `${ESC}[?2026l`];
const env = (more: Record<string, string> = {}) => ({ ...Object.fromEntries(Object.entries(process.env).filter(([k]) => !/^(VITEST|NODE_OPTIONS|NODE_V8|MLSTACK|CI$|FORCE_COLOR|NO_COLOR)/.test(k))), ...more });
const start = (args: readonly string[], size = {}, more: Record<string, string> = {}): OnTerminal => onTerminal([process.execPath, BIN, ...args], p.dir, env(more), size);
const began = async (...files: string[]) => { expect(await until(() => files.every((f) => existsSync(join(p.dir, f))), 40)).toBe(true); };
const moving = (lines: readonly string[]) => lines.filter((line) => /^ {2}[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] /.test(line));
/** The screen once it shows so many steps that run. */
async function running(t: OnTerminal, n: number): Promise<readonly string[]> {
  let lines: readonly string[] = [];
  expect(await until(async () => moving(lines = await t.rendered()).length === n), lines.join("\n")).toBe(true);
  return lines;
}

describe.skipIf(process.platform === "win32")("what a person sees", () => {
  test("steps that run, each on one line, however narrow the terminal", async () => {
    for (const columns of [30, 60, 120]) {
      p.remove("go"); p.remove("waits.began"); p.remove("long.began");
      const t = start(["run", "pipeline.mjs#both", "--concurrency", "2"], { columns });
      await began("waits.began", "long.began");
      const lines = await running(t, 2);
      expect(moving(lines).every((line) => line.length < columns)).toBe(true);
      if (columns < 60) expect(lines.join("\n")).toMatch(/a_st\S*…\S*on /);
      p.write("go", "");
      const { code } = await t.ended;
      const end = await t.rendered();
      expect([code, moving(end)], end.join("\n")).toEqual([0, []]);
      // nothing is left of what moved, and nothing is lost of what was printed
      expect(end.filter((line) => /✓ (quick|waits|a_st)|= quick/.test(line))).toHaveLength(3);
      expect(end.join("")).toContain("日本語");
    }
  });

  test("every change of the moving part is one write between marks", async () => {
    const t = start(["run", "pipeline.mjs#both", "--concurrency", "2"]);
    await began("waits.began", "long.began");
    await running(t, 2);
    p.write("go", "");
    await t.ended;
    const raw = t.screen();
    const inside = raw.split(BEGIN).slice(1);
    expect(inside.length).toBeGreaterThan(3);
    // an erase outside of the marks is a flicker
    expect(raw.split(BEGIN).map((part, i) => (i === 0 ? part : part.slice(part.indexOf(END) + END.length))).join("")).not.toContain("\u001b[J");
    expect(raw.trimEnd().lastIndexOf("\u001b[?25h")).toBeGreaterThan(raw.lastIndexOf("\u001b[?25l"));
  });

  test("Ctrl-C: what it says stays, nothing that moved does", async () => {
    const t = start(["run", "pipeline.mjs#both", "--concurrency", "2"]);
    await began("waits.began", "long.began");
    await running(t, 2);
    t.type("\x03");
    const { code } = await t.ended;
    const lines = await t.rendered();
    expect(code, lines.join("\n")).toBe(130);
    const text = lines.join("\n");
    expect(text).toMatch(/^stopping; press Ctrl-C again to stop at once\nfinished steps are kept; go on later: mlstack run resume [0-9a-z]{16}$/m);
    expect(text).toMatch(/^cancelled in /m);
    expect(moving(lines)).toEqual([]);
  });

  test("what a step prints can't move the cursor or colour what follows; of a progress bar the last state is shown", async () => {
    const t = start(["run", "pipeline.mjs#prints"]);
    expect((await t.ended).code).toBe(0);
    const lines = await t.rendered();
    expect(lines.filter((l) => l.includes("bar |")).map((l) => l.trim())).toEqual(["bar | 1%", "bar | 50%", "bar | 100%", "bar | red    tab"]);
    expect(lines[0]).toMatch(/^\^C|^run /);
  });

  test("a step that runs elsewhere is shown while it runs", async () => {
    const t = start(["run", "pipeline.mjs#elsewhere", "--stack", "away"], {}, { GO: join(p.dir, "go"), BEGAN: join(p.dir, "away.began") });
    await began("away.began");
    expect(moving(await running(t, 1))[0]).toContain("away");
    p.write("go", "");
    expect((await t.ended).code).toBe(0);
  });

  test("Ctrl-C leaves a run that is followed, and says so", async () => {
    const { stdout, code, stderr } = await p.mlstack(["run", "pipeline.mjs#elsewhere", "--stack", "away", "--detach"], { env: { GO: join(p.dir, "go"), BEGAN: join(p.dir, "away.began") } });
    expect(code, stderr).toBe(0);
    const t = start(["run", "attach", "last"]);
    await t.shows("elsewhere");
    await began("away.began");
    t.type("\x03");
    const left = await t.ended;
    expect([left.code, (await t.rendered()).join("\n")]).toEqual([0, expect.stringContaining(`left; the run goes on: mlstack run attach ${stdout.trim()}`)]);
    p.write("go", "");
    expect((await p.mlstack(["run", "attach", stdout.trim()])).code).toBe(0);
    expect(jsonOf(await p.mlstack(["run", "show", stdout.trim(), "--json"])).data).toMatchObject({ status: "completed" });
  });

  test("--no-color, FORCE_COLOR=0 and CI are heeded", async () => {
    p.write("go", "");
    const raw = async (args: readonly string[], more: Record<string, string> = {}) => { const t = start(["run", "pipeline.mjs#prints", ...args], {}, more); await t.ended; return t.screen(); };
    const colored = new RegExp(`${ESC}\\[\\d+m`);
    expect(await raw([])).toMatch(colored);
    expect(await raw(["--no-color"])).not.toMatch(colored);
    expect(await raw([], { FORCE_COLOR: "0" })).not.toMatch(colored);
    expect(await raw([], { CI: "false" })).toContain("\u001b[?2026h");
    expect(await raw([], { CI: "true" })).not.toContain("\u001b[?2026h");
    expect(await raw(["--plain"])).not.toContain("\u001b[");
  });
});
