import { fileURLToPath } from "node:url";
import { getCallSites } from "node:util";
import { inFolder } from "../run/report.ts";

/** Where the kit's own modules are: what it has put in front of a built-in is on the stack as often as Node's modules call each other. */
const OWN = new URL(".", import.meta.url).href;

/** Whether a built-in is called by what Node loads modules with. */
export function byModuleLoader(): boolean {
  let inNode = false;
  for (const { scriptName } of getCallSites(40, { sourceMap: false })) {
    const isNode = scriptName.startsWith("node:");
    if (isNode && scriptName.startsWith("node:internal/modules/")) return true;
    if (inNode && !isNode && !scriptName.startsWith(OWN)) return false;
    inNode ||= isNode;
  }
  return false;
}

/** The innermost place in a package's own code, from its folder: `dist/store.js:12:3`. Undefined where none is left, behind an `await` for instance. */
export function placeIn(folder: string): string | undefined {
  for (const { scriptName, lineNumber, columnNumber } of getCallSites(150, { sourceMap: true })) {
    const path = scriptName.startsWith("file:") ? pathOf(scriptName) : scriptName;
    const inside = path === undefined ? undefined : inFolder(path, folder);
    if (inside !== undefined) return `${inside}:${lineNumber}:${columnNumber}`;
  }
  return undefined;
}

function pathOf(url: string): string | undefined {
  try { return fileURLToPath(url); } catch { return undefined; }
}
