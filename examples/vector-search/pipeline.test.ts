import { rmSync } from "node:fs";
import { join } from "node:path";
import { memoryIndex } from "@acme/mlstack-vector-index/memory-index";
import { openStack } from "mlstack";
import { faults, memoryStack, testStep } from "@mlstack/testkit";
import { expect, onTestFinished, test } from "vitest";
import { embed } from "./embed.ts";
import { index, search } from "./pipeline.ts";

const sentences = [{ id: "a", text: "rain in the north" }, { id: "b", text: "sun" }];

test("sentences are indexed, and the nearest ones found", async () => {
  const stack = memoryStack({ components: { "acme.vector_index": memoryIndex() } });
  const { outputs: { output: indexed }, logs } = await testStep(index, { inputs: { sentences }, stack });
  expect([indexed, logs]).toEqual([2, ["2 sentences are in sentences"]]);
  const { outputs: { output: matches }, tracked } = await testStep(search, { inputs: { indexed }, params: { query: "rain" }, stack });
  expect(matches[0]).toMatchObject({ id: "a", text: "rain in the north" });
  expect(tracked.metric("distance")).toBe(matches[0]!.distance);
});

test("they are in the index of the project's stack as well", async () => {
  const stack = await openStack("search", { from: import.meta.dirname });
  onTestFinished(async () => { await stack.dispose(); rmSync(join(import.meta.dirname, ".mlstack", "vector-index", "sentences", "test.json"), { force: true }); });
  const { outputs: { output: indexed } } = await testStep(index, { inputs: { sentences }, params: { collection: "test" }, stack });
  const { outputs: { output: matches } } = await testStep(search, { inputs: { indexed }, params: { query: "sun", collection: "test" }, stack });
  expect(matches[0]).toMatchObject({ id: "b" });
});

test("an index that does not answer fails the step: nothing is found is another thing", async () => {
  const away = faults(memoryIndex(), [{ on: "nearest", fail: "MLS6001" }]);
  await expect(testStep(search, { inputs: { indexed: 1 }, params: { query: "rain" }, components: { "acme.vector_index": away } })).rejects.toMatchObject({ code: "MLS6001" });
});

test("the same words are at the same place", () => {
  expect(embed("Late, late train")).toEqual(embed("train late LATE"));
  expect(embed("train")).not.toEqual(embed("plane"));
});
