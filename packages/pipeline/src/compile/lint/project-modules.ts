import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { real } from "../paths.ts";
import { isCode, isDeclaration } from "../resolve.ts";

const SKIPPED = new Set(["node_modules", "dist", "build", "out", "coverage"]);

/** The project's files that may make steps, by a look at their text: real paths, sorted. Tests make steps in ways of their own. */
export function modulesWithSteps(dir: string): string[] {
  const found: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name.startsWith(".") || SKIPPED.has(entry.name)) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile() && isCode(path) && !isDeclaration(path) && !/\.(?:test|spec|test-d)\.[cm]?[jt]sx?$/.test(entry.name) && mentionsSteps(path)) found.push(real(path) ?? path);
    }
  };
  walk(dir);
  return found;
}

function mentionsSteps(path: string): boolean {
  try { return /\bstep\b|mlstack/.test(readFileSync(path, "utf8")); } catch { return false; }
}
