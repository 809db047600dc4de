import type { JsonObject, JsonValue } from "./json.ts";

/** The key that marks a tagged form: `{ "$mlstack": TAG, "value": … }`. An object of the user's that has this key is escaped. */
export const TAG = "$mlstack";

/** How many levels of arrays and objects the JSON text may have: what most readers take, and far from any stack's end. */
export const MAX_DEPTH = 1000;

/** The longest string that V8 makes, in UTF-16 code units. */
export const MAX_TEXT = 2 ** 29 - 24;

/** Numbers that JSON has no word for. */
export const ODD_NUMBERS: ReadonlyMap<string, number> = new Map([["NaN", NaN], ["Infinity", Infinity], ["-Infinity", -Infinity], ["-0", -0]]);

/** A typed array's constructor, as far as it is used here. */
export interface ViewClass {
  new (buffer: ArrayBuffer): ArrayBufferView;
  readonly prototype: object;
  readonly BYTES_PER_ELEMENT: number;
}

/** The typed arrays of this runtime by name. Float16Array: from Node 24 on. */
export const VIEW_CLASSES: ReadonlyMap<string, ViewClass> = new Map(
  ["Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array", "Float16Array", "Float32Array",
    "Float64Array", "BigInt64Array", "BigUint64Array"].flatMap((name) => {
    const known = (globalThis as Readonly<Record<string, unknown>>)[name] as ViewClass | undefined;
    return known === undefined ? [] : [[name, known] as const];
  }),
);

/** Makes a tagged form. */
export function tagged(tag: string, value?: JsonValue): JsonObject {
  return value === undefined ? { [TAG]: tag } : { [TAG]: tag, value };
}

/** Sets an own property, also where the key is `__proto__`: never a prototype. */
export function setOwn(target: object, key: string, value: unknown): void {
  if (key === "__proto__") Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else (target as Record<string, unknown>)[key] = value;
}

/** A step from a value to one inside it: a property, an item, or a part of a Map's entry. */
export type PathStep = string | number | { readonly entry: number; readonly part: "key" | "value"; readonly key: unknown };

/** `value.items[3].fn`, `value["a b"]`, `value.get("k")`, `value.entries[2].key`. */
export function pathText(root: string, path: readonly PathStep[]): string {
  return root + path.map(stepText).join("");
}

function stepText(step: PathStep): string {
  if (typeof step === "number") return `[${step}]`;
  if (typeof step === "object") {
    return step.part === "value" && typeof step.key === "string" ? `.get(${quoted(step.key)})` : `.entries[${step.entry}].${step.part}`;
  }
  return /^[A-Za-z_$][\w$]{0,59}$/.test(step) ? `.${step}` : `[${quoted(step)}]`;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 59)}…` : text);
}
