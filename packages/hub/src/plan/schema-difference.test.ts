import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { schemaDifferences } from "./schema-difference.ts";

const schema = (shape: z.ZodRawShape) => z.toJSONSchema(z.strictObject(shape), { io: "input" }) as Readonly<Record<string, unknown>>;
const between = (a: z.ZodRawShape, b: z.ZodRawShape) => schemaDifferences(schema(a), schema(b)).map(({ key, kind, before, after }) => [key, kind, before, after]);

describe("what of a configuration is another one", () => {
  test("keys that are new, gone, required and no more", () => {
    expect(between({ bucket: z.string(), oldName: z.string().optional(), region: z.string().optional(), zone: z.string() }, { bucket: z.string(), accessKey: z.string(), region: z.string(), zone: z.string().optional(), retries: z.int().default(3) })).toEqual([
      ["access_key", "added", undefined, "string, required"], ["old_name", "removed", "string, optional", undefined], ["region", "required", undefined, undefined],
      ["retries", "added", undefined, "integer, 3 by default"], ["zone", "optional", undefined, undefined],
    ]);
  });

  test("types, defaults, values, rules and secrets", () => {
    expect(between({ a: z.string(), b: z.int().default(1), c: z.enum(["x", "y"]), d: z.int().min(1), e: z.string(), f: z.string() }, { a: z.int(), b: z.int().default(2), c: z.enum(["x", "z"]), d: z.int().min(2), e: z.string().meta({ secret: true }), f: z.string().meta({ secret: false }) })).toEqual([
      ["a", "type", "string", "integer"], ["a", "rule", undefined, expect.stringContaining("maximum")], ["b", "default", "1", "2"], ["c", "values", '"x" or "y"', '"x" or "z"'],
      ["d", "rule", expect.stringContaining("minimum 1"), expect.stringContaining("minimum 2")], ["e", "secret", "no secret", "a secret"],
    ]);
  });

  test("in mappings, lists, any other key and one of several forms; of what is new as a whole only that", () => {
    expect(between(
      { retry: z.strictObject({ attempts: z.int() }), hosts: z.array(z.string()), labels: z.record(z.string(), z.string()), place: z.union([z.string(), z.strictObject({ a: z.string() })]) },
      { retry: z.strictObject({ attempts: z.int(), delayMs: z.int() }), hosts: z.array(z.boolean()), labels: z.record(z.string(), z.boolean()), place: z.union([z.string(), z.strictObject({ b: z.string() })]), more: z.strictObject({ deep: z.strictObject({ deeper: z.string() }) }).optional() },
    )).toEqual([
      ["hosts[]", "type", "string", "boolean"], ["labels.*", "type", "string", "boolean"], ["more", "added", undefined, "mapping, optional"],
      ["place", "type", expect.stringContaining('"a"'), expect.stringContaining('"b"')], ["retry.delay_ms", "added", undefined, "integer, required"],
    ]);
    const strict = schemaDifferences({ type: "object" }, { type: "object", additionalProperties: false });
    expect(strict).toEqual([{ key: "", kind: "rule", before: undefined, after: "no other keys" }]);
  });

  test("words about it are none, nor is an order", () => {
    expect(between({ a: z.string().describe("one"), b: z.enum(["x", "y"]) }, { b: z.enum(["y", "x"]), a: z.string().describe("two") })).toEqual([]);
    const tree = { type: "object", $defs: { node: { type: "object", properties: { next: { $ref: "#/$defs/node" } } } }, properties: { root: { $ref: "#/$defs/node" } } };
    expect(schemaDifferences(tree, tree)).toEqual([]);
  });

  test("whatever the schemas, none to itself, and the way back has as many keys", () => {
    const any = fc.letrec((tie) => ({ node: fc.oneof({ maxDepth: 3 }, fc.record({ type: fc.constantFrom("string", "integer", "array", "object"), default: fc.jsonValue({ maxDepth: 1 }), minimum: fc.integer() }, { requiredKeys: [] }), fc.record({ type: fc.constant("object"), properties: fc.dictionary(fc.constantFrom("a", "b", "cD"), tie("node"), { maxKeys: 3 }), required: fc.subarray(["a", "b", "cD"]) }), fc.record({ type: fc.constant("array"), items: tie("node") })) })).node as fc.Arbitrary<Readonly<Record<string, unknown>>>;
    fc.assert(fc.property(any, any, (a, b) => {
      expect(schemaDifferences(a, a)).toEqual([]);
      expect(schemaDifferences(a, b).map(({ key }) => key)).toEqual(schemaDifferences(b, a).map(({ key }) => key));
    }));
  });
});
