import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isDeploymentName, servableMismatch, type Tensor, type TensorType } from "./model-deployer.ts";
import { checkTensor, flatData, TENSOR_TYPES } from "./tensors.ts";

describe("checkTensor", () => {
  const of = (datatype: TensorType, ...data: Tensor["data"][number][]): Tensor => ({ name: "t", shape: [data.length], datatype, data });

  it("takes what JSON gives back as it was", () => {
    const values: Readonly<Record<TensorType, fc.Arbitrary<Tensor["data"][number]>>> = {
      BOOL: fc.boolean(), BYTES: fc.string(), FP16: fc.double({ min: -65_504, max: 65_504, noNaN: true }), FP32: fc.float({ noNaN: true, noDefaultInfinity: true }), FP64: fc.double({ noNaN: true, noDefaultInfinity: true }),
      INT8: fc.integer({ min: -128, max: 127 }), INT16: fc.integer({ min: -32_768, max: 32_767 }), INT32: fc.integer(), INT64: fc.maxSafeInteger(), UINT8: fc.integer({ min: 0, max: 255 }), UINT16: fc.integer({ min: 0, max: 65_535 }), UINT32: fc.integer({ min: 0, max: 2 ** 32 - 1 }), UINT64: fc.maxSafeNat(),
    };
    fc.assert(fc.property(fc.constantFrom(...TENSOR_TYPES).chain((type) => fc.tuple(fc.constant(type), fc.array(values[type]))), ([type, data]) => { expect(checkTensor(of(type, ...data))).toBeUndefined(); }));
  });

  it.each<[Tensor, RegExp]>([
    [of("FP64", Number.NaN), /holds NaN/], [of("FP32", Infinity), /Infinity/], [of("FP32", 3.5e38), /3\.5e\+38/], [of("FP32", -1e300), /FP32/], [of("FP32", "1"), /"1"/], [of("FP16", 65_520), /65520/], [of("INT64", 2 ** 53), /9007199254740992/], [of("INT32", 1.5), /1\.5/], [of("INT8", 128), /128/], [of("UINT8", -1), /-1/], [of("BOOL", 1), /1, which is no BOOL/], [of("BYTES", true), /true/], [of("FP64", "1"), /"1"/],
    [{ ...of("FP64", 1), shape: [2] }, /1 values for the shape \[2\]/], [{ ...of("FP64"), shape: [-1] }, /shape/], [{ ...of("FP64", 1), shape: [0.5, 2] }, /shape/], [{ ...of("FP64", 1), datatype: "FP65" as TensorType }, /"FP65"/],
  ])("refuses %j", (tensor, says) => { expect(checkTensor(tensor)).toMatch(says); });
});

it("flattens what is nested as the shape says, and nothing else", () => {
  const nest = (data: readonly unknown[], [, ...inner]: readonly number[]): readonly unknown[] => {
    if (inner.length === 0) return data;
    const size = inner.reduce((a, b) => a * b, 1);
    return Array.from({ length: data.length / size }, (_, i) => nest(data.slice(i * size, (i + 1) * size), inner));
  };
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }), (shape) => {
    const data = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i);
    expect(flatData(data, shape)).toEqual(data);
    expect(flatData(nest(data, shape), shape)).toEqual(data);
    if (shape.length > 1) expect(flatData(nest(data, shape), [data.length])).toBeUndefined();
  }));
  expect(flatData([[], []], [2, 0])).toEqual([]);
  for (const [data, shape] of [[[[1, 2, 3], [4]], [2, 2]], [[[1], 2], [2, 1]], [[[1, 2]], [2]], [[[[1]]], [1, 1]], [[1, [2]], [2]]]) expect(flatData(data!, shape!), JSON.stringify(data)).toBeUndefined();
  let deep: unknown[] = [1];
  for (let n = 0; n < 100_000; n++) deep = [deep];
  expect(flatData(deep, [1])).toBeUndefined();
});

it("says what a deployer does not take", () => {
  const accepts = [{ kind: "predictor" }, { kind: "format", formats: ["onnx.model/1", "xgboost.json/1"] }] as const;
  expect(servableMismatch(accepts, "predictor", "any/1")).toBeUndefined();
  expect(servableMismatch(accepts, "format", "onnx.model/1")).toBeUndefined();
  expect(servableMismatch(accepts, "format", "json/1")).toBe("it takes predictors and models of format onnx.model/1, xgboost.json/1, not a model of format json/1 by itself");
  expect(servableMismatch(accepts, "image", "json/1")).toBe("it takes predictors and models of format onnx.model/1, xgboost.json/1, not an image");
  expect(servableMismatch([], "predictor", "json/1")).toBe("it takes nothing, not a predictor");
});

it("knows legal names", () => {
  for (const name of ["a", "fd", "flight-delays", `a${"b".repeat(38)}`]) expect(isDeploymentName(name), name).toBe(true);
  for (const name of ["", "A", "1a", "a-", "-a", "a_b", "a.b", "../a", `a${"b".repeat(39)}`]) expect(isDeploymentName(name), name).toBe(false);
});
