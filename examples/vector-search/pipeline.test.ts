import { memoryIndex } from "@acme/mlstack-vector-index/memory-index";
import { testStep } from "@mlstack/testkit";
import { expect, test } from "vitest";
import { embed } from "./embed.ts";
import { index, search } from "./pipeline.ts";

test("sentences are indexed, and the nearest ones found", async () => {
  const vectors = memoryIndex();
  const { outputs: { output: indexed }, logs } = await testStep(index, { inputs: { sentences: [{ id: "a", text: "rain in the north" }, { id: "b", text: "sun" }] }, components: { "acme.vector_index": vectors } });
  expect([indexed, logs]).toEqual([2, ["2 sentences are in sentences"]]);
  const { outputs: { output: matches }, tracked } = await testStep(search, { inputs: { indexed }, params: { query: "rain" }, components: { "acme.vector_index": vectors } });
  expect(matches[0]).toMatchObject({ id: "a", text: "rain in the north" });
  expect(tracked.metric("distance")).toBe(matches[0]!.distance);
});

test("the same words are at the same place", () => {
  expect(embed("Late, late train")).toEqual(embed("train late LATE"));
  expect(embed("train")).not.toEqual(embed("plane"));
});
