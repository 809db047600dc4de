import type { Tensor, TensorType } from "./model-deployer.ts";

/** All datatypes of tensors. */
export const TENSOR_TYPES: readonly TensorType[] = ["BOOL", "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64", "FP16", "FP32", "FP64", "BYTES"];

/**
 * A tensor's data row by row, from flat data or from arrays that are nested as its shape says. Undefined where they are nested in another way: values
 * would come to stand where they do not belong.
 */
export function flatData(data: readonly unknown[], shape: readonly unknown[]): readonly unknown[] | undefined {
  if (!data.some(Array.isArray)) return data;
  let rows: readonly unknown[] = [data];
  for (const size of shape) {
    if (!rows.every((row) => Array.isArray(row) && row.length === size)) return undefined;
    rows = (rows as readonly (readonly unknown[])[]).flat();
  }
  return rows.some(Array.isArray) ? undefined : rows;
}

/**
 * Why a tensor can't be sent as JSON; undefined where it can. Its data must fill its shape, and hold nothing that JSON services would change
 * silently: no NaN, no infinities, no integers beyond 2^53, nothing beyond its type.
 */
export function checkTensor({ name, shape, datatype, data }: Tensor): string | undefined {
  if (!TENSOR_TYPES.includes(datatype)) return `${name} has the datatype ${JSON.stringify(datatype)}, which is none of ${TENSOR_TYPES.join(", ")}`;
  const wanted = shape.reduce((a, b) => a * b, 1);
  if (shape.some((n) => !Number.isSafeInteger(n) || n < 0) || wanted !== data.length) return `${name} has ${data.length} values for the shape [${shape.join(", ")}]`;
  const fits = checkOf(datatype);
  for (const value of data) if (!fits(value)) return `${name} holds ${typeof value === "string" ? JSON.stringify(value).slice(0, 80) : String(value)}, which is no ${datatype} that JSON can carry`;
  return undefined;
}

/** The least that FP16 rounds to infinity. */
const FP16_OVERFLOW = 65_520;

function checkOf(datatype: TensorType): (value: unknown) => boolean {
  if (datatype === "BOOL") return (v) => typeof v === "boolean";
  if (datatype === "BYTES") return (v) => typeof v === "string";
  if (datatype === "FP64") return Number.isFinite;
  // what is beyond the type would be infinite in it
  if (datatype === "FP32") return (v) => typeof v === "number" && Number.isFinite(Math.fround(v));
  if (datatype === "FP16") return (v) => typeof v === "number" && Math.abs(v) < FP16_OVERFLOW;
  const bits = Number(/\d+$/.exec(datatype)![0]);
  const signed = datatype.startsWith("INT");
  const [least, most] = signed ? [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1] : [0, 2 ** bits - 1];
  return (v) => Number.isSafeInteger(v) && (v as number) >= least && (v as number) <= most;
}
