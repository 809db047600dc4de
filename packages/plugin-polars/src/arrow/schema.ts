import type { Dtype, TimeUnit } from "./dtype.ts";
import type { FlatTable } from "./flat-table.ts";

/** A column of an Arrow stream: its meaning, and what is needed to find its bytes. */
export interface ArrowField {
  readonly name: string;
  readonly dtype: Dtype;
  readonly children: readonly ArrowField[];
  /** Bytes of an offset, of strings, binaries and lists. */
  readonly offsetBytes: 4 | 8;
  /** Of categoricals and enums: which dictionary their codes point into, and a code's bytes. */
  readonly dictionary: { readonly id: number; readonly codeBytes: number } | undefined;
}

const UNITS: readonly TimeUnit[] = ["s", "ms", "us", "ns"];

/** The type union of Arrow's Schema.fbs, by number. */
const TYPE = {
  Null: 1, Int: 2, FloatingPoint: 3, Binary: 4, Utf8: 5, Bool: 6, Decimal: 7, Date: 8, Time: 9, Timestamp: 10, List: 12, Struct: 13,
  FixedSizeList: 16, Duration: 18, LargeBinary: 19, LargeUtf8: 20, LargeList: 21,
} as const;

/**
 * The fields of a Schema table.
 *
 * Source: https://github.com/apache/arrow/blob/main/format/Schema.fbs
 *
 * @throws Error for a type that polars does not write into streams
 */
export function arrowFields(schema: FlatTable): ArrowField[] {
  if (schema.int16(0) !== 0) throw new Error("an Arrow stream in big-endian byte order");
  return schema.tables(1).map(arrowField);
}

function arrowField(field: FlatTable): ArrowField {
  const children = field.tables(5).map(arrowField);
  const type = field.uint8(2);
  const encoding = field.table(4);
  return {
    name: field.string(0) ?? "",
    dtype: encoding === undefined ? plainDtype(type, field.table(3), children) : encodedDtype(field),
    children,
    offsetBytes: type === TYPE.LargeBinary || type === TYPE.LargeUtf8 || type === TYPE.LargeList ? 8 : 4,
    dictionary: encoding === undefined ? undefined : { id: encoding.int64(0), codeBytes: (encoding.table(1)?.int32(0) ?? 32) / 8 },
  };
}

function plainDtype(type: number, parts: FlatTable | undefined, children: readonly ArrowField[]): Dtype {
  switch (type) {
    case TYPE.Null: return { kind: "null" };
    case TYPE.Bool: return { kind: "bool" };
    case TYPE.Utf8: case TYPE.LargeUtf8: return { kind: "string" };
    case TYPE.Binary: case TYPE.LargeBinary: return { kind: "binary" };
    case TYPE.Int: return { kind: "int", bits: parts!.int32(0), signed: parts!.uint8(1) === 1 };
    case TYPE.FloatingPoint: return { kind: "float", bits: 16 << parts!.int16(0) };
    case TYPE.Time: return { kind: "time", unit: UNITS[parts!.int16(0, 1)]! };
    case TYPE.Timestamp: return { kind: "datetime", unit: UNITS[parts!.int16(0)]!, zone: parts!.string(1) };
    case TYPE.Duration: return { kind: "duration", unit: UNITS[parts!.int16(0, 1)]! };
    case TYPE.List: case TYPE.LargeList: return { kind: "list", item: children[0]!.dtype };
    case TYPE.FixedSizeList: return { kind: "array", item: children[0]!.dtype, width: parts!.int32(0) };
    case TYPE.Struct: return { kind: "struct", fields: children };
    case TYPE.Decimal: if (parts!.int32(2, 128) === 128) return { kind: "decimal", precision: parts!.int32(0), scale: parts!.int32(1) }; break;
    case TYPE.Date: if (parts!.int16(0, 1) === 0) return { kind: "date" }; break;
    default:
  }
  throw new Error(`an Arrow type that is not read here: ${type}`);
}

/** Polars tells its two dictionary-encoded dtypes apart by a key of the field's metadata. */
function encodedDtype(field: FlatTable): Dtype {
  const metadata = new Map(field.tables(6).map((pair) => [pair.string(0) ?? "", pair.string(1) ?? ""]));
  const values = metadata.get("_PL_ENUM_VALUES2");
  if (values !== undefined) return { kind: "enum", values: lengthPrefixed(values).parts };
  // such as `4;size0;u8;`: a name, a namespace, and how wide the codes are
  const { parts, rest } = lengthPrefixed(metadata.get("_PL_CATEGORICAL2") ?? "0;0;u32;", 2);
  const isCommon = parts.every((part) => part === "") && rest === "u32;";
  return { kind: "categorical", categories: isCommon ? undefined : [...parts, rest.replace(";", "")] };
}

/** Splits `1;a12;more letters` into its parts, at most `most` of them; lengths are in bytes. */
function lengthPrefixed(text: string, most = Infinity): { parts: string[]; rest: string } {
  const bytes = Buffer.from(text);
  const parts: string[] = [];
  let at = 0;
  while (at < bytes.length && parts.length < most) {
    const start = bytes.indexOf(";", at) + 1;
    const end = start + Number(bytes.toString("latin1", at, start - 1));
    parts.push(bytes.toString("utf8", start, end));
    at = end;
  }
  return { parts, rest: bytes.toString("utf8", at) };
}
