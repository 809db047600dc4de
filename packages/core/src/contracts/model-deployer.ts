import type { CallOptions, Component } from "./component.ts";
import type { InputDir } from "../formats/artifact-dir.ts";
import type { ArtifactHandle } from "../formats/artifact-type.ts";
import type { PredictorDefinition } from "../steps/predictor.ts";
import type { JsonObject } from "../values/json.ts";
import type { ResourceRequest } from "./orchestrator.ts";

/**
 * Serves models under names. A name has one address for as long as it exists, and at most two versions behind it: the one that serves,
 * and the one that takes over or takes a share. A version is what was deployed: model, servable, resources and settings; the same model
 * with other settings is another one. It is named by an id that the deployer makes of these, the same in every process.
 *
 * Errors: MLS6001 when the service does not serve at the moment (not reached, no or half an answer, 408, 429, 5xx, also when it was tried
 * again), MLS6002 not allowed, MLS2008 for settings that the flavor does not know, and MLS6003 for all else. `details.reason` is a
 * DeployFault in MLS6003, and where it is known in MLS6001.
 *
 * @experimental until a second flavor has passed the conformance kit
 */
export interface ModelDeployer extends Component {
  readonly contract: "model_deployer@1";
  /** What this deployer can serve; a mismatch is refused before the run. */
  readonly accepts: readonly ServableKind[];

  /**
   * Deploys, or updates the deployment of that name, and waits until the version serves its share (see `DeployRequest.waitMs`).
   *
   * Idempotent by name and version: the same demand again finds the version that an earlier call made,
   * also where that call's answer was lost or its process died, and goes on waiting. `replicas` and `traffic` are states wished for:
   * another number changes the version in place. Two calls for one name exclude each other: the second is refused (`busy`) or waits.
   *
   * An update fails no request: the version before serves until the new one has passed its health check, then gets no new requests,
   * and goes when those that it has are answered. An update that fails leaves the version before in service.
   *
   * Aborting (`options.signal`) ends the waiting, not the deployment. What a process that died left undone (an old version that should
   * have gone) is done by the next `deploy` of the same demand.
   *
   * @throws MLS6003: `invalid`, `unsupported`, `conflict` and `busy` before anything is changed; `quota`, `failed` with the version's
   * last lines in `details.log`; `timeout` when `waitMs` has passed: the deployment goes on, and calling again waits for it
   */
  deploy(request: DeployRequest, options?: CallOptions): Promise<Deployment>;

  /** The deployment of that name as it is now; undefined when there is none. Changes nothing. */
  get(name: string, options?: CallOptions): Promise<Deployment | undefined>;

  /** All deployments that this component made, of any process, in no particular order; those of others in the same service are left out. */
  list(options?: CallOptions): AsyncIterable<Deployment>;

  /**
   * Sends one request to the model and returns its answer. The schema is that of Open Inference Protocol v2 whatever the service speaks.
   * Tried again only where the model certainly did not see the request (refused connection, 429, 503).
   *
   * @throws MLS6003: `not-found`, `not-ready`, `invalid` for tensors that the service can't carry or the model refuses, `too-large`,
   * `failed` when the model's code threw; MLS6001: `overloaded`
   */
  infer(name: string, request: InferRequest, options?: CallOptions): Promise<InferResponse>;

  /**
   * Shares the traffic between the two versions: `share` (0 to 1) goes to the version with this id, the rest to the other. 1 promotes
   * it: the other version goes once its requests are answered. A version with 0 stays, and costs, until the other one is promoted.
   *
   * @throws MLS6003: `not-found` for a name or version that is not deployed, `not-ready` where that version is
   */
  setTraffic(name: string, version: string, share: number, options?: CallOptions): Promise<Deployment>;

  /**
   * Ends the processes and the costs; name and address stay. `deploy` brings it back. Idempotent.
   *
   * @throws MLS6003: `not-found`
   */
  stop(name: string, options?: CallOptions): Promise<Deployment>;

  /**
   * Brings back what `stop` has ended, or what has died: the versions that served last, with their shares, under the same address. Waits until
   * they serve; of one that is ready nothing is changed. Deployers whose service forgets what it served leave this out: `deploy` brings it back.
   *
   * @throws MLS6003: `not-found`, `failed`, `conflict` where the address was taken meanwhile, `timeout`
   */
  start?(name: string, options?: CallOptions): Promise<Deployment>;

  /** Removes all that `deploy` made for this name. Resolves when it is gone; removing what is not there is no error. */
  delete(name: string, options?: CallOptions): Promise<void>;

  /** What the versions printed, oldest first; `lines` (default 100) from the end. Deployers whose service keeps none leave this out. */
  logs?(name: string, options?: CallOptions & { readonly lines?: number | undefined }): AsyncIterable<DeploymentLog>;
}

/**
 * Why a deployer refused or failed, in `details.reason`. A repetition may help after `not-ready`, `busy`, `quota`, `overloaded` and `timeout`,
 * when something has changed meanwhile.
 */
export type DeployFault =
  /** No such deployment or version. */
  | "not-found"
  /** Nothing of that name answers yet, or any more. */
  | "not-ready"
  /** A name, share, setting or tensor that can't be. */
  | "invalid"
  /** The service can't do this: a servable, a datatype, a share of the traffic. */
  | "unsupported"
  /** The name is taken by something that this component did not make. */
  | "conflict"
  /** Another call changes this deployment now. */
  | "busy"
  /** The service or the machine has no room; trying later or asking for less may help. */
  | "quota" | "overloaded"
  | "too-large"
  /** The version never became healthy, or the model's code threw. */
  | "failed"
  | "timeout";

/** What a deployer can serve: models of some formats by itself, predictors (code of the project), or images. */
export type ServableKind =
  | { readonly kind: "format"; readonly formats: readonly string[] }
  | { readonly kind: "predictor" }
  | { readonly kind: "image" };

/** What serves a model. */
export type Servable =
  /** The deployer serves this format by itself. */
  | { readonly kind: "format" }
  /** An export of the project's code that answers requests: what `predictor()` makes. */
  | PredictorServable
  | { readonly kind: "image"; readonly reference: string };

/** The project's own code as it was when the plan was made: later edits do not change what is served. */
export interface PredictorServable {
  /** Tells it from the other servables. */
  readonly kind: "predictor";
  /** By its path in the project. */
  readonly module: string;
  /** The name under which the module exports it. */
  readonly export: string;
  /** What it runs. */
  readonly code: ServableCode;
}

/** Compiled modules that run given the packages that they import; those are not in it. */
export interface ServableCode {
  /** SHA-256 of the files' manifest, in hex: the same code has the same digest everywhere. Part of the version's identity. */
  readonly digest: string;
  /** Where the predictor's module lies in it. */
  readonly entry: string;
  /** Opens the compiled modules. */
  open(): Promise<InputDir>;
}

/** What a step names to be served. A predictor is given itself, imported by the step's module, or by its module and export. */
export type StepServable = Exclude<Servable, PredictorServable> | PredictorDefinition | { readonly kind: "predictor"; readonly module: string; readonly export: string };

/** What is to be deployed, and how. */
export interface DeployRequest {
  /** `[a-z]`, then up to 38 of `[a-z0-9-]`, not `-` at the end. A second deploy under the same name is an update. */
  readonly name: string;
  /** What is served; its files are read where the model runs. */
  readonly model: ArtifactHandle;
  /** What serves it; one of a kind that the deployer accepts. */
  readonly servable: Servable;
  /** Processes or machines that serve, at least; 1 by default. */
  readonly replicas?: number | undefined;
  /**
   * Share of the traffic that goes to this version, 0 to 1; 1 by default. Rounded to whole percent, never to none or all. Below 1 the
   * version before keeps the rest; without one that is ready it is refused (`invalid`).
   */
  readonly traffic?: number | undefined;
  /** For each replica. */
  readonly resources?: ResourceRequest | undefined;
  /**
   * Settings of the flavor. Part of the version's identity, so another value starts another version. Secrets are references; they are
   * resolved where the model runs.
   */
  readonly settings?: JsonObject | undefined;
  /** How long `deploy` waits, in milliseconds: 30 minutes by default; 0 returns as soon as the service has taken the demand. */
  readonly waitMs?: number | undefined;
}

/** A line that a version has printed. */
export interface DeploymentLog {
  /** Milliseconds since 1970 (UTC). */
  readonly time: number;
  /** Id of the version that printed it; left out where the service does not say. */
  readonly version?: string | undefined;
  /** Without the end of its line. */
  readonly text: string;
}

/**
 * A deployment as it is now. Never holds a credential: no token in `url`, no values of environment variables, no key of a service account;
 * it is stored in records and shown in logs.
 *
 * - `pending`: nothing answers at the moment: its first version is being brought up, or its processes have ended and are started again
 * - `ready`: it answers, also while a second version is brought up or has failed
 * - `failed`: nothing answers and nothing will without another `deploy`
 * - `stopped`: nothing answers and nothing is paid for; name and url are kept
 *
 * pending → ready | failed; ready → pending | stopped | failed (its processes are gone); stopped, failed → pending by `deploy`; any → none by `delete`.
 */
export interface Deployment {
  /** As it was asked for. */
  readonly name: string;
  /** What the service calls it. */
  readonly id: string;
  /** Where it answers; the same for all versions, known from the first `deploy` on. Empty where that was never done, or what is kept of it is damaged. */
  readonly url: string;
  /** What is spoken at `url`: `oip/2` (Open Inference Protocol v2), or the service's own, such as `vertex/1`. `infer` hides the difference. */
  readonly protocol: string;
  /** Id of the version that serves the most traffic; of the one that is brought up where none serves. Left out when stopped. */
  readonly version?: string | undefined;
  /** Digest of that version's model artifact; when stopped of the last one, or empty where that is not known any more. */
  readonly digest: string;
  /** As above. */
  readonly state: "pending" | "ready" | "failed" | "stopped";
  /** Why it is failed, or why its newer version is, or why nothing answers at the moment. */
  readonly reason?: string | undefined;
  /** One, or two during an update or while traffic is shared; the older first. None when stopped. */
  readonly versions: readonly DeployedVersion[];
}

/** One model behind a deployment's address. */
export interface DeployedVersion {
  /** Made of model, servable, resources and settings; unique in the deployment. */
  readonly id: string;
  /** Digest of the model artifact. */
  readonly digest: string;
  /** `draining`: gets no new requests and goes when those that it has are answered. */
  readonly state: "pending" | "ready" | "draining" | "failed";
  /** Share of the traffic, 0 to 1; the shares of all versions add up to 1 unless none is ready. */
  readonly traffic: number;
  /** Replicas that answer now; left out where the service does not say. */
  readonly replicas?: number | undefined;
}

/**
 * A request to a model in the schema of Open Inference Protocol v2 (the one of KServe, Seldon and Triton), with plain JSON values.
 */
export interface InferRequest {
  /** Comes back with the answer. */
  readonly id?: string | undefined;
  /** One tensor for each input of the model. */
  readonly inputs: readonly Tensor[];
  /** Outputs asked for, by name; all by default. */
  readonly outputs?: readonly string[] | undefined;
}

/** A model's answer. */
export interface InferResponse {
  /** Of the request, where it had one. */
  readonly id?: string | undefined;
  /** Id of the version that answered; `get` says which model that is. Left out where the service does not say. */
  readonly version?: string | undefined;
  /** One tensor for each output that was asked for. */
  readonly outputs: readonly Tensor[];
}

/** A named array. The first dimension is the batch. */
export interface Tensor {
  /** Of the model's input or output. */
  readonly name: string;
  /** Sizes of the dimensions; their product is the length of `data`. */
  readonly shape: readonly number[];
  /** Of each value. */
  readonly datatype: TensorType;
  /**
   * The values in row-major order, flat: numbers, booleans for BOOL, text for BYTES. NaN, infinities and integers beyond 2^53 are refused
   * (`invalid`), because JSON services would change them silently.
   */
  readonly data: readonly (number | boolean | string)[];
}

/** The datatypes of Open Inference Protocol v2. */
export type TensorType =
  | "BOOL" | "INT8" | "INT16" | "INT32" | "INT64" | "UINT8" | "UINT16" | "UINT32" | "UINT64"
  | "FP16" | "FP32" | "FP64"
  /** Text. */
  | "BYTES";

/** What a step gets: to deploy, and to try what it deployed. */
export interface Deployer extends Pick<ModelDeployer, "accepts" | "infer"> {
  /**
   * As `ModelDeployer.deploy`. The code of a predictor is taken from the plan.
   *
   * @throws also MLS6003 `unsupported` where the predictor can't read the model's format, and MLS4011 where its code is not in the plan
   */
  deploy(request: StepDeployRequest, options?: CallOptions): Promise<Deployment>;
}

/** A DeployRequest as a step writes it. */
export type StepDeployRequest = Omit<DeployRequest, "servable"> & { readonly servable: StepServable };

/**
 * Why a deployer takes no such servable; undefined where it does.
 *
 * @param format of the model; only looked at where the deployer is to serve the format by itself
 */
export function servableMismatch(accepts: readonly ServableKind[], kind: ServableKind["kind"], format: string): string | undefined {
  if (accepts.some((a) => a.kind === kind && (a.kind !== "format" || a.formats.includes(format)))) return undefined;
  const taken = accepts.map((a) => (a.kind === "format" ? `models of format ${a.formats.join(", ")}` : a.kind === "predictor" ? "predictors" : "images"));
  return `it takes ${taken.length === 0 ? "nothing" : taken.join(" and ")}, not ${kind === "format" ? `a model of format ${format} by itself` : `${kind === "image" ? "an" : "a"} ${kind}`}`;
}

const NAME = /^[a-z](?:[a-z0-9-]{0,37}[a-z0-9])?$/;

/** Whether `name` is a legal name of a deployment. */
export const isDeploymentName = (name: string): boolean => NAME.test(name);
