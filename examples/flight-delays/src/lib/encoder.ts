import { pl } from "nodejs-polars";
import type { DataFrame } from "nodejs-polars";
import { isDelayed } from "./flights.ts";

/** Names of the model's inputs, in column order. */
export const FEATURES = [
  "hour_sin", "hour_cos", "day_of_week", "month", "log_distance",
  "origin_delay_rate", "destination_delay_rate", "origin_share", "destination_share", "route_share",
] as const;

/** A number by airport ("LAS") or by route ("LAS-PHL"). */
export type Table = Readonly<Record<string, number>>;

/** What is known of airports and routes. */
export interface PlaceTables {
  /** Share of delayed flights over the whole training part. */
  readonly priorRate: number;
  /** Share of delayed flights by airport, drawn towards `priorRate` where flights are few. */
  readonly delayRate: { readonly origin: Table; readonly destination: Table };
  /** Share of the training part's flights. */
  readonly share: { readonly origin: Table; readonly destination: Table; readonly route: Table };
}

/** Everything that encoding learns from the training part: plain data, ready for JSON. */
export interface FlightEncoder extends PlaceTables {
  /** Mean and standard deviation of each feature over the training part, in the order of `FEATURES`; 1 for a constant one. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/**
 * Learns the airports' rates and shares, then the mean and deviation of each feature.
 *
 * @param train the training part, without missing values; at least 2 rows
 * @param smoothing how many flights at the overall rate each airport's own flights are mixed with; default 50
 * @returns the same for the same rows, whatever the number of threads
 * @see Micci-Barreca 2001 for smoothed target encoding
 */
export function fitEncoder(train: DataFrame, smoothing = 50): FlightEncoder {
  const priorRate = train.filter(isDelayed()).height / train.height;
  const flights = train.select(pl.col("origin"), pl.col("destination"), route(), isDelayed().cast(pl.UInt32).alias("delayed"));
  const learn = (key: string): { rate: Table; share: Table } => {
    // Sorted, because the order of groups is left to chance, and the order of keys would follow it.
    const groups = flights.groupBy(key).agg(pl.col("delayed").sum(), pl.len().alias("count")).sort({ by: [key] }).toRecords();
    const table = (value: (delayed: number, count: number) => number): Table =>
      Object.fromEntries(groups.map((group) => [String(group[key]), value(Number(group["delayed"]), Number(group["count"]))]));
    return {
      rate: table((delayed, count) => (delayed + smoothing * priorRate) / (count + smoothing)),
      share: table((_, count) => count / train.height),
    };
  };
  const [origin, destination] = [learn("origin"), learn("destination")];
  const tables: PlaceTables = {
    priorRate,
    delayRate: { origin: origin.rate, destination: destination.rate },
    share: { origin: origin.share, destination: destination.share, route: learn("route").share },
  };
  const features = train.select(...unscaled(tables));
  const scales = FEATURES.map((name) => scaleOf(features.getColumn(name).toTypedArray() as Float64Array));
  return { ...tables, mean: scales.map(({ mean }) => mean), deviation: scales.map(({ deviation }) => deviation) };
}

/**
 * Turns flights into the model's inputs, for training and serving alike; `delay` is not needed.
 * An airport or route that the encoder has not seen gets `priorRate` and a share of 0.
 *
 * @param encoder what `fitEncoder` learned
 * @param flights columns date, distance (miles), origin and destination; shape (rows, any)
 * @returns shape (rows, 10): Float64, columns as in `FEATURES`, each of mean 0 and deviation 1 over the training part
 */
export function encodeFlights(encoder: FlightEncoder, flights: DataFrame): DataFrame {
  const { mean, deviation } = encoder;
  return flights.select(...unscaled(encoder).map((feature, index) => feature.minus(mean[index] ?? 0).div(deviation[index] ?? 1)));
}

/** In row order, since polars' own mean adds up by chunks, whose number follows that of the threads: the last digits would too. */
function scaleOf(values: Float64Array): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / values.length);
  return { mean, deviation: deviation > 1e-12 ? deviation : 1 };
}

/** The features before scaling, named as in `FEATURES`; all are Float64. */
function unscaled({ priorRate, delayRate, share }: PlaceTables): pl.Expr[] {
  const date = pl.col("date").dt;
  const minutes = date.hour().cast(pl.Float64).mul(pl.lit(60)).plus(date.minute().cast(pl.Float64));
  const angle = minutes.mul(pl.lit((2 * Math.PI) / 1440)); // so that 23:59 and 00:00 lie side by side
  // The fallback is a literal: given as the plain number 0, nodejs-polars 0.25 takes it for "none" and throws.
  const lookUp = (key: pl.Expr, table: Table, fallback: number): pl.Expr =>
    key.replaceStrict(Object.keys(table), Object.values(table), pl.lit(fallback), pl.Float64);
  const values: Record<(typeof FEATURES)[number], pl.Expr> = {
    hour_sin: angle.sin(),
    hour_cos: angle.cos(),
    day_of_week: date.weekday().cast(pl.Float64), // 1 is Monday
    month: date.month().cast(pl.Float64),
    log_distance: pl.col("distance").cast(pl.Float64).log1p(),
    origin_delay_rate: lookUp(pl.col("origin"), delayRate.origin, priorRate),
    destination_delay_rate: lookUp(pl.col("destination"), delayRate.destination, priorRate),
    origin_share: lookUp(pl.col("origin"), share.origin, 0),
    destination_share: lookUp(pl.col("destination"), share.destination, 0),
    route_share: lookUp(route(), share.route, 0),
  };
  return FEATURES.map((name) => values[name].alias(name));
}

function route(): pl.Expr {
  return pl.concatString([pl.col("origin"), pl.col("destination")], "-").alias("route");
}
