import type { Tensor, TensorType } from "@mlstack/core";

/** A tensor as the protocol's metadata describes it. */
export interface TensorMetadata {
  readonly name: string;
  readonly datatype: TensorType;
  /** -1 for any size. */
  readonly shape: readonly number[];
}

/** What is served, as it is said of a model: its tensors, and what kind of model it is. */
export interface ModelMetadata {
  readonly platform: string;
  readonly inputs: readonly TensorMetadata[];
  readonly outputs: readonly TensorMetadata[];
}

/** To a model's process. */
export type ToModel = { readonly kind: "infer"; readonly call: number; readonly inputs: readonly Tensor[] };

/** From a model's process. `fault`: who is to blame, the request or the model. */
export type FromModel =
  | { readonly kind: "ready"; readonly metadata: ModelMetadata }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "answer"; readonly call: number; readonly outputs: readonly Tensor[] }
  | { readonly kind: "refused"; readonly call: number; readonly fault: "invalid" | "failed"; readonly message: string };
