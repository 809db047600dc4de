import { MlstackError } from "../errors/mlstack-error.ts";
import { encodeBuiltin, requireOnlyKeys } from "./encode-builtin.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import { classRefusal, refusal, type Walk } from "./refuse.ts";
import { MAX_DEPTH, setOwn, TAG, tagged, type PathStep } from "./tags.ts";

/** See `encodeValue`. */
export function encode(value: unknown, root: string): JsonValue {
  const walk: Walk = { root, path: [], above: [], depth: 0 };
  try {
    return encodeAny(value, walk);
  } catch (e) {
    if (MlstackError.is(e)) throw e;
    // a proxy's trap, or a stack that was almost used up before this call
    throw refusal(walk, `a value that cannot be read (${e instanceof Error ? e.message : String(e)})`, { cause: e });
  }
}

function encodeAny(value: unknown, walk: Walk): JsonValue {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return isPlainNumber(value) ? value : tagged("number", Object.is(value, -0) ? "-0" : String(value));
    case "undefined":
      return tagged("undefined");
    case "bigint":
      return tagged("bigint", String(value));
    case "object":
      return value === null ? null : encodeObject(value, walk);
    default:
      throw refusal(walk, typeof value === "symbol" ? "a symbol" : "a function");
  }
}

function isPlainNumber(value: number): boolean {
  return Number.isFinite(value) && (value !== 0 || 1 / value > 0);
}

function encodeObject(value: object, walk: Walk): JsonValue {
  const proto: unknown = Object.getPrototypeOf(value);
  // Error, Date, RegExp, arguments and boxed primitives keep their name here whatever their prototype is
  if (proto === Object.prototype && Object.prototype.toString.call(value) === "[object Object]") {
    if (!Object.hasOwn(value, TAG)) return nested(value, 1, walk, () => encodeProperties(value, walk));
    return nested(value, 2, walk, () => tagged("object", encodeProperties(value, walk)));
  }
  if (proto === Array.prototype && Array.isArray(value)) return nested(value, 1, walk, () => encodeArray(value, walk));
  if (proto === null) return nested(value, 2, walk, () => tagged("null-object", encodeProperties(value, walk)));
  if (proto === Map.prototype) return nested(value, 3, walk, () => encodeMap(value as Map<unknown, unknown>, walk));
  if (proto === Set.prototype) return nested(value, 2, walk, () => encodeSet(value as Set<unknown>, walk));
  const builtin = encodeBuiltin(value, proto, walk);
  if (builtin === undefined) throw classRefusal(walk, value);
  return builtin;
}

/** Goes `levels` of JSON text deeper for the time of `inside`. */
function nested<R>(value: object, levels: number, walk: Walk, inside: () => R): R {
  if (walk.above.includes(value)) throw refusal(walk, "an object that holds itself (a cycle)", { fix: "store ids in place of references" });
  walk.depth += levels;
  // a tagged form inside needs one level more
  if (walk.depth >= MAX_DEPTH) throw refusal(walk, `nested ${MAX_DEPTH} levels deep`, { fix: "store a flatter value: a list of nodes in place of a chain" });
  walk.above.push(value);
  const result = inside();
  walk.above.pop();
  walk.depth -= levels;
  return result;
}

function encodeAt(value: unknown, step: PathStep, walk: Walk): JsonValue {
  if (typeof value === "string" || typeof value === "boolean") return value;
  walk.path.push(step);
  const result = encodeAny(value, walk);
  walk.path.pop();
  return result;
}

function encodeProperties(value: object, walk: Walk): JsonObject {
  const out: Record<string, JsonValue> = {};
  for (const key of Reflect.ownKeys(value)) {
    if (typeof key === "symbol") throw refusal(walk, `an object with the symbol ${String(key)} as a key`);
    const property = Object.getOwnPropertyDescriptor(value, key);
    if (property === undefined || property.enumerable !== true || !("value" in property)) {
      walk.path.push(key);
      throw refusal(walk, property?.enumerable === true ? "a getter or setter" : "a property that is not enumerable");
    }
    setOwn(out, key, encodeAt(property.value, key, walk));
  }
  return out;
}

function encodeArray(value: readonly unknown[], walk: Walk): JsonValue {
  requireOnlyKeys(value, value.length, walk);
  const out: JsonValue[] = [];
  for (let i = 0; i < value.length; i++) {
    const item = value[i];
    if (typeof item === "number" && isPlainNumber(item)) out.push(item);
    else if (item === undefined && !Object.hasOwn(value, i)) throw refusal(walk, `an array with a hole at ${i}`, { fix: "fill it: undefined and null can be stored" });
    else out.push(encodeAt(item, i, walk));
  }
  return out;
}

function encodeMap(map: Map<unknown, unknown>, walk: Walk): JsonValue {
  requireOnlyKeys(map, 0, walk);
  const entries: JsonValue[] = [];
  for (const [key, value] of map) {
    const entry = entries.length;
    entries.push([encodeAt(key, { entry, part: "key", key }, walk), encodeAt(value, { entry, part: "value", key }, walk)]);
  }
  return tagged("Map", entries);
}

function encodeSet(set: Set<unknown>, walk: Walk): JsonValue {
  requireOnlyKeys(set, 0, walk);
  const items: JsonValue[] = [];
  for (const item of set) items.push(encodeAt(item, items.length, walk));
  return tagged("Set", items);
}
