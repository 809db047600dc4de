import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { documentOf } from "./testing/documents.ts";
import { jsonOf, testProject, type Outcome, type TestProject } from "./testing/project.ts";

const STEPS = `import { json, step } from "mlstack";
import { z } from "zod";
export const sample = step({ name: "sample", params: { n: z.number().default(3) }, output: json(z.number()), run: ({ params }) => params.n });
export const twice = step({ name: "twice", inputs: { x: json(z.number()) }, output: json(z.number()), run: ({ inputs }) => inputs.x * 2 });
`;
const PIPELINE = `import { pipeline } from "mlstack";
import { z } from "zod";
import { sample, twice } from "./steps";
export const p = pipeline({ name: "p", params: { n: z.number().default(3), day: z.date().optional() }, build: (p) => ({ y: twice({ x: sample({ n: p.n }) }) }) });
`;
const FILES = {
  "package.json": JSON.stringify({ name: "project", private: true, type: "module", dependencies: { mlstack: "*", zod: "*", "@mlstack/plugin-process": "*" } }),
  "src/steps.ts": STEPS, "src/p.ts": PIPELINE,
  "src/hooked.ts": `import { pipeline } from "mlstack";
import { sample } from "./steps";
const says = (text: string) => console.log("[hook]", text);
export const hooked = pipeline({ name: "hooked", runName: "hooked-{n}", schedule: { everyMs: 5_400_000 }, tags: ["of-pipeline"], hooks: { onStart: ({ run }) => says("start " + run.name), onSuccess: () => { throw new Error("nobody listens"); } }, build() { sample(); } });
`,
};

let p: TestProject;
beforeAll(() => {
  p = testProject(FILES);
  p.write("stacks/away.yaml", `components:\n  artifact_store: { type: local, configuration: { path: ${JSON.stringify(join(p.dir, "bucket"))} } }\n  orchestrator: { type: process }\n`);
});
afterAll(() => p.close());
const statuses = (o: Outcome) => Object.fromEntries((jsonOf(o).data["steps"] as { step: string; status: string }[]).map((s) => [s.step, s.status]));
const run = (...args: string[]) => p.mlstack(["run", "src/p.ts", ...args, "--json"]);
const error = (o: Outcome) => { const { code, message, fix } = (JSON.parse(o.stdout) as { error: { code: string; message: string; fix?: string } }).error; return [o.code, code, message, fix]; };

describe("no key changes", () => {
  const CACHED = { sample: "cached", twice: "cached" };
  beforeAll(async () => { expect((await run()).code).toBe(0); });
  const edits: readonly [string, Record<string, string>, string[]][] = [
    ["by hooks, tags, retries and a name in the definitions", { "src/steps.ts": STEPS.replace(`name: "sample",`, `name: "sample_2", tags: ["a"], retry: { attempts: 3 }, hooks: { onSuccess: ({ node }) => console.error(node), onFailure: told },`).replace("export const sample", "const told = () => undefined;\nexport const sample") }, []],
    ["by with, options of a call, and what the pipeline declares", { "src/p.ts": PIPELINE.replace("twice({ x: sample({ n: p.n }) })", `twice.with({ timeoutMs: 60_000 })({ x: sample({ n: p.n }, { retry: { attempts: 2 }, tags: ["b"], id: "sample" }) }, { resources: { cpu: 1 } })`).replace(`name: "p",`, `name: "p", tags: ["c"], runName: "{n}", schedule: { cron: "0 6 * * *" }, hooks: { onSuccess: () => undefined },`) }, []],
    ["by flags", {}, ["--name", "by-flag", "--tag", "d"]],
    ["by a configuration file", { "run.yaml": "name: from-file\ntags: [e]\nsteps: { sample: { retry: { attempts: 4 }, timeout_ms: 9000, resources: { cpu: 1 }, settings: { x: { y: 1 } }, tags: [f] } }\n" }, ["--config", "run.yaml"]],
  ];
  test.each(edits)("%s", async (_, files, flags) => {
    for (const [path, text] of Object.entries(files)) p.write(path, text);
    try {
      for (const mode of [[], ["--inline"]]) {
        const o = await run(...flags, ...mode);
        expect([Object.values(statuses(o)), o.stderr]).toEqual([Object.values(CACHED), expect.any(String)]);
      }
    } finally { p.write("src/steps.ts", STEPS); p.write("src/p.ts", PIPELINE); }
  });

  test("but by a parameter, wherever it is said", async () => {
    p.write("n.yaml", "params: { n: 4 }\n");
    expect(statuses(await run("--config", "n.yaml"))).toEqual({ sample: "completed", twice: "completed" });
    expect(statuses(await run("-p", "n=4"))).toEqual({ sample: "cached", twice: "cached" });
  });
});

describe("a configuration", () => {
  const shown = async () => documentOf("run-show", await p.mlstack(["run", "show", "last", "--json"]))["data"] as { name: string; tags: string[]; params: { n: number; day?: unknown }; stack: { name: string }; steps: { step: string; tags: string[] }[] };

  test("says parameters, options, stack, tags and name; flags win, tags are added up", async () => {
    p.write("all.yaml", 'name: "file-{params.n}"\nstack: away\ntags: [file]\nparams: { n: 5, day: 2026-11-24 }\nsteps: { twice: { tags: [slow] } }\n');
    const o = await run("--config", "all.yaml");
    expect(documentOf("run", o)["data"]).toMatchObject({ name: "file-5", status: "completed" });
    expect(await shown()).toMatchObject({ name: "file-5", tags: ["file"], params: { n: 5, day: { $mlstack: "Date", value: "2026-11-24T00:00:00.000Z" } }, stack: { name: "away" }, steps: [{ step: "sample", tags: [] }, { step: "twice", tags: ["slow"] }] });
    await run("--config", "all.yaml", "--name", "flag", "-p", "n=6", "--tag", "flag", "--stack", "local");
    expect(await shown()).toMatchObject({ name: "flag", tags: ["file", "flag"], params: { n: 6 }, stack: { name: "local" } });
    // the file wins over the environment, a flag over the file
    await p.mlstack(["run", "src/p.ts", "--config", "all.yaml", "--json"], { env: { MLSTACK_STACK: "nowhere" } });
    expect((await shown()).stack.name).toBe("away");
  });

  test("serves a script, where arguments and options win over it", async () => {
    p.write("script.ts", `import { p } from "./src/p.ts";
const a = await p.run({}, { config: "all.yaml", quiet: true, stack: "local" });
const b = await p.run({ n: 9 }, { config: "all.yaml", quiet: true, stack: "local", name: "script", tags: ["script"] });
const c = await p.run({ n: 8 }, { config: { name: "object", steps: { sample: { cache: false } } }, quiet: true });
console.log(JSON.stringify([a, b, c].map((r) => [r.name, r.params.n, r.tags])), c.steps.sample.status);
await p.run({}, { config: "wrong.yaml", quiet: true }).catch((e) => console.log(e.code, e.message));
`);
    p.write("wrong.yaml", "params:\n  m: 1\n");
    const o = await p.node(["--import", "mlstack/register", "script.ts"]);
    expect(o.stdout).toBe('[["file-5",5,["file"]],["script",9,["file","script"]],["object",8,[]]] completed\nMLS7004 wrong.yaml:2:3: the pipeline "p" has no parameter "m"\n');
  });

  test.each<[string, string, string, string | undefined]>([
    ["params:\n  m: 1\n", "MLS7004", 'wrong.yaml:2:3: the pipeline "p" has no parameter "m"', undefined],
    ["params:\n  n: many\n", "MLS7004", 'wrong.yaml:2:3: the parameter "n" of the pipeline "p" is "many": Invalid input: expected number, received string', "correct line 2 of wrong.yaml"],
    ["steps:\n  smaple: {}\n", "MLS7004", 'wrong.yaml:2:3: the pipeline "p" calls no step "smaple"', "write sample"],
    ["name: a/b\n", "MLS4030", `the run's name "a/b" can't be used`, 'write it like "{date}-{n}"'],
    ["stack: nowhere\n", "MLS7003", 'there is no stack "nowhere"', undefined],
  ])("that is wrong is refused with its place: %j", async (text, code, message, fix) => {
    p.write("wrong.yaml", text);
    const found = error(await run("--config", "wrong.yaml"));
    expect(found.slice(0, 3)).toEqual([2, code, message]);
    if (fix !== undefined) expect(found[3]).toBe(fix);
  });

  test("names data from the project's root, wherever it is read from; the file itself from the working folder", async () => {
    p.write("conf/rows.yaml", "params: { rows: data/rows.txt }\n");
    p.write("data/rows.txt", "abc");
    p.write("conf/data/rows.txt", "not this one");
    p.write("src/rows.ts", `import { file, json, pipeline, step } from "mlstack";
import { z } from "zod";
export const size = step({ name: "size", params: { rows: file() }, output: json(z.number()), run: ({ params }) => params.rows.size });
export const rows = pipeline({ name: "rows", params: { rows: file() }, build: (p) => ({ size: size({ rows: p.rows }) }) });
`);
    expect((await p.mlstack(["run", "../src/rows.ts", "--config", "rows.yaml", "--cwd", join(p.dir, "conf")])).code).toBe(0);
    expect((await p.mlstack(["artifact", "preview", "last/size"])).stdout.trim()).toBe("3");
  });

  test("that is not there is refused before anything runs", async () => {
    expect(error(await run("--config", "none.yaml"))).toEqual([2, "MLS7002", 'there is no file "none.yaml"', "name a YAML file"]);
  });
});

describe("hooks, schedules, names and tags on the command line", () => {
  test("hooks run where the driver is; stdout stays the data's; one that throws is a warning", async () => {
    const o = await p.mlstack(["run", "src/hooked.ts"]);
    expect([o.code, o.stdout.trim()]).toEqual([0, expect.stringMatching(/^[0-9a-z]{16}$/)]);
    expect(o.stderr).toContain("[hook] start hooked-1");
    expect(o.stderr).toContain("warning  the hook onSuccess failed: nobody listens");
    const away = jsonOf(await p.mlstack(["run", "src/hooked.ts", "--stack", "away", "--refresh", "--json"])) as unknown as { warnings: string[] };
    expect(away.warnings).toEqual(["the hook onSuccess failed: nobody listens"]);
  });

  test("a detached run says that nobody calls them", async () => {
    const o = await p.mlstack(["run", "src/hooked.ts", "--stack", "away", "--detach", "--json"]);
    expect(documentOf("run-detach", o)).toMatchObject({ data: { name: "hooked-3" }, warnings: ["hooks of the pipeline are not called: the run's driver has none of the project's code"] });
    expect((await p.mlstack(["run", "attach", "hooked-3", "--json"])).code).toBe(0);
    expect(documentOf("run-show", await p.mlstack(["run", "show", "hooked-3", "--json"]))["data"]).toMatchObject({ name: "hooked-3", schedule: { everyMs: 5_400_000 }, tags: ["of-pipeline"], warnings: [] });
  });

  test("the local orchestrator refuses a schedule, with the way out, and records nothing", async () => {
    const before = (jsonOf(await p.mlstack(["run", "list", "--json"])).data as unknown as unknown[]).length;
    expect(error(await p.mlstack(["run", "src/hooked.ts", "--schedule", "--json"]))).toEqual([2, "MLS4031", `the orchestrator "local" of the stack "local" can't start runs by a schedule`, `let a timer of yours run it: cd ${p.dir} && npx mlstack run src/hooked.ts`]);
    expect(error(await run("--schedule"))).toEqual([2, "MLS4010", 'the pipeline "p" declares no schedule', expect.stringContaining("add schedule:")]);
    expect((jsonOf(await p.mlstack(["run", "list", "--json"])).data as unknown as unknown[]).length).toBe(before);
  });

  test("names are shown and found, tags filter", async () => {
    const listed = documentOf("run-list", await p.mlstack(["run", "list", "--tag", "of-pipeline", "--json"]))["data"] as { name: string }[];
    expect(listed.map((r) => r.name)).toEqual(["hooked-3", "hooked-2", "hooked-1"]);
    const { stdout } = await p.mlstack(["run", "list", "--tag", "of-pipeline"]);
    expect(stdout.split("\n")[0]).toMatch(/^RUN +NAME +PIPELINE/);
    expect((await p.mlstack(["run", "list", "--tag", "nobody's"])).stderr).toContain(`no run with the tag "nobody's"`);
    expect((await p.mlstack(["artifact", "preview", "hooked-1/sample"])).stdout.trim()).toBe("3");
    const made = documentOf("artifact-list", await p.mlstack(["artifact", "list", "--tag", "slow", "--json"]))["data"] as { artifact: string; tags: string[] }[];
    expect(made.length).toBeGreaterThan(0);
    expect(made.every((a) => a.artifact.endsWith("twice.output") && a.tags.includes("slow"))).toBe(true);
    expect((await p.mlstack(["artifact", "list", "--tag", "none"])).stderr).toContain('no artifacts of steps with the tag "none"');
    expect(existsSync(join(p.dir, ".mlstack", "records.db"))).toBe(true);
  });
});
