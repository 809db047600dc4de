import { MlstackError } from "../errors/mlstack-error.ts";
import { pathText, type PathStep } from "./tags.ts";

/** Where an encoder is: the path from the root, the objects that hold the present one, and how deep the text is. */
export interface Walk {
  readonly root: string;
  readonly path: PathStep[];
  readonly above: object[];
  depth: number;
}

const GENERAL_FIX = "return plain data (objects, arrays, Map, Set, Date, typed arrays, primitives), or declare a format made for this value";

/** What to store in place of values that people often try to store. */
const FIXES: Readonly<Record<string, string>> = {
  RegExp: "store its source and flags",
  URL: "store its href",
  URLSearchParams: "store its text",
  Error: "store its message",
  Promise: "await it first",
  Number: "store the number itself",
  String: "store the string itself",
  Boolean: "store the boolean itself",
  SharedArrayBuffer: "store a copy: new Uint8Array(shared).slice()",
};

/** The error for a value that would come back changed. `found` continues the sentence "value.a is …". */
export function refusal(walk: Walk, found: string, parts: { fix?: string | undefined; cause?: unknown } = {}): MlstackError {
  const path = pathText(walk.root, walk.path);
  return new MlstackError("MLS3006", `${path} is ${found}: it cannot be stored as JSON without changing it`, {
    fix: parts.fix ?? GENERAL_FIX, details: { path, found }, cause: parts.cause,
  });
}

/** The same for an object of a class that has no tagged form. */
export function classRefusal(walk: Walk, value: object): MlstackError {
  const name = className(value);
  const foreign = name === "Object" || name === "Array" ? " that is not plain (it comes from another realm, or has another prototype or a Symbol.toStringTag)" : "";
  return refusal(walk, `an instance of ${name}${foreign}`, { fix: FIXES[name] ?? (value instanceof Error ? FIXES["Error"] : undefined) });
}

/** The name of a value's class, for messages. */
export function className(value: object): string {
  try {
    const found: unknown = (value as { constructor?: { name?: unknown } }).constructor?.name;
    const name = typeof found === "string" && found !== "" ? found : "a class without a name";
    return name;
  } catch {
    return "an unknown class";
  }
}
