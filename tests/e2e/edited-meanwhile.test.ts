import { existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { until } from "./testing/processes.ts";
import { jsonOf, testProject, type TestProject } from "./testing/project.ts";

const TS = `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
import { existsSync, writeFileSync } from "node:fs";
import { factor } from "./factor";
export const wait = step({ name: "wait", params: { n: z.number() }, output: json(z.number()), async run({ params }) {
  writeFileSync("waiting", "");
  while (!existsSync("go")) await new Promise((r) => setTimeout(r, 20));
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

test("a module outside of the project that changes while a run is going on is refused", async () => {
  const outside = testProject({ "package.json": JSON.stringify({ name: "shared", type: "module", exports: "./index.ts" }), "index.ts": "export const factor = 2;\n" });
  p.write("linked.ts", TS.replace("./factor", "shared"));
  p.remove("node_modules/shared");
  symlinkSync(outside.dir, join(p.dir, "node_modules", "shared"), "junction");
  for (const file of ["go", "waiting"]) p.remove(file);
  const running = p.mlstack(["run", "linked.ts", "-p", "n=30", "--concurrency", "1", "--json"]);
  expect(await until(() => existsSync(join(p.dir, "waiting")))).toBe(true);
  p.write("go", "");
  expect(jsonOf(await running).data).toMatchObject({ status: "completed" });
  // a driver that has loaded one text, and workers that would load another
  p.write("later.mjs", `import { installSourceHooks } from "@mlstack/pipeline/compile"; installSourceHooks();
import { writeFileSync } from "node:fs"; import { openEngine } from "@mlstack/engine";
const { both } = await import("./linked.ts");
const engine = await openEngine({ concurrency: 1 });
const report = await engine.run(both, { n: 31 }, { observer: { planned: () => writeFileSync(${JSON.stringify(join(outside.dir, "index.ts"))}, "export const factor = 9;\\n") } });
console.log(report.status, report.error?.code, report.error?.message);
await engine.close();`);
  const { stdout, stderr } = await p.node(["later.mjs"]);
  expect(stdout, stderr).toMatch(/^failed MLS4005 .*index\.ts was changed while the run was going on/);
  outside.close();
});
