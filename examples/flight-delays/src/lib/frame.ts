import { pl } from "nodejs-polars";
import type { DataFrame, Series } from "nodejs-polars";

/**
 * The columns of a frame as typed arrays, in the frame's column order.
 *
 * @param frame numeric columns without nulls; shape (rows, features)
 * @returns one Float64Array of length `rows` per column
 * @throws Error when a column is not numeric or has nulls
 */
export function toColumns(frame: DataFrame): Float64Array[] {
  return frame.columns.map((name) => {
    const column: unknown = frame.getColumn(name).cast(pl.Float64, true).toTypedArray();
    if (!(column instanceof Float64Array)) throw new Error(`Column "${name}" cannot be read as Float64.`);
    return column;
  });
}

/**
 * A label series as a typed array.
 *
 * @param series values 0 and 1, no nulls; shape (rows)
 * @returns a Uint8Array of length `rows`
 * @throws Error when the values do not fit in a byte or a value is null
 */
export function toLabels(series: Series): Uint8Array {
  const labels: unknown = series.cast(pl.UInt8, true).toTypedArray();
  if (!(labels instanceof Uint8Array)) throw new Error(`Series "${series.name}" cannot be read as UInt8.`);
  return labels;
}

/**
 * The rows of a frame whose mask has the given value, in their old order.
 *
 * @param frame shape (rows, columns)
 * @param mask shape (rows), 0 or 1
 * @param value which rows to keep
 * @returns shape (kept rows, columns)
 */
export function rowsWhere(frame: DataFrame, mask: Uint8Array, value: 0 | 1): DataFrame {
  const name = "__mask";
  return frame
    .withColumns(pl.Series(name, mask))
    .filter(pl.col(name).eq(pl.lit(value)))
    .drop(name);
}
