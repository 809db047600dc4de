import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { documentOf } from "./testing/documents.ts";
import { jsonOf, testProject, type TestProject } from "./testing/project.ts";

const SQUARES = `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
export const square = step({ name: "square", params: { n: z.number() }, output: json(z.number()), run: ({ params }) => params.n ** 2 });
export const squares = pipeline({ name: "squares", params: { n: z.number().default(2) }, build: (p) => ({ x: square({ n: p.n }) }) });
`;
let p: TestProject;
beforeAll(async () => {
  p = testProject({
    "squares.ts": SQUARES, "a#b/squares.ts": SQUARES, "sub/keep.txt": "",
    "chatty.mjs": `import { writeSync } from "node:fs";
import { json, pipeline, step } from "mlstack";
console.log("the module prints");
setInterval(() => console.log("a timer prints"), 1).unref();
export const s = step({ name: "s", output: json(), cache: false, run: () => { console.log("the step prints"); return 1; } });
export const chatty = pipeline({ name: "chatty", build: () => { process.stdout.write("build prints\\n"); return { s: s() }; } });
export const fails = step({ name: "fails", output: json(), run: () => { console.log("the step prints"); throw new RangeError("out of range"); } });
export const failing = pipeline({ name: "failing", build: () => ({ s: fails() }) });
`,
    "throws.ts": 'import { json } from "mlstack";\nconst config = JSON.parse("{oops");\nexport const x = [json, config];\n',
    "build-throws.ts": 'import { pipeline } from "mlstack";\nexport const p = pipeline({ name: "d", build: () => (undefined as unknown as () => void)() });\n',
    "typo-import.mjs": 'import { json, pipelin } from "mlstack";\nexport const p = pipelin({ name: "d", build: () => json });\n',
    "own-typo.mjs": 'import { one } from "./own.mjs";\nexport const p = one;\n', "own.mjs": "export const two = 2;\n",
    "params.ts": `import { dataset, json, pipeline, step } from "mlstack";
import { z } from "zod";
export const show = step({ name: "show", params: { s: z.string(), d: z.date(), n: z.number(), e: z.enum(["x", "y"]), b: z.bigint() }, output: json(), run: ({ params }) => [params.s, params.d.toISOString(), params.n, params.e, String(params.b)] });
export const shown = pipeline({ name: "shown", params: { s: z.string().default("s"), d: z.date().default(new Date(0)), n: z.number().default(1), e: z.enum(["x", "y"]).default("x"), b: z.bigint().default(0n), l: z.array(z.string()).default([]) }, build: ({ l: _, ...q }) => ({ x: show(q) }) });
export const read = step({ name: "read", params: { d: dataset() }, output: json(), run: async ({ params }) => { let text = ""; for await (const chunk of params.d.stream()) text += Buffer.from(chunk).toString(); return text; } });
export const reads = pipeline({ name: "reads", params: { d: dataset().default("data/x.csv") }, build: (q) => ({ x: read({ d: q.d }) }) });
`,
    "data/x.csv": "from data", "x.csv": "from the root",
  });
  expect((await p.mlstack(["run", "squares.ts"])).code).toBe(0);
}, 60_000);
afterAll(() => p.close());

describe("options stand before or after the words that they belong to", () => {
  it.each([
    [["run", "-p", "n=3", "squares.ts", "-q"]], [["run", "-q", "squares.ts", "-p", "n=3"]], [["-q", "run", "squares.ts", "-p", "n=3"]], [["run", "--stack", "local", "squares.ts", "-q"]], [["--stack", "local", "run", "squares.ts", "-q"]],
    [["run", "a#b/squares.ts", "-q"]], [["run", "a#b/squares.ts#squares", "-q"]], [["run", "squares.ts#squares", "-q"]], [["run", "--cwd", "sub", "../squares.ts", "-q"]], [["--cwd", "sub", "run", "../squares.ts", "-q"]],
  ])("%j", async (args) => {
    const { code, stdout, stderr } = await p.mlstack(args);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^[0-9a-z]{16}\n$/);
  });
  it.each([[["run", "--json", "list", "--limit", "1"]], [["--json", "run", "list", "--limit", "1"]], [["--cwd", "sub", "--json", "run", "list", "--limit", "1"]], [["run", "--cwd", "./sub", "list", "--json", "--limit", "1"]], [["--json", "run", "ls", "--limit", "1"]]])("%j", async (args) => {
    const outcome = await p.mlstack(args);
    expect(outcome.code, outcome.stderr).toBe(0);
    expect((documentOf("run-list", outcome)["data"] as unknown[])).toHaveLength(1);
  });
  test("--json before the file", async () => { expect(jsonOf(await p.mlstack(["run", "--json", "squares.ts"])).data).toMatchObject({ pipeline: "squares" }); });
});

const USAGE: readonly (readonly [args: readonly string[], says: RegExp, fix: string])[] = [
  [["run", "squares"], /there is no command mlstack run squares/, "mlstack run squares.ts"], [["run", "lst"], /there is no command mlstack run lst/, "mlstack run list"], [["rnu", "squares.ts"], /no command mlstack rnu/, "mlstack run"], [["squares.ts"], /no command mlstack squares\.ts/, "mlstack run squares.ts"],
  [["run", "squares.ts", "x"], /mlstack run takes one FILE, got "squares\.ts", "x"/, "mlstack run --help"], [["why", "a/b", "c"], /mlstack why takes one RUN\/STEP, got "a\/b", "c"/, "mlstack why --help"], [["run", "show"], /mlstack run show needs RUN/, "mlstack run show --help"],
  [["run"], /needs a FILE or a verb/, "mlstack run --help"], [["artifact"], /needs a verb: list, show or preview/, "mlstack artifact --help"], [["artifact", "shwo"], /no command mlstack artifact shwo/, "mlstack artifact show"],
  [["run", "list", "--limt", "3"], /has no option --limt/, "write --limit"], [["run", "list", "--limit", "0"], /--limit is "0": expected a whole number from 1/, "mlstack run list --help"], [["run", "squares.ts", "--param"], /--param needs a value/, "mlstack run --help"],
  [["run", "-p", "n=1", "list"], /--param is no option of mlstack run list/, "mlstack run list --help"], [["run", "squares.ts", "--no-cache", "--refresh"], /exclude each other/, "mlstack run --help"], [["run", "list", "--status", "faild"], /--status is "faild"/, "mlstack run list --status failed"],
  [["run", "list", "-x"], /has no option -x/, "mlstack run list --help"],
  [["help", "nonsense"], /there is no command mlstack nonsense/, "mlstack --help"], [["help", "run", "shwo"], /there is no command mlstack run shwo/, "mlstack run show"], [["help", "why", "x"], /there is no command mlstack why x/, "mlstack why --help"],
  [["integration", "instal", "gcp"], /no command mlstack integration instal\n {2}why {3}its verbs are list, search, info/, "mlstack integration install"], [["up"], /no command mlstack up\n {2}why {3}there is no server/, "mlstack doctor looks whether pipelines can run here"],
  [["component", "register", "x"], /component register needs --type <type>\n/, "mlstack component register --help"],
];
describe("a line that is not understood says what mends it, as text and as JSON", () => {
  it.each(USAGE)("%j", async (args, says, fix) => {
    const { code, stdout, stderr } = await p.mlstack(args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^error MLS7001 {2}/);
    expect(stderr).toMatch(says);
    expect(stderr.trimEnd().split("\n").at(-1)).toBe(`  fix   ${fix}`);
    const asJson = await p.mlstack([...args.slice(0, 1), "--json", ...args.slice(1)]);
    expect([asJson.code, asJson.stderr]).toEqual([2, ""]);
    expect(documentOf("error", asJson)["error"]).toMatchObject({ code: "MLS7001", fix, exitCode: 2 });
  });
  test("help on the verb of a noun is that of the verb", async () => {
    for (const words of [["run", "show"], ["stack", "ls"], ["why"]]) expect((await p.mlstack(["help", ...words])).stdout, words.join(" ")).toBe((await p.mlstack([...words, "--help"])).stdout);
  });
  test("help names no hidden command, no default that says nothing, and no alias", async () => {
    for (const args of [["--help"], ["run", "--help"], ["run", "list", "--help"], ["help", "artifact"], []]) {
      const { code, stdout, stderr } = await p.mlstack(args);
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).not.toMatch(/default: \[\]|run file|list\|ls|driver|step run/);
      expect(stdout).toContain("Options of every command:");
    }
  });
});

describe("stdout holds what was asked for, whatever the user's code prints", () => {
  it.each([[[]], [["--inline"]]])("%j", async (more) => {
    const { code, stdout, stderr } = await p.mlstack(["run", "chatty.mjs#chatty", ...more]);
    expect([code, stdout], stderr).toEqual([0, expect.stringMatching(/^[0-9a-z]{16}\n$/)]);
    for (const text of ["the module prints", "build prints", "s | the step prints"]) expect(stderr).toContain(text);
    documentOf("run", await p.mlstack(["run", "chatty.mjs#chatty", "--json", ...more]));
    const failed = await p.mlstack(["run", "chatty.mjs#failing", "--json", ...more]);
    expect(failed.code).toBe(1);
    expect(documentOf("run", failed)).toMatchObject({ error: { code: "MLS4001", message: 'the step "fails" failed: out of range' }, data: { status: "failed", error: { code: "MLS4001" }, steps: [{ step: "fails", error: { code: "MLS4001", name: "RangeError", message: "out of range", at: [expect.stringMatching(/^chatty\.mjs:7:\d+$/)] } }] } });
  });
  test("every command's document has its published schema", async () => {
    await p.mlstack(["run", "squares.ts", "--tag", "a"]);
    for (const [command, args] of [["run-list", ["run", "list"]], ["run-show", ["run", "show", "last"]], ["run-logs", ["run", "logs", "last"]], ["artifact-list", ["artifact", "list"]], ["artifact-show", ["artifact", "show", "last/square"]], ["artifact-preview", ["artifact", "preview", "last/square"]], ["why", ["why", "last/square"]]] as const) documentOf(command, await p.mlstack([...args, "--json"]));
    await p.mlstack(["run", "chatty.mjs#failing"]);
    expect(documentOf("run-show", await p.mlstack(["run", "show", "last", "--json"]))["data"]).toMatchObject({ error: { code: "MLS4001", fix: expect.stringMatching(/mlstack debug \S+\/fails$/) as string }, steps: [{ error: { code: "MLS4001", name: "RangeError" } }] });
    const { stdout } = await p.mlstack(["run", "show", "last"]);
    expect(stdout).toMatch(/error MLS4001 {2}the step "fails" failed: out of range\n {2}at {4}chatty\.mjs:7:\d+\n {2}fix {3}mlstack run logs/);
  });
  test("-v says what is used, and every reason", async () => {
    const { stderr } = await p.mlstack(["run", "chatty.mjs#chatty", "-v"]);
    expect(stderr).toMatch(/^stack local\n {2}artifact_store +local +local_artifact_store +@mlstack\/engine \d/m);
    const failed = await p.mlstack(["run", "chatty.mjs#failing", "-v"]);
    expect(failed.stderr).toMatch(/\n {2}from {2}RangeError: out of range\n {2}fix/);
    expect((await p.mlstack(["run", "chatty.mjs#failing"])).stderr).not.toContain("from  RangeError");
  });
  test("--plain has a record per line, with tabs between", async () => {
    const { stdout } = await p.mlstack(["run", "list", "--plain", "--limit", "2"]);
    const lines = stdout.trimEnd().split("\n").map((line) => line.split("\t"));
    expect(lines).toEqual([[expect.stringMatching(/^[0-9a-z]{16}$/), "", "failing", "failed", expect.stringMatching(/Z$/), expect.anything(), ""], expect.anything()]);
  });
});

describe("mistakes in a user's code are not called bugs of ours", () => {
  it.each([
    ["throws.ts", 1, /error MLS1015 {2}throws\.ts failed while it was loaded: SyntaxError: Expected property name[^]*\n {2}at {4}throws\.ts:2:21\n {2}fix {3}correct throws\.ts:2:21\n$/],
    ["build-throws.ts", 1, /error MLS1016 {2}the build function of the pipeline "d" failed: TypeError: [^]*\n {2}at {4}build-throws\.ts:2:\d+\n {2}fix/],
    ["typo-import.mjs", 2, /error MLS1017 {2}"mlstack" exports no pipelin\n[^]*fix {3}write pipeline\n$/],
    ["own-typo.mjs", 2, /error MLS1017 {2}"\.\/own\.mjs" exports no one\n[^]*own-typo\.mjs/],
    ["sqares.ts", 2, /error MLS7002[^]*fix {3}mlstack run squares\.ts\n$/],
  ])("%s", async (file, code, says) => {
    const outcome = await p.mlstack(["run", file]);
    expect([outcome.code, outcome.stderr]).toEqual([code, expect.stringMatching(says)]);
    expect(outcome.stderr).not.toMatch(/a bug in mlstack|node_modules|\n {4}at /);
  });
});

test("the place of a step's error is in the user's file, also where the step ran in a folder that is gone, and whatever the path holds", async () => {
  const folder = "sub (1) ünïcode #1%20";
  p.write(`${folder}/thrower.ts`, 'import { json, pipeline, step } from "mlstack";\nexport const bad = step({ name: "bad", output: json(), run: () => { throw new RangeError("no rows"); } });\nexport const t = pipeline({ name: "t", build: () => { bad(); } });\n');
  p.write("stacks/away.yaml", `components:\n  artifact_store: { type: local, configuration: { path: ${join(p.dir, "bucket")} } }\n  orchestrator: { type: process }\n`);
  p.write("package.json", JSON.stringify({ name: "project", private: true, type: "module", dependencies: { mlstack: "*", zod: "*", "@mlstack/plugin-process": "*" } }));
  for (const stack of ["local", "away"]) {
    const { code, stderr } = await p.mlstack(["run", `${folder}/thrower.ts`, "--stack", stack]);
    expect([code, /\n {2}at {4}(.*)\n/.exec(stderr)?.[1]], stderr).toEqual([1, expect.stringMatching(/^sub \(1\) ünïcode #1%20\/thrower\.ts:2:\d+$/)]);
    expect(stderr).toContain("no rows");
  }
});

describe("parameters on the command line", () => {
  const shown = async (...pairs: string[]) => {
    const { code, stderr } = await p.mlstack(["run", "params.ts#shown", ...pairs.flatMap((pair) => ["-p", pair])]);
    expect(code, stderr).toBe(0);
    return (jsonOf(await p.mlstack(["artifact", "preview", "last/show", "--json"])).data["preview"] as { text: string }).text;
  };
  test("quotes of a text stay; dates and whole numbers of any size are taken", async () => {
    expect(JSON.parse(await shown('s="q"', "d=2024-01-31", "b=12345678901234567890"))).toEqual(['"q"', "2024-01-31T00:00:00.000Z", 1, "x", "12345678901234567890"]);
  });
  it.each([["n=abc", "--param n=NUMBER"], ["e=z", "--param e=x|y"], ["d=soon", "--param d=YYYY-MM-DD"], ["b=x", "--param b=NUMBER"], ["l=[a]", "--param 'l=JSON', in quotes"], ["l=[1]", "--param 'l=JSON', in quotes"], ["nn=3", "--param n=VALUE"], ["n", "write --param n=VALUE"]])("%s: %s", async (pair, fix) => {
    const { code, stderr } = await p.mlstack(["run", "params.ts#shown", "-p", pair]);
    expect([code, stderr.trimEnd().split("\n").at(-1)], stderr).toEqual([2, `  fix   ${fix}`]);
  });
  test("a path is meant from the working folder; one in code from the project", async () => {
    const read = async (cwd: string, ...args: string[]) => {
      const { code, stderr } = await p.mlstack(["run", join(p.dir, "params.ts#reads"), "--cwd", cwd, ...args]);
      expect(code, stderr).toBe(0);
      expect((jsonOf(await p.mlstack(["run", "show", "last", "--json"])).data["params"] as { d: { uri: string } }).d.uri).not.toContain("..");
      return (jsonOf(await p.mlstack(["artifact", "preview", "last/read", "--json"])).data["preview"] as { text: string }).text;
    };
    expect(await read("data", "-p", "d=x.csv")).toContain("from data");
    expect(await read(".", "-p", "d=x.csv")).toContain("from the root");
    expect(await read("data", "-p", "d=../x.csv")).toContain("from the root");
    expect(await read("data")).toContain("from data");
  });
});

describe("a folder or a stack that is not there", () => {
  test("--cwd makes no project", async () => {
    for (const args of [["run", "list"], ["artifact", "list"], ["run", "show", "last"], ["why", "last/x"]]) {
      const { code, stderr } = await p.mlstack([...args, "--cwd", "typo"]);
      expect([code, stderr]).toEqual([2, expect.stringContaining("MLS7002")]);
    }
    expect(existsSync(join(p.dir, "typo"))).toBe(false);
  });
  test("a broken MLSTACK_STACK is no reason to show nothing", async () => {
    p.write("stacks/broken.yaml", "components: [\n");
    for (const name of ["broken", "nowhere"]) {
      for (const args of [["run", "list"], ["run", "show", "last"], ["artifact", "list"], ["run", "logs", "last"]]) expect((await p.mlstack(args, { env: { MLSTACK_STACK: name } })).code, args.join(" ")).toBe(0);
      expect((await p.mlstack(["run", "squares.ts"], { env: { MLSTACK_STACK: name } })).code).toBe(2);
    }
  });
  test("an empty list says why it is empty", async () => {
    expect((await p.mlstack(["run", "list", "--pipeline", "sqares"])).stderr).toBe('no run of the pipeline "sqares"; did you mean "squares"?\n');
    expect((await p.mlstack(["run", "list", "--status", "interrupted"])).stderr).toBe("no run that is interrupted\n");
  });
});
