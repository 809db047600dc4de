import { MlstackError } from "@mlstack/core";

/** Element types by numpy's short names (kind and bytes), and what holds their elements. `b1` is bool: 0 or 1 in a Uint8Array. */
export interface NpyData {
  readonly f4: Float32Array;
  readonly f8: Float64Array;
  readonly i1: Int8Array;
  readonly i2: Int16Array;
  readonly i4: Int32Array;
  readonly i8: BigInt64Array;
  readonly u1: Uint8Array;
  readonly u2: Uint16Array;
  readonly u4: Uint32Array;
  readonly u8: BigUint64Array;
  readonly b1: Uint8Array;
}

export type NpyDtype = keyof NpyData;

/** An array of numbers with any number of dimensions. `dtype` tells the class of `data`. */
export type NdArray<D extends NpyDtype = NpyDtype> = {
  readonly [K in D]: {
    readonly dtype: K;
    /** Elements in C order: the last index runs fastest. */
    readonly data: NpyData[K];
    /** Length of each dimension, the slowest first; `[]` is a single number. The product is the number of elements. */
    readonly shape: readonly number[];
  };
}[D];

interface DtypeClass {
  new (buffer: ArrayBuffer): ArrayBufferView;
  readonly prototype: object;
  readonly BYTES_PER_ELEMENT: number;
}

/** The class that holds the elements of each dtype. */
export const DTYPE_CLASSES: { readonly [D in NpyDtype]: DtypeClass } = {
  f4: Float32Array, f8: Float64Array, i1: Int8Array, i2: Int16Array, i4: Int32Array, i8: BigInt64Array, u1: Uint8Array, u2: Uint16Array,
  u4: Uint32Array, u8: BigUint64Array, b1: Uint8Array,
};

/** numpy refuses arrays of more dimensions. */
export const MAX_DIMENSIONS = 64;

type DtypeOf<A> = A extends Float32Array ? "f4" : A extends Float64Array ? "f8" : A extends Int8Array ? "i1" : A extends Int16Array ? "i2"
  : A extends Int32Array ? "i4" : A extends BigInt64Array ? "i8" : A extends Uint8Array ? "u1" : A extends Uint16Array ? "u2"
  : A extends Uint32Array ? "u4" : A extends BigUint64Array ? "u8" : never;

/**
 * Names the shape of a typed array's elements. The array is used as it is, not copied; its class gives the dtype.
 *
 * @param shape one dimension by default
 * @param dtype only for `"b1"`: the Uint8Array holds booleans, 0 or 1
 * @throws MLS1009 when the shape does not fit the number of elements, or there is no dtype for the array's class
 * @example ndarray(new Float64Array([1, 2, 3, 4, 5, 6]), [2, 3])
 */
export function ndarray<A extends NpyData[NpyDtype]>(data: A, shape?: readonly number[]): NdArray<DtypeOf<A>>;
export function ndarray(data: Uint8Array, shape: readonly number[] | undefined, dtype: "b1"): NdArray<"b1">;
export function ndarray(data: ArrayBufferView & { readonly length?: number }, shape?: readonly number[], dtype?: "b1"): NdArray {
  const own = dtype ?? dtypeOf(data);
  if (own === undefined) throw mismatch(`there is no dtype for ${data?.constructor?.name}`, "use a Float32Array, Float64Array, or a typed array of integers; of a Buffer new Uint8Array(buffer)");
  const array = { dtype: own, data, shape: [...(shape ?? [data.length ?? 0])] } as unknown as NdArray;
  const problem = shapeProblem(array);
  if (problem !== undefined) throw mismatch(problem, "give each dimension's length; their product is the number of elements");
  return array;
}

/** The number of elements in an array of this shape; undefined for lengths that no array can have. */
export function elementCount(shape: readonly number[]): number | undefined {
  const valid = shape.length <= MAX_DIMENSIONS && shape.every((length) => Number.isSafeInteger(length) && length >= 0 && !Object.is(length, -0));
  if (!valid) return undefined;
  const count = shape.includes(0) ? 0 : shape.reduce((product, length) => product * length, 1);
  return Number.isSafeInteger(count) ? count : undefined;
}

/** Why an array's shape is none of its elements'; undefined when it is. */
export function shapeProblem(array: NdArray): string | undefined {
  const count = elementCount(array.shape);
  const shape = `the shape [${array.shape.slice(0, MAX_DIMENSIONS + 1).join(", ")}]`;
  if (count === undefined) return `${shape} is not a list of at most ${MAX_DIMENSIONS} lengths`;
  return count === array.data.length ? undefined : `${shape} has ${count} elements, the data has ${array.data.length}`;
}

function dtypeOf(data: unknown): NpyDtype | undefined {
  const proto: unknown = typeof data === "object" && data !== null ? Object.getPrototypeOf(data) : undefined;
  return (Object.keys(DTYPE_CLASSES) as NpyDtype[]).find((dtype) => DTYPE_CLASSES[dtype].prototype === proto);
}

function mismatch(message: string, fix: string): MlstackError {
  return new MlstackError("MLS1009", message, { fix });
}
