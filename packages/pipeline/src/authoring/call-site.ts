import { fileURLToPath } from "node:url";
import { getCallSites } from "node:util";
import type { CallSite } from "@mlstack/core";

/**
 * Where the caller of the function that calls this was called from; undefined where that can't be told.
 * Positions are those of the source as it was written: through source maps where code was compiled.
 *
 * @param depth 0 for the caller's caller; one more for each function in between
 */
export function callSite(depth = 0): CallSite | undefined {
  const frame = getCallSites(depth + 3, { sourceMap: true })[depth + 2];
  if (frame === undefined || frame.scriptName === "") return undefined;
  const { scriptName, lineNumber } = frame;
  const column = (frame as { columnNumber?: number; column?: number }).columnNumber ?? (frame as { column?: number }).column ?? 1;
  const file = scriptName.startsWith("file:") ? fileURLToPath(scriptName) : scriptName;
  return { file, line: lineNumber, column };
}
