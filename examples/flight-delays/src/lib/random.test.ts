import { describe, expect, it } from "vitest";
import { seededRandom, stratifiedMask } from "./random.ts";

describe("seededRandom", () => {
  it("gives the same numbers for the same seed, others for another", () => {
    const draw = (seed: number): number[] => Array.from({ length: 5 }, seededRandom(seed));
    expect(draw(42)).toEqual(draw(42));
    expect(draw(42)).not.toEqual(draw(43));
    expect(draw(42)).toEqual([0.6011037519201636, 0.44829055899754167, 0.8524657934904099, 0.6697340414393693, 0.17481389874592423]);
  });

  it("is about uniform", () => {
    const next = seededRandom(1);
    const counts = new Uint32Array(10);
    for (let draw = 0; draw < 100_000; draw++) counts[Math.floor(next() * 10)]! += 1;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400); // 4 standard deviations
  });
});

describe("stratifiedMask", () => {
  const labels = Uint8Array.from({ length: 1000 }, (_, row) => (row % 5 === 0 ? 1 : 0));
  const counts = (mask: Uint8Array): [number, number] => [
    mask.filter((drawn, row) => drawn === 1 && labels[row] === 0).length,
    mask.filter((drawn, row) => drawn === 1 && labels[row] === 1).length,
  ];

  it("draws the exact number of each class", () => {
    expect(counts(stratifiedMask(labels, 250, 7))).toEqual([200, 50]);
    expect(counts(stratifiedMask(labels, 0, 7))).toEqual([0, 0]);
    expect(counts(stratifiedMask(labels, 1000, 7))).toEqual([800, 200]);
  });

  it("gives every row the same chance", () => {
    const hits = new Uint32Array(1000);
    for (let seed = 0; seed < 400; seed++) stratifiedMask(labels, 250, seed).forEach((drawn, row) => { hits[row]! += drawn; });
    expect(Math.min(...hits)).toBeGreaterThan(60); // 100 wanted, deviation 8.7
    expect(Math.max(...hits)).toBeLessThan(140);
  });

  it("depends on the seed alone", () => {
    expect(stratifiedMask(labels, 250, 7)).toEqual(stratifiedMask(labels, 250, 7));
    expect(stratifiedMask(labels, 250, 7)).not.toEqual(stratifiedMask(labels, 250, 8));
  });

  it("refuses a number of rows that cannot be drawn", () => {
    for (const take of [-1, 1001, 2.5, Number.NaN]) expect(() => stratifiedMask(labels, take, 7)).toThrow(RangeError);
  });
});
