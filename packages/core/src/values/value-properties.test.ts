import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeValue, encodeValue, parseValue, stringifyValue } from "./tagged-json.ts";

const VIEWS = [
  fc.int8Array(), fc.uint8Array(), fc.uint8ClampedArray(), fc.int16Array(), fc.uint16Array(), fc.int32Array(), fc.uint32Array(), fc.float32Array(),
  fc.float64Array(), fc.bigInt64Array(), fc.bigUint64Array(), fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  fc.uint8Array().map((bytes) => bytes.slice().buffer), fc.uint8Array().map((bytes) => new DataView(bytes.slice().buffer)),
];

/** Strings with lone surrogates and keys that are dangerous somewhere: for tests. */
const text = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.array(fc.integer({ min: 0xd7f0, max: 0xe010 }), { maxLength: 4 }).map((units) => String.fromCharCode(...units)),
  fc.constantFrom("__proto__", "constructor", "toString", "toJSON", "$mlstack", "value", "length", "0", "10", "2", ""),
);

const primitive = fc.oneof(
  text, fc.integer(), fc.double(), fc.boolean(), fc.constantFrom(null, undefined, -0, NaN, Infinity, -Infinity, 5e-324, 1e21, 2 ** 53),
  fc.bigInt(),
);

const tie = fc.letrec<{ value: unknown }>((tie) => {
  const items = fc.array(tie("value"), { maxLength: 4 });
  const entries = fc.array(fc.tuple(text, tie("value")), { maxLength: 4 });
  return {
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      primitive,
      fc.date({ noInvalidDate: true }),
      fc.oneof(...VIEWS),
      items,
      items.map((list) => new Set(list)),
      fc.array(fc.tuple(tie("value"), tie("value")), { maxLength: 4 }).map((list) => new Map(list)),
      entries.map((list) => ownProperties({}, list)),
      entries.map((list) => ownProperties(Object.create(null) as object, list)),
    ),
  };
});

/** Any value that can be stored as tagged JSON. */
const storableValue: fc.Arbitrary<unknown> = tie.value;

/** Any value that cannot. */
const refusedValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.func(fc.nat()), fc.string().map((name) => Symbol(name)), fc.string().map((name) => ({ [Symbol(name)]: 1 })), fc.webUrl().map((url) => new URL(url)),
  fc.string().map((message) => new Error(message)), fc.constant(/a/g), fc.nat().map((n) => Object(n) as unknown), fc.constant(Promise.resolve()),
  fc.constant(new WeakMap()), fc.nat({ max: 20 }).map((n) => new Uint8Array(new SharedArrayBuffer(n))), fc.sparseArray(fc.nat(), { maxNumElements: 3, noTrailingHole: false })
    .filter((list) => Object.keys(list).length < list.length),
  fc.nat().map((n) => Object.defineProperty({}, "got", { get: () => n, enumerable: true })),
  fc.nat().map((n) => new (class Point { x = n; })()),
);

function ownProperties(target: object, list: readonly (readonly [string, unknown])[]): object {
  for (const [key, value] of list) Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  return target;
}

const roundTrip = (value: unknown): unknown => parseValue(stringifyValue(value));

describe("any value as JSON", () => {
  it("comes back unchanged, whatever it is", () => {
    fc.assert(fc.property(storableValue, (value) => {
      assert.deepStrictEqual(roundTrip(value), value);
      assert.deepStrictEqual(decodeValue(encodeValue(value)), value);
    }), { numRuns: 2000 });
  });

  it("keeps the order of keys, entries and items", () => {
    fc.assert(fc.property(storableValue, (value) => {
      assert.equal(orderText(roundTrip(value)), orderText(value));
    }));
  });

  it("is the plain text where the value is plain JSON", () => {
    const plain = fc.jsonValue({ noUnicodeString: false }).filter((v) => !JSON.stringify(v).includes("$mlstack") && !hasMinusZero(v));
    fc.assert(fc.property(plain, (value) => {
      assert.equal(stringifyValue(value), JSON.stringify(value));
      assert.deepStrictEqual(JSON.parse(stringifyValue(value)), value);
      assert.deepStrictEqual(parseValue(JSON.stringify(value, null, 2)), JSON.parse(JSON.stringify(value)));
    }), { numRuns: 1000 });
  });

  it("is refused with its path, wherever it is", () => {
    const deep = fc.tuple(refusedValue, fc.array(fc.constantFrom("property", "item", "entry", "element"), { maxLength: 5 }));
    fc.assert(fc.property(deep, storableValue, ([bad, around], other) => {
      const value = around.reduce<unknown>((inner, kind) => (
        kind === "property" ? { other, inner } : kind === "item" ? [other, inner] : kind === "entry" ? new Map([["other", other], ["k", inner]]) : new Set([inner])
      ), bad);
      expect(() => stringifyValue(value)).toThrow(expect.objectContaining({ code: "MLS3006", details: expect.objectContaining({ path: expect.stringMatching(/^value/) }) }));
    }), { numRuns: 500 });
  });
});

describe("the text of any value", () => {
  it("is the same only for values that are equal, the order of their keys included", () => {
    // values from a small range, so that equal ones occur
    const scalar = fc.constantFrom<unknown>(1, "1", 1n, 0, -0, null, undefined, NaN, "NaN", true, "", new Date(0), new Uint8Array([1]), Buffer.from([1]));
    const keyed = fc.uniqueArray(fc.tuple(fc.constantFrom("a", "b", "$mlstack", "1"), scalar), { maxLength: 3, selector: ([key]) => key }).map((entries) => ownProperties({}, entries));
    const small = fc.oneof(scalar, fc.array(scalar, { maxLength: 2 }), keyed);
    const order = (value: unknown) => (typeof value === "object" && value !== null ? Object.keys(value).join() : "");
    fc.assert(fc.property(small, small, (a, b) => {
      expect(stringifyValue(a) === stringifyValue(b)).toBe(isDeepStrictEqual(a, b) && order(a) === order(b));
    }), { numRuns: 5000 });
    fc.assert(fc.property(storableValue, storableValue, (a, b) => {
      expect(stringifyValue(a) !== stringifyValue(b) || isDeepStrictEqual(a, b)).toBe(true);
    }), { numRuns: 1000 });
  });

  it("tells types and order apart", () => {
    const texts = [1, "1", 1n, [1], new Set([1]), new Map([[0, 1]]), true, "true", null, undefined, {}, { a: undefined }, 0, -0, new Uint8Array([1]), new Int8Array([1]), Buffer.from([1]),
      new Map([[1, 1], [2, 2]]), new Map([[2, 2], [1, 1]]), Object.create(null), { a: 1, b: 1 }, { b: 1, a: 1 }].map((value) => stringifyValue(value));
    expect(new Set(texts).size).toBe(texts.length);
  });
});

function hasMinusZero(value: unknown): boolean {
  return Object.is(value, -0) || (typeof value === "object" && value !== null && Object.values(value).some(hasMinusZero));
}

/** The keys of everything inside, in order. */
function orderText(value: unknown): string {
  if (value instanceof Map) return `map(${[...value].map(orderText).join()})`;
  if (value instanceof Set) return `set(${[...value].map(orderText).join()})`;
  if (Array.isArray(value)) return `[${value.map(orderText).join()}]`;
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return typeof value;
  return `{${Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}:${orderText(inner)}`).join()}}`;
}
