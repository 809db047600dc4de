import * as fc from "fast-check";
import pl, { type DataFrame, type DataType, type Series } from "nodejs-polars";

type Plain = null | boolean | number | bigint | string | readonly Plain[];

/** For tests: a column in plain JavaScript; `kind` says how polars makes it. */
export interface PlainColumn {
  readonly name: string;
  readonly kind: string;
  readonly values: readonly Plain[];
}

interface Kind {
  readonly value: fc.Arbitrary<Plain>;
  /** Nulls are put in afterwards. */
  make(values: readonly Plain[]): Series;
}

const text = fc.string({ unit: "grapheme", maxLength: 20 });
const integers = (bits: number, signed: boolean): fc.Arbitrary<Plain> =>
  signed ? fc.bigInt({ min: -(2n ** BigInt(bits - 1)), max: 2n ** BigInt(bits - 1) - 1n }) : fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n });
/** By way of text: nodejs-polars takes 64-bit integers from arrays with nulls as doubles. */
const integer = (bits: number, signed: boolean, dtype: DataType): Kind => ({ value: integers(bits, signed), make: (values) => pl.Series("", values.map(String), pl.Utf8).cast(dtype, true) });
const counted = (dtype: DataType, value = integers(40, true), physical: DataType = pl.Int64): Kind => ({ value, make: (values) => pl.Series("", values.map(String), pl.Utf8).cast(physical, true).cast(dtype) });
const special = [NaN, -0, 0, Infinity, -Infinity];

const KINDS: Readonly<Record<string, Kind>> = {
  int8: integer(8, true, pl.Int8), int16: integer(16, true, pl.Int16), int32: integer(32, true, pl.Int32), int64: integer(64, true, pl.Int64),
  uint8: integer(8, false, pl.UInt8), uint16: integer(16, false, pl.UInt16), uint32: integer(32, false, pl.UInt32), uint64: integer(64, false, pl.UInt64),
  float64: { value: fc.oneof(fc.double(), fc.constantFrom(...special)), make: (values) => pl.Series("", Float64Array.from(values as number[])) },
  float32: { value: fc.oneof(fc.float(), fc.constantFrom(...special)), make: (values) => pl.Series("", Float32Array.from(values as number[])) },
  bool: { value: fc.boolean(), make: (values) => pl.Series("", values as boolean[], pl.Bool) },
  string: { value: text, make: (values) => pl.Series("", values as string[], pl.Utf8) },
  categorical: { value: fc.constantFrom("a", "b", "", "a longer category"), make: (values) => pl.Series("", values as string[], pl.Utf8).cast(pl.Categorical) },
  binary: { value: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString("hex")), make: (values) => pl.Series("", values as string[], pl.Utf8).str.decode("hex") },
  date: counted(pl.Date, integers(20, true), pl.Int32),
  time: counted(pl.Time, fc.bigInt({ min: 0n, max: 86_399_999_999_999n })),
  datetimeMs: counted(pl.Datetime("ms")), datetimeNs: counted(pl.Datetime("ns")), zoned: counted(pl.Datetime("us", "Europe/Berlin")),
  durationMs: counted(pl.Duration("ms")), durationUs: counted(pl.Duration("us")), durationNs: counted(pl.Duration("ns")),
  decimal: { value: integers(30, true), make: (values) => pl.Series("", values.map(String), pl.Utf8).cast(pl.Int64, true).cast(pl.Decimal(20, 3)) },
  listInt: { value: fc.array(fc.option(fc.integer({ min: -9, max: 9 })), { maxLength: 4 }), make: (values) => pl.Series("", values as number[][], pl.List(pl.Int32)) },
  listText: { value: fc.array(text, { maxLength: 3 }), make: (values) => pl.Series("", values as string[][], pl.List(pl.Utf8)) },
  array: { value: fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 })), make: (values) => pl.Series("", values as number[][], pl.List(pl.Int32)).cast(pl.FixedSizeList(pl.Int32, 2)) },
  struct: { value: fc.tuple(fc.boolean(), text), make: (values) => structOf(values as [boolean, string][]) },
};

function structOf(values: readonly [boolean, string][]): Series {
  return pl.DataFrame([pl.Series("x", values.map(([x]) => x), pl.Bool), pl.Series("y z", values.map(([, y]) => y), pl.Utf8)]).toStruct("");
}

/** The dtypes that are tried: by the names that `seriesOf` knows. */
export const KIND_NAMES = Object.keys(KINDS);

/** Columns of any kinds, all of the same length, with nulls and unlike names. */
export function plainFrames({ minRows = 0, maxRows = 40, kinds = KIND_NAMES }: { minRows?: number; maxRows?: number; kinds?: readonly string[] } = {}): fc.Arbitrary<PlainColumn[]> {
  const size = fc.integer({ min: minRows, max: maxRows });
  const heads = fc.uniqueArray(fc.record({ name: text, kind: fc.constantFrom(...kinds) }), { minLength: 1, maxLength: 4, selector: ({ name }) => name });
  return fc.tuple(size, heads).chain(([rows, all]) =>
    fc.tuple(...all.map(({ name, kind }) => cells(kind, rows).map((values) => ({ name, kind, values }) satisfies PlainColumn))));
}

/** Values of a kind, some of them null. */
export function cells(kind: string, rows: number): fc.Arbitrary<Plain[]> {
  return fc.array(fc.option(KINDS[kind]!.value, { freq: 4 }), { minLength: rows, maxLength: rows });
}

/** Some values of each kind. */
const SOME = Object.fromEntries(KIND_NAMES.map((kind) => [kind, fc.sample(KINDS[kind]!.value, { seed: 1, numRuns: 5 })]));
/** Column i, null where column i + 1 is false. Made once: an expression takes nodejs-polars about a millisecond, as does a series. */
const MASKED = [0, 2, 4, 6].map((i) => pl.when(pl.nth(i + 1)).then(pl.nth(i)).otherwise(pl.lit(null)).alias(`c${i}`));

/** The frame as polars has it; `filler` chooses what lies below the nulls. */
export function frameOf(columns: readonly PlainColumn[], filler: 0 | 1 | 2 | 3 | 4 = 0): DataFrame {
  const parts = columns.flatMap(({ kind, values }) => {
    const below = SOME[kind]![filler]!;
    // one value more: nodejs-polars makes no list or struct of nothing
    return [KINDS[kind]!.make([...values.map((value) => value ?? below), below]), pl.Series("", [...values.map((value) => value !== null), true], pl.Bool)];
  });
  const frame = pl.DataFrame(parts).select(...MASKED.slice(0, columns.length)).slice(0, columns[0]!.values.length);
  frame.columns = columns.map(({ name }) => name);
  return frame;
}
