import { sep } from "node:path";
import { pathToFileURL } from "node:url";
import type { SerializedError } from "@mlstack/core";

/** The error with places in a step's own folder, which is gone when somebody reads of them, named from the project's root: `./src/train.ts:3:5`. */
export function relocated(error: SerializedError, dir: string): SerializedError {
  const here = (text: string) => text.replaceAll(`${pathToFileURL(dir).href}/`, "./").replaceAll(dir + sep, "./");
  return { ...error, ...(error.stack !== undefined && { stack: here(error.stack) }), ...(error.cause !== undefined && { cause: relocated(error.cause, dir) }) };
}
