import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jsonOf, testProject, type TestProject } from "./testing/project.ts";

const PIPELINE = `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
export const one = step({ name: "one", output: json(z.number()), run: () => 1 });
export const two = step({ name: "two", inputs: { x: json(z.number()) }, params: { fail: z.boolean() }, output: json(z.number()), run: ({ inputs, params }) => { if (params.fail) throw new Error("no"); return inputs.x + 1; } });
export const both = pipeline({ name: "both", params: { fail: z.boolean().default(false) }, build: (p) => ({ x: two({ x: one(), fail: p.fail }) }) });
`;
let p: TestProject;
beforeAll(() => {
  p = testProject({
    "pipeline.ts": PIPELINE,
    "stacks/shared.yaml": `# comments stay what they are
components:
  artifact_store: { type: local, name: shared, configuration: { path: shared-store } }
  orchestrator: { type: local, name: here, configuration: { concurrency: 2, isolation: process } }
`,
    "stacks/typo.yml": "components:\n  artifact_store: { type: locl, name: a }\n  orchestrator: { type: local, name: o }\n",
    "stacks/extra.yaml": "components:\n  artifact_store: { type: local, name: a, configuration: { pth: x } }\n  orchestrator: { type: local, name: o }\n",
    "stacks/broken.yaml": "components: [\n",
    "stacks/trackr.yaml": "components:\n  artifact_store: { type: local }\n  orchestrator: { type: local }\n  experiment_trackr: { type: local }\n",
    "stacks/acme.yaml": "components:\n  artifact_store: { type: local }\n  orchestrator: { type: local }\n  acme.index: { type: acme }\n",
    "stacks/bucket.yaml": "components:\n  artifact_store: { type: s3, configuration: { bucket: my-bucket } }\n  orchestrator: { type: local }\n",
    "stacks/gcs.yaml": "components:\n  artifact_store: { type: gcs }\n  orchestrator: { type: local }\n",
    "stacks/tracker.yaml": "components:\n  artifact_store: { type: local }\n  orchestrator: { type: local }\n  experiment_tracker: { type: local, configuration: { paht: x } }\n",
    "stacks/half.yaml": "components:\n  artifact_store: { type: local }\n",
    "stacks/empty.yaml": "name: x\n",
    "other/place.yaml": "name: elsewhere\ncomponents:\n  artifact_store: { type: local, name: a, configuration: { path: other-store } }\n  orchestrator: { type: local, name: o }\n",
  });
});
afterAll(() => { p.close(); });
const run = (...args: string[]) => p.mlstack(["run", ...args]);

describe("a stack by its file", () => {
  test("by name, by path, and by MLSTACK_STACK", async () => {
    for (const [args, env, name] of [[["--stack", "shared"], {}, "shared"], [["--stack", "other/place.yaml"], {}, "elsewhere"], [[], { MLSTACK_STACK: "shared" }, "shared"], [["--stack", "local"], { MLSTACK_STACK: "shared" }, "local"]] as const) {
      const outcome = await p.mlstack(["run", "pipeline.ts", ...args], { env });
      expect(outcome.code, outcome.stderr).toBe(0);
      expect((jsonOf(await p.mlstack(["run", "show", "last", "--json"])).data["stack"] as { name: string }).name).toBe(name);
    }
  });

  test("a run is resumed on the stack that it was on", async () => {
    expect((await run("pipeline.ts", "--stack", "shared", "-p", "fail=true")).code).toBe(1);
    p.write("pipeline.ts", PIPELINE.replace("params.fail)", "params.fail && false)"));
    const resumed = await run("resume", "last");
    p.write("pipeline.ts", PIPELINE);
    expect(resumed.code, resumed.stderr).toBe(0);
    expect((jsonOf(await p.mlstack(["run", "show", "last", "--json"])).data["stack"] as { name: string }).name).toBe("shared");
  });

  test.each([
    ["shred", 2, /MLS7003 {2}there is no stack "shred"[^]*there are "local", "acme"[^]*fix {3}write shared/],
    ["none/at/all.yaml", 2, /MLS7003[^]*looked at/],
    ["typo", 2, /MLS2007[^]*did you mean "local"/],
    ["extra", 2, /MLS2008[^]*pth/],
    ["broken", 2, /MLS7004 {2}stacks\/broken\.yaml is not YAML: line 2[^]*fix {3}correct line 2 of stacks\/broken\.yaml/],
    ["empty", 2, /MLS7004 {2}stacks\/empty\.yaml is not a stack: it has no components/],
    ["./stacks", 2, /MLS7003 {2}"\.\/stacks" is a folder/],
    ["trackr", 2, /MLS7004[^]*"experiment_trackr", which is not known[^]*fix {3}write experiment_tracker/],
    ["acme", 2, /MLS7004[^]*no installed plugin brings that type/],
    ["bucket", 2, /MLS2007[^]*fix {3}npm install @mlstack\/plugin-s3\n/],
    ["gcs", 2, /MLS2007[^]*planned for the integration gcs\n {2}fix {3}npm install @mlstack\/plugin-gcs, as soon as it is published/],
    ["tracker", 2, /MLS2008[^]*paht is not known\n {2}fix {3}write path\n/],
    ["half", 2, /MLS4004 {2}the stack "half" has no orchestrator[^]*fix {3}add orchestrator/],
  ])("%s: exit %i", async (stack, code, text) => {
    const outcome = await run("pipeline.ts", "--stack", stack);
    expect([outcome.code, outcome.stderr]).toEqual([code, expect.stringMatching(text)]);
    expect(outcome.stderr).not.toMatch(/\n {4}at /);
  });

  test("what is wrong with a component is found before the run is recorded", async () => {
    const before = (await p.mlstack(["run", "list", "--json"])).stdout;
    for (const stack of ["tracker", "trackr", "bucket"]) expect((await run("pipeline.ts", "--stack", stack)).code).toBe(2);
    expect((await p.mlstack(["run", "list", "--json"])).stdout).toBe(before);
  });

  test("the package manager of the project is named", async () => {
    p.write("pnpm-lock.yaml", "");
    expect((await run("pipeline.ts", "--stack", "bucket")).stderr).toContain("fix   pnpm add @mlstack/plugin-s3");
    p.remove("pnpm-lock.yaml");
  });
});

test("results are found in the stores of other stacks, also where one of them is not to be had any more", async () => {
  p.write("stacks/gone.yaml", "components:\n  artifact_store: { type: local, name: gone, configuration: { path: gone-store } }\n  orchestrator: { type: local, name: o }\n");
  p.write("pipeline.ts", PIPELINE.replace("=> 1 })", "=> 7 })"));
  expect((await run("pipeline.ts", "--stack", "gone")).code).toBe(0);
  expect(jsonOf(await run("pipeline.ts", "--json")).data).toMatchObject({ steps: [{ status: "cached" }, { status: "cached" }], copied: [] });
  // a file where the folder was
  p.remove("gone-store");
  p.write("gone-store", "no folder");
  const without = await run("pipeline.ts", "--json");
  expect(jsonOf(without).data).toMatchObject({ status: "completed", steps: [{ status: "completed" }, { status: "completed" }] });
});
