import { json, predictor, step, tensor } from "@mlstack/pipeline";
import { expect, test } from "vitest";
import { z } from "zod";
import { memoryStack, testStep } from "../index.ts";
import type { memoryDeployer } from "./memory-deployer.ts";

const double = predictor({ model: json(z.number()), inputs: { x: tensor("FP64", [-1]) }, outputs: { y: tensor("FP64", [-1]) }, predict: ({ model, inputs }) => ({ y: { shape: inputs.x.shape, data: inputs.x.data.map((x) => x * model) } }) });
const ask = (x: number) => ({ inputs: [{ name: "x", shape: [1], datatype: "FP64" as const, data: [x] }] });
const deploy = step({
  name: "deploy", inputs: { model: json(z.number()) }, params: { name: z.string().default("demo"), share: z.number().default(1) }, requires: { modelDeployer: true }, outputs: { url: json(z.string()), answer: json(z.number()) },
  async run({ artifacts, deployer, params }) {
    const { url } = await deployer.deploy({ name: params.name, model: artifacts.model, servable: double, traffic: params.share });
    return { url, answer: (await deployer.infer(params.name, ask(4))).outputs[0]!.data[0] as number };
  },
});

test("a predictor answers with the model that was deployed, in the step and after it", async () => {
  const stack = memoryStack();
  expect((await testStep(deploy, { inputs: { model: 3 }, stack })).outputs).toEqual({ url: "memory://demo", answer: 12 });
  const [{ deployment, request }] = stack.deployments() as [ReturnType<typeof stack.deployments>[number]];
  expect([deployment.state, deployment.versions.length, request.servable]).toEqual(["ready", 1, double]);
  const deployer = (await stack.component("modelDeployer")) as ReturnType<typeof memoryDeployer>["deployer"];
  expect((await deployer.infer("demo", ask(2))).outputs[0]!.data).toEqual([6]);
  await expect(deployer.infer("none", ask(2))).rejects.toMatchObject({ code: "MLS6003", details: { reason: "not-found" } });
  await expect(deployer.infer("demo", { inputs: [] })).rejects.toMatchObject({ details: { reason: "invalid" } });
  // a share of the traffic leaves the version before beside the new one
  await testStep(deploy, { inputs: { model: 5 }, params: { share: 0.2 }, stack });
  expect(stack.deployments()[0]!.deployment).toMatchObject({ version: deployment.version, versions: [{ traffic: 0.8 }, { traffic: 0.2 }] });
});

test("what a deployer would refuse is refused", async () => {
  const refused = (work: Promise<unknown>) => work.then(() => "nothing", (e: { details?: { reason?: string } }) => e.details?.reason);
  expect(await refused(testStep(deploy, { inputs: { model: 1 }, params: { name: "Not A Name" }, stack: memoryStack() }))).toBe("invalid");
  expect(await refused(testStep(deploy, { inputs: { model: 1 }, params: { share: 0.5 }, stack: memoryStack() }))).toBe("invalid");
  expect(await refused(testStep(deploy, { inputs: { model: 1 }, stack: memoryStack({ deployer: { accepts: [{ kind: "image" }] } }) }))).toBe("unsupported");
  await expect(testStep(deploy, { inputs: { model: 1 }, stack: memoryStack({ deployer: false }) })).rejects.toMatchObject({ code: "MLS4004" });
  const other = step({ name: "other", inputs: { model: json(z.string()) }, requires: { modelDeployer: true }, output: json(z.number()), async run({ artifacts, deployer }) { await deployer.deploy({ name: "a", model: artifacts.model, servable: { kind: "format" } }); return (await deployer.infer("a", ask(1))).outputs.length; } });
  expect(await refused(testStep(other, { inputs: { model: "m" }, stack: memoryStack() }))).toBe("unsupported");
  expect((await testStep(other, { inputs: { model: "m" }, stack: memoryStack({ deployer: { answer: () => ({ outputs: [{ name: "y", shape: [1], datatype: "FP64", data: [1] }] }) } }) })).outputs.output).toBe(1);
});
