import { describe, expect, it } from "vitest";
import { averagePrecision, confusionCounts, evaluateScores, f1Score, rocAuc } from "./metrics.ts";

// Wanted values: scikit-learn 1.9.1, roc_auc_score, average_precision_score, f1_score and confusion_matrix on the same rows.
const labels = Uint8Array.of(0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 0);
const scores = Float64Array.of(0.1, 0.4, 0.35, 0.8, 0.8, 0.2, 0.4, 0.9, 0.1, 0.4, 0.35, 0.05, 0.2, 0.6, 0.6, 0.1);

describe("rocAuc and averagePrecision", () => {
  it("agree with scikit-learn on tied scores", () => {
    expect(rocAuc(labels, scores)).toBeCloseTo(0.7083333333333333, 14);
    expect(averagePrecision(labels, scores)).toBeCloseTo(0.6111111111111112, 14);
  });

  it("are 1 for a perfect order, and chance when all scores are equal", () => {
    const truth = Float64Array.from(labels);
    expect([rocAuc(labels, truth), averagePrecision(labels, truth)]).toEqual([1, 1]);
    expect(rocAuc(labels, truth.map((value) => -value))).toBe(0);
    const equal = new Float64Array(16);
    expect([rocAuc(labels, equal), averagePrecision(labels, equal)]).toEqual([0.5, 6 / 16]);
  });

  it("depend on the order of the scores alone", () => {
    expect(rocAuc(labels, scores.map((score) => Math.exp(5 * score)))).toBe(rocAuc(labels, scores));
  });
});

describe("confusionCounts and f1Score", () => {
  it.each([
    { threshold: 0.35, tp: 5, fp: 5, tn: 5, fn: 1, f1: 0.625 },
    { threshold: 0.4, tp: 4, fp: 4, tn: 6, fn: 2, f1: 0.5714285714285714 },
    { threshold: 0.5, tp: 2, fp: 3, tn: 7, fn: 4, f1: 0.36363636363636365 },
    { threshold: 2, tp: 0, fp: 0, tn: 10, fn: 6, f1: 0 },
  ])("agree with scikit-learn at $threshold", ({ threshold, f1, ...counts }) => {
    expect(confusionCounts(labels, scores, threshold)).toEqual(counts);
    expect(f1Score(counts)).toBeCloseTo(f1, 14);
  });

  it("call f1 0 when there is nothing to count", () => {
    expect(f1Score({ tp: 0, fp: 0, fn: 0 })).toBe(0);
  });
});

describe("evaluateScores", () => {
  it("gathers all scores", () => {
    expect(evaluateScores(labels, scores, 0.4)).toEqual({
      roc_auc: rocAuc(labels, scores),
      avg_precision: averagePrecision(labels, scores),
      f1: f1Score({ tp: 4, fp: 4, fn: 2 }),
      threshold: 0.4,
      ...confusionCounts(labels, scores, 0.4),
    });
  });

  it("refuses what has no score", () => {
    expect(() => evaluateScores(labels, scores.subarray(1))).toThrow("There are 16 labels but 15 scores.");
    expect(() => evaluateScores(new Uint8Array(4), new Float64Array(4))).toThrow("got 0 of class 1, 4 of class 0.");
    expect(() => evaluateScores(new Uint8Array(0), new Float64Array(0))).toThrow("Both classes are needed");
    expect(() => evaluateScores(Uint8Array.of(0, 1), Float64Array.of(0.1, Number.NaN))).toThrow("The score of row 1 is not a number.");
    expect(() => evaluateScores(Uint8Array.of(0, 2), Float64Array.of(0.1, 0.2))).toThrow("Labels must be 0 or 1, got 2.");
  });
});
