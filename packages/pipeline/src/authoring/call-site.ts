import { fileURLToPath } from "node:url";
import { getCallSites, type CallSiteObject } from "node:util";
import type { CallSite } from "@mlstack/core";

/**
 * Where the caller of the function that calls this was called from; undefined where that can't be told.
 *
 * Of code that was compiled when it was loaded, positions are those of the source: its source map leads to the very file that was loaded.
 * A map that leads to another file is not followed. That file is what a build was made from at some time, and may be newer than what runs.
 *
 * @param depth 0 for the caller's caller; one more for each function in between
 */
export function callSite(depth = 0): CallSite | undefined {
  const generated = siteOf(getCallSites(depth + 3, { sourceMap: false })[depth + 2]);
  const source = siteOf(getCallSites(depth + 3, { sourceMap: true })[depth + 2]);
  return source?.file === generated?.file ? source : generated;
}

function siteOf(frame: CallSiteObject | undefined): CallSite | undefined {
  if (frame === undefined || frame.scriptName === "") return undefined;
  const { scriptName, lineNumber } = frame;
  const column = (frame as { columnNumber?: number; column?: number }).columnNumber ?? (frame as { column?: number }).column ?? 1;
  return { file: scriptName.startsWith("file:") ? fileURLToPath(scriptName) : scriptName, line: lineNumber, column };
}
