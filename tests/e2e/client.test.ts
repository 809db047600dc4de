import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { jsonOf, testProject } from "./testing/project.ts";

it("a script has what its run made, whatever it was given", async () => {
  const p = testProject({ "run.mjs": `import { Client, json, pipeline, step } from "mlstack";
import { z } from "zod";
const params = { at: z.date(), count: z.bigint(), words: z.string().transform((s) => s.split(" ")), weigh: z.custom((f) => typeof f === "function") };
export const tell = step({ name: "tell", params: { at: z.date(), count: z.bigint(), words: z.array(z.string()), weigh: z.custom((f) => typeof f === "function") }, output: json(z.string()), run: ({ params: { at, count, words, weigh } }) => \`\${at.getTime()} \${count} \${words.length} \${weigh(3)}\` });
export const p = pipeline({ name: "p", params, build: (p) => ({ text: tell(p) }) });
const run = await p.run({ at: new Date(5), count: 12n, words: "a b", weigh: (x) => 2 * x }, { quiet: true });
const client = new Client();
const later = await client.run(run.id);
console.log(JSON.stringify([await run.outputs.text.load(), run.params.at.getTime(), await later.steps.tell.outputs.output.load()]));
await client.close();
` });
  onTestFinished(() => p.close());
  const { code, stdout, stderr } = await p.node(["run.mjs"]);
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout)).toEqual(["5 12 2 6", 5, "5 12 2 6"]);
});

const LESSON = {
  "stacks/vertex-production.yaml": "components:\n  artifact_store: { type: local, name: gcs_artifact_store, configuration: { path: bucket } }\n  orchestrator: { type: local, name: vertex_orchestrator }\n",
  "pipeline.mjs": `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
class Booster { constructor(trees) { this.trees = trees; } }
export const trainModel = step({ name: "train_model", params: { deployThreshold: z.number() }, outputs: { trained_model: json(z.object({ trees: z.number() })) }, run: () => ({ trained_model: { ...new Booster(100) } }) });
export const evaluateModel = step({ name: "evaluate_model", inputs: { model: json(z.object({ trees: z.number() })) }, outputs: { evaluation_metrics: json(z.object({ roc_auc: z.number() })) }, run: () => ({ evaluation_metrics: { roc_auc: 0.87654 } }) });
export const fraudDetection = pipeline({ name: "fraud-detection-training", params: { deployThreshold: z.number().default(0.85) }, build(p) { const { trained_model } = trainModel(p); return { trained_model, ...evaluateModel({ model: trained_model }) }; } });
`,
  "trigger.mjs": `import { Client } from "mlstack";
import { fraudDetection } from "./pipeline.mjs";
const client = new Client();
await client.activateStack("vertex-production");
await fraudDetection.run({ deployThreshold: 0.86 }, { quiet: true });
console.log(JSON.stringify(await client.activeStack()));
`,
  "look.mjs": `import { Client } from "mlstack";
const client = new Client();
const pipeline = client.getPipeline("fraud-detection-training");
const latestRun = await pipeline.lastRun();
const model = await latestRun.steps["train_model"].outputs["trained_model"].load();
const metrics = await latestRun.steps["evaluate_model"].outputs["evaluation_metrics"].load();
console.log(\`Latest model AUC: \${metrics.roc_auc.toFixed(4)}\`);
console.log(\`Model type: \${model.constructor.name}\`);
const [run] = await client.runs({ pipeline: "fraud-detection-training" });
const { nodes } = await client.lineage("last/evaluate_model", { direction: "up" });
console.log(JSON.stringify([run.stack, (await client.steps({ status: "completed" })).map((s) => s.node), (await client.artifacts({ format: "json/1" })).length, nodes.filter((n) => n.kind === "step").map((n) => n.step)]));
await client.close();
`,
};

it("the lesson's trigger and its look at artifacts: an explicit stack, the last run, outputs loaded", async () => {
  const p = testProject(LESSON);
  onTestFinished(() => p.close());
  const trigger = await p.node(["trigger.mjs"]);
  expect(trigger.code, trigger.stderr).toBe(0);
  expect(JSON.parse(trigger.stdout)).toMatchObject({ name: "vertex-production", components: { artifact_store: { name: "gcs_artifact_store", flavor: "local" } } });
  const look = await p.node(["look.mjs"]);
  expect(look.code, look.stderr).toBe(0);
  const [auc, type, rest] = look.stdout.trim().split("\n");
  expect([auc, type, JSON.parse(rest!)]).toEqual(["Latest model AUC: 0.8765", "Model type: Object", ["vertex-production", ["train_model", "evaluate_model"], 2, ["evaluate_model", "train_model"]]]);
  // the command line goes on with its own stack
  const { data } = jsonOf(await p.mlstack(["run", "pipeline.mjs", "--json"]));
  expect((data as { copied: unknown }).copied).toEqual([]);
  expect(jsonOf(await p.mlstack(["run", "show", "last", "--json"])).data).toMatchObject({ stack: { name: "local" } });
});

it("a stack that is not there is named", async () => {
  const p = testProject({ ...LESSON, "trigger.mjs": `import { Client } from "mlstack"; await new Client().activateStack("vertex-prod").catch((e) => console.log(e.code));` });
  onTestFinished(() => p.close());
  expect((await p.node(["trigger.mjs"])).stdout).toBe("MLS7003\n");
});

it("the examples of docs/client.md do what they say", async () => {
  const docs = (path: string) => readFileSync(join(import.meta.dirname, "..", "..", path), "utf8");
  const blocks = (text: string) => [...text.matchAll(/```ts\n([^]*?)```/g)].map((m) => m[1]!);
  const [look, activate] = blocks(docs("docs/client.md"));
  const p = testProject({
    "squares.ts": blocks(docs("README.md"))[0]!, "look.ts": look!, "activate.ts": `import { Client } from "mlstack";\nimport { squares } from "./squares.ts";\n${activate}`,
    "stacks/production.yaml": "components:\n  artifact_store: { type: local, name: bucket, configuration: { path: bucket } }\n  orchestrator: { type: local }\n",
  });
  onTestFinished(() => p.close());
  expect((await p.mlstack(["run", "squares.ts", "-q"])).code).toBe(0);
  const looked = await p.node(["--import", "mlstack/register", "look.ts"]);
  expect([looked.stdout, looked.stderr]).toEqual(["Mean: 6.00 of [0,1,4,9,16]\n", ""]);
  const activated = await p.node(["--import", "mlstack/register", "activate.ts"]);
  expect(activated.stdout, activated.stderr).toBe("{ name: 'bucket', flavor: 'local' }\n");
});
