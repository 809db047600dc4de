import fc from "fast-check";
import { expect, test } from "vitest";
import type { JsonObject } from "./json.ts";
import { camelCase, camelKeys } from "./key-case.ts";

test("snake_case becomes camelCase, at every depth", () => {
  expect(camelKeys({ tracking_uri: "a_b", part_size_mib: 8, nested_one: [{ sse_kms_key_id: null }], plain: 1, _private: 2, already: { camelCase: true } }))
    .toEqual({ trackingUri: "a_b", partSizeMib: 8, nestedOne: [{ sseKmsKeyId: null }], plain: 1, _private: 2, already: { camelCase: true } });
});

test("two keys that become the same are refused", () => {
  expect(() => camelKeys({ tracking_uri: 1, trackingUri: 2 })).toThrow(/both mean trackingUri/);
});

test("mapping again changes nothing", () => {
  fc.assert(fc.property(fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,20}$/), (key) => { expect(camelCase(camelCase(key))).toBe(camelCase(key)); }));
});

test("names that objects have by themselves are keys like any other", () => {
  const given = JSON.parse('{"constructor":1,"__proto__":{"to_string":2},"has_own_property":3}') as JsonObject;
  expect(Object.entries(camelKeys(given))).toEqual([["constructor", 1], ["__proto__", { toString: 2 }], ["hasOwnProperty", 3]]);
});
