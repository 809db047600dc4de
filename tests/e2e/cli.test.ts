import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BASE } from "./testing/edited-project.ts";
import { BIN, jsonOf, testProject, type TestProject } from "./testing/project.ts";

let p: TestProject;
beforeAll(async () => {
  p = testProject({
    ...BASE,
    "src/two.ts": `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
export const grow = step({ name: "grow", params: { depth: z.number().max(5).default(2), label: z.string().default("5"), flags: z.array(z.string()).default([]) }, output: json(), run: ({ params, tracker, log }) => { log("growing"); console.log("to stdout"); console.error("to stderr"); tracker.logMetric("depth", params.depth); return params; } });
export const one = pipeline({ name: "one", params: { depth: z.number().max(5).default(2), label: z.string().default("5"), flags: z.array(z.string()).default([]) }, build: (p) => ({ out: grow(p) }) });
export const other = pipeline({ name: "other", build: () => { grow({}); } });
`,
    "src/fails.ts": `import { json, pipeline, step } from "mlstack";
export const breaks = step({ name: "breaks", output: json(), run(): number { const rows = [1, 2]; throw new TypeError(\`no column in \${rows.length} rows\`); } });
export const after = step({ name: "after", inputs: { x: json() }, run() {} });
export const fails = pipeline({ name: "fails", build() { after({ x: breaks() }); } });
`,
    "src/top.ts": `import { readFileSync } from "node:fs";
import { json, pipeline, step } from "mlstack";
export const table = readFileSync(new URL("./no-such-table.csv", import.meta.url), "utf8");
export const use = step({ name: "use", output: json(), run: () => table });
export const top = pipeline({ name: "top", build: () => { use(); } });
`,
    "src/builds.ts": `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
import { pick } from "./lib/pick.ts";
export const use = step({ name: "use", params: { n: z.number() }, output: json(), run: ({ params }) => params.n });
export const builds = pipeline({ name: "builds", build: () => { use({ n: pick(undefined) }); } });
export const parses = pipeline({ name: "parses", params: { n: z.string().default("1,2").transform((s) => pick(s.split(";")[1])) }, build: (p) => { use(p); } });
export const throws = pipeline({ name: "throws", build: () => { throw "text"; } });
`,
    "src/lib/pick.ts": "export function pick(text: string | undefined): number {\n  return Number(text!.split(',')[0]);\n}\n",
    "src/none.ts": "export const nothing = 1;\n",
    "src/broken.ts": "export const x = ;\n",
    "src/lost.ts": "import { a } from './lib/indx';\nimport { pipeline } from 'mlstack';\nexport const p = pipeline({ name: 'p', build: () => a });\n",
    "src/wrong.mjs": `import { json, pipeline, step } from "mlstack";
export const a = step({ name: "a", output: json(), run: () => 1 });
export const b = step({ name: "b", inputs: { x: json() }, run() {} });
export const p = pipeline({ name: "p", build() { a(); b({ y: 1 }); } });
`,
  });
  expect((await p.mlstack(["run", "src/two.ts#one"])).code).toBe(0);
}, 60_000);
afterAll(() => p.close());
const json = async (...args: string[]) => { const o = await p.mlstack([...args, "--json"]); return { code: o.code, stderr: o.stderr, ...jsonOf(o) }; };

describe("data goes to stdout, everything else to stderr", () => {
  it("run prints the run's id alone", async () => {
    const { stdout, stderr, code } = await p.mlstack(["run", "src/two.ts#one"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^[0-9a-z]{16}\n$/);
    expect(stderr).toMatch(/= grow {2}cached: made .* ago|just now/);
    expect(stderr + stdout).not.toContain("\u001b");
  });
  it("lines that a step prints are shown with its name, and kept", async () => {
    const { stderr, stdout } = await p.mlstack(["run", "src/two.ts#one", "--param", "label=printed"]);
    for (const line of ["growing", "to stdout", "to stderr"]) expect(stderr).toContain(`grow | ${line}`);
    const logs = await json("run", "logs", stdout.trim(), "grow");
    expect((logs.data as unknown as { stream: string; text: string }[]).map((l) => [l.stream, l.text])).toEqual([["log", "growing"], ["stdout", "to stdout"], ["stderr", "to stderr"]]);
  });
  it("--json is one document and nothing else, also for an error", async () => {
    expect(await json("run", "src/two.ts#one")).toMatchObject({ code: 0, stderr: "", data: { status: "completed", pipeline: "one", error: null } });
    expect(await json("run", "show", "nope")).toMatchObject({ code: 2, stderr: "", error: { code: "MLS5003" } });
  });
});

describe("looking at what happened", () => {
  it("run list, run show, artifact list, show and preview agree", async () => {
    const [run] = (await json("run", "list", "--pipeline", "one", "--limit", "1")).data as unknown as { run: string; status: string }[];
    const shown = (await json("run", "show", run!.run.slice(0, 14))).data as unknown as { run: string; steps: { step: string; outputs: { digest: string }[] }[]; metrics: unknown[] };
    expect(shown).toMatchObject({ run: run!.run, steps: [{ step: "grow" }], metrics: [{ step: "grow", key: "depth", value: 2 }] });
    const artifact = (await json("artifact", "show", `${run!.run}/grow`)).data as unknown as { digest: string; present: boolean; files: { path: string }[] };
    expect(artifact).toMatchObject({ digest: shown.steps[0]!.outputs[0]!.digest, present: true, files: [{ path: "value.json" }] });
    expect((await json("artifact", "show", artifact.digest.slice(0, 12))).data).toMatchObject({ digest: artifact.digest });
    expect((await p.mlstack(["artifact", "preview", "last/grow"])).stdout).toContain('"depth": 2');
    expect(((await json("artifact", "list", "--run", run!.run)).data as unknown as unknown[])).toHaveLength(1);
  });
  it("why compares with the nearest earlier result", async () => {
    await p.mlstack(["run", "src/two.ts#one", "--param", "depth=4"]);
    const why = (await json("why", "last/grow")).data as unknown as { summary: string; changes: { part: string; before: string; after: string }[] };
    expect(why).toMatchObject({ summary: "ran because the parameter depth changed", changes: [{ part: "params.depth", before: "2", after: "4" }] });
  });
});

describe("parameters", () => {
  it.each([[["depth=3"], { depth: 3, label: "5", flags: [] }], [["label=7"], { depth: 2, label: "7", flags: [] }], [['flags=["a"]'], { depth: 2, label: "5", flags: ["a"] }], [["label="], { depth: 2, label: "", flags: [] }]])("%j", async (pairs, wanted) => {
    await p.mlstack(["run", "src/two.ts#one", ...pairs.flatMap((pair) => ["--param", pair])]);
    expect(((await json("run", "show", "last")).data as unknown as { params: unknown }).params).toEqual(wanted);
  });
});

describe("mistakes have a code, say what mends them, and print no stack", () => {
  it.each([
    [["run", "src/nothing-here.ts"], 2, "MLS7002"], [["run", "src/none.ts"], 2, "MLS1011"], [["run", "src/two.ts"], 2, "MLS1011"], [["run", "src/two.ts#onee"], 2, "MLS1011"],
    [["run", "src/broken.ts"], 2, "MLS1013"], [["run", "src/lost.ts"], 2, "MLS1014"], [["run", "src/wrong.mjs"], 2, "MLS1002"], [["run", "src/two.ts#one", "--param", "depth=9"], 2, "MLS1005"],
    [["run", "src/two.ts#one", "--param", "detph=3"], 2, "MLS1005"], [["run", "src/two.ts#one", "--param", "depth"], 2, "MLS7001"], [["run", "src/two.ts#one", "-p", "depth=1", "-p", "depth=2"], 2, "MLS7001"],
    [["run", "src/pipeline.ts", "--param", "rows=data/none.txt"], 2, "MLS3010"], [["why", "last"], 2, "MLS7001"], [["why", "last/gorw"], 2, "MLS5004"], [["artifact", "show", "last/grow.nope"], 2, "MLS5005"],
    [["artifact", "preview", "nonsense"], 2, "MLS7001"], [["run", "src/two.ts#one", "--cwd", "src/nowhere"], 2, "MLS7002"],
  ])("%j: exit %i, %s", async (args, code, wanted) => {
    const { code: found, stderr, stdout } = await p.mlstack(args);
    expect([found, /error (MLS\d+)/.exec(stderr)?.[1]]).toEqual([code, wanted]);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/\n {2}fix {3}\S.*\n$/);
    expect(stderr).not.toMatch(/^\s+at .*\d+:\d+\)?$/m);
    expect(stderr.trimEnd().split("\n").length, stderr).toBeLessThanOrEqual(8);
  });
  it("did you mean", async () => {
    expect((await p.mlstack(["run", "src/two.ts#onee"])).stderr).toContain("fix   mlstack run src/two.ts#one");
    expect((await p.mlstack(["run", "src/lost.ts"])).stderr).toContain("./lib/index");
    expect((await p.mlstack(["run", "src/broken.ts"])).stderr).toContain("src/broken.ts:1:18");
  });
  it("an unknown command or flag is a usage error", async () => {
    for (const args of [["rnu", "x.ts"], ["run", "list", "--bogus"], ["run", "list", "--limit", "0"], ["artifact"]]) expect([(await p.mlstack(args)).code, args]).toEqual([2, args]);
  });
  it.each([
    ["src/top.ts", "MLS1015", "no-such-table.csv", /at {4}.*src\/top\.ts:3:\d+/], ["src/builds.ts#builds", "MLS1016", 'the build function of the pipeline "builds" failed', /at {4}.*src\/lib\/pick\.ts:2:\d+\n.*src\/builds\.ts:5:\d+/],
    ["src/builds.ts#parses", "MLS1016", 'the schema of the parameter "n" of the pipeline "parses" failed', /at {4}.*src\/lib\/pick\.ts:2:\d+\n.*src\/builds\.ts:6:\d+/], ["src/builds.ts#throws", "MLS1016", "failed: \"text\"", /fix/],
  ])("the author's own code that fails before any step, %s, is shown with its place, and exits 1", async (target, wanted, message, place) => {
    const { code, stderr, stdout } = await p.mlstack(["run", target]);
    expect([code, /error (MLS\d+)/.exec(stderr)?.[1], stdout]).toEqual([1, wanted, ""]);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(place);
    expect(stderr).not.toMatch(/bug in mlstack|node_modules|packages\/|node:internal/);
  });
  it("a step's own error is shown with its place in the source, and exits 1", async () => {
    const { code, stderr } = await p.mlstack(["run", "src/fails.ts"]);
    expect(code).toBe(1);
    expect(stderr).toContain("no column in 2 rows");
    expect(stderr).toMatch(/at {4}.*src\/fails\.ts:2:\d+/);
    expect(stderr).toMatch(/- after {3}not started/);
    expect(stderr).not.toContain("node_modules");
  });
});

it("help shows examples first, and --version the version", async () => {
  expect((await p.mlstack(["--help"])).stdout).toMatch(/^Examples:\n {2}mlstack run /);
  expect((await p.mlstack(["run", "file", "--help"])).stdout).toContain("--param");
  expect((await p.mlstack(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

it.each([["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const)("%s stops the run, keeps what is finished, and exits %i", async (signal, exit) => {
  p.write("src/slow.mjs", `import { json, pipeline, step } from "mlstack";
export const quick = step({ name: "quick", output: json(), run: () => 1 });
export const slow = step({ name: "slow", inputs: { x: json() }, output: json(), run: ({ log }) => { log("has begun"); return new Promise((ok) => { setTimeout(() => ok(1), 60_000); }); } });
export const slowly = pipeline({ name: "slowly", build() { slow({ x: quick() }); } });
`);
  const child = spawn(process.execPath, [BIN, "run", "src/slow.mjs"], { cwd: p.dir, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  let isSent = false;
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    if (!isSent && stderr.includes("has begun")) { isSent = true; child.kill(signal); }
  });
  const code = await new Promise((done) => { child.once("exit", done); });
  expect(code, stderr).toBe(exit);
  expect(stderr).toContain("finished steps are kept");
  expect((await json("run", "show", "last")).data).toMatchObject({ status: "cancelled", steps: [{ step: "quick" }, { step: "slow", status: "cancelled" }] });
});

it("works from a folder below the project", async () => {
  mkdirSync(join(p.dir, "src", "deep"), { recursive: true });
  const { stdout } = await p.mlstack(["run", "list", "--cwd", "src/deep", "--json"]);
  expect((JSON.parse(stdout) as { data: unknown[] }).data.length).toBeGreaterThan(0);
});
