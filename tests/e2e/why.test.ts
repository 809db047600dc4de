import { afterAll, beforeAll, expect, it } from "vitest";
import { jsonOf, testProject, type TestProject } from "./testing/project.ts";

const RATEL = `import { json, pipeline, step } from "mlstack";
import { weigh } from "tiny";
import { z } from "zod";
import { scale } from "./lib/scale.ts";
export const load = step({ name: "load", params: { n: z.number() }, output: json(z.number()), run: ({ params }) => params.n });
export const train = step({ name: "train", inputs: { x: json(z.number()) }, params: { depth: z.number() }, env: ["RATE"], files: ["model.yaml"], output: json(z.number()), run: ({ inputs, params }) => weigh(scale(inputs.x)) + params.depth });
export const training = pipeline({ name: "training", params: { n: z.number().default(1), depth: z.number().default(3) }, build: (p) => { train({ x: load({ n: p.n }), depth: p.depth }); } });
`;
const tiny = (version: string, factor: number): Record<string, string> => ({
  "node_modules/tiny/package.json": JSON.stringify({ name: "tiny", version, type: "module", exports: "./index.js" }), "node_modules/tiny/index.js": `export const weigh = (x) => x * ${factor};\n`,
});
const SCALE = "const FACTOR = 2;\nexport const unused = 5;\nexport function scale(x: number): number { return x * FACTOR; }\n";

let p: TestProject;
beforeAll(() => {
  p = testProject({
    "package.json": JSON.stringify({ name: "project", private: true, type: "module", dependencies: { mlstack: "*", zod: "*", tiny: "1.0.0" } }),
    "src/pipeline.ts": RATEL, "src/lib/scale.ts": SCALE, "model.yaml": "trees: 1\n", ...tiny("1.0.0", 3),
  });
});
afterAll(() => p.close());

async function whyAfterRun(params: readonly string[] = [], env: Record<string, string> = { RATE: "fast" }): Promise<{ summary: string; changes: { part: string; details: string[] }[] }> {
  const run = await p.mlstack(["run", "src/pipeline.ts", ...params.flatMap((name) => ["--param", name]), "--json"], { env });
  expect(jsonOf(run).data).toMatchObject({ status: "completed" });
  return jsonOf(await p.mlstack(["why", "last/train", "--json"])).data as unknown as Awaited<ReturnType<typeof whyAfterRun>>;
}

it("names what an edit changed: symbol, package, parameter, input, environment, file; and nothing where it changed nothing", async () => {
  expect((await whyAfterRun()).summary).toBe("ran because no earlier run has a result of this step");
  expect((await whyAfterRun()).summary).toMatch(/^served from the cache/);

  p.write("src/lib/scale.ts", SCALE.replace("FACTOR = 2", "FACTOR = 4").replace("unused = 5", "unused = 6"));
  expect(await whyAfterRun()).toMatchObject({ summary: "ran because its code changed", changes: [{ part: "code", details: ["src/lib/scale.ts: FACTOR changed"] }] });

  for (const [path, text] of Object.entries(tiny("1.1.0", 5))) p.write(path, text);
  expect(await whyAfterRun()).toMatchObject({ summary: "ran because a package it uses changed", changes: [{ part: "packages", details: ["tiny@1.0.0 is gone", "tiny@1.1.0 is new"] }] });
  for (const [path, text] of Object.entries(tiny("1.1.0", 6))) p.write(path, text);
  expect(await whyAfterRun()).toMatchObject({ changes: [{ part: "packages", details: ["tiny@1.1.0: its files on disk changed"] }] });

  expect(await whyAfterRun(["depth=4"])).toMatchObject({ summary: "ran because the parameter depth changed", changes: [{ before: "3", after: "4" }] });
  expect(await whyAfterRun(["n=2"])).toMatchObject({ summary: "ran because the input x changed", changes: [{ details: ["comes from load.output"] }] });
  expect(await whyAfterRun([], { RATE: "slow" })).toMatchObject({ summary: "ran because the environment variable RATE changed" });
  expect(await whyAfterRun([], {})).toMatchObject({ summary: "ran because the environment variable RATE changed", changes: [{ after: "unset" }] });
  p.write("model.yaml", "trees: 2\n");
  expect(await whyAfterRun()).toMatchObject({ summary: "ran because the file model.yaml changed" });
}, 120_000);

it("prints it for people", async () => {
  await whyAfterRun(["depth=7"]);
  const { stdout } = await p.mlstack(["why", "last/train"]);
  expect(stdout).toMatch(/^train ran because the parameter depth changed\n {2}the parameter depth {2}3 → 7\n {2}compared with run [0-9a-z]{16} of /);
}, 60_000);
