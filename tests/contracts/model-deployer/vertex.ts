import { isDeploymentName, type ArtifactHandle, type CallOptions, type Deployment, type DeployRequest, type ModelDeployer } from "@mlstack/core";
import { cautiously, type Transport } from "../testing/tape.ts";
import { fault, mustAccept, percent } from "./faults.ts";
import { fromPredictions, toInstances } from "./instances.ts";
import { versionIds, vertexApi, type Endpoint, type Operation } from "./vertex-api.ts";
import { inferFault, viewOf } from "./vertex-view.ts";

const WAIT_MS = 30 * 60_000;
/** Ours, and nothing being brought up. */
const LABELS = { mlstack: "deployment" };
const accepts = [{ kind: "format", formats: ["xgboost.json/1"] }, { kind: "predictor" }, { kind: "image" }] as const;

export interface VertexConfig {
  /** `/v1/projects/<project>/locations/<location>`. */
  readonly parent: string;
  /** Puts a model's files where Vertex AI reads them, and returns the folder's URI. Idempotent by digest. */
  stage(model: ArtifactHandle): Promise<string>;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** Vertex AI on paper: a deployment is an endpoint, a version is a model deployed to it. */
export function vertexDeployer(send: Transport, config: VertexConfig): ModelDeployer {
  const api = vertexApi(send, config.parent, config);
  const url = (name: string) => `${config.parent}/endpoints/${name}:predict`;

  const now = async (name: string, options?: CallOptions): Promise<Deployment | undefined> => {
    const e = await api.endpoint(name, options);
    return e && viewOf(url(name), name, e, await api.underWay(name, options));
  };
  const must = async (name: string, options?: CallOptions): Promise<Endpoint> => {
    const e = await api.endpoint(name, options);
    if (e === undefined) throw fault("not-found", `no deployment ${name}`);
    return e;
  };
  const undeploy = async (name: string, id: string, trafficSplit?: Record<string, number>, options?: CallOptions): Promise<void> => {
    const begun = await api.ask("POST", `${api.endpointUrl(name)}:undeployModel`, { deployedModelId: id, ...(trafficSplit && { trafficSplit }) }, [], options);
    await api.wait(begun.body as Operation, config.now() + WAIT_MS, options?.signal);
  };
  /** Gives a version its share, and ends the others when that is all. The etag keeps two calls from undoing each other. */
  const share = async (name: string, e: Endpoint, id: string, traffic: number): Promise<void> => {
    const others = (e.deployedModels ?? []).filter((m) => m.id !== id).sort((a, b) => (e.trafficSplit?.[b.id] ?? 0) - (e.trafficSplit?.[a.id] ?? 0));
    const kept = traffic === 100 ? undefined : others[0];
    const split: Record<string, number> = { [id]: traffic, ...(kept !== undefined && { [kept.id]: 100 - traffic }) };
    if (e.trafficSplit?.[id] !== traffic) await api.ask("PATCH", `${api.endpointUrl(name)}?updateMask=trafficSplit,labels`, { etag: e.etag, trafficSplit: split, labels: LABELS });
    for (const m of others) if (m !== kept) await undeploy(name, m.id);
  };

  return {
    contract: "model_deployer@1",
    accepts,

    async deploy(request: DeployRequest, { signal }: CallOptions = {}) {
      const { name, model, servable, replicas = 1, waitMs = WAIT_MS } = request;
      if (!isDeploymentName(name)) throw fault("invalid", `${name} is no name of a deployment`);
      mustAccept(accepts, servable, model.format);
      const traffic = percent(request.traffic ?? 1);
      const deadline = config.now() + (waitMs === 0 ? WAIT_MS : waitMs);
      const ids = versionIds(request);

      let endpoint = await api.endpoint(name);
      if (endpoint === undefined) {
        const made = await api.ask("POST", `${config.parent}/endpoints?endpointId=${name}`, { displayName: name, labels: LABELS }, [409]);
        if (made.status === 200) await api.wait(made.body as Operation, deadline, signal);
        endpoint = await must(name);
      }
      const current = endpoint.deployedModels ?? [];
      if (!current.some((m) => m.id === ids.deployed)) {
        if (traffic < 100 && current.length === 0) throw fault("invalid", `${name} has no version yet that could take the rest of the traffic`);
        const running = await api.underWay(name);
        if (running.length > 0 && endpoint.labels?.["mlstack-next"] !== ids.deployed) throw fault("busy", `${name} is being changed`);
        let op = running[0];
        if (op === undefined) {
          await api.ask("PATCH", `${api.endpointUrl(name)}?updateMask=labels`, { etag: endpoint.etag, labels: { ...LABELS, "mlstack-next": ids.deployed, "mlstack-model": model.digest } });
          const uploaded = await api.ask("POST", `${config.parent}/models:upload`, { modelId: ids.model, model: { displayName: name, artifactUri: await config.stage(model), containerSpec: { imageUri: imageOf(request), predictRoute: "/predict", healthRoute: "/v2/health/ready" } } }, [409]);
          if (uploaded.status === 200 && await api.wait(uploaded.body as Operation, deadline, signal) === undefined) throw fault("timeout", `${name}: the model is still being taken in`);
          // The split takes effect when the new model is up: "0" stands for it. Until then the one before has all requests.
          const trafficSplit = traffic === 100 ? { 0: 100 } : { 0: traffic, [busiest(endpoint)]: 100 - traffic };
          const begun = await api.ask("POST", `${api.endpointUrl(name)}:deployModel`, {
            deployedModel: { id: ids.deployed, model: `${config.parent.slice(4)}/models/${ids.model}`, displayName: model.digest, dedicatedResources: { machineSpec: { machineType: request.settings?.["machineType"] ?? "n1-standard-2" }, minReplicaCount: replicas } }, trafficSplit,
          }, [409]);
          op = begun.status === 200 ? begun.body as Operation : (await api.underWay(name))[0];
        }
        if (waitMs === 0) return (await now(name))!;
        if (op !== undefined && await api.wait(op, deadline, signal) === undefined) throw fault("timeout", `${name} is still being brought up`);
        endpoint = await must(name);
      }
      const version = endpoint.deployedModels?.find((m) => m.id === ids.deployed);
      if (version?.dedicatedResources !== undefined && version.dedicatedResources.minReplicaCount !== replicas) {
        const change = { deployedModel: { id: ids.deployed, dedicatedResources: { minReplicaCount: replicas } }, updateMask: "dedicatedResources.minReplicaCount" };
        await api.wait((await api.ask("POST", `${api.endpointUrl(name)}:mutateDeployedModel`, change)).body as Operation, deadline, signal);
      }
      await share(name, endpoint, ids.deployed, traffic);
      return (await now(name))!;
    },

    get: now,

    async *list(options) {
      for (let page = ""; ;) {
        const body = (await api.ask("GET", `${config.parent}/endpoints?filter=labels.mlstack%3Ddeployment${page}`, undefined, [], options)).body as { endpoints?: Endpoint[]; nextPageToken?: string };
        for (const e of body.endpoints ?? []) { const name = e.name.split("/").at(-1)!; yield viewOf(url(name), name, e, []); }
        if (body.nextPageToken === undefined) return;
        page = `&pageToken=${body.nextPageToken}`;
      }
    },

    async infer(name, request, options) {
      const answer = await cautiously(send, { method: "POST", url: url(name), body: { instances: toInstances(request.inputs) } }, options);
      if (answer.status !== 200) throw inferFault(name, answer.status, (answer.body as { error?: { message?: string } } | undefined)?.error?.message ?? "");
      const { predictions, deployedModelId } = answer.body as { predictions: unknown[]; deployedModelId: string };
      return { outputs: fromPredictions(predictions, request.outputs), version: deployedModelId, ...(request.id !== undefined && { id: request.id }) };
    },

    async setTraffic(name, version, part, options) {
      const e = await must(name, options);
      if (e.deployedModels?.some((m) => m.id === version) !== true) throw fault("not-found", `${name} has no version ${version}`);
      await share(name, e, version, percent(part));
      return (await now(name))!;
    },

    async stop(name, options) {
      const e = await must(name, options);
      await api.ask("PATCH", `${api.endpointUrl(name)}?updateMask=labels`, { etag: e.etag, labels: LABELS }, [], options);
      for (const m of e.deployedModels ?? []) await undeploy(name, m.id, {}, options);
      return (await now(name, options))!;
    },

    async delete(name, options) {
      const e = await api.endpoint(name, options);
      if (e === undefined) return;
      for (const m of e.deployedModels ?? []) await undeploy(name, m.id, {}, options);
      const gone = await api.ask("DELETE", api.endpointUrl(name), undefined, [404], options);
      if (gone.status === 200) await api.wait(gone.body as Operation, config.now() + WAIT_MS, options?.signal);
    },
  };
}

/** The version that has the most traffic now. */
const busiest = ({ deployedModels = [], trafficSplit = {} }: Endpoint): string => deployedModels.toSorted((a, b) => (trafficSplit[b.id] ?? 0) - (trafficSplit[a.id] ?? 0))[0]!.id;

function imageOf({ servable, settings }: DeployRequest): string {
  if (servable.kind === "image") return servable.reference;
  const image = settings?.["image"] ?? "mlstack-serve";
  if (typeof image !== "string") throw fault("invalid", "the setting `image` is a reference, as text");
  return image;
}
