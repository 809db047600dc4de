import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canonicalJson, isDigest, sha256 } from "./digest.ts";
import { integrityOf, integrityProblem } from "./integrity.ts";

describe("canonical JSON", () => {
  test("is one text per value, whatever the order of keys, and JSON of it", () => {
    expect(canonicalJson({ b: [1, null, { d: "é\n", c: true }], a: undefined, A: 1.5 })).toBe('{"A":1.5,"b":[1,null,{"c":true,"d":"é\\n"}]}');
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      const plain = JSON.parse(JSON.stringify(value)) as unknown;
      expect(JSON.parse(canonicalJson(value))).toEqual(plain);
      expect(canonicalJson(reversed(value))).toBe(canonicalJson(value));
    }));
  });

  test("differs where values do", () => {
    fc.assert(fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      const [x, y] = [JSON.parse(JSON.stringify(a)) as unknown, JSON.parse(JSON.stringify(b)) as unknown];
      let same = true;
      try { expect(x).toEqual(y); } catch { same = false; }
      expect(canonicalJson(x) === canonicalJson(y)).toBe(same);
    }));
  });
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).toReversed().map(([k, v]) => [k, reversed(v)]));
}

test("a digest says what it was made by", () => {
  expect(sha256("")).toBe("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  expect([isDigest(sha256("x")), isDigest("sha256:abc"), isDigest(sha256("x").toUpperCase()), isDigest(1)]).toEqual([true, false, false, false]);
});

describe("an integrity", () => {
  const bytes = Buffer.from("hello");
  const of = (algorithm: string, what: string | Buffer = bytes): string => `${algorithm}-${createHash(algorithm).update(what).digest("base64")}`;

  test.each([integrityOf(bytes), of("sha384"), of("sha256"), `${of("sha1", "x")} ${of("sha512")}`, `${of("sha256", "x")} ${of("sha512")}`, `${of("sha512", "x")} ${of("sha512")}`, `${of("sha512")}?opt`])("%s is that of the bytes", (integrity) => {
    expect(integrityProblem(bytes, integrity)).toBeUndefined();
  });

  test.each<[string, RegExp]>([
    [of("sha512", "x"), /the bytes have sha512-/], [`${of("sha256")} ${of("sha512", "x")}`, /sha512/], [of("sha1"), /no digest that can be relied on/], ["", /no digest/], ["sha512-", /no digest/], [of("md5"), /no digest/],
    [of("sha512").slice(0, -10), /the bytes have/], ["sha512-AAAA", /the bytes have/],
  ])("%j is not: a weaker digest that fits does not help", (integrity, says) => {
    expect(integrityProblem(bytes, integrity)).toMatch(says);
  });
});
