import type { Tensor, TensorType } from "../contracts/model-deployer.ts";
import type { ArtifactType } from "../formats/artifact-type.ts";
import type { CallSite } from "./step-definition.ts";

/** Brand of predictors, shared by all copies of the package. */
export const PREDICTOR: unique symbol = Symbol.for("mlstack.predictor") as never;

/** What is known of a tensor before there is one. */
export interface TensorSpec<D extends TensorType = TensorType> {
  readonly datatype: D;
  /** Sizes of the dimensions, -1 for any; the first is the batch. */
  readonly shape: readonly number[];
}

/** What a predictor is asked, by a server. */
export interface PredictorInvocation {
  /** The loaded model. */
  readonly model: unknown;
  /** All that it declares, checked. */
  readonly inputs: readonly Tensor[];
}

/** A predictor as a server sees it: what the project's code exports to answer requests to a model. */
export interface PredictorDefinition {
  readonly [PREDICTOR]: 1;
  /** The model's type: its codec loads the artifact, once per process. */
  readonly model: ArtifactType<unknown>;
  readonly inputs: Readonly<Record<string, TensorSpec>>;
  readonly outputs: Readonly<Record<string, TensorSpec>>;
  readonly site: CallSite | undefined;
  /**
   * Answers one request: all outputs in the order of their declaration, checked against it.
   *
   * @throws what the user's code throws; MLS1009 for a result that is not what is declared
   */
  invoke(request: PredictorInvocation): Promise<readonly Tensor[]>;
}

/** Whether a value is a predictor, from whichever copy of the package. */
export function predictorDefinitionOf(value: unknown): PredictorDefinition | undefined {
  return typeof value === "object" && value !== null && PREDICTOR in value ? (value as PredictorDefinition) : undefined;
}
