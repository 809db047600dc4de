import type { ArtifactHandle, DeployRequest } from "@mlstack/core";
import { describe, expect, it } from "vitest";
import { tape, type Answer, type Exchange } from "../testing/tape.ts";
import { fromPredictions, toInstances } from "./instances.ts";
import { versionIds, type Endpoint } from "./vertex-api.ts";
import { vertexDeployer } from "./vertex.ts";

const P = "/v1/projects/p/locations/l";
const modelOf = (digest: string): ArtifactHandle => ({ digest, format: "xgboost.json/1", size: 1, open: () => { throw new Error("not opened here"); } });
const [one, two] = ["a".repeat(64), "b".repeat(64)];
const request = (digest = one, more: Partial<DeployRequest> = {}): DeployRequest => ({ name: "flight-delays", model: modelOf(digest), servable: { kind: "predictor", module: "src/predictor.ts", export: "predict", code: { digest: "c".repeat(64), entry: "src/predictor.mjs", open: () => { throw new Error("not opened here"); } } }, ...more });
const ids = (r = request()) => versionIds(r);
const E = `${P}/endpoints/flight-delays`;
const ok = (body?: unknown): Answer => ({ status: 200, body });
const failed = (status: number, message = ""): Answer => ({ status, body: { error: { message } } });
const endpoint = (more: Partial<Endpoint> = {}): Endpoint => ({ name: E.slice(4), etag: "e1", labels: { mlstack: "deployment" }, deployedModels: [], ...more });
const look = (e?: Endpoint): Exchange => [{ method: "GET", url: E }, e === undefined ? failed(404) : ok(e)];
const operations = (...names: string[]): Exchange => [{ method: "GET", url: `${E}/operations?filter=done%3Dfalse` }, ok({ operations: names.map((name) => ({ name })) })];
const done = { name: "op", done: true };
const create = (answer: Answer): Exchange => [{ method: "POST", url: `${P}/endpoints?endpointId=flight-delays`, body: { displayName: "flight-delays", labels: { mlstack: "deployment" } } }, answer];
const next = (digest: string) => ({ mlstack: "deployment", "mlstack-next": ids(request(digest)).deployed, "mlstack-model": digest });
const mark = (digest: string, answer = ok()): Exchange => [{ method: "PATCH", url: `${E}?updateMask=labels`, body: { etag: "e1", labels: next(digest) } }, answer];
const upload = (r: DeployRequest, answer: Answer): Exchange => [{ method: "POST", url: `${P}/models:upload`, body: { modelId: ids(r).model, model: { displayName: r.name, artifactUri: `gs://s/${r.model.digest}`, containerSpec: { imageUri: "mlstack-serve", predictRoute: "/predict", healthRoute: "/v2/health/ready" } } } }, answer];
const deployModel = (r: DeployRequest, trafficSplit: object, answer: Answer | "lost"): Exchange => [{ method: "POST", url: `${E}:deployModel`, body: { deployedModel: { id: ids(r).deployed, model: `projects/p/locations/l/models/${ids(r).model}`, displayName: r.model.digest, dedicatedResources: { machineSpec: { machineType: "n1-standard-2" }, minReplicaCount: r.replicas ?? 1 } }, trafficSplit } }, answer];
const poll = (body: object): Exchange => [{ method: "GET", url: "/v1/op" }, ok(body)];
const undeploy = (id: string, trafficSplit?: object): Exchange => [{ method: "POST", url: `${E}:undeployModel`, body: { deployedModelId: id, ...(trafficSplit && { trafficSplit }) } }, ok(done)];
const version = (r: DeployRequest) => ({ id: ids(r).deployed, displayName: r.model.digest, model: "m" });
const serving = endpoint({ labels: next(one), deployedModels: [version(request())], trafficSplit: { [ids().deployed]: 100 } });

function vertex(...recording: Exchange[]) {
  const recorded = tape(...recording);
  let now = 0;
  return { ...recorded, ...vertexDeployer(recorded.send, { parent: P, stage: async (m) => `gs://s/${m.digest}`, now: () => now, sleep: async (ms) => { now += ms; } }) };
}
async function deploys(r: DeployRequest, ...recording: Exchange[]) {
  const v = vertex(...recording);
  return await v.deploy(r).finally(() => v.done());
}

describe("model_deployer@1 on Vertex AI", () => {
  it("brings up a first version and waits until it serves", async () => {
    const r = request();
    const made = await deploys(r, look(), create(ok(done)), look(endpoint()), operations(), mark(one), upload(r, ok(done)), deployModel(r, { 0: 100 }, ok({ name: "op" })), poll({ name: "op" }), poll(done), look(serving), look(serving), operations());
    expect(made).toEqual({ name: "flight-delays", id: E.slice(4), url: `${E}:predict`, protocol: "vertex/1", version: ids().deployed, digest: one, state: "ready", versions: [{ id: ids().deployed, digest: one, state: "ready", traffic: 1 }] });
  });

  it("does nothing when it is there, and changes replicas in place", async () => {
    await deploys(request(), look(serving), look(serving), operations());
    const scaled = endpoint({ ...serving, deployedModels: [{ ...version(request()), dedicatedResources: { minReplicaCount: 1 } }] });
    const change: Exchange = [{ method: "POST", url: `${E}:mutateDeployedModel`, body: { deployedModel: { id: ids().deployed, dedicatedResources: { minReplicaCount: 3 } }, updateMask: "dedicatedResources.minReplicaCount" } }, ok(done)];
    await deploys(request(one, { replicas: 3 }), look(scaled), change, look(scaled), operations());
  });

  it("finds what it began when the answer is lost, or its process had died", async () => {
    const r = request();
    const pending = endpoint({ labels: next(one) });
    await deploys(r, look(endpoint()), operations(), mark(one), upload(r, failed(409)), deployModel(r, { 0: 100 }, "lost"), deployModel(r, { 0: 100 }, failed(409)), operations("op"), poll(done), look(serving), look(serving), operations());
    await deploys(r, look(pending), operations("op"), poll(done), look(serving), look(serving), operations());
  });

  it("updates without a failed request: the old version has all traffic until the new one is up, and goes last", async () => {
    const r = request(two);
    const both = endpoint({ deployedModels: [version(request()), version(r)], trafficSplit: { [ids(r).deployed]: 100 } });
    const after = endpoint({ deployedModels: [version(r)], trafficSplit: { [ids(r).deployed]: 100 } });
    const made = await deploys(r, look(serving), operations(), mark(two), upload(r, ok(done)), deployModel(r, { 0: 100 }, ok(done)), look(both), undeploy(ids().deployed), look(after), operations());
    expect(made).toMatchObject({ digest: two, state: "ready" });
  });

  it("shares traffic in whole percent, promotes, and refuses a share without another version", async () => {
    const r = request(two, { traffic: 0.1 });
    const both = endpoint({ deployedModels: [version(request()), version(r)], trafficSplit: { [ids(r).deployed]: 10, [ids().deployed]: 90 } });
    expect(await deploys(r, look(serving), operations(), mark(two), upload(r, ok(done)), deployModel(r, { 0: 10, [ids().deployed]: 90 }, ok(done)), look(both), look(both), operations())).toMatchObject({ digest: one, versions: [{ traffic: 0.9 }, { traffic: 0.1 }] });
    const promote: Exchange = [{ method: "PATCH", url: `${E}?updateMask=trafficSplit,labels`, body: { etag: "e1", trafficSplit: { [ids(r).deployed]: 100 }, labels: { mlstack: "deployment" } } }, ok()];
    const v = vertex(look(both), promote, undeploy(ids().deployed), look(both), operations());
    await v.setTraffic("flight-delays", ids(r).deployed, 1);
    v.done();
    await expect(deploys(request(one, { traffic: 0.1 }), look(endpoint()))).rejects.toMatchObject({ details: { reason: "invalid" } });
  });

  it.each<[string, object, string]>([
    ["quota", { code: 8, message: "CustomModelServingCPUsPerProjectPerRegion" }, "quota"],
    ["a container that never gets healthy", { code: 9, message: "Model server exited unexpectedly" }, "failed"],
    ["a bug of theirs", { code: 13, message: "internal" }, "failed"],
  ])("an update that fails leaves the old version in service: %s", async (_, error, reason) => {
    const r = request(two);
    await expect(deploys(r, look(serving), operations(), mark(two), upload(r, ok(done)), deployModel(r, { 0: 100 }, ok({ name: "op", error })))).rejects.toMatchObject({ code: "MLS6003", details: { reason } });
    const v = vertex(look({ ...serving, labels: next(two) }), operations());
    expect(await v.get("flight-delays")).toMatchObject({ state: "ready", digest: one, versions: [{ state: "ready" }, { digest: two, state: "failed" }] });
  });

  it("tells two versions of one model apart: the same one with other settings is another version", async () => {
    const [small, large] = [request(), request(one, { settings: { machineType: "n1-highmem-8" } })];
    expect(ids(large).deployed).not.toBe(ids(small).deployed);
    const both = endpoint({ deployedModels: [version(small), version(large)], trafficSplit: { [ids(small).deployed]: 100 } });
    const shift: Exchange = [{ method: "PATCH", url: `${E}?updateMask=trafficSplit,labels`, body: { etag: "e1", trafficSplit: { [ids(large).deployed]: 30, [ids(small).deployed]: 70 }, labels: { mlstack: "deployment" } } }, ok()];
    const v = vertex(look(both), shift, look(both), operations());
    expect(await v.setTraffic("flight-delays", ids(large).deployed, 0.3)).toMatchObject({ version: ids(small).deployed, versions: [{ digest: one }, { digest: one }] });
    v.done();
    await expect(vertex(look(both)).setTraffic("flight-delays", one, 1)).rejects.toMatchObject({ details: { reason: "not-found" } });
  });

  it("gives back a pending deployment, or gives up waiting, while it goes on", async () => {
    const r = request(one, { waitMs: 0 });
    const pending = endpoint({ labels: next(one) });
    expect(await deploys(r, look(endpoint()), operations(), mark(one), upload(r, ok(done)), deployModel(r, { 0: 100 }, ok({ name: "op" })), look(pending), operations("op"))).toMatchObject({ state: "pending", digest: one, url: `${E}:predict` });
    await expect(deploys(request(one, { waitMs: 1000 }), look(pending), operations("op"), poll({ name: "op" }))).rejects.toMatchObject({ details: { reason: "timeout" } });
  });

  it("stops waiting when it is told to, and the deployment goes on", async () => {
    const pending = endpoint({ labels: next(one) });
    const v = vertex(look(pending), operations("op"));
    await expect(v.deploy(request(), { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
    v.done();
  });

  it("leaves alone what is not ours, what another call changes, and what it can't serve", async () => {
    await expect(deploys(request(), look(endpoint({ labels: {} })))).rejects.toMatchObject({ details: { reason: "conflict" } });
    await expect(deploys(request(two), look(serving), operations("op"))).rejects.toMatchObject({ details: { reason: "busy" } });
    await expect(deploys(request(two), look(serving), operations(), mark(two, failed(409)))).rejects.toMatchObject({ details: { reason: "busy" } });
    await expect(deploys(request(one, { servable: { kind: "format" }, model: { ...modelOf(one), format: "onnx/1" } }))).rejects.toMatchObject({ details: { reason: "unsupported" } });
  });

  it("stops, and deletes what may be half gone", async () => {
    const empty = endpoint({ labels: { mlstack: "deployment" } });
    const clear: Exchange = [{ method: "PATCH", url: `${E}?updateMask=labels`, body: { etag: "e1", labels: { mlstack: "deployment" } } }, ok()];
    const v = vertex(look(serving), clear, undeploy(ids().deployed, {}), look(empty), operations(), look(serving), undeploy(ids().deployed, {}), [{ method: "DELETE", url: E }, failed(404)], look());
    expect(await v.stop("flight-delays")).toMatchObject({ state: "stopped", url: `${E}:predict`, versions: [] });
    await v.delete("flight-delays");
    await v.delete("flight-delays");
    v.done();
  });
});

describe("Open Inference Protocol v2 as instances and predictions", () => {
  it("goes there and back", async () => {
    const inputs = [{ name: "x", shape: [2, 2], datatype: "FP64", data: [1, 2, 3, 4] }, { name: "carrier", shape: [2], datatype: "BYTES", data: ["AA", "DL"] }] as const;
    expect(toInstances([inputs[0]])).toEqual([[1, 2], [3, 4]]);
    const v = vertex([{ method: "POST", url: `${E}:predict`, body: { instances: [{ x: [1, 2], carrier: "AA" }, { x: [3, 4], carrier: "DL" }] } }, ok({ predictions: [0.1, 0.9], deployedModelId: ids().deployed })]);
    expect(await v.infer("flight-delays", { id: "7", inputs })).toEqual({ id: "7", version: ids().deployed, outputs: [{ name: "predictions", shape: [2], datatype: "FP64", data: [0.1, 0.9] }] });
    expect(fromPredictions([{ p: [1, 2], label: "late" }], ["label"])).toEqual([{ name: "label", shape: [1], datatype: "BYTES", data: ["late"] }]);
  });

  it.each<[string, () => unknown, RegExp]>([
    ["NaN", () => toInstances([{ name: "x", shape: [1], datatype: "FP64", data: [Number.NaN] }]), /NaN, which is no FP64/],
    ["an integer beyond 2^53", () => toInstances([{ name: "x", shape: [1], datatype: "INT64", data: [2 ** 60] }]), /no INT64/],
    ["data that does not fill its shape", () => toInstances([{ name: "x", shape: [2, 2], datatype: "FP64", data: [1] }]), /1 values for the shape/],
    ["batches of different sizes", () => toInstances([{ name: "x", shape: [1], datatype: "FP64", data: [1] }, { name: "y", shape: [2], datatype: "FP64", data: [1, 2] }]), /first dimension/],
    ["an output that is not there", () => fromPredictions([1], ["p"]), /no output p/],
    ["ragged predictions", () => fromPredictions([[1], [1, 2]], undefined), /different lengths/],
  ])("refuses %s", (_, use, message) => { expect(use).toThrow(message); });

  it.each<[number, string, string]>([[429, "", "overloaded"], [404, "", "not-found"], [400, "does not match the schema", "invalid"], [400, "request exceeds 1.5 MB size limit", "too-large"], [400, "no deployed models", "not-ready"], [500, "boom", "failed"]])("says what a refusal means: %i %s", async (status, message, reason) => {
    const exchange: Exchange = [{ method: "POST", url: `${E}:predict`, body: { instances: [1] } }, failed(status, message)];
    const v = vertex(...(status === 429 ? [exchange, exchange, exchange] : [exchange]));
    await expect(v.infer("flight-delays", { inputs: [{ name: "x", shape: [1], datatype: "FP64", data: [1] }] })).rejects.toMatchObject({ details: { reason } });
  });
});
