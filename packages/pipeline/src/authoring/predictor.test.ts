import { predictorDefinitionOf, type Tensor } from "@mlstack/core";
import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { json } from "../formats/index.ts";
import { predictor, tensor } from "./predictor.ts";

const base = { model: json(z.object({ factor: z.number() })), inputs: { x: tensor("FP64", [-1, 2]) }, outputs: { y: tensor("FP32", [-1]) } } as const;
const x: Tensor = { name: "x", datatype: "FP64", shape: [2, 2], data: [1, 2, 3, 4] };
const answers = (y: unknown) => predictor({ ...base, predict: () => ({ y }) as never }).invoke({ model: { factor: 1 }, inputs: [x] });

describe("predictor()", () => {
  it("gives the model and tensors by name, and takes arrays, typed arrays and shapes", async () => {
    const sums = predictor({
      ...base,
      predict({ model, inputs }) {
        expectTypeOf(model).toEqualTypeOf<{ factor: number }>();
        expectTypeOf(inputs.x.data).toEqualTypeOf<readonly number[]>();
        const [rows = 0, width = 0] = inputs.x.shape;
        return { y: Float32Array.from({ length: rows }, (_, row) => model.factor * (inputs.x.data[row * width]! + inputs.x.data[row * width + 1]!)) };
      },
    });
    expect(predictorDefinitionOf(sums)).toBe(sums);
    expect(sums.site?.file).toBe(import.meta.filename);
    expect(await sums.invoke({ model: { factor: 2 }, inputs: [x] })).toEqual([{ name: "y", datatype: "FP32", shape: [2], data: [6, 14] }]);
    expect(await answers([1, 2, 3])).toMatchObject([{ shape: [3], data: [1, 2, 3] }]);
    expect(await answers({ shape: [1], data: [7] })).toMatchObject([{ shape: [1], data: [7] }]);
    const words = predictor({ ...base, outputs: { words: tensor("BYTES", [-1, 2]), big: tensor("INT64", [1]) }, predict: () => ({ words: ["a", "b"], big: [5] }) });
    expect(await words.invoke({ model: {}, inputs: [x] })).toEqual([{ name: "words", datatype: "BYTES", shape: [1, 2], data: ["a", "b"] }, { name: "big", datatype: "INT64", shape: [1], data: [5] }]);
  });

  it.each([undefined, null, 3, "text", { shape: [2], data: [1] }, { shape: [1, 1], data: [1] }, [Number.NaN], [Infinity], ["a"], [true]])("refuses the answer %j", async (y) => {
    await expect(answers(y)).rejects.toMatchObject({ code: "MLS1009", message: expect.stringContaining('"y"') as string });
  });

  it.each<[unknown, RegExp]>([
    [undefined, /called with missing/], [{ ...base }, /no predict/], [{ ...base, inputs: {}, predict: () => 1 }, /has no inputs/], [{ ...base, outputs: { y: "FP64" }, predict: () => 1 }, /outputs\.y is "FP64"/],
    [{ ...base, model: z.number(), predict: () => 1 }, /not an artifact type/], [{ ...base, predict: () => 1, load: () => 1 }, /"load", which is not known/],
  ])("refuses a definition that can't be: %#", (spec, says) => {
    expect(() => predictor(spec as never)).toThrow(expect.objectContaining({ code: "MLS1008", message: expect.stringMatching(says) as string }));
  });

  it.each<[unknown, unknown]>([["FP65", [1]], ["FP64", []], ["FP64", [-2]], ["FP64", [1.5]], ["FP64", "1"]])("refuses tensor(%j, %j)", (type, shape) => {
    expect(() => tensor(type as never, shape as never)).toThrow(expect.objectContaining({ code: "MLS1008" }));
  });

  it("types: another name, or another type of values, is an error", () => {
    // @ts-expect-error z is no output
    predictor({ ...base, predict: () => ({ z: [1] }) });
    // @ts-expect-error texts are no FP32
    predictor({ ...base, predict: () => ({ y: ["a"] }) });
    // @ts-expect-error the model has no slope
    predictor({ ...base, predict: ({ model }) => ({ y: [model.slope] }) });
  });
});
