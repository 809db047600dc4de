import type { Tensor } from "@mlstack/core";
import { checkTensor, fault } from "./faults.ts";

type Nested = number | boolean | string | readonly Nested[];
type Instance = Nested | { readonly [input: string]: Nested };

/** Open Inference Protocol tensors as Vertex AI's `instances`: one per row; of one input bare, of more an object. */
export function toInstances(inputs: readonly Tensor[]): Instance[] {
  for (const input of inputs) checkTensor(input);
  const [first] = inputs;
  if (first === undefined) throw fault("invalid", "a request needs an input");
  const rows = first.shape[0] ?? 0;
  if (inputs.some((t) => t.shape.length === 0 || t.shape[0] !== rows)) throw fault("invalid", "all inputs must have the same first dimension, the batch");
  return Array.from({ length: rows }, (_, row) => (inputs.length === 1 ? slice(first, row) : Object.fromEntries(inputs.map((t) => [t.name, slice(t, row)]))));
}

function slice({ shape, data }: Tensor, row: number): Nested {
  const inner = shape.slice(1);
  const size = inner.reduce((a, b) => a * b, 1);
  return nest(data.slice(row * size, (row + 1) * size), inner);
}

function nest(data: readonly (number | boolean | string)[], shape: readonly number[]): Nested {
  const [n, ...rest] = shape;
  if (n === undefined) return data[0]!;
  const size = rest.reduce((a, b) => a * b, 1);
  return Array.from({ length: n }, (_, i) => nest(data.slice(i * size, (i + 1) * size), rest));
}

/**
 * Vertex AI's `predictions` as tensors: named ones of objects, else one called `predictions`. JSON does not say which numbers were
 * integers, so all come back as FP64.
 */
export function fromPredictions(predictions: readonly unknown[], names: readonly string[] | undefined): Tensor[] {
  const [first] = predictions;
  const named = typeof first === "object" && first !== null && !Array.isArray(first);
  const keys = named ? Object.keys(first) : ["predictions"];
  const missing = names?.find((n) => !keys.includes(n));
  if (missing !== undefined) throw fault("invalid", `the model has no output ${missing}; it has ${keys.join(", ")}`);
  return (names ?? keys).map((name) => tensor(name, named ? predictions.map((p) => (p as Record<string, unknown>)[name]) : predictions));
}

function tensor(name: string, value: readonly unknown[]): Tensor {
  const shape: number[] = [];
  for (let at: unknown = value; Array.isArray(at); at = at[0]) shape.push(at.length);
  const data = value.flat(Number.POSITIVE_INFINITY) as (number | boolean | string)[];
  const datatype = typeof data[0] === "boolean" ? "BOOL" : typeof data[0] === "string" ? "BYTES" : "FP64";
  // Ragged rows are not an array; saying so beats a shape that is not true.
  if (data.length !== shape.reduce((a, b) => a * b, 1)) throw fault("unsupported", `the output ${name} has rows of different lengths`);
  return { name, shape, datatype, data };
}
