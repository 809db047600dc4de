import assert from "node:assert/strict";
import { describe, expect, it } from "vitest";
import { decodeValue, encodeValue, parseValue, stringifyValue } from "./tagged-json.ts";

const roundTrip = (value: unknown): unknown => parseValue(stringifyValue(value));

describe("a value as JSON", () => {
  it.each<[string, unknown, string]>([
    ["undefined", undefined, '{"$mlstack":"undefined"}'],
    ["NaN", NaN, '{"$mlstack":"number","value":"NaN"}'],
    ["-0", -0, '{"$mlstack":"number","value":"-0"}'],
    ["a bigint", -12n, '{"$mlstack":"bigint","value":"-12"}'],
    ["a date", new Date(0), '{"$mlstack":"Date","value":"1970-01-01T00:00:00.000Z"}'],
    ["a far date", new Date(8.64e15), '{"$mlstack":"Date","value":"+275760-09-13T00:00:00.000Z"}'],
    ["a Map", new Map([["k", 1]]), '{"$mlstack":"Map","value":[["k",1]]}'],
    ["a Set", new Set(["k"]), '{"$mlstack":"Set","value":["k"]}'],
    ["a Float64Array", new Float64Array([1.5]), '{"$mlstack":"Float64Array","value":"AAAAAAAA+D8="}'],
    ["a view of a part", new Uint8Array([1, 2, 3, 4]).subarray(1, 3), '{"$mlstack":"Uint8Array","value":"AgM="}'],
    ["a Buffer", Buffer.from("hi"), '{"$mlstack":"Buffer","value":"aGk="}'],
    ["an object without prototype", Object.assign(Object.create(null), { a: 1 }), '{"$mlstack":"null-object","value":{"a":1}}'],
    ["an object with the tag's key", { a: 1, $mlstack: "Map" }, '{"$mlstack":"object","value":{"a":1,"$mlstack":"Map"}}'],
    ["a lone surrogate", "a\ud800b", '"a\\ud800b"'],
    ["undefined as a property and an item", { a: undefined, b: [undefined] }, '{"a":{"$mlstack":"undefined"},"b":[{"$mlstack":"undefined"}]}'],
  ])("has a documented form for %s", (_, value, text) => {
    expect(stringifyValue(value)).toBe(text);
    assert.deepStrictEqual(parseValue(text), value);
  });

  it("has a documented form for an invalid date", () => {
    expect(stringifyValue(new Date(NaN))).toBe('{"$mlstack":"Date","value":null}');
    // two invalid dates are not deeply equal to Node 22
    const back = roundTrip([new Date(NaN)]) as Date[];
    expect([Object.getPrototypeOf(back[0]), back[0]?.getTime()]).toEqual([Date.prototype, NaN]);
  });

  it("holds a Float16Array", ({ skip, task }) => {
    if (!("Float16Array" in globalThis)) {
      process.stdout.write("Float16Array, skipped: this Node has none\n");
      // `npm test` repeats it in its last lines
      Object.assign(task.meta, { skipped: "this Node has none" });
      skip("this Node has none");
    }
    const Float16 = (globalThis as unknown as { Float16Array: new (items: number[]) => ArrayBufferView }).Float16Array;
    assert.deepStrictEqual(roundTrip(new Float16([1.5, -2])), new Float16([1.5, -2]));
  });

  it("sets __proto__ as a key, never as a prototype", () => {
    const value = JSON.parse('{"__proto__":{"polluted":true},"a":{"__proto__":null}}') as object;
    const back = roundTrip(value) as { polluted?: unknown };
    assert.deepStrictEqual(back, value);
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype);
    expect(back.polluted).toBeUndefined();
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    parseValue('{"$mlstack":"null-object","value":{"__proto__":{"polluted":true}}}');
    parseValue('{"$mlstack":"object","value":{"__proto__":{"polluted":true}}}');
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it("accepts frozen values and shares nothing with them", () => {
    const value = Object.freeze({ list: Object.freeze([1, 2]), bytes: new Uint8Array([1]) });
    const json = encodeValue(value) as { list: unknown };
    expect(json.list).not.toBe(value.list);
    assert.deepStrictEqual(decodeValue(json as never), value);
  });
});

describe("a value that JSON cannot hold unchanged", () => {
  it("has its place named", () => {
    const at = (value: unknown): unknown => {
      try {
        return encodeValue(value, "output");
      } catch (e) {
        return (e as { details: { path: string } }).details.path;
      }
    };
    const fn = (): void => {};
    expect(at(fn)).toBe("output");
    expect(at({ items: [1, 2, 3, { fn }] })).toBe("output.items[3].fn");
    expect(at({ "a b": fn })).toBe('output["a b"]');
    expect(at(new Map<unknown, unknown>([[{}, 1], ["k", [fn]]]))).toBe('output.get("k")[0]');
    expect(at(new Map([[1, fn]]))).toBe("output.entries[0].value");
    expect(at(new Map([[fn, 1]]))).toBe("output.entries[0].key");
    expect(at(new Set([1, fn]))).toBe("output[1]");
    expect(at({ ["x".repeat(100)]: fn })).toBe(`output["${"x".repeat(59)}…"]`);
  });

  const cyclic: { self?: unknown } = {};
  cyclic.self = [cyclic];
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const moved = new Uint8Array(4);
  structuredClone(moved, { transfer: [moved.buffer] });
  class Row { a = 1; }
  class Names extends Array<string> {}
  const withExtra = <T extends object>(value: T): T => Object.assign(value, { extra: 1 });
  it.each<[string, unknown]>([
    ["a class instance", new Row()], ["a subclass of Array", new Names()], ["a subclass of Map", new (class extends Map {})()],
    ["a boxed string", Object("a")], ["a boxed number under Object.prototype", Object.setPrototypeOf(Object(5) as object, Object.prototype)],
    ["a Date under Object.prototype", Object.setPrototypeOf(new Date(), Object.prototype)], ["an imitated Map", Object.create(Map.prototype)],
    ["an imitated Date", Object.create(Date.prototype)], ["a Date under Uint8Array", Object.setPrototypeOf(new Date(), Uint8Array.prototype)],
    ["a Float64Array under DataView", Object.setPrototypeOf(new Float64Array(1), DataView.prototype)],
    ["a Float64Array under Buffer", Object.setPrototypeOf(new Float64Array(1), Buffer.prototype)],
    ["an arguments object", (function f(_a: unknown) { return arguments; })(1)], ["a WeakSet", new WeakSet()], ["a generator", (function* g() {})()],
    ["an array with a property", withExtra([1])], ["a long array with a property", withExtra(Array.from({ length: 20_000 }, () => 1))],
    ["a template's strings", ((strings: TemplateStringsArray) => strings)`a`], ["a match", /a/.exec("a")],
    ["a long array with a symbol", Object.assign(Array.from({ length: 20_000 }, () => 1), { [Symbol("s")]: 1 })], ["a long typed array with a symbol", Object.assign(new Uint8Array(20_000), { [Symbol("s")]: 1 })], ["an array with a symbol", Object.assign([1], { [Symbol("s")]: 1 })],
    ["an array with a getter", Object.defineProperty([1, 2], 1, { get: () => 1, enumerable: true })],
    ["an array with a hidden item", Object.defineProperty([1, 2], 1, { value: 1, enumerable: false })],
    ["a Map with a property", withExtra(new Map())], ["a Set with a property", withExtra(new Set())], ["a Date with a property", withExtra(new Date())],
    ["a typed array with a property", withExtra(new Int8Array(2))], ["a Buffer with a property", withExtra(Buffer.alloc(2))],
    ["a DataView with a property", withExtra(new DataView(new ArrayBuffer(1)))], ["an ArrayBuffer with a property", withExtra(new ArrayBuffer(1))],
    ["a setter", Object.defineProperty({}, "a", { set() {}, enumerable: true })], ["a hidden property", Object.defineProperty({}, "a", { value: 1 })],
    ["a hole", Object.assign([], { 0: 1, 2: 1 })], ["only holes", Object.assign([], { length: 3 })], ["a cycle", cyclic], ["a revoked proxy", revoked.proxy], ["shared memory", new SharedArrayBuffer(1)], ["a transferred view", moved],
    ["a transferred buffer", moved.buffer], ["resizable memory", new (ArrayBuffer as unknown as new (n: number, o: object) => ArrayBuffer)(1, { maxByteLength: 9 })],
    ["a proxy that throws", new Proxy({}, { ownKeys: () => { throw new Error("no"); } })], ["a symbol as a Map's key", new Map([[Symbol("k"), 1]])],
  ])("is refused: %s", (_, value) => {
    expect(() => stringifyValue(value)).toThrow(expect.objectContaining({ code: "MLS3006" }));
    expect(() => encodeValue({ a: [value] })).toThrow(expect.objectContaining({ code: "MLS3006" }));
  });

  it("is a cycle, and is found in one round", () => {
    const wide: unknown[] = [Array.from({ length: 100_000 }, (_, i) => i)];
    wide.push({ again: wide });
    expect(() => encodeValue(wide)).toThrow("value[1].again is an object that holds itself");
    const shared = { a: 1 };
    assert.deepStrictEqual(roundTrip([shared, shared, [shared]]), [shared, shared, [shared]]);
  });

  it("says what to store instead", () => {
    expect(() => encodeValue(moved)).toThrow("value is in memory that was transferred away");
    expect(() => encodeValue({ at: new URL("http://a.b") })).toThrow(expect.objectContaining({ message: expect.stringContaining("value.at is an instance of URL"), fix: "store its href" }));
    expect(() => encodeValue(new TypeError("x"))).toThrow(expect.objectContaining({ fix: "store its message" }));
  });

  it("reads no getter", () => {
    let read = 0;
    const value = Object.defineProperty({}, "a", { get: () => read++, enumerable: true });
    expect(() => encodeValue(value)).toThrow("value.a is a getter or setter");
    expect(read).toBe(0);
  });
});

describe("depth", () => {
  const chain = (levels: number, wrap: (inner: unknown) => unknown, leaf: unknown): unknown => {
    let value = leaf;
    for (let i = 0; i < levels; i++) value = wrap(value);
    return value;
  };
  const wraps: [string, (inner: unknown) => unknown, number][] = [
    ["arrays", (v) => [v], 1], ["objects", (v) => ({ v }), 1], ["Maps", (v) => new Map([["k", v]]), 3], ["Map keys", (v) => new Map([[v, 1]]), 3], ["Sets", (v) => new Set([v]), 2],
    ["escaped objects", (v) => ({ $mlstack: v }), 2], ["null objects", (v) => Object.assign(Object.create(null), { v }), 2],
  ];
  it.each(wraps)("to the limit works with %s", (_, wrap, levels) => {
    const value = chain(Math.floor(999 / levels), wrap, new Date(5));
    assert.equal(stringifyValue(roundTrip(value)), stringifyValue(value));
    expect(textDepth(stringifyValue(value))).toBeLessThanOrEqual(1000);
    expect(() => stringifyValue(wrap(value))).toThrow(expect.objectContaining({ code: "MLS3006" }));
  });

  it.each(wraps)("beyond the limit is refused with %s", (_, wrap) => {
    for (const levels of [1000, 10_000, 200_000]) expect(() => stringifyValue(chain(levels, wrap, 1))).toThrow(expect.objectContaining({ code: "MLS3006" }));
  });

  it("of text that is read is limited too", () => {
    expect(() => parseValue("[".repeat(100_000) + "]".repeat(100_000))).toThrow(expect.objectContaining({ code: "MLS3008" }));
    expect(() => parseValue('{"a":'.repeat(10_000) + "1" + "}".repeat(10_000))).toThrow(expect.objectContaining({ code: "MLS3008" }));
  });
});

describe("text that no version writes", () => {
  it.each([
    "", "{", "[1,]", "NaN", '{"$mlstack":"Foo"}', '{"$mlstack":1}', '{"$mlstack":null,"value":1}', '{"$mlstack":"undefined","value":1}', '{"$mlstack":"number","value":"1"}',
    '{"$mlstack":"number","value":1}', '{"$mlstack":"bigint","value":"1.5"}', '{"$mlstack":"bigint","value":"-0"}', '{"$mlstack":"Date","value":"yesterday"}',
    '{"$mlstack":"Date","value":"2020-01-01"}', '{"$mlstack":"Map","value":[[1]]}', '{"$mlstack":"Map","value":[[1,2],[1,3]]}', '{"$mlstack":"Set","value":{"a":1}}',
    '{"$mlstack":"Set","value":[1,1]}', '{"$mlstack":"Float64Array","value":"AAAA"}', '{"$mlstack":"Uint8Array","value":"A"}', '{"$mlstack":"Uint8Array","value":"****"}',
    '{"$mlstack":"Uint8Array"}', '{"$mlstack":"object","value":[1]}', '{"$mlstack":"null-object","value":null}', '{"$mlstack":"Map","value":[],"more":1}',
    '{"$mlstack":"constructor","value":1}', '{"$mlstack":"__proto__"}', '[{"a":{"$mlstack":"Date"}}]',
  ])("is refused: %s", (text) => {
    expect(() => parseValue(text)).toThrow(expect.objectContaining({ code: "MLS3008" }));
  });
});

/** How many brackets are open at most. */
function textDepth(json: string): number {
  let [depth, most] = [0, 0];
  for (const character of json.replaceAll(/"(?:[^"\\]|\\.)*"/g, "")) {
    if (character === "[" || character === "{") most = Math.max(most, ++depth);
    else if (character === "]" || character === "}") depth--;
  }
  return most;
}
