import type { Column } from "../arrow/record-batch.ts";
import { dateText, datetimeText, durationText, timeText } from "./moment-text.ts";

/** A scalar: numbers as numbers, moments and spans as ISO 8601, decimals as text. */
export type Scalar = number | bigint | boolean | string | null;

/**
 * One value of a column of bools, numbers, moments or spans; exact. A float32 is the shortest number that rounds to it.
 *
 * @throws Error for a column of another dtype
 */
export function scalarAt(column: Column, row: number): Scalar {
  const { dtype } = column.field;
  if (isNull(column, row)) return null;
  switch (dtype.kind) {
    case "float": return floatAt(column, row, dtype.bits);
    case "int": return integerAt(column, row, dtype.bits, dtype.signed);
    case "decimal": return decimalText(integerAt(column, row, 128, true), dtype.scale);
    case "date": return dateText(integerAt(column, row, 32, true));
    case "time": return timeText(integerAt(column, row, 64, true), dtype.unit);
    case "datetime": return datetimeText(integerAt(column, row, 64, true), dtype.unit, dtype.zone);
    case "duration": return durationText(integerAt(column, row, 64, true), dtype.unit);
    case "bool": return ((column.data[row >> 3]! >> (row & 7)) & 1) === 1;
    default: throw new Error(`not a scalar: ${dtype.kind}`);
  }
}

/** Whether a row is null. */
export function isNull({ validity, field }: Column, row: number): boolean {
  return field.dtype.kind === "null" || (validity !== undefined && ((validity[row >> 3]! >> (row & 7)) & 1) === 0);
}

/** One value of a column of integers or codes of `bits` bits. */
export function integerAt({ data }: Column, row: number, bits: number, signed: boolean): bigint {
  let value = 0n;
  const size = bits / 8;
  for (let b = size - 1; b >= 0; b--) value = (value << 8n) | BigInt(data[row * size + b]!);
  return signed ? BigInt.asIntN(bits, value) : value;
}

function floatAt({ data }: Column, row: number, bits: number): number {
  const view = new DataView(data.buffer, data.byteOffset + (row * bits) / 8);
  if (bits === 64) return view.getFloat64(0, true);
  return bits === 32 ? shortest(view.getFloat32(0, true)) : halfAt(view.getUint16(0, true));
}

/** 0.1 rather than 0.10000000149011612. */
function shortest(float32: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(float32.toPrecision(digits));
    if (Object.is(Math.fround(short), float32)) return short;
  }
  return float32;
}

/** A number of IEEE 754's binary16. */
function halfAt(word: number): number {
  const [exponent, fraction] = [(word >> 10) & 31, word & 1023];
  const sign = word >> 15 === 0 ? 1 : -1;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

function decimalText(value: bigint, scale: number): string {
  if (value < 0n) return `-${decimalText(-value, scale)}`;
  const digits = String(value).padStart(scale + 1, "0");
  return scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
