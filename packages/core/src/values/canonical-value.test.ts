import { describe, expect, it } from "vitest";
import { canonicalValue } from "./tagged-json.ts";

describe("the canonical text of a value", () => {
  it("follows RFC 8785", () => {
    // the RFC's examples for numbers, strings and sorting (sections 3.2.2 and 3.2.3)
    const sample = { numbers: [333333333.3333333, 1e30, 4.5, 2e-3, 0.000000000000000000000000001], string: "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/", literals: [null, true, false] };
    expect(canonicalValue(sample)).toBe('{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}');
    const keys = { "\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\ud83d\ude00": 5, "\u0080": 6, "\u00f6": 7 };
    expect(Object.values(JSON.parse(canonicalValue(keys)) as object).length).toBe(7);
    expect([...canonicalValue(keys).matchAll(/:(\d)/g)].map((m) => m[1])).toEqual(["2", "4", "6", "7", "1", "5", "3"]);
    expect(canonicalValue({ 10: 1, 9: 2, a: 3, B: 4 })).toBe('{"10":1,"9":2,"B":4,"a":3}');
  });

  it("tells types and order apart", () => {
    const texts = [1, "1", 1n, [1], new Set([1]), new Map([[0, 1]]), true, "true", null, undefined, {}, { a: undefined }, 0, -0, new Uint8Array([1]), new Int8Array([1]), Buffer.from([1]),
      new Map([[1, 1], [2, 2]]), new Map([[2, 2], [1, 1]]), Object.create(null)].map((value) => canonicalValue(value));
    expect(new Set(texts).size).toBe(texts.length);
  });

  it("refuses what cannot be stored", () => {
    expect(() => canonicalValue({ a: () => 1 }, "params")).toThrow(expect.objectContaining({ code: "MLS3006", details: expect.objectContaining({ path: "params.a" }) }));
  });
});
