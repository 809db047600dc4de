import { expectTypeOf, test } from "vitest";
import { file, json, step } from "@mlstack/pipeline";
import { z } from "zod";
import { testStep } from "./index.ts";

const train = step({ name: "train", inputs: { xs: json(z.array(z.number())) }, params: { scale: z.number().default(2), rows: file() }, outputs: { sum: json(z.number()), note: json(z.string()) }, run: () => ({ sum: 1, note: "" }) });
const plain = step({ name: "plain", output: json(z.number()), run: () => 1 });
const nothing = step({ name: "nothing", run: () => undefined });

test("what a step is tested with, and what comes back, is typed by the step", async () => {
  const { outputs, metadata } = await testStep(train, { inputs: { xs: [1] }, params: { rows: "a.csv" } });
  expectTypeOf(outputs.sum).toEqualTypeOf<number>();
  expectTypeOf(outputs.note).toEqualTypeOf<string>();
  expectTypeOf<keyof typeof metadata>().toEqualTypeOf<"sum" | "note">();
  expectTypeOf((await testStep(plain)).outputs.output).toEqualTypeOf<number>();
  void testStep(nothing);
  void testStep(train.with({ cache: false }), { inputs: { xs: [1] }, params: { rows: "a.csv" } });
  // @ts-expect-error an input of another type
  void testStep(train, { inputs: { xs: ["1"] }, params: { rows: "a.csv" } });
  // @ts-expect-error a parameter without a default
  void testStep(train, { inputs: { xs: [1] } });
  // @ts-expect-error it has inputs
  void testStep(train);
  // @ts-expect-error it has no parameters
  void testStep(plain, { params: { n: 1 } });
});
