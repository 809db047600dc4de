import { pl } from "nodejs-polars";
import type { DataFrame, Series } from "nodejs-polars";
import { encodeFlights, fitEncoder } from "./encoder.ts";
import type { FlightEncoder } from "./encoder.ts";
import { isDelayed, validateFlights } from "./flights.ts";
import { rowsWhere, toLabels } from "./frame.ts";
import { stratifiedMask } from "./random.ts";

/** How to draw and split rows; every value has a default. */
export interface SplitOptions {
  /** Rows to use of all, drawn by class; default 1 000 000. The table's height or more means all of them. */
  readonly rows?: number | undefined;
  /** Share of the used rows that go to the test part, above 0 and below 1; default 0.2. */
  readonly testShare?: number | undefined;
  /** Seed of the draw and of the split, an integer; default 42. */
  readonly seed?: number | undefined;
}

/** How to draw, split and encode; every value has a default. */
export interface FeatureOptions extends SplitOptions {
  /** See `fitEncoder`; default 50 flights. */
  readonly smoothing?: number | undefined;
}

/** Both parts, encoded: X has shape (rows, 10) in Float64; y has shape (rows) in UInt8, named "delayed", 1 for delayed. */
export interface FlightFeatures {
  readonly X_train: DataFrame;
  readonly X_test: DataFrame;
  readonly y_train: Series;
  readonly y_test: Series;
  /** What the training part taught; serving encodes new flights with it. */
  readonly encoder: FlightEncoder;
}

/**
 * Draws rows and splits them at random into train and test, each class keeping its share in both.
 *
 * @param flights a table that passes `validateFlights`; rows with a missing value are left out
 * @param options see `SplitOptions`
 * @returns both parts with the columns date, delay, distance, origin and destination, rows in their old order
 * @throws Error as `validateFlights` does, or when a part would hold one class only
 * @throws RangeError when `rows` is not an integer of at least 1, or `testShare` does not lie between 0 and 1
 */
export function splitFlights(flights: DataFrame, options: SplitOptions = {}): { train: DataFrame; test: DataFrame } {
  const { rows = 1_000_000, testShare = 0.2, seed = 42 } = options;
  if (!Number.isInteger(rows) || rows < 1) throw new RangeError(`rows must be an integer of at least 1, got ${rows}.`);
  if (!(testShare > 0 && testShare < 1)) throw new RangeError(`testShare must lie between 0 and 1, got ${testShare}.`);
  validateFlights(flights);
  const complete = flights.select("date", "delay", "distance", "origin", "destination").dropNulls();
  const drawn = Math.min(rows, complete.height);
  const used = drawn < complete.height ? rowsWhere(complete, stratifiedMask(toLabels(delayedOf(complete)), drawn, seed), 1) : complete;
  const mask = stratifiedMask(toLabels(delayedOf(used)), Math.round(drawn * testShare), seed + 1);
  const parts = { train: rowsWhere(used, mask, 0), test: rowsWhere(used, mask, 1) };
  for (const [name, part] of Object.entries(parts)) {
    const delayed = part.filter(isDelayed()).height;
    if (delayed > 0 && delayed < part.height) continue;
    throw new Error(`The ${name} part would have ${delayed} delayed flights of ${part.height}: use more rows, or another testShare.`);
  }
  return parts;
}

/**
 * Splits flights and encodes both parts with what the training part alone teaches.
 *
 * @param flights a table that passes `validateFlights`
 * @param options see `FeatureOptions`
 * @returns bit for bit the same for the same table and options
 * @throws as `splitFlights` does
 */
export function buildFeatures(flights: DataFrame, options: FeatureOptions = {}): FlightFeatures {
  const { train, test } = splitFlights(flights, options);
  const encoder = fitEncoder(train, options.smoothing);
  return {
    X_train: encodeFlights(encoder, train),
    X_test: encodeFlights(encoder, test),
    y_train: delayedOf(train),
    y_test: delayedOf(test),
    encoder,
  };
}

/**
 * The label of each flight.
 *
 * @param flights has a column `delay` in minutes; shape (rows, any)
 * @returns shape (rows): UInt8, named "delayed", 1 where a flight is delayed, 0 elsewhere
 */
export function delayedOf(flights: DataFrame): Series {
  return flights.select(isDelayed().cast(pl.UInt8).alias("delayed")).getColumn("delayed");
}
