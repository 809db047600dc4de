import { MlstackError } from "../errors/mlstack-error.ts";
import { decode } from "./decode.ts";
import { encode } from "./encode.ts";
import type { JsonValue } from "./json.ts";

/**
 * A value in the form of JSON. What JSON can hold is plain JSON; the rest is `{ "$mlstack": TAG, "value": … }`:
 *
 * | TAG | value |
 * |---|---|
 * | `undefined` | none |
 * | `number` | `"NaN"`, `"Infinity"`, `"-Infinity"`, `"-0"` |
 * | `bigint` | its decimal digits |
 * | `Date` | ISO 8601 in UTC with milliseconds; null for an invalid date |
 * | `Map` | list of pairs [key, value], in order |
 * | `Set` | list, in order |
 * | `Float64Array` and the other typed arrays, `Buffer`, `ArrayBuffer`, `DataView` | base64 of its bytes, elements little-endian |
 * | `null-object` | an object that has no prototype: its properties |
 * | `object` | an object that has a key `$mlstack` itself: its properties, taken literally |
 *
 * Text is at most 1000 levels of arrays and objects deep.
 */
export type TaggedJson = JsonValue;

/**
 * Turns a value into JSON so that it comes back unchanged, prototypes, -0 and typed array classes included, or refuses it.
 * Keys keep their order. The result shares nothing with the value. 1,000,000 numbers in an array take about 80 ms.
 *
 * Refused are functions, symbols, instances of other classes (boxed primitives, RegExp, Error, URL, Promise, …), holes, cycles,
 * getters, hidden and extra properties, shared, resizable and transferred memory, and more than 1000 levels.
 *
 * Not kept, because they are no part of a value here: whether an object is frozen, whether two places hold the same object, and the
 * memory around a view. Not noticed: a Proxy (it is read like its target), a Map, Set or Promise whose prototype was replaced, a hidden
 * property or getter of an array of more than 10,000 elements, an extra property that is no symbol of a typed array of that size.
 *
 * @param name how error messages call the value
 * @throws MLS3006 naming the path, such as `value.items[3].fn`
 */
export function encodeValue(value: unknown, name = "value"): TaggedJson {
  return encode(value, name);
}

/**
 * Turns the result of `encodeValue` back into the value. Never changes a prototype: `__proto__` is a key like any other.
 *
 * @throws MLS3008 naming the path, for a tagged form that no version up to this one writes
 */
export function decodeValue(json: TaggedJson): unknown {
  return decode(json);
}

/**
 * The JSON text of a value; of a value that is plain JSON it is what JSON.stringify gives. Cache keys are made of it: two texts are the
 * same exactly if the values are deeply equal and their keys stand in the same order, which a program can see. 1, "1" and 1n differ, so do
 * 0 and -0, undefined and a missing key, a Buffer and a Uint8Array. Binary data is compared by its bytes: a typed array's NaN of another
 * bit pattern differs.
 *
 * @throws MLS3006 like `encodeValue`, and for text of more than 2^29 - 24 UTF-16 code units
 */
export function stringifyValue(value: unknown, name = "value"): string {
  return text(name, () => JSON.stringify(encode(value, name)));
}

/**
 * Reads the text of `stringifyValue`, and any JSON text of at most 1000 levels without a key `$mlstack`.
 *
 * @throws MLS3008 for text that is not JSON, and like `decodeValue`
 */
export function parseValue(json: string): unknown {
  let parsed: JsonValue;
  try {
    parsed = JSON.parse(json) as JsonValue;
  } catch (cause) {
    throw new MlstackError("MLS3008", `the text is not JSON: ${(cause as Error).message}`, { cause });
  }
  return decode(parsed);
}

function text(name: string, make: () => string): string {
  try {
    return make();
  } catch (cause) {
    if (MlstackError.is(cause) || !(cause instanceof RangeError)) throw cause;
    throw new MlstackError("MLS3006", `${name} is too large to be stored as JSON text`, {
      why: "a string holds at most 2^29 - 24 characters", fix: "declare a binary format, such as npy() or a table", details: { path: name }, cause,
    });
  }
}
