import type { JsonObject, JsonValue } from "@mlstack/core";
import type { DataFrame, Series } from "nodejs-polars";
import { setImmediate } from "node:timers/promises";
import { dtypeName } from "../arrow/dtype.ts";
import { readFrame } from "../arrow/read-frame.ts";
import { plainFrame, type PlainFrame } from "../plain-frame.ts";
import { cut } from "./cell-text.ts";
import { scalarAt, type Scalar } from "./scalars.ts";

/** Columns beyond these are counted only. */
const DESCRIBED = 100;
/** Characters of a name or dtype. */
const NAME = 200;

/**
 * Facts about a frame: `rows`, `columns`, and by column `dtypes`, `nulls`, and of numbers, moments and spans `min` and `max`. Only the
 * first 100 columns are described; where there are more, `describedColumns` says so. Names and dtypes are cut at 200 characters.
 *
 * min and max leave null and NaN aside, and are absent where nothing else is there. Integers beyond 2^53 and infinities are strings,
 * decimals too; moments and spans are ISO 8601.
 */
export async function tableMetadata(value: DataFrame): Promise<JsonObject> {
  const plain = plainFrame(value);
  const { frame } = plain;
  const facts = await columnFacts(plain);
  const by = (fact: string): JsonObject => Object.fromEntries(facts.flatMap((column) => (column[fact] === undefined ? [] : [[column.name, column[fact]]])));
  return {
    rows: frame.height, columns: frame.width, ...(frame.width > DESCRIBED && { describedColumns: DESCRIBED }),
    dtypes: by("dtype"), nulls: by("nulls"), min: by("min"), max: by("max"),
  };
}

/** Facts about a series: `rows`, `name`, `dtype`, `nulls`, `min` and `max` as for a table's column. */
export async function seriesMetadata(series: Series): Promise<JsonObject> {
  return { rows: series.length, ...(await columnFacts(plainFrame(series.toFrame())))[0] };
}

type ColumnFacts = JsonObject & { readonly name: string };

async function columnFacts({ frame, names }: PlainFrame): Promise<ColumnFacts[]> {
  const nulls = firstRow(frame.nullCount());
  const facts: ColumnFacts[] = [];
  for (const [i, { dtype }] of readFrame(frame.slice(0, 0)).slice(0, DESCRIBED).entries()) {
    const isOrdered = ["int", "float", "decimal", "date", "time", "datetime", "duration"].includes(dtype.kind);
    const column = isOrdered ? frame.toSeries(i).toFrame() : undefined;
    const min = column && firstRow(column.lazy().min().collectSync())[0];
    const max = column && firstRow(column.lazy().max().collectSync())[0];
    facts.push({ name: cut(names[i]!, NAME), dtype: cut(dtypeName(dtype), NAME), nulls: nulls[i]!, ...(min !== undefined && { min }), ...(max !== undefined && { max }) });
    await setImmediate();
  }
  return facts;
}

/** The scalars of a frame of one row; undefined for null and NaN. */
function firstRow(frame: DataFrame): (JsonValue | undefined)[] {
  let row: (JsonValue | undefined)[] = [];
  readFrame(frame, (columns) => { row = columns.map((column) => jsonScalar(scalarAt(column, 0))); });
  return row;
}

function jsonScalar(value: Scalar): JsonValue | undefined {
  if (value === null || Number.isNaN(value)) return undefined;
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  // JSON has no -0
  return value === Infinity || value === -Infinity ? String(value) : value === 0 ? 0 : value;
}
