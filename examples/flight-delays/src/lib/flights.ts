import { pl } from "nodejs-polars";
import type { DataFrame } from "nodejs-polars";

/** A flight counts as delayed from this many minutes on (the US Department of Transportation's rule). */
export const DELAY_MINUTES = 15;

/** The columns of flights-3m.parquet, in file order, each with the data types that are accepted for it. */
export const FLIGHT_COLUMNS: Readonly<Record<string, RegExp>> = {
  date: /^Datetime/,
  delay: /^(U?Int|Float)/,
  distance: /^(U?Int|Float)/,
  origin: /^(String|Utf8)/,
  destination: /^(String|Utf8)/,
};

/** What a table of flights looks like: plain data, ready for JSON. */
export interface FlightsProfile {
  readonly numRows: number;
  readonly numColumns: number;
  /** Data type by column, such as "Int64" or "Datetime(us)". */
  readonly dtypes: Readonly<Record<string, string>>;
  /** Number of missing values by column. */
  readonly nullCounts: Readonly<Record<string, number>>;
  /** Least and greatest value by column; dates as ISO text (local wall-clock time). Left out where all values are missing. */
  readonly ranges: Readonly<Record<string, { readonly min: number | string; readonly max: number | string }>>;
  /** Rows by class; rows without a delay are in neither. `delayedShare` is 0 for an empty table. */
  readonly labelDistribution: { readonly onTime: number; readonly delayed: number; readonly delayedShare: number };
}

/**
 * Checks that a table has the columns and data types of flights.
 *
 * @param flights the table as read
 * @throws Error naming every missing column, every column of a wrong type, or saying that there are no rows
 */
export function validateFlights(flights: DataFrame): void {
  const names = Object.keys(FLIGHT_COLUMNS);
  const missing = names.filter((name) => !flights.columns.includes(name));
  if (missing.length > 0) {
    throw new Error(`Flights lack the column${missing.length === 1 ? "" : "s"} ${quoteAll(missing)}. Found: ${quoteAll(flights.columns)}.`);
  }
  const dtypes = dtypesOf(flights);
  const wrong = names.filter((name) => !FLIGHT_COLUMNS[name]?.test(dtypes[name] ?? ""));
  if (wrong.length > 0) {
    const found = wrong.map((name) => `"${name}" is ${dtypes[name]}`).join(", ");
    throw new Error(`Flights have columns of a wrong type: ${found}. Wanted: a Datetime, two numbers (delay, distance), two Strings.`);
  }
  if (flights.height === 0) throw new Error("Flights have no rows.");
}

/**
 * Measures a table of flights: size, types, missing values, ranges and classes.
 *
 * @param flights a table that passes `validateFlights`
 * @returns the profile, the same for the same table
 * @throws Error as `validateFlights` does
 */
export function profileFlights(flights: DataFrame): FlightsProfile {
  validateFlights(flights);
  const names = Object.keys(FLIGHT_COLUMNS);
  // Dates as milliseconds, whatever their unit: JavaScript's own unit, and a plain number.
  const plain = flights.select(
    pl.col("date").cast(pl.Datetime("ms")).cast(pl.Int64),
    pl.col("delay").cast(pl.Float64),
    pl.col("distance").cast(pl.Float64),
    pl.col("origin"),
    pl.col("destination"),
  );
  const least = plain.select(...names.map((name) => pl.col(name).min())).toRecords()[0] ?? {};
  const greatest = plain.select(...names.map((name) => pl.col(name).max())).toRecords()[0] ?? {};
  const ranges: Record<string, { min: number | string; max: number | string }> = {};
  for (const name of names) {
    const min = readable(name, least[name]);
    const max = readable(name, greatest[name]);
    if (min !== undefined && max !== undefined) ranges[name] = { min, max };
  }
  const known = flights.height - flights.getColumn("delay").nullCount();
  const delayed = flights.filter(isDelayed()).height;
  return {
    numRows: flights.height,
    numColumns: flights.width,
    dtypes: dtypesOf(flights),
    nullCounts: Object.fromEntries(flights.columns.map((name) => [name, flights.getColumn(name).nullCount()])),
    ranges,
    labelDistribution: { onTime: known - delayed, delayed, delayedShare: known === 0 ? 0 : delayed / known },
  };
}

/** The label as a polars expression: true where `delay` (minutes) is at least `DELAY_MINUTES`. */
export function isDelayed(): pl.Expr {
  return pl.col("delay").gtEq(pl.lit(DELAY_MINUTES));
}

function dtypesOf(flights: DataFrame): Record<string, string> {
  // "DataType(Datetime(us,))" becomes "Datetime(us)".
  const short = (dtype: string): string => dtype.replace(/^DataType\((.*)\)$/, "$1").replace(",)", ")");
  return Object.fromEntries(flights.columns.map((name) => [name, short(flights.getColumn(name).dtype.toString())]));
}

function readable(name: string, value: unknown): number | string | undefined {
  if (value === null || value === undefined) return undefined;
  if (name === "date") return new Date(Number(value)).toISOString().replace(/\.000Z$/, "");
  return typeof value === "string" ? value : Number(value);
}

function quoteAll(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(", ");
}
