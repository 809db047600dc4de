import { runCase, runSuite } from "@mlstack/testkit/conformance";
import { describe, expect, test } from "vitest";
import { memoryIndex } from "../memory-index.ts";
import { vectorIndexSuite } from "./index.ts";
import { badIndexes } from "./known-bads.ts";

describe("the suite of acme.vector_index@1", () => {
  test.each(["cosine", "euclidean"] as const)("passes a good index (%s), and leaves nothing in it", async (metric) => {
    const collections = new Map();
    const outcomes = await runSuite(vectorIndexSuite, { open: async () => memoryIndex({ metric, collections }) });
    expect([outcomes.filter(({ status }) => status !== "passed"), [...collections.keys()]]).toEqual([[], []]);
  });

  test("has a bad index for each case", () => {
    expect([...new Set(badIndexes.flatMap(({ killers }) => killers))].toSorted()).toEqual(vectorIndexSuite.cases.map(({ id }) => id).toSorted());
  });

  test.for(badIndexes.flatMap((one) => one.killers.map((killer) => [one.fault, killer, one] as const)))("refuses one that %s (%s)", async ([, killer, { bad }]) => {
    let collections = new Map();
    const open = async () => { const good = memoryIndex({ collections }); return { ...good, ...bad(good, { forget: () => { collections = new Map(); } }) }; };
    expect(await runCase(vectorIndexSuite, vectorIndexSuite.cases.find(({ id }) => id === killer)!, { open })).toMatchObject({ status: "failed" });
  });
});
