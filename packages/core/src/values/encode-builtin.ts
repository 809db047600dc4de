import { viewToBase64 } from "./base64.ts";
import type { JsonValue } from "./json.ts";
import { className, refusal, type Walk } from "./refuse.ts";
import { tagged, VIEW_CLASSES } from "./tags.ts";

/** Up to how many elements an array is searched for extra and hidden properties key by key; that costs some 200 ns an element. */
const SEARCHED = 10_000;

const byteLengthOf = Object.getOwnPropertyDescriptor(ArrayBuffer.prototype, "byteLength")!.get!;
const viewNameOf = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)!.get!;

/** The tagged form of a Date or of binary data; undefined for an object of any other class. */
export function encodeBuiltin(value: object, proto: unknown, walk: Walk): JsonValue | undefined {
  if (proto === Date.prototype) return encodeDate(value as Date, walk);
  if (proto === ArrayBuffer.prototype) {
    requireOwnMemory(value, walk);
    requireOnlyKeys(value, 0, walk);
    return encodeBytes("ArrayBuffer", new Uint8Array(value as ArrayBuffer), 1, walk);
  }
  if (!ArrayBuffer.isView(value)) return undefined;
  requireOwnMemory(value.buffer, walk);
  const name = (viewNameOf.call(value) as string | undefined) ?? "DataView";
  if (name === "DataView" && proto === DataView.prototype) {
    requireOnlyKeys(value, 0, walk);
    return encodeBytes(name, value, 1, walk);
  }
  const known = VIEW_CLASSES.get(name);
  const isBuffer = name === "Uint8Array" && proto === Buffer.prototype;
  if (known === undefined || (proto !== known.prototype && !isBuffer)) return undefined;
  requireOnlyKeys(value, value.byteLength / known.BYTES_PER_ELEMENT, walk);
  return encodeBytes(isBuffer ? "Buffer" : name, value, known.BYTES_PER_ELEMENT, walk);
}

function encodeDate(value: Date, walk: Walk): JsonValue {
  requireOnlyKeys(value, 0, walk);
  return tagged("Date", Number.isNaN(value.getTime()) ? null : value.toISOString());
}

function encodeBytes(tag: string, view: ArrayBufferView, elementSize: number, walk: Walk): JsonValue {
  const text = viewToBase64(view, elementSize);
  if (text === undefined) throw refusal(walk, `${view.byteLength} bytes of binary data`, { fix: "declare bytes() or npy(): JSON text holds about 400 MB" });
  return tagged(tag, text);
}

/** Memory that is shared, can grow, or was handed to another thread would not come back as it is. */
function requireOwnMemory(buffer: object, walk: Walk): void {
  try {
    byteLengthOf.call(buffer);
  } catch {
    throw refusal(walk, "in shared memory", { fix: "store a copy: new Uint8Array(shared).slice()" });
  }
  const { detached, resizable } = buffer as { detached?: boolean; resizable?: boolean };
  if (detached === true) throw refusal(walk, "in memory that was transferred away", { fix: "store it before transferring it" });
  if (resizable === true) throw refusal(walk, "in memory that can be resized", { fix: "store a copy of fixed length: value.slice()" });
}

/**
 * Refuses an object that has other own properties than its `length` elements: they would be lost. Of an array of more than 10,000
 * elements only its enumerable properties and symbols are looked at, of a typed array of that size only symbols. Holes are not its
 * business.
 */
export function requireOnlyKeys(value: object, length: number, walk: Walk): void {
  const extra = length > SEARCHED ? extraKeyOfLong(value, length) : extraKey(value, length);
  if (extra === undefined) return;
  const property = typeof extra === "symbol" ? String(extra) : JSON.stringify(extra);
  if (typeof extra === "string" && isIndex(extra)) throw refusal(walk, `an array with a getter or hidden item at ${extra}`);
  throw refusal(walk, `an instance of ${className(value)} with the extra property ${property}`, { fix: "store an object that holds both" });
}

function extraKey(value: object, length: number): string | symbol | undefined {
  const keys = Reflect.ownKeys(value);
  const isArray = Array.isArray(value);
  // indices come first, and with all of them there is room for no other key, but an array's length
  if (keys.length > length + (isArray ? 1 : 0)) return keys.find((key) => !(typeof key === "string" && isIndex(key)) && !(isArray && key === "length"));
  return isArray ? keys.find((key) => key !== "length" && !isPlainItem(value, key)) : undefined;
}

function isPlainItem(value: object, key: string | symbol): boolean {
  const property = Object.getOwnPropertyDescriptor(value, key);
  return property !== undefined && property.enumerable === true && "value" in property;
}

function extraKeyOfLong(value: object, length: number): string | symbol | undefined {
  const symbol = Object.getOwnPropertySymbols(value)[0];
  if (symbol !== undefined || !Array.isArray(value)) return symbol;
  return countKeys(value) === length ? undefined : Object.keys(value).find((key) => !isIndex(key));
}

/** How many enumerable keys there are, a prototype's included: three times as fast as listing them. */
function countKeys(value: object): number {
  let count = 0;
  for (const _key in value) count++;
  return count;
}

function isIndex(key: string): boolean {
  const first = key.charCodeAt(0);
  return first >= 48 && first <= 57 && String(Number(key) >>> 0) === key;
}
