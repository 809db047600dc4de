import { formatSuite, runCase, runSuite } from "@mlstack/testkit/conformance";
import { json, list } from "@mlstack/pipeline";
import { describe, expect, test } from "vitest";
import { badFormats } from "./bad-formats.ts";
import { trackCodec, trackSubject } from "./formats.ts";

describe("the suite", () => {
  test("passes a format that has all that one may have", async () => {
    const digested = { ...trackSubject, type: { ...trackSubject.type, codec: { ...trackCodec, contentDigest: (value: unknown) => Buffer.from(JSON.stringify(value)).toString("hex").padEnd(32, "0") } } };
    expect((await runSuite(formatSuite, digested)).filter(({ status }) => status !== "passed")).toEqual([]);
    expect((await runSuite(formatSuite, trackSubject)).filter(({ status }) => status !== "passed")).toEqual([{ id: "content-digest", status: "skipped", reason: "its digest is that of its bytes (contentDigest)" }]);
  });

  test("skips what there is nothing for, and formats that hold others", async () => {
    const { type, samples } = trackSubject;
    const outcomes = await runSuite(formatSuite, { type, samples: samples.slice(0, 1) });
    expect(outcomes.filter(({ status }) => status === "skipped").map(({ id }) => id)).toEqual(["apart", "content-digest", "save.at-once", "rejects", "damaged", "kept"]);
    expect((await runSuite(formatSuite, { type: list(json()), samples: [] })).every(({ status }) => status === "skipped")).toBe(true);
  });

  test("has cases with ids of their own, and a bad format for each", () => {
    const ids = formatSuite.cases.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...new Set(badFormats.flatMap(({ killers }) => killers))].toSorted()).toEqual(ids.toSorted());
  });

  describe("sees a format that", () => {
    test.concurrent.for(badFormats.flatMap((one) => one.killers.map((killer) => [one.fault, killer, one] as const)))("%s (%s)", async ([, killer, { bad, format = "acme.track/2" }], { expect: see }) => {
      const type = { ...trackSubject.type, format, codec: { ...trackCodec, ...bad(trackCodec) } };
      const outcome = await runCase(formatSuite, formatSuite.cases.find(({ id }) => id === killer)!, { ...trackSubject, type });
      see(outcome.status).toBe("failed");
    });
  });
});
