import { MlstackError, type CallOptions, type Deployer, type Deployment, type DeployFault, type StepDeployRequest, type StepServable } from "@mlstack/core";
import { describe } from "./arguments.ts";
import { checkKeys } from "./check-definition.ts";

/** A deployment under the names that ZenML has for its parts; all else is as in `deployer.deploy`. */
export interface DeployModelConfig extends Pick<StepDeployRequest, "model" | "replicas" | "traffic" | "resources" | "settings" | "waitMs"> {
  /** The deployment's name: `[a-z]`, then up to 38 of `[a-z0-9-]`. A second deploy under the same name is an update. */
  readonly model_name: string;
  /** What answers requests; by default the deployer serves the model's format by itself. */
  readonly servable?: StepServable | undefined;
}

const isRecord = (v: unknown): v is Readonly<Record<string, unknown>> => typeof v === "object" && v !== null;
const KEYS = ["model", "model_name", "replicas", "servable", "traffic", "resources", "settings", "waitMs"] as const;

/**
 * `model_deployer.deploy_model(config)`, as code that comes from ZenML has it: `deployer.deploy` by other names.
 *
 * @param config `{ model: artifacts.model, model_name: "fraud-detector", replicas: 1, servable }`
 * @throws MLS6003 `invalid` for a config that can't be, such as a loaded model in the place of its artifact; and what `deployer.deploy` throws,
 * `unsupported` where no servable is named and the deployer does not serve the model's format by itself
 */
export async function deployModel(deployer: Pick<Deployer, "deploy">, config: DeployModelConfig, options?: CallOptions): Promise<Deployment> {
  checkKeys("the config of deployModel", config, KEYS, invalid);
  const { model, model_name, servable = { kind: "format" }, ...request } = config;
  const given: unknown = model;
  if (!isRecord(given) || typeof given["digest"] !== "string" || typeof given["format"] !== "string") throw invalid(`model of deployModel is ${describe(given)}, not an artifact`, "hand on the artifact, not the loaded value: model: artifacts.model");
  if (typeof model_name !== "string") throw invalid(`model_name of deployModel is ${describe(model_name)}`, 'name the deployment: model_name: "fraud-detector"');
  return deployer.deploy({ ...request, name: model_name, model, servable }, options);
}

function invalid(message: string, fix: string): MlstackError {
  return new MlstackError("MLS6003", message, { fix, details: { reason: "invalid" satisfies DeployFault } });
}
