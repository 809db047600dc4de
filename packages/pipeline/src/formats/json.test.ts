import assert from "node:assert/strict";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { json } from "./json.ts";
import { memoryInput, throughFiles } from "./testing/dirs.ts";

const expectStays = async (schema: z.ZodType | undefined, value: unknown): Promise<void> => {
  await throughFiles(schema === undefined ? json() : json(schema), value, (loaded) => assert.deepStrictEqual(loaded, value));
};
const failure = async (schema: z.ZodType | undefined, value: unknown): Promise<{ code: string; message: string; details: unknown; fix: string }> =>
  throughFiles(schema === undefined ? json() : json(schema), value, () => ({ code: "none" })).catch((e: unknown) => e) as never;
const stored = async (schema: z.ZodType | undefined, text: string): Promise<unknown> => (schema === undefined ? json() : json(schema)).codec.load(memoryInput({ "value.json": text }), "json/1");

describe("json()", () => {
  it("is one file of plain JSON where the value is", async () => {
    await throughFiles(json(), { a: [1, "ä"] }, async (_, input) => {
      expect(input.files.map((file) => file.path)).toEqual(["value.json"]);
      expect(Buffer.from(await input.read("value.json")).toString()).toBe('{"a":[1,"ä"]}');
    });
  });

  it("keeps any value", async () => {
    for (const value of [undefined, NaN, -0, 5n, new Map([[new Date(5), new Set([1])]]), new Float32Array([1]), Buffer.from("a"), "\ud800", Object.create(null)]) await expectStays(undefined, value);
    await fc.assert(fc.asyncProperty(fc.jsonValue(), (value) => expectStays(undefined, value)), { numRuns: 50 });
  });

  it("refuses what would come back changed", async () => {
    await expect(failure(undefined, { a: { f: () => 1 } })).resolves.toMatchObject({ code: "MLS3006", details: { path: "value.a.f" } });
    await expect(failure(z.any(), Promise.resolve(1))).resolves.toMatchObject({ code: "MLS3006", fix: "await it first" });
  });

  it("refuses files of another kind", async () => {
    await expect(stored(undefined, "{")).rejects.toThrow(expect.objectContaining({ code: "MLS3008" }));
    await expect(json().codec.load(memoryInput({ "value.json": Buffer.from([0xff]) }), "json/1")).rejects.toThrow(expect.objectContaining({ code: "MLS3008" }));
    await expect(json().codec.load(memoryInput({ "other.json": "1" }), "json/1")).rejects.toThrow(expect.objectContaining({ code: "MLS3008" }));
    await expect(stored(undefined, "\ufeff[1]")).resolves.toEqual([1]);
  });
});

describe("json(schema)", () => {
  it("keeps values that are results of the schema", async () => {
    await expectStays(z.object({ rows: z.number(), at: z.date(), big: z.bigint(), ids: z.set(z.string()), by: z.map(z.string(), z.number()), none: z.undefined() }), {
      rows: 1, at: new Date(0), big: 1n, ids: new Set(["a"]), by: new Map([["a", 1]]), none: undefined,
    });
    await expectStays(z.number(), 0.5);
    await expectStays(z.array(z.union([z.string(), z.null()])), ["a", null]);
    await expectStays(z.object({ a: z.string().optional() }), {});
    await expectStays(z.object({ a: z.string().optional() }), { a: undefined });
    await expectStays(z.record(z.string(), z.array(z.number())), Object.assign(Object.create(null), { a: [1] }));
    await expectStays(z.instanceof(Float64Array), new Float64Array([1, NaN]));
    await expectStays(z.custom<Uint8Array>((v) => v instanceof Uint8Array), Buffer.from([1]));
    await expectStays(z.object({ a: z.number() }).readonly(), { a: 1 });
    await expectStays(z.discriminatedUnion("k", [z.object({ k: z.literal("a"), x: z.number() }), z.object({ k: z.literal("b") })]), { k: "b" });
    await expectStays(z.lazy(() => z.object({ self: z.unknown() })), { self: [1] });
    await expectStays(z.number().refine((n) => Promise.resolve(n > 0)), 1);
  });

  it("keeps properties that an object schema does not know, at any depth", async () => {
    await expectStays(z.object({ a: z.object({ b: z.number() }) }), { a: { b: 1, c: 2 }, d: 3 });
    await expectStays(z.array(z.object({ a: z.number() })), [{ a: 1, b: 2 }]);
    await expectStays(z.map(z.string(), z.object({ a: z.number() })), new Map([["k", { a: 1, b: 2 }]]));
    await expectStays(z.union([z.object({ a: z.number() }), z.object({ a: z.number(), b: z.number() })]), { a: 1, b: 2 });
    await expect(failure(z.strictObject({ a: z.number() }), { a: 1, b: 2 })).resolves.toMatchObject({ code: "MLS1009", message: expect.stringContaining('"b"') });
  });

  it("refuses values that are no result of it, with the place", async () => {
    const found = await failure(z.object({ items: z.array(z.object({ price: z.number() })) }), { items: [{ price: 1 }, { price: "x" }] });
    expect(found).toMatchObject({ code: "MLS1009", details: { issues: [{ path: "value.items[1].price" }] } });
    expect(found.message).toMatch(/^the value does not satisfy its schema: value\.items\[1\]\.price: .*expected number/);
    await expect(failure(z.number(), "5")).resolves.toMatchObject({ code: "MLS1009", message: expect.stringContaining("value: ") });
    await expect(failure(z.array(z.number()), [1, "x"])).resolves.toMatchObject({ message: expect.stringContaining("value[1]: ") });
    await expect(failure(z.array(z.number()), ["a", "b", "c", "d", "e"])).resolves.toMatchObject({ message: expect.stringContaining("(and 2 more)") });
  });

  it("takes of a schema that changes values only what it would not change", async () => {
    await expectStays(z.string().trim(), "a");
    await expectStays(z.coerce.number(), 5);
    await expectStays(z.object({ a: z.number().default(1) }), { a: 2 });
    await expectStays(z.object({ a: z.number() }).transform((v) => ({ ...v })), { a: 1 });
    for (const [schema, value, path] of [
      [z.object({ s: z.string().trim() }), { s: " a " }, "value.s"], [z.array(z.coerce.number()), [1, "5"], "value[1]"], [z.object({ a: z.number().default(1) }), {}, "value.a"],
      [z.object({ a: z.number().catch(0) }), { a: "x" }, "value.a"], [z.string().transform((s) => s.length), "abc", "value"], [z.number().transform((n) => -n), 0, "value"],
      [z.array(z.number()).transform((a) => a.toReversed()), [1, 2], "value[0]"], [z.array(z.number()).transform((a) => new Set(a)), [1], "value"],
      [z.array(z.number()).transform((a) => [...a, 2]), [1], "value"], [z.array(z.number()).transform((a) => a.slice(1)), [1], "value"],
      [z.set(z.number()).transform((s) => [...s]), new Set([1]), "value"], [z.date().transform((d) => new Date(d.getTime() + 1)), new Date(0), "value"],
      [z.map(z.string(), z.number().transform((n) => n + 1)), new Map([["a", 1]]), "value[0][1]"], [z.instanceof(Uint8Array).transform((b) => b.map((x) => x + 1)), new Uint8Array([1]), "value"],
      [z.any().transform((b: Uint8Array) => Buffer.from(b)), new Uint8Array([1]), "value"], [z.object({ a: z.any() }).transform(() => new URL("http://a.b")), { a: 1 }, "value"],
    ] as const) await expect(failure(schema, value)).resolves.toMatchObject({ code: "MLS1009", details: { path } });
    // the output type of this one is a number, which the schema does not accept
    await expect(failure(z.string().transform((s) => s.length), 3)).resolves.toMatchObject({ code: "MLS1009" });
    await expect(failure(z.any().transform(() => { throw new Error("oh no"); }), 3)).resolves.toMatchObject({ code: "MLS1009", message: expect.stringContaining("oh no") });
  });

  it("checks stored values and does not change them", async () => {
    await expect(stored(z.object({ a: z.number() }), '{"a":1,"b":2}')).resolves.toEqual({ a: 1, b: 2 });
    await expect(stored(z.object({ a: z.number() }), '{"a":"1"}')).rejects.toThrow(expect.objectContaining({ code: "MLS3007", message: expect.stringContaining("value.a") }));
    await expect(stored(z.object({ a: z.number().default(1) }), "{}")).rejects.toThrow(expect.objectContaining({ code: "MLS3007" }));
  });

  it("neither freezes nor changes the value that was given", async () => {
    const value = { list: [1, { a: 2 }] };
    await expectStays(z.object({ list: z.array(z.any()) }).readonly(), value);
    expect(Object.isFrozen(value) || Object.isFrozen(value.list)).toBe(false);
  });
});

describe("what is shown of a json value", () => {
  it("is its type and size, and a short scalar itself", () => {
    const facts = (value: unknown): unknown => json().codec.extractMetadata?.(value);
    expect([{ a: 1 }, [1, 2], 0.5, NaN, "abc", "x".repeat(300), true, null, undefined, 5n, new Map([[1, 2]]), new Set(), new Float64Array(2), new Date(), new ArrayBuffer(3)].map(facts)).toEqual([
      { type: "object", keys: 1 }, { type: "array", items: 2 }, { type: "number", value: 0.5 }, { type: "number", value: "NaN" }, { type: "string", characters: 3, value: "abc" },
      { type: "string", characters: 300 }, { type: "boolean", value: true }, { type: "null", value: null }, { type: "undefined" }, { type: "bigint" }, { type: "Map", items: 1 }, { type: "Set", items: 0 },
      { type: "Float64Array", bytes: 16 }, { type: "Date" }, { type: "ArrayBuffer", bytes: 3 },
    ]);
    expect(json(z.number(), { kind: "metrics" }).kind).toBe("metrics");
    expect(json(z.number()).kind).toBe("data");
  });
});
