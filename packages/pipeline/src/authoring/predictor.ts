import { checkTensor, MlstackError, PREDICTOR, TENSOR_TYPES, type ArtifactType, type ArtifactValue, type PredictorDefinition, type Tensor, type TensorSpec, type TensorType } from "@mlstack/core";
import { describe } from "./arguments.ts";
import { callSite } from "./call-site.ts";
import { checkKeys, checkPorts, type Invalid } from "./check-definition.ts";

type Tensors = Readonly<Record<string, TensorSpec>>;
/** A value of a tensor, as JSON has it. 64-bit integers are numbers up to 2^53. */
export type TensorValue<D extends TensorType> = D extends "BOOL" ? boolean : D extends "BYTES" ? string : number;

/** A tensor as a predictor gets it. */
export interface TensorInput<D extends TensorType = TensorType> {
  /** Sizes of the dimensions. */
  readonly shape: readonly number[];
  /** Row by row, flat. */
  readonly data: readonly TensorValue<D>[];
}

/** A tensor as a predictor returns it: its values row by row, in an array or a typed array, with their shape where the declared one leaves more than one size open. */
export type TensorOutput<D extends TensorType = TensorType> = ArrayLike<TensorValue<D>> | { readonly shape: readonly number[]; readonly data: ArrayLike<TensorValue<D>> };

type DatatypeOf<S> = S extends TensorSpec<infer D> ? D : never;

/** A predictor as its author writes it. */
export interface PredictorSpec<A extends ArtifactType<unknown>, I extends Tensors, O extends Tensors> {
  /** The type of the step's output that is served. */
  readonly model: A;
  /** What a request holds, by name. */
  readonly inputs: I;
  /** What an answer holds, by name. */
  readonly outputs: O;
  /** Answers one request; what it throws is answered as an error. The model is loaded once, and shared by all requests of a process. */
  predict(request: { readonly model: ArtifactValue<A>; readonly inputs: { readonly [K in keyof I]: TensorInput<DatatypeOf<I[K]>> } }): Answer<O> | Promise<Answer<O>>;
}

type Answer<O extends Tensors> = { readonly [K in keyof O]: TensorOutput<DatatypeOf<O[K]>> };

const KEYS = ["model", "inputs", "outputs", "predict"];

/**
 * Declares a tensor of a predictor.
 *
 * @param shape sizes of the dimensions, -1 for any; the first one is the batch
 * @throws MLS1008 for a datatype or shape that can't be
 * @example
 * tensor("FP64", [-1, 12]) // any number of rows of 12
 */
export function tensor<D extends TensorType>(datatype: D, shape: readonly number[]): TensorSpec<D> {
  const invalid = (message: string, fix: string) => new MlstackError("MLS1008", `a tensor is invalid: ${message}`, { fix });
  if (!TENSOR_TYPES.includes(datatype)) throw invalid(`its datatype is ${describe(datatype)}`, `use one of ${TENSOR_TYPES.join(", ")}`);
  if (!Array.isArray(shape) || shape.length === 0 || shape.some((n) => !Number.isInteger(n) || n < -1)) throw invalid(`its shape is ${describe(shape)}`, 'write whole numbers, -1 for any: tensor("FP64", [-1, 12])');
  return { datatype, shape: [...shape] };
}

/**
 * Defines what answers requests to a model that is deployed. Give it a top-level export of its own, in a module that runs no pipeline: a
 * deployer imports it there.
 *
 * @throws MLS1008 when the definition is invalid
 * @example
 * export const delays = predictor({ model: json<Trees>(), inputs: { features: tensor("FP64", [-1, 12]) }, outputs: { probability: tensor("FP64", [-1]) },
 *   predict: ({ model, inputs }) => ({ probability: score(model, inputs.features) }) });
 */
export function predictor<A extends ArtifactType<unknown>, const I extends Tensors, const O extends Tensors>(spec: PredictorSpec<A, I, O>): PredictorDefinition {
  const site = callSite();
  const invalid: Invalid = (message, fix) => new MlstackError("MLS1008", `a predictor is invalid: ${message}`, { fix });
  if (typeof spec !== "object" || (spec as unknown) === null) throw invalid(`predictor() was called with ${describe(spec)}`, "write predictor({ model, inputs, outputs, predict })");
  checkKeys("it", spec, KEYS, invalid);
  const { model, inputs, outputs } = spec;
  checkPorts("model", { model }, invalid);
  for (const [name, tensors] of Object.entries({ inputs, outputs })) {
    if (typeof tensors !== "object" || (tensors as unknown) === null || Object.keys(tensors).length === 0) throw invalid(`it has no ${name}`, `declare them: ${name}: { x: tensor("FP64", [-1, 12]) }`);
    for (const [key, t] of Object.entries(tensors)) if (!TENSOR_TYPES.includes((t as TensorSpec | null)?.datatype as TensorType)) throw invalid(`${name}.${key} is ${describe(t)}`, `write ${key}: tensor("FP64", [-1, 12])`);
  }
  if (typeof spec.predict !== "function") throw invalid("it has no predict function", "add predict({ model, inputs }) { … }");
  // from here on it is data: the types above have done their work
  const predict = spec.predict as (request: unknown) => unknown;
  return {
    [PREDICTOR]: 1, model, inputs, outputs, site,
    async invoke(request) {
      const given = Object.fromEntries(request.inputs.map(({ name, shape, data }) => [name, { shape, data }]));
      const answer = await predict({ model: request.model, inputs: given });
      return Object.entries(outputs).map(([name, of]) => outputOf(name, of, answer));
    },
  };
}

function outputOf(name: string, of: TensorSpec, answer: unknown): Tensor {
  const bad = (message: string, fix: string) => new MlstackError("MLS1009", `the predictor's output "${name}" ${message}`, { fix });
  const value = (typeof answer === "object" && answer !== null ? (answer as Record<string, unknown>)[name] : undefined) as TensorOutput | undefined;
  if (typeof value !== "object" || value === null) throw bad(`is ${describe(value)}`, `return { ${name}: values }`);
  const { shape, data } = "data" in value ? value : { shape: undefined, data: value };
  const values = Array.from(data as ArrayLike<number | boolean | string | bigint>, (v) => (typeof v === "bigint" ? Number(v) : v));
  const full = shape ?? sizeUp(of.shape, values.length);
  if (full === undefined) throw bad(`has ${values.length} values, which do not fill the shape [${of.shape.join(", ")}]`, `return { ${name}: { shape, data } }`);
  if (!matches(full, of.shape)) throw bad(`has the shape [${full.join(", ")}], not [${of.shape.join(", ")}]`, "return what is declared, or declare what is returned");
  const tensor: Tensor = { name, datatype: of.datatype, shape: [...full], data: values };
  const fault = checkTensor(tensor);
  if (fault !== undefined) throw bad(`can't be sent: ${fault}`, "return finite numbers, and what the datatype holds");
  return tensor;
}

/** The one open size, from how many values there are. */
function sizeUp(shape: readonly number[], length: number): readonly number[] | undefined {
  const open = shape.filter((n) => n === -1).length;
  const fixed = shape.reduce((a, n) => (n === -1 ? a : a * n), 1);
  if (open === 0) return fixed === length ? shape : undefined;
  if (open > 1 || fixed === 0 || length % fixed !== 0) return undefined;
  return shape.map((n) => (n === -1 ? length / fixed : n));
}

/** Whether sizes are those that are declared. */
export function matches(shape: readonly number[], declared: readonly number[]): boolean {
  return shape.length === declared.length && declared.every((n, i) => n === -1 || n === shape[i]);
}
