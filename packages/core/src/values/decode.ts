import { MlstackError } from "../errors/mlstack-error.ts";
import { base64ToBuffer } from "./base64.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import { MAX_DEPTH, ODD_NUMBERS, pathText, setOwn, TAG, VIEW_CLASSES, type PathStep } from "./tags.ts";

interface Place {
  readonly path: PathStep[];
  depth: number;
}

/** See `decodeValue`. */
export function decode(json: JsonValue): unknown {
  return decodeAny(json, { path: [], depth: 0 });
}

function decodeAny(json: JsonValue | undefined, place: Place): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (++place.depth > MAX_DEPTH) throw malformed(place, `more than ${MAX_DEPTH} levels deep`);
  const value = isArray(json) ? decodeItems(json, place) : Object.hasOwn(json, TAG) ? decodeTagged(json, place) : decodeProperties(json, {}, place);
  place.depth--;
  return value;
}

function decodeItems(items: readonly JsonValue[], place: Place): unknown[] {
  const out: unknown[] = [];
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    out.push(typeof item === "object" ? decodeAt(item, i, place) : item);
  }
  return out;
}

function decodeProperties(json: JsonObject, out: object, place: Place): object {
  for (const key of Object.keys(json)) setOwn(out, key, decodeAt(json[key], key, place));
  return out;
}

function decodeAt(json: JsonValue | undefined, step: PathStep, place: Place): unknown {
  place.path.push(step);
  const value = decodeAny(json, place);
  place.path.pop();
  return value;
}

function decodeTagged(json: JsonObject, place: Place): unknown {
  const tag = json[TAG];
  const value = json["value"];
  const read = typeof tag === "string" ? READERS.get(tag) : undefined;
  if (typeof tag !== "string" || read === undefined) {
    const fix = "read it with the version of mlstack that wrote it, or a newer one (Float16Array needs Node 24)";
    throw malformed(place, `of the unknown kind ${JSON.stringify(tag)?.slice(0, 60)}`, fix);
  }
  const isShape = Object.keys(json).length === (value === undefined ? 1 : 2);
  const decoded = isShape ? read(value, place) : NOTHING;
  if (decoded === NOTHING) throw malformed(place, `not a well-formed ${tag}`);
  return decoded;
}

/** A reader's answer for a form that is not its tag's. */
const NOTHING = Symbol("nothing");
type Reader = (value: JsonValue | undefined, place: Place) => unknown;

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["undefined", (value) => (value === undefined ? undefined : NOTHING)],
  ["number", (value) => (typeof value === "string" && ODD_NUMBERS.has(value) ? ODD_NUMBERS.get(value) : NOTHING)],
  ["bigint", (value) => (typeof value === "string" && /^(?:0|-?[1-9][0-9]*)$/.test(value) ? BigInt(value) : NOTHING)],
  ["Date", readDate],
  ["Map", readMap],
  ["Set", readSet],
  ["object", (value, place) => (isObject(value) ? decodeProperties(value, {}, place) : NOTHING)],
  ["null-object", (value, place) => (isObject(value) ? decodeProperties(value, Object.create(null) as object, place) : NOTHING)],
  ["ArrayBuffer", (value) => readBytes(value, 1, (buffer) => buffer)],
  ["DataView", (value) => readBytes(value, 1, (buffer) => new DataView(buffer))],
  ["Buffer", (value) => readBytes(value, 1, (buffer) => Buffer.from(buffer))],
  ...[...VIEW_CLASSES].map(([name, View]) => [name, (value: JsonValue | undefined) => readBytes(value, View.BYTES_PER_ELEMENT, (b) => new View(b))] as const),
]);

function readDate(value: JsonValue | undefined): unknown {
  if (value === null) return new Date(NaN);
  const date = new Date(typeof value === "string" ? value : NaN);
  return Number.isNaN(date.getTime()) || date.toISOString() !== value ? NOTHING : date;
}

function readMap(value: JsonValue | undefined, place: Place): unknown {
  if (!isArray(value)) return NOTHING;
  const map = new Map<unknown, unknown>();
  for (const [entry, pair] of value.entries()) {
    if (!isArray(pair) || pair.length !== 2) return NOTHING;
    const key = decodeAt(pair[0], { entry, part: "key", key: pair[0] }, place);
    map.set(key, decodeAt(pair[1], { entry, part: "value", key }, place));
  }
  return map.size === value.length ? map : NOTHING;
}

function readSet(value: JsonValue | undefined, place: Place): unknown {
  if (!isArray(value)) return NOTHING;
  const set = new Set(decodeItems(value, place));
  return set.size === value.length ? set : NOTHING;
}

function readBytes(value: JsonValue | undefined, elementSize: number, make: (buffer: ArrayBuffer) => unknown): unknown {
  const buffer = typeof value === "string" ? base64ToBuffer(value, elementSize) : undefined;
  return buffer === undefined ? NOTHING : make(buffer);
}

function isArray(json: JsonValue | undefined): json is readonly JsonValue[] {
  return Array.isArray(json);
}

function isObject(json: JsonValue | undefined): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

function malformed(place: Place, found: string, fix?: string): MlstackError {
  const path = pathText("value", place.path);
  return new MlstackError("MLS3008", `${path} is ${found}: this is not a value that mlstack wrote as JSON`, { fix, details: { path, found } });
}
