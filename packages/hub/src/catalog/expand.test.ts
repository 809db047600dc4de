import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expand, expandAll, type Expansion } from "./expand.ts";
import { noSuchIntegration, notPublishedYet } from "./refusals.ts";
import { integration, sample } from "./testing/sample.ts";

const parts = (asked: string): Record<string, unknown> => {
  const e = expand(sample, asked);
  return "unknown" in e ? { unknown: e.didYouMean } : { available: e.available.map((i) => i.package), builtIn: e.builtIn.map((i) => i.name), planned: e.planned.map((i) => i.name), alias: e.alias };
};
const nothing = { available: [], builtIn: [], planned: [], alias: undefined };

describe("expand", () => {
  test.each([
    ["s3", { ...nothing, available: ["@mlstack/plugin-s3"] }],
    [" S3 ", { ...nothing, available: ["@mlstack/plugin-s3"] }],
    ["@mlstack/plugin-s3", { ...nothing, available: ["@mlstack/plugin-s3"] }],
    ["local", { ...nothing, builtIn: ["local"] }],
    ["gcs", { ...nothing, planned: ["gcs"] }],
    ["gcp", { ...nothing, planned: ["gcs", "vertex"], alias: "Google Cloud" }],
    ["aws", { available: ["@mlstack/plugin-s3"], builtIn: ["local"], planned: ["vertex"], alias: "Amazon Web Services" }],
    ["mlfow", { unknown: "mlflow" }],
    ["@mlstack/plugin-mlfow", { unknown: "@mlstack/plugin-mlflow" }],
    ["@mlstack/engine", { ...nothing, builtIn: ["local"] }],
    ["acme", { unknown: undefined }],
    ["", { unknown: undefined }],
    ["__proto__", { unknown: undefined }],
  ])("%j", (asked, expected) => { expect(parts(asked)).toEqual(expected); });

  test("a short name is never a third party's, whatever it calls itself", () => {
    const catalog = { ...sample, integrations: [integration("s4", { source: "third-party", package: "s3" }), ...sample.integrations] };
    expect((expand(catalog, "s3") as Expansion).available.map((i) => i.package)).toEqual(["@mlstack/plugin-s3"]);
  });

  test("several names together: each once, in the order asked", () => {
    const all = expandAll(sample, ["mlflow", "aws", "s3", "gcp", "nope", "vertx"]);
    expect([all.available.map((i) => i.name), all.builtIn.map((i) => i.name), all.planned.map((i) => i.name), all.unknown.map((u) => [u.asked, u.didYouMean])])
      .toEqual([["mlflow", "s3"], ["local"], ["vertex", "gcs"], [["nope", undefined], ["vertx", "vertex"]]]);
  });

  test("for any name: either unknown, or at least one integration of the catalog, and none twice", () => {
    fc.assert(fc.property(fc.oneof(fc.constantFrom(...sample.integrations.map((i) => i.name), ...sample.aliases.map((a) => a.name)), fc.string()), (asked) => {
      const e = expand(sample, asked);
      if ("unknown" in e) { expect(sample.integrations.some((i) => i.name === asked || i.package === asked)).toBe(false); return; }
      const all = [...e.available, ...e.builtIn, ...e.planned];
      expect(all.length).toBeGreaterThan(0);
      expect(new Set(all).size).toBe(all.length);
      for (const i of all) expect(sample.integrations).toContain(i);
    }));
  });
});

describe("refusals", () => {
  const unknown = (asked: string) => { const e = expand(sample, asked); if (!("unknown" in e)) throw new Error("known"); return noSuchIntegration(sample, e); };
  test("an unknown name is refused with the near one, or with what the catalog has for that word", () => {
    expect(unknown("mlfow")).toMatchObject({ code: "MLS8421", why: 'did you mean "mlflow"?', fix: "mlstack integration install mlflow" });
    expect(unknown("google")).toMatchObject({ why: 'the catalog has "gcs" and "vertex" for that word', fix: "mlstack integration list shows what there is" });
    expect(unknown("qqqqqq")).toMatchObject({ why: expect.stringContaining("whole name") as string, details: { asked: "qqqqqq", didYouMean: null } });
  });
  test("what is planned is named with what it is to bring, and with what can be had without it", () => {
    expect(notPublishedYet(["aws"], expandAll(sample, ["aws"]))).toMatchObject({ code: "MLS8422", message: '"vertex" is planned and can\'t be installed yet', why: "vertex is to bring orchestrator vertex", fix: "add --available, which leaves out what is only planned: aws is s3 then", details: { planned: ["vertex"], available: ["s3"] } });
    expect(notPublishedYet(["gcp"], expandAll(sample, ["gcp"]))).toMatchObject({ message: '"gcs" and "vertex" are planned and can\'t be installed yet', fix: "mlstack integration list --state available shows what can be installed" });
  });
});
