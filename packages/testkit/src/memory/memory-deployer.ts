import { createHash } from "node:crypto";
import { checkTensor, isDeploymentName, MlstackError, predictorDefinitionOf, servableMismatch, type Deployer, type DeployFault, type Deployment, type InferRequest, type InferResponse, type JsonObject, type PredictorDefinition, type ServableKind, type StepDeployRequest, type Tensor } from "@mlstack/core";

/** What a step has deployed. */
export interface MemoryDeployment {
  readonly deployment: Deployment;
  /** As the step asked for it; a predictor is there itself. */
  readonly request: StepDeployRequest;
}

export interface MemoryDeployerOptions {
  /** What it serves; predictors, images, and models of any format by default. */
  readonly accepts?: readonly ServableKind[] | undefined;
  /** What is answered for models that no predictor serves. */
  readonly answer?: ((name: string, request: InferRequest) => InferResponse | Promise<InferResponse>) | undefined;
}

interface Kept extends MemoryDeployment { readonly answer: (request: InferRequest) => Promise<readonly Tensor[]> }

/**
 * The deployer that a step is handed, with nothing behind it: what is deployed is ready at once. A predictor is its own code, and answers with the model that the step has
 * given it.
 */
export function memoryDeployer({ accepts, answer }: MemoryDeployerOptions = {}): { readonly deployer: Deployer; deployments(): readonly MemoryDeployment[] } {
  const kept = new Map<string, Kept>();
  const taken = accepts ?? ANYTHING;
  return {
    deployments: () => [...kept.values()].map(({ deployment, request }) => ({ deployment, request })),
    deployer: {
      accepts: taken,
      async deploy(request, { signal } = {}) {
        signal?.throwIfAborted();
        const { name, model, servable, traffic = 1, replicas = 1 } = request;
        if (!isDeploymentName(name)) throw fault("invalid", `${JSON.stringify(name)} is no name of a deployment`);
        if (traffic <= 0 || (traffic < 1 && !kept.has(name))) throw fault("invalid", `there is no version that keeps ${Math.round((1 - traffic) * 100)} % of the traffic`);
        const predictor = predictorDefinitionOf(servable);
        const kind = predictor === undefined ? (servable as { readonly kind: ServableKind["kind"] }).kind : "predictor";
        const misfit = accepts === undefined && kind === "format" ? undefined : servableMismatch(taken, kind, model.format);
        if (misfit !== undefined) throw fault("unsupported", misfit);
        const id = createHash("sha256").update(JSON.stringify([model.digest, kind, predictor?.site ?? servable, request.resources ?? null, request.settings ?? null])).digest("hex").slice(0, 12);
        // loaded now: a step's own files are gone when it has ended
        const answers = predictor === undefined ? undefined : await predictorAnswers(predictor, request);
        const before = kept.get(name)?.deployment.versions.filter((v) => v.id !== id).slice(-1) ?? [];
        const version = { id, digest: model.digest, state: "ready", traffic, replicas } as const;
        const deployment: Deployment = {
          name, id: name, url: `memory://${name}`, protocol: "memory/1", version: traffic >= 0.5 ? id : before[0]!.id, digest: traffic >= 0.5 ? model.digest : before[0]!.digest, state: "ready",
          versions: traffic === 1 ? [version] : [...before.map((v) => ({ ...v, traffic: 1 - traffic })), version],
        };
        kept.set(name, { deployment, request, answer: answers ?? (async (asked) => {
          if (answer === undefined) throw fault("unsupported", `nothing here can serve a model of the format ${model.format}`, "say what is answered: memoryDeployer({ answer })");
          return (await answer(name, asked)).outputs;
        }) });
        return deployment;
      },
      async infer(name, request, { signal } = {}) {
        signal?.throwIfAborted();
        const found = kept.get(name);
        if (found === undefined) throw fault("not-found", `there is no deployment "${name}"`);
        const outputs = await found.answer(request);
        const wanted = request.outputs === undefined ? outputs : outputs.filter((o) => request.outputs!.includes(o.name));
        return { ...(request.id !== undefined && { id: request.id }), version: found.deployment.version, outputs: wanted };
      },
    },
  };
}

const ANYTHING: readonly ServableKind[] = [{ kind: "predictor" }, { kind: "format", formats: [] }, { kind: "image" }];

async function predictorAnswers(predictor: PredictorDefinition, { model }: StepDeployRequest): Promise<Kept["answer"]> {
  if (predictor.model.format.split("/")[0] !== model.format.split("/")[0]) throw fault("unsupported", `the predictor reads models of the format ${predictor.model.format}, this one is ${model.format}`);
  const loaded: unknown = await predictor.model.codec.load(await model.open(), model.format);
  return async ({ inputs }) => {
    const declared = Object.entries(predictor.inputs).map(([name, spec]) => {
      const found = inputs.find((t) => t.name === name);
      if (found === undefined) throw fault("invalid", `the input "${name}" is missing`);
      if (found.datatype !== spec.datatype) throw fault("invalid", `the input "${name}" is ${found.datatype}, the predictor takes ${spec.datatype}`);
      const wrong = checkTensor(found);
      if (wrong !== undefined) throw fault("invalid", wrong);
      return found;
    });
    try { return await predictor.invoke({ model: loaded, inputs: declared }); } catch (cause) {
      throw MlstackError.is(cause) ? cause : new MlstackError("MLS6003", `the predictor failed: ${cause instanceof Error ? cause.message : String(cause)}`, { details: { reason: "failed" }, cause });
    }
  };
}

function fault(reason: DeployFault, message: string, fix?: string): MlstackError {
  return new MlstackError("MLS6003", message, { fix, details: { reason } satisfies JsonObject });
}
