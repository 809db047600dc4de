import type { ArtifactHandle, Deployer, Deployment, StepDeployRequest } from "@mlstack/core";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { json } from "../formats/index.ts";
import { deployModel, type DeployModelConfig } from "./deploy-model.ts";
import { predictor, tensor } from "./predictor.ts";

const model = { digest: "a".repeat(64), format: "json/1", size: 1 } as ArtifactHandle;
const serve = predictor({ model: json(z.number()), inputs: { x: tensor("FP64", [-1]) }, outputs: { y: tensor("FP64", [-1]) }, predict: ({ inputs }) => ({ y: inputs.x.data }) });

function recorder(): { readonly deployer: Pick<Deployer, "deploy">; readonly asked: StepDeployRequest[] } {
  const asked: StepDeployRequest[] = [];
  return { asked, deployer: { deploy: (request) => { asked.push(request); return Promise.resolve({ name: request.name } as Deployment); } } };
}

describe("deployModel()", () => {
  it("takes what the lesson writes, and hands it on under our names", async () => {
    const { deployer, asked } = recorder();
    expect(await deployModel(deployer, { model, model_name: "fraud-detector", replicas: 1 })).toEqual({ name: "fraud-detector" });
    await deployModel(deployer, { model, model_name: "fraud-detector", servable: serve, waitMs: 0 });
    expect(asked).toEqual([{ name: "fraud-detector", model, replicas: 1, servable: { kind: "format" } }, { name: "fraud-detector", model, servable: serve, waitMs: 0 }]);
  });

  it.each<[unknown, RegExp, RegExp]>([
    [{ model: { weight: 1 }, model_name: "a" }, /model of deployModel is .*not an artifact/, /artifacts\.model/], [{ model_name: "a" }, /model of deployModel is .*not an artifact/, /artifacts\.model/],
    [{ model }, /model_name of deployModel is/, /model_name: "fraud-detector"/], [{ model, modelName: "a" }, /"modelName", which is not known/, /^write model_name$/], [undefined, /config of deployModel is/, /write it as an object/],
  ])("refuses %j before anything is deployed", async (config, message, fix) => {
    const { deployer, asked } = recorder();
    await expect(deployModel(deployer, config as DeployModelConfig)).rejects.toMatchObject({ code: "MLS6003", message: expect.stringMatching(message) as string, fix: expect.stringMatching(fix) as string, details: { reason: "invalid" } });
    expect(asked).toEqual([]);
  });
});
