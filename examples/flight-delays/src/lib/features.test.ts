import { pl } from "nodejs-polars";
import type { DataFrame } from "nodejs-polars";
import { describe, expect, it } from "vitest";
import { encodeFlights, FEATURES, fitEncoder } from "./encoder.ts";
import { buildFeatures, delayedOf, splitFlights } from "./features.ts";
import { toColumns, toLabels } from "./frame.ts";
import { seededRandom } from "./random.ts";

/** Made-up flights between five airports over half a year, about a quarter of them delayed. */
function makeFlights(rows: number): DataFrame {
  const next = seededRandom(11);
  const airports = ["ATL", "LAX", "ORD", "SEA", "YAK"];
  const range = <T>(make: () => T): T[] => Array.from({ length: rows }, make);
  const pick = (): string => airports[Math.floor(next() ** 2 * airports.length)] ?? "ATL";
  return pl.DataFrame({
    date: range(() => new Date(Date.UTC(2001, 0, 1) + Math.floor(next() * 180 * 24 * 60) * 60_000)),
    delay: range(() => Math.floor(next() * 100) - 60),
    distance: range(() => 100 + Math.floor(next() * 2000)),
    origin: range(pick),
    destination: range(pick),
  });
}

const flights = makeFlights(2000);

// Making polars expressions takes about a millisecond each: on a busy machine a test needs seconds.
const options = { timeout: 30_000 };

describe("splitFlights", options, () => {
  it("draws and splits by class, with exact counts", () => {
    const { train, test } = splitFlights(flights, { rows: 1000, testShare: 0.25 });
    expect([train.height, test.height]).toEqual([750, 250]);
    const share = (part: DataFrame): number => toLabels(delayedOf(part)).reduce((sum, label) => sum + label, 0) / part.height;
    expect(Math.abs(share(train) - share(flights))).toBeLessThan(1 / 750);
    expect(Math.abs(share(test) - share(flights))).toBeLessThan(1 / 250);
  });

  it("puts each row in one part, in the old order", () => {
    const numbered = flights.withColumns(pl.Series("distance", Float64Array.from({ length: 2000 }, (_, row) => row)));
    const { train, test } = splitFlights(numbered);
    const [a, b] = [train, test].map((part) => [...toColumns(part.select("distance"))[0]!]);
    for (const rows of [a, b]) expect(rows).toEqual(rows?.toSorted((x, y) => x - y));
    expect(new Set([...a!, ...b!]).size).toBe(2000);
  });

  it("leaves out rows with a missing value", () => {
    const fromYak = pl.col("origin").eq(pl.lit("YAK"));
    const gaps = flights.withColumns(pl.when(fromYak).then(pl.lit(null)).otherwise(pl.col("delay")).alias("delay"));
    const { train, test } = splitFlights(gaps);
    expect(train.height + test.height).toBe(2000 - flights.filter(fromYak).height);
  });

  it("says what is wrong with its input", () => {
    expect(() => splitFlights(flights.drop("origin"))).toThrow('Flights lack the column "origin"');
    expect(() => splitFlights(flights, { rows: 0 })).toThrow("rows must be an integer of at least 1, got 0.");
    expect(() => splitFlights(flights, { testShare: 1 })).toThrow("testShare must lie between 0 and 1, got 1.");
    expect(() => splitFlights(flights.filter(pl.col("delay").lt(pl.lit(15))))).toThrow("would have 0 delayed flights of 1");
    expect(() => splitFlights(flights, { rows: 2 })).toThrow("use more rows");
  });
});

describe("buildFeatures", options, () => {
  it("gives ten finite Float64 features, scaled over the training part", () => {
    const { X_train, X_test, y_train, y_test } = buildFeatures(flights);
    expect([X_train.shape, X_test.shape]).toEqual([{ height: 1600, width: 10 }, { height: 400, width: 10 }]);
    expect([y_train.length, y_test.length, y_train.name]).toEqual([1600, 400, "delayed"]);
    expect(X_train.columns).toEqual([...FEATURES]);
    for (const column of toColumns(X_train)) {
      const mean = column.reduce((sum, value) => sum + value, 0) / 1600;
      expect(mean).toBeCloseTo(0, 10);
      expect(column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 1600).toBeCloseTo(1, 10);
    }
    for (const column of toColumns(X_test)) expect(column.every(Number.isFinite)).toBe(true);
  });

  it("is the same for the same seed, and another for another", () => {
    const build = (seed: number, rows: number): unknown => {
      const { X_train, X_test, y_train, y_test, encoder } = buildFeatures(flights, { rows, seed });
      return [toColumns(X_train), toColumns(X_test), toLabels(y_train), toLabels(y_test), JSON.stringify(encoder)];
    };
    expect(build(5, 1500)).toEqual(build(5, 1500));
    expect(build(5, 1500)).not.toEqual(build(6, 1500));
    expect(build(5, 2000)).not.toEqual(build(6, 2000)); // all rows: only the split is left to chance
  });

  it("learns nothing from the test part", () => {
    const tagged = flights.withColumns(pl.Series("row", Float64Array.from({ length: 2000 }, (_, row) => row)));
    const before = buildFeatures(tagged);
    const { test } = splitFlights(tagged.withColumns(pl.col("row").alias("distance")));
    const inTest = pl.col("row").isIn(test.getColumn("distance").toArray());
    const swap = (name: string, value: pl.Expr): pl.Expr => pl.when(inTest).then(value).otherwise(pl.col(name)).alias(name);
    // Other places and distances in the test rows, same labels: the split stays, and so must all that training sees.
    const elsewhere = [swap("origin", pl.lit("XXX")), swap("destination", pl.lit("YYY")), swap("distance", pl.lit(9999))];
    const after = buildFeatures(tagged.withColumns(...elsewhere));
    expect(after.encoder).toEqual(before.encoder);
    expect(toColumns(after.X_train)).toEqual(toColumns(before.X_train));
    expect(toColumns(after.X_test)).not.toEqual(toColumns(before.X_test));
    // Other delays in the test rows, of the same class.
    const later = buildFeatures(tagged.withColumns(swap("delay", pl.col("delay").minus(15).mul(9).plus(15))));
    expect(later.encoder).toEqual(before.encoder);
  });
});

describe("fitEncoder and encodeFlights", options, () => {
  const train = pl.DataFrame({
    date: ["2001-01-01T06:00:00Z", "2001-01-02T18:00:00Z", "2001-02-04T00:00:00Z", "2001-02-04T12:00:00Z"].map((text) => new Date(text)),
    delay: [20, 0, 15, 14],
    distance: [100, 100, 200, 200],
    origin: ["LAX", "LAX", "LAX", "ATL"],
    destination: ["ATL", "ATL", "ORD", "ORD"],
  });

  it("mixes an airport's own rate with the overall rate", () => {
    const { priorRate, delayRate, share } = fitEncoder(train, 2);
    expect(priorRate).toBe(0.5);
    expect(delayRate).toEqual({ origin: { ATL: 1 / 3, LAX: 3 / 5 }, destination: { ATL: 0.5, ORD: 0.5 } });
    expect(share.origin).toEqual({ ATL: 0.25, LAX: 0.75 });
    expect(share.destination).toEqual({ ATL: 0.5, ORD: 0.5 });
    expect(share.route).toEqual({ "ATL-ORD": 0.25, "LAX-ATL": 0.5, "LAX-ORD": 0.25 });
  });

  it("encodes time, distance and places, with fallbacks for places not seen", () => {
    const encoder = { ...fitEncoder(train, 2), mean: new Array<number>(10).fill(0), deviation: new Array<number>(10).fill(1) };
    const flight = pl.DataFrame({ date: [new Date("2001-02-04T06:00:00Z")], distance: [99], origin: ["LAX"], destination: ["ZZZ"] });
    const row = toColumns(encodeFlights(encoder, flight)).map((column) => column[0] ?? Number.NaN);
    const wanted = [1, 0, 7, 2, Math.log(100), 3 / 5, 0.5, 0.75, 0, 0]; // a Sunday in February, at a quarter of the day
    wanted.forEach((value, index) => expect(row[index], FEATURES[index]).toBeCloseTo(value, 12));
  });

  it("keeps a feature finite that is constant in training", () => {
    const encoder = fitEncoder(train.withColumns(pl.lit(0.1).alias("distance")));
    const distances = toColumns(encodeFlights(encoder, train).select("log_distance"))[0] ?? [];
    expect(Math.max(...distances.map(Math.abs))).toBeLessThan(10);
  });

  it("is plain data: an encoder read from JSON encodes the same", () => {
    const encoder = fitEncoder(flights);
    const read = JSON.parse(JSON.stringify(encoder)) as typeof encoder;
    expect(toColumns(encodeFlights(read, flights))).toEqual(toColumns(encodeFlights(encoder, flights)));
  });
});
