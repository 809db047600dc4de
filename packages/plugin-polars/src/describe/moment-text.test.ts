import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dateText, datetimeText, durationText, timeText } from "./moment-text.ts";

describe("moments and spans as text", () => {
  it.each([
    [dateText(0n), "1970-01-01"], [dateText(-1n), "1969-12-31"], [dateText(19782n), "2024-02-29"], [dateText(3_000_000n), "+010183-09-21"],
    [dateText(-800_000n), "-000221-09-04"], [dateText(2n ** 31n - 1n), "2147483647 days since 1970-01-01"],
    [timeText(0n, "ns"), "00:00:00"], [timeText(86_399_999_999_999n, "ns"), "23:59:59.999999999"], [timeText(60_500n, "ms"), "00:01:00.5"],
    [datetimeText(1500n, "ms", undefined), "1970-01-01T00:00:01.5"], [datetimeText(-1n, "ns", undefined), "1969-12-31T23:59:59.999999999"],
    [datetimeText(0n, "us", "Europe/Berlin"), "1970-01-01T00:00:00Z"], [datetimeText(5n, "s", "UTC"), "1970-01-01T00:00:05Z"],
    [datetimeText(2n ** 63n - 1n, "ms", undefined), "106751991167 days since 1970-01-01T07:12:55.807"],
    [durationText(0n, "ms"), "PT0S"], [durationText(1500n, "ms"), "PT1.5S"], [durationText(-1n, "ns"), "-PT0.000000001S"],
    [durationText(86_400_000_000n, "us"), "P1D"], [durationText(90_061_000n, "ms"), "P1DT1H1M1S"], [durationText(3_600_000n, "ms"), "PT1H"], [durationText(-3_660_250n, "ms"), "-PT1H1M0.25S"],
  ])("%s", (found, wanted) => expect(found).toBe(wanted));

  it("agree with JavaScript's dates", () => fc.assert(fc.property(fc.date({ noInvalidDate: true }), (date) => {
    const text = datetimeText(BigInt(date.getTime()), "ms", "UTC");
    expect(new Date(text).getTime()).toBe(date.getTime());
    expect(text).toBe(date.toISOString().replace(/\.?0*Z$/, "Z"));
  })));
});
