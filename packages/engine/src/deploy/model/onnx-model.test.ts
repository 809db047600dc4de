import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Tensor } from "@mlstack/core";
import { onnxModel } from "./onnx-model.ts";
import type { ServedModel } from "./served-model.ts";

/** In place of onnxruntime-node: gives back what it is given, once more as 64-bit integers, and zero divided by it. The real one: tests/live. */
const RUNTIME = `
class Tensor { constructor(type, data, dims) { Object.assign(this, { type, data, dims }); } }
const value = (name, type) => ({ name, isTensor: true, type, shape: ["n"] });
exports.Tensor = Tensor;
exports.InferenceSession = { create: async () => ({
  inputMetadata: [value("x", "float32")], outputMetadata: [value("same", "float32"), value("whole", "int64"), value("ratio", "float32")],
  run: async ({ x: { data, dims } }) => ({ same: { data, dims }, whole: { data: BigInt64Array.from(data, (v) => BigInt(Math.trunc(v)) * 3n), dims }, ratio: { data: data.map((v) => v / v), dims } }),
}) };
`;
let dir: string;
let model: ServedModel;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "mlstack-onnx-"));
  mkdirSync(join(dir, "node_modules", "onnxruntime-node"), { recursive: true });
  writeFileSync(join(dir, "node_modules", "onnxruntime-node", "index.js"), RUNTIME);
  writeFileSync(join(dir, "net.onnx"), "net");
  model = await onnxModel(dir, [{ path: "net.onnx", size: 3, sha256: createHash("sha256").update("net").digest("hex") }], dir);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const x = (...data: number[]): Tensor[] => [{ name: "x", datatype: "FP32", shape: [data.length], data }];

test("answers are what the runtime gives", async () => {
  expect(await model.infer(x(1, 2.5))).toEqual([
    { name: "same", datatype: "FP32", shape: [2], data: [1, 2.5] }, { name: "whole", datatype: "INT64", shape: [2], data: [3, 6] }, { name: "ratio", datatype: "FP32", shape: [2], data: [1, 1] },
  ]);
});

test.each<[string, number, string, RegExp]>([
  ["no number", 0, "failed", /ratio holds NaN/],
  ["an integer beyond 2^53", 2 ** 53, "failed", /whole holds \d+, which is no INT64 that JSON can carry/],
  ["a number beyond FP32", 1e39, "invalid", /1e\+39, which is no FP32/],
])("%s is said, and nothing else is sent for it", async (_, value, reason, says) => {
  await expect(model.infer(x(value))).rejects.toMatchObject({ code: "MLS6003", details: { reason }, message: expect.stringMatching(says) as string });
});
