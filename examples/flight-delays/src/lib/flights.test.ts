import { pl } from "nodejs-polars";
import { describe, expect, it } from "vitest";
import { profileFlights, validateFlights } from "./flights.ts";

const flights = pl.DataFrame({
  date: ["2001-01-01T00:01:00Z", "2001-03-05T18:30:00Z", "2001-06-30T23:59:00Z", "2001-02-01T12:00:00Z"].map((text) => new Date(text)),
  delay: [33, 14, 15, null],
  distance: [2176, 215, 405, 2345],
  origin: ["LAS", "ATL", "MCI", "ANC"],
  destination: ["PHL", "SAV", "MDW", "LAX"],
});

describe("validateFlights", () => {
  it("accepts flights, with further columns and in any order", () => {
    expect(() => validateFlights(flights)).not.toThrow();
    const other = flights.select("origin", "delay", "destination", "distance", "date").withColumns(pl.lit(1).alias("extra"));
    expect(() => validateFlights(other)).not.toThrow();
  });

  it("names every missing column", () => {
    const check = (...columns: string[]) => (): void => validateFlights(flights.select(...columns));
    expect(check("date", "distance", "origin", "destination")).toThrow('Flights lack the column "delay". Found: "date", "distance", ');
    expect(check("date", "origin")).toThrow('Flights lack the columns "delay", "distance", "destination". Found: "date", "origin".');
  });

  it("names every column of a wrong type", () => {
    const wrong = flights.withColumns(pl.col("delay").cast(pl.Utf8), pl.col("date").cast(pl.Int64));
    expect(() => validateFlights(wrong)).toThrow('Flights have columns of a wrong type: "date" is Int64, "delay" is String.');
  });

  it("refuses an empty table", () => {
    expect(() => validateFlights(flights.head(0))).toThrow("Flights have no rows.");
  });
});

describe("profileFlights", () => {
  it("measures size, types, gaps, ranges and classes", () => {
    expect(profileFlights(flights)).toEqual({
      numRows: 4,
      numColumns: 5,
      dtypes: { date: "Datetime(ms)", delay: "Float64", distance: "Float64", origin: "String", destination: "String" },
      nullCounts: { date: 0, delay: 1, distance: 0, origin: 0, destination: 0 },
      ranges: {
        date: { min: "2001-01-01T00:01:00", max: "2001-06-30T23:59:00" },
        delay: { min: 14, max: 33 },
        distance: { min: 215, max: 2345 },
        origin: { min: "ANC", max: "MCI" },
        destination: { min: "LAX", max: "SAV" },
      },
      labelDistribution: { onTime: 1, delayed: 2, delayedShare: 2 / 3 },
    });
  });

  it("is plain data, and the same for any unit of time", () => {
    const profile = profileFlights(flights);
    expect(JSON.parse(JSON.stringify(profile))).toEqual(profile);
    const micro = profileFlights(flights.withColumns(pl.col("date").cast(pl.Datetime("us"))));
    expect(micro).toEqual({ ...profile, dtypes: { ...profile.dtypes, date: "Datetime(us)" } });
  });

  it("leaves out the range of a column without values", () => {
    const profile = profileFlights(flights.withColumns(pl.lit(null).cast(pl.Float64).alias("delay")));
    expect(profile.ranges).not.toHaveProperty("delay");
    expect(profile.labelDistribution).toEqual({ onTime: 0, delayed: 0, delayedShare: 0 });
  });
});
