import { readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { install } from "./servers/onnxruntime.ts";
import { doubling } from "./testing/onnx.ts";
import { jsonOf, liveProject, type LiveProject } from "./testing/project.ts";

const PIPELINE = `import { json, localFile, onnxModel, pipeline, step } from "mlstack";
import { z } from "zod";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
const MODEL = "${Buffer.from(doubling(2)).toString("base64")}";
export const train = step({ name: "train", output: onnxModel(), async run({ scratch }) {
  const path = join(await scratch(), "net.onnx");
  await writeFile(path, Buffer.from(MODEL, "base64"));
  return localFile(path);
} });
export const deploy = step({ name: "deploy", inputs: { model: onnxModel() }, requires: { modelDeployer: true }, output: json(z.string()),
  run: async ({ artifacts, deployer }) => (await deployer.deploy({ name: "net", model: artifacts.model, servable: { kind: "format" } })).url });
export const serving = pipeline({ name: "serving", build: () => ({ url: deploy({ model: train() }) }) });
`;
const STACK = "components:\n  artifact_store: { type: local }\n  orchestrator: { type: local }\n  model_deployer: { type: local }\n";

let p: LiveProject;
beforeAll(() => { p = liveProject({ "pipeline.ts": PIPELINE, "stacks/serving.yaml": STACK }); });
afterAll(async () => {
  await p.mlstack(["deployment", "delete", "net", "--yes"]);
  p.close();
});

test("an ONNX model is served by its format; without the runtime the way out is named", async () => {
  const without = await p.mlstack(["run", "pipeline.ts", "--stack", "serving"]);
  expect([without.code, without.stderr]).toEqual([1, expect.stringMatching(/no onnxruntime-node, which runs ONNX models \(npm install onnxruntime-node\)/)]);
  const modules = join(await install(), "node_modules");
  for (const name of readdirSync(modules).filter((n) => !n.startsWith("."))) symlinkSync(join(modules, name), join(p.dir, "node_modules", name), "junction");
  const run = await p.mlstack(["run", "pipeline.ts", "--stack", "serving", "--json"]);
  expect(run.code, run.stderr).toBe(0);
  p.write("request.json", JSON.stringify({ inputs: [{ name: "x", shape: [2, 2], datatype: "FP32", data: [[1, 2], [3, 4.5]] }] }));
  const answer = jsonOf(await p.mlstack(["deployment", "predict", "net", "--file", "request.json", "--json"]));
  expect(answer).toMatchObject({ outputs: [{ name: "y", datatype: "FP32", shape: [2, 2], data: [2, 4, 6, 9] }] });
  const { url } = jsonOf(await p.mlstack(["deployment", "show", "net", "--json"])) as { url: string };
  const metadata: unknown = await (await fetch(`${url}/v2/models/net`)).json();
  expect(metadata).toMatchObject({ platform: "onnx_onnxruntime", inputs: [{ name: "x", datatype: "FP32", shape: [-1, 2] }], outputs: [{ name: "y", datatype: "FP32", shape: [-1, 2] }] });
  p.write("request.json", JSON.stringify({ inputs: [{ name: "x", shape: [1, 3], datatype: "FP32", data: [1, 2, 3] }] }));
  expect((await p.mlstack(["deployment", "predict", "net", "--file", "request.json"])).stderr).toMatch(/MLS6003.*has the shape \[1, 3\], and the model takes \[-1, 2\]/);
});
