import { testProject, type TestProject } from "./project.ts";

const PIPELINE = (factor: number) => `import { json, pipeline, step } from "mlstack";
import { z } from "zod";
import { scale } from "./predictor.ts";

export const train = step({ name: "train", output: json(z.object({ factor: z.number() })), run: () => ({ factor: ${factor} }) });

export const deploy = step({
  name: "deploy", inputs: { model: json(z.object({ factor: z.number() })) }, params: { stay: z.boolean().default(false) }, uses: { modelDeployer: "optional" }, output: json(z.string().nullable()),
  async run({ artifacts, params, deployer, log, signal }) {
    if (deployer === undefined) { log("No model deployer in active stack. Skipping deployment."); return null; }
    const { url } = await deployer.deploy({ name: "scale", model: artifacts.model, servable: scale });
    log("Model deployed: " + url);
    const answer = await deployer.infer("scale", { inputs: [{ name: "x", shape: [2], datatype: "FP64", data: [1, 2] }] });
    log("answers " + answer.outputs[0].data.join(" "));
    if (params.stay) await new Promise((_, fail) => signal.addEventListener("abort", () => fail(signal.reason)));
    return url;
  },
});

export const byComponent = step({
  name: "by_component", inputs: { model: json(z.object({ factor: z.number() })) }, uses: { modelDeployer: { cache: "by-component" } }, output: json(z.string().nullable()),
  run: async ({ artifacts, deployer }) => deployer === undefined ? null : (await deployer.deploy({ name: "cached", model: artifacts.model, servable: scale })).url,
});

export const serving = pipeline({ name: "serving", params: { stay: z.boolean().default(false) }, build: (p) => ({ url: deploy({ model: train(), stay: p.stay }) }) });
export const cached = pipeline({ name: "cached", build: () => ({ url: byComponent({ model: train() }) }) });
`;

/** TypeScript as Node does not read it, a helper behind an import without an ending, and a package: what is served has to have all of it. */
const PREDICTOR = `import { json, predictor, tensor } from "mlstack";
import { z } from "zod";
import { times } from "./lib/times";

enum Sign { Plus = 1 }
const Model = z.object({ factor: z.number() });

export const scale = predictor({
  model: json(Model),
  inputs: { x: tensor("FP64", [-1]) },
  outputs: { y: tensor("FP64", [-1]) },
  predict({ model, inputs }) {
    console.log("asked for " + inputs.x.data.length);
    if (inputs.x.data[0] === -1) throw new RangeError("no negatives");
    return { y: Float64Array.from(inputs.x.data, (v) => Sign.Plus * times(v, model.factor)) };
  },
});
`;

const STACK = `components:
  artifact_store: { type: local }
  orchestrator: { type: local }
  model_deployer: { type: local }
`;

export interface ServingProject extends TestProject {
  /** Writes the pipeline so that it trains a model of another factor. */
  retrain(factor: number): void;
}

export function servingProject(): ServingProject {
  const project = testProject({
    "src/pipeline.ts": PIPELINE(1), "src/predictor.ts": PREDICTOR, "src/lib/times.ts": "export const times = (a: number, b: number): number => a * b;\n", "stacks/serving.yaml": STACK,
    "tsconfig.json": JSON.stringify({ compilerOptions: { module: "esnext", moduleResolution: "bundler", target: "es2023", strict: true } }),
  });
  return { ...project, retrain: (factor) => project.write("src/pipeline.ts", PIPELINE(factor)) };
}

export const REQUEST = (...data: unknown[]) => JSON.stringify({ inputs: [{ name: "x", shape: [data.length], datatype: "FP64", data }] });
