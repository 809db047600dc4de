import { describe, expect, it } from "vitest";
import { fromJSON, predictProba, toJSON, trainGbdt } from "./gbdt.ts";
import type { GbdtNode, GbdtOptions } from "./gbdt.ts";
import { rocAuc } from "./metrics.ts";
import { seededRandom } from "./random.ts";

/** Uniform features and labels drawn with the given chance of class 1; shape (rows) each. */
function sample(rows: number, width: number, chance: (x: number[]) => number): { columns: Float64Array[]; labels: Uint8Array } {
  const next = seededRandom(3);
  const columns = Array.from({ length: width }, () => new Float64Array(rows));
  const labels = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) {
    const x = columns.map((column) => (column[row] = next()));
    labels[row] = next() < chance(x) ? 1 : 0;
  }
  return { columns, labels };
}

describe("trainGbdt", () => {
  it("takes one Newton step in the simplest case", () => {
    // p = 0.5, so each row's slopes are 0.5 and 0.25: both leaves are 2 * 0.5 / (2 * 0.25) = 2 in size.
    const options = { trees: 1, learningRate: 1, maxDepth: 1, l2: 0, minChildWeight: 0 };
    const model = trainGbdt([Float64Array.of(1, 1, 3, 3)], Uint8Array.of(0, 0, 1, 1), options);
    const stump = { feature: 0, threshold: 2, left: { value: -2 }, right: { value: 2 } };
    expect(model).toEqual({ kind: "gbdt/1", bias: 0, gain: [4], trees: [stump] });
    expect(predictProba(model, [Float64Array.of(0, 2, 2.5)])).toEqual(Float64Array.of(-2, -2, 2).map((x) => 1 / (1 + Math.exp(-x))));
  });

  it("agrees with scikit-learn", () => {
    // HistGradientBoostingClassifier 1.9.1(max_iter=5, max_depth=3, max_leaf_nodes=None, learning_rate=0.3, l2_regularization=1,
    // min_samples_leaf=1, early_stopping=False) on the same rows; its histograms are in single precision.
    const rows = Array.from({ length: 120 }, (_, i) => [(i * i * 7 + i) % 13, (i * 11) % 17, (i * i) % 5] as const);
    const labels = Uint8Array.from(rows, ([a, b, c], i) => ((a * b + 3 * c + i) % 7 < 3 ? 1 : 0));
    const columns = [0, 1, 2].map((feature) => Float64Array.from(rows, (row) => row[feature] ?? 0));
    const model = trainGbdt(columns, labels, { trees: 5, maxDepth: 3, learningRate: 0.3, l2: 1, minChildWeight: 1e-3 });
    const found = predictProba(model, columns);
    const wanted = [[0, 0.765979327], [1, 0.554883591], [2, 0.458926556], [3, 0.331530268], [50, 0.692266836], [119, 0.412849789]] as const;
    for (const [row, probability] of wanted) expect(found[row]).toBeCloseTo(probability, 6);
  });

  it("counts a row in the leaf that it is later sent to, also on the edge of a bin", () => {
    const column = Float64Array.from({ length: 1000 }, (_, row) => (row * 7) % 1000); // more values than bins
    const labels = Uint8Array.from(column, (value) => (value < 600 ? 0 : 1));
    const [tree] = trainGbdt([column], labels, { trees: 1, learningRate: 1, maxDepth: 1, l2: 0, minChildWeight: 0 }).trees;
    if (tree === undefined || tree.value !== undefined) throw new Error("no split");
    const left = labels.filter((_, row) => column[row]! <= tree.threshold);
    const ones = left.reduce((sum, label) => sum + label, 0);
    expect(tree.left.value).toBeCloseTo((ones - 0.4 * left.length) / (0.4 * 0.6 * left.length), 10);
    expect(Math.abs(tree.threshold - 600)).toBeLessThan(4); // 1000 / 256
  });

  it("learns exclusive or, which no single split can", () => {
    const { columns, labels } = sample(2000, 2, ([a = 0, b = 0]) => (a > 0.5 !== b > 0.5 ? 0.95 : 0.05));
    const probabilities = predictProba(trainGbdt(columns, labels, { trees: 30, maxDepth: 4 }), columns);
    expect(rocAuc(labels, probabilities)).toBeGreaterThan(0.93);
  });

  it("recovers known probabilities", () => {
    const chance = (x: number[]): number => 0.2 + 0.5 * (x[0] ?? 0);
    const { columns, labels } = sample(20_000, 3, chance);
    const probabilities = predictProba(trainGbdt(columns, labels, { trees: 50, maxDepth: 3 }), columns);
    const error = probabilities.reduce((sum, p, row) => sum + Math.abs(p - chance([columns[0]![row]!])), 0) / 20_000;
    expect(error).toBeLessThan(0.025);
  });

  it("gives the most gain to the features that matter", () => {
    const { columns, labels } = sample(5000, 3, (x) => ((x[1] ?? 0) > 0.3 ? 0.8 : 0.2));
    const { gain } = trainGbdt(columns, labels, { trees: 10 });
    expect(gain[1]).toBeGreaterThan(10 * Math.max(gain[0]!, gain[2]!));
  });

  it("gives the same model twice", () => {
    const { columns, labels } = sample(3000, 4, ([a = 0, b = 0]) => a * b);
    expect(toJSON(trainGbdt(columns, labels, { trees: 20 }))).toBe(toJSON(trainGbdt(columns, labels, { trees: 20 })));
  });

  it("keeps to maxDepth and minChildWeight", () => {
    const { columns, labels } = sample(3000, 2, ([a = 0]) => a);
    const depth = (node: GbdtNode): number => (node.value === undefined ? 1 + Math.max(depth(node.left), depth(node.right)) : 0);
    const trees = (options: GbdtOptions): number[] => trainGbdt(columns, labels, { trees: 3, ...options }).trees.map(depth);
    expect(Math.max(...trees({ maxDepth: 3 }))).toBe(3);
    expect(trees({ minChildWeight: 3000 })).toEqual([0, 0, 0]);
  });

  it("predicts the share of class 1 when no feature tells anything", () => {
    const constant = [new Float64Array(8).fill(0.1), new Float64Array(8).fill(7)];
    const model = trainGbdt(constant, Uint8Array.of(1, 0, 0, 0, 1, 0, 0, 0), { minChildWeight: 0 });
    for (const p of predictProba(model, constant)) expect(p).toBeCloseTo(0.25, 12);
    expect(model.gain).toEqual([0, 0]);
  });

  it("says what is wrong with its input", () => {
    const column = Float64Array.of(1, 2, 3);
    expect(() => trainGbdt([column], Uint8Array.of(1, 1, 1))).toThrow("Training needs both classes, but all 3 labels are 1.");
    expect(() => trainGbdt([column], Uint8Array.of(0, 0, 0))).toThrow("Training needs both classes, but all 3 labels are 0.");
    expect(() => trainGbdt([column], Uint8Array.of(0, 1, 2))).toThrow("Labels must be 0 or 1.");
    expect(() => trainGbdt([column], Uint8Array.of(0, 1))).toThrow("Wanted columns of 2 values, like the labels.");
    expect(() => trainGbdt([], Uint8Array.of(0, 1))).toThrow("Wanted columns of 2 values, like the labels.");
    const holed = Float64Array.of(1, Number.NaN, 3);
    expect(() => trainGbdt([column, holed], Uint8Array.of(0, 1, 1))).toThrow("Column 1 has a value that is not finite.");
    expect(() => trainGbdt([column], Uint8Array.of(0, 1, 1), { bins: 300 })).toThrow("bins must lie between 2 and 256, got 300.");
  });
});

describe("a saved model", () => {
  const { columns, labels } = sample(1000, 2, ([a = 0]) => a);
  const model = trainGbdt(columns, labels, { trees: 10 });

  it("predicts the same after a round trip", () => {
    expect(fromJSON(toJSON(model))).toEqual(model);
    expect(predictProba(fromJSON(toJSON(model)), columns)).toEqual(predictProba(model, columns));
  });

  it("is refused when it is something else", () => {
    for (const text of ["null", "{}", '{"kind":"gbdt/2"}', '{"kind":"gbdt/1"}']) {
      expect(() => fromJSON(text)).toThrow("Not a gbdt/1 model.");
    }
    expect(() => fromJSON("no json")).toThrow(SyntaxError);
  });

  it("wants the columns of training", () => {
    expect(() => predictProba(model, [columns[0]!])).toThrow("Wanted 2 columns of one length.");
    expect(() => predictProba(model, [columns[0]!, Float64Array.of(1)])).toThrow("Wanted 2 columns of one length.");
    expect(predictProba(model, [new Float64Array(0), new Float64Array(0)])).toHaveLength(0);
  });
});
