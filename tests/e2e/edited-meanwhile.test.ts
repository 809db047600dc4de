import { existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "./testing/processes.ts";
import { jsonOf, testProject, type TestProject } from "./testing/project.ts";

const TS = `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
import { existsSync, writeFileSync } from "node:fs";
import { factor } from "./factor";
export const wait = step({ name: "wait", params: { n: z.number() }, output: json(z.number()), async run({ params }) {
  writeFileSync("waiting", "");
  while (!existsSync(String("go"))) await new Promise((r) => setTimeout(r, 20));
  return params.n;
} });
export const times = step({ name: "times", inputs: { n: json(z.number()) }, output: json(z.number()), run: ({ inputs }) => inputs.n * factor });
export const both = pipeline({ name: "both", params: { n: z.number() }, build: (p) => ({ x: times({ n: wait({ n: p.n }) }) }) });
`;
const FACTOR = (n: number) => `export const factor = ${n};\n`;

let p: TestProject;
beforeAll(() => {
  p = testProject({
    "flow.ts": TS, "factor.ts": FACTOR(2), "flow.mjs": TS.replace("./factor", "./factor.mjs"), "factor.mjs": FACTOR(2),
    // a process that lives long, as a service does, and runs the pipeline that it has loaded once
    "service.mjs": `import { writeFileSync } from "node:fs";
import { both } from "./flow.mjs";
writeFileSync("go", "");
const value = async (options) => (await (await both.run({ n: 100 }, { quiet: true, ...options })).outputs.x.load());
const before = await value();
await new Promise((r) => setTimeout(r, 20));
writeFileSync("factor.mjs", "export const factor = 5;\\n");
console.log(JSON.stringify({ before, here: await value({ cache: "refresh" }), inAnotherProcess: await value({ cache: "refresh", concurrency: 1 }) }));
process.exit(0);
` });
});
afterAll(() => { p.close(); });
const statuses = (data: Record<string, unknown>) => (data["steps"] as { step: string; status: string }[]).map((s) => `${s.step} ${s.status}`);
const last = async () => Number((await p.mlstack(["artifact", "preview", "last/times"])).stdout);

test.each(["flow.ts", "flow.mjs"])("%s: a module that is edited while a run is going on: the run goes on with the code that it was started with", async (flow) => {
  const factor = flow.replace("flow", "factor");
  for (const file of ["go", "waiting"]) p.remove(file);
  const n = flow === "flow.ts" ? 10 : 20;
  const running = p.mlstack(["run", flow, "-p", `n=${n}`, "--json"]);
  expect(await until(() => existsSync(join(p.dir, "waiting")))).toBe(true);
  p.write(factor, FACTOR(3));
  p.write("go", "");
  expect(jsonOf(await running).data).toMatchObject({ status: "completed" });
  expect(await last()).toBe(2 * n);
  // what is there now is other code
  expect(statuses(jsonOf(await p.mlstack(["run", flow, "-p", `n=${n}`, "--json"])).data)).toEqual(["wait cached", "times completed"]);
  expect(await last()).toBe(3 * n);
  // and what ran then is what was there then
  p.write(factor, FACTOR(2));
  expect(statuses(jsonOf(await p.mlstack(["run", flow, "-p", `n=${n}`, "--json"])).data)).toEqual(["wait cached", "times cached"]);
  expect(await last()).toBe(2 * n);
});

test("a process that has loaded the code before it was changed keeps no result of it under the new code's key", async () => {
  const { stdout, stderr } = await p.node(["service.mjs"]);
  expect(JSON.parse(stdout || JSON.stringify(stderr))).toEqual({ before: 200, here: 200, inAnotherProcess: 500 });
  expect(statuses(jsonOf(await p.mlstack(["run", "flow.mjs", "-p", "n=100", "--json"])).data)).toEqual(["wait cached", "times cached"]);
  expect(await last()).toBe(500);
});

/** Runs a pipeline of two steps, of which the first waits, and does something in between; then puts everything back and runs it again. */
async function meanwhile(q: TestProject, args: readonly string[], change: () => void, back: () => void): Promise<{ first: string; second: string; values: [first: string, second: string] }> {
  for (const file of ["go", "waiting"]) q.remove(file);
  const value = async () => (await q.mlstack(["artifact", "preview", "last/late"])).stdout.trim();
  const running = q.mlstack(["run", ...args, "--json"]);
  expect(await until(() => existsSync(join(q.dir, "waiting")))).toBe(true);
  change();
  q.write("go", "");
  const first = statuses(jsonOf(await running).data).at(-1)!;
  const before = await value();
  back();
  const second = statuses(jsonOf(await q.mlstack(["run", ...args, "--json"])).data).at(-1)!;
  return { first, second, values: [before, await value()] };
}

const LATE = (imports: string, params: string, run: string, more = "") => `import { file, json, pipeline, step } from "mlstack";
import { z } from "zod";
import { wait } from "./wait.mjs";
${imports}
export const late = step({ name: "late", inputs: { n: json(z.number()) }, params: { ${params} }, output: json(z.string()), ${more} run: async ({ inputs, params }) => { ${run} } });
`;
const WAIT = `import { json, step } from "mlstack";
import { z } from "zod";
import { existsSync, writeFileSync } from "node:fs";
export const pause = async () => { writeFileSync("waiting", ""); while (!existsSync(String("go"))) await new Promise((r) => setTimeout(r, 20)); };
export const wait = step({ name: "wait", output: json(z.number()), run: async () => { await pause(); return 1; } });
`;
const PIPELINE = (args = "") => `export const p = pipeline({ name: "p", build: () => ({ x: late({ n: wait()${args} }) }) });\n`;
const LIB = (n: number) => ({ "node_modules/lib/package.json": `{"name":"lib","version":"${n}.0.0","type":"module","exports":"./index.js"}`, "node_modules/lib/index.js": `import { readFileSync } from "node:fs";\nexport const k = "k${n}";\nexport const asset = () => readFileSync(new URL("./asset.txt", import.meta.url), "utf8");\n`, "node_modules/lib/asset.txt": `a${n}` });
const writeAll = (q: TestProject, files: Record<string, string>) => { for (const [path, text] of Object.entries(files)) q.write(path, text); };

describe.each([["workers", []], ["this process", ["--inline"]]] as const)("while a run is going on in %s", (where, flags) => {
  const files = { "wait.mjs": WAIT, ...LIB(1), "late.mjs": `export const k = "k1";\n`, "d.txt": "d1" };
  const make = (flow: string) => testProject({ ...files, "flow.mjs": flow });

  test("a package that is installed again before it is first imported: its new code is kept under no key of the old", async () => {
    const q = make(LATE("", "", `return (await import("lib")).k;`) + PIPELINE());
    const change = () => writeAll(q, LIB(2));
    expect(await meanwhile(q, ["flow.mjs", ...flags], change, () => writeAll(q, LIB(1)))).toEqual({ first: "late completed", second: "late completed", values: [`"k2"`, `"k1"`] });
    q.close();
  });

  test("a file that a package reads by itself", async () => {
    const q = make(LATE(`import { asset } from "lib"; import { pause } from "./wait.mjs";`, "", "await pause(); return asset();").replace(`import { wait } from "./wait.mjs";\n`, "") + PIPELINE().replace("n: wait()", "n: one()").replace("export const p", `export const one = step({ name: "one", output: json(z.number()), run: () => 1 });\nexport const p`));
    expect(await meanwhile(q, ["flow.mjs", ...flags], () => q.write("node_modules/lib/asset.txt", "a2"), () => q.write("node_modules/lib/asset.txt", "a1"))).toEqual({ first: "late completed", second: "late completed", values: [`"a2"`, `"a1"`] });
    q.close();
  });

  test("a module of the project that is imported late", async () => {
    const q = make(LATE("", "", `return (await import("./late.mjs")).k;`) + PIPELINE());
    const found = await meanwhile(q, ["flow.mjs", ...flags], () => q.write("late.mjs", `export const k = "k2";\n`), () => q.write("late.mjs", files["late.mjs"]));
    // workers are given the plan's code; this process has what it finds, and keeps it for nobody
    expect(found).toEqual(where === "workers" ? { first: "late completed", second: "late cached", values: [`"k1"`, `"k1"`] } : { first: "late completed", second: "late completed", values: [`"k2"`, `"k1"`] });
    q.close();
  });

  test("external data, after the step was given its path", async () => {
    const q = make(LATE(`import { readFileSync } from "node:fs"; import { pause } from "./wait.mjs";`, "d: file()", `const path = await params.d.path(); await pause(); return readFileSync(path, "utf8");`).replace(`import { wait } from "./wait.mjs";\n`, "") + `export const one = step({ name: "one", output: json(z.number()), run: () => 1 });\n${PIPELINE(`, d: "d.txt"`).replace("n: wait()", "n: one()")}`);
    expect(await meanwhile(q, ["flow.mjs", ...flags], () => q.write("d.txt", "d2"), () => q.write("d.txt", "d1"))).toEqual({ first: "late completed", second: "late completed", values: [`"d2"`, `"d1"`] });
    q.close();
  });

  test("an environment variable that a step before has set", async () => {
    const q = make(LATE("", "", `return process.env.GREETING ?? "unset";`, `env: ["GREETING"],`) + PIPELINE());
    // the same step as it is and as it poisons what comes after it: it declares nothing, so its key is the same, and it is never cached
    q.write("wait.mjs", WAIT.replace("await pause(); return 1;", `await pause(); if (existsSync(String("poison"))) process.env.GREETING = "poisoned"; return 1;`).replace(`name: "wait",`, `name: "wait", cache: false,`));
    const found = await meanwhile(q, ["flow.mjs", ...flags], () => q.write("poison", ""), () => q.remove("poison"));
    expect(found).toEqual(where === "workers" ? { first: "late completed", second: "late cached", values: [`"unset"`, `"unset"`] } : { first: "late completed", second: "late completed", values: [`"poisoned"`, `"unset"`] });
    q.close();
  });
});

test("a path of tsconfig.json that is changed while workers run: they follow the one of the plan", async () => {
  const q = testProject({ "wait.mjs": WAIT, "a.ts": `export const k = "a";\n`, "b.ts": `export const k = "b";\n`, "tsconfig.json": `{"compilerOptions":{"paths":{"@k":["./a.ts"]}}}`, "late.ts": `export { k } from "@k";\n`, "flow.ts": LATE("", "", `return (await import("./late")).k;`) + PIPELINE() });
  const to = (file: string) => q.write("tsconfig.json", `{"compilerOptions":{"paths":{"@k":["./${file}"]}}}`);
  expect(await meanwhile(q, ["flow.ts"], () => to("b.ts"), () => to("a.ts"))).toEqual({ first: "late completed", second: "late cached", values: [`"a"`, `"a"`] });
  q.close();
});

test("a module outside of the project that changes while a run is going on: workers have the one of the plan", async () => {
  const outside = testProject({ "package.json": JSON.stringify({ name: "shared", type: "module", exports: "./index.ts" }), "index.ts": "export const factor = 2;\n" });
  p.write("linked.ts", TS.replace("./factor", "shared"));
  p.remove("node_modules/shared");
  symlinkSync(outside.dir, join(p.dir, "node_modules", "shared"), "junction");
  for (const file of ["go", "waiting"]) p.remove(file);
  const running = p.mlstack(["run", "linked.ts", "-p", "n=30", "--concurrency", "1", "--json"]);
  expect(await until(() => existsSync(join(p.dir, "waiting")))).toBe(true);
  outside.write("index.ts", "export const factor = 9;\n");
  p.write("go", "");
  expect(jsonOf(await running).data).toMatchObject({ status: "completed" });
  expect(await last()).toBe(60);
  expect(statuses(jsonOf(await p.mlstack(["run", "linked.ts", "-p", "n=30", "--json"])).data)).toEqual(["wait cached", "times completed"]);
  expect(await last()).toBe(270);
  outside.write("index.ts", "export const factor = 2;\n");
  expect(statuses(jsonOf(await p.mlstack(["run", "linked.ts", "-p", "n=30", "--json"])).data)).toEqual(["wait cached", "times cached"]);
  expect(await last()).toBe(60);
  outside.close();
});
