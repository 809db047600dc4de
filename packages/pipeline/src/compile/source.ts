import { readFileSync } from "node:fs";
import { extname } from "node:path";
import type { Program } from "oxc-parser";
import type { ModuleFormat } from "./model.ts";
import { parserTool } from "./oxc.ts";
import type { Manifest } from "./manifests.ts";

/** One line and column of a source, both from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface SyntaxFault extends Place {
  readonly message: string;
}

export interface ParsedSource {
  readonly text: string;
  readonly program: Program;
  readonly comments: readonly { readonly value: string }[];
  readonly format: ModuleFormat;
  readonly fault: SyntaxFault | undefined;
}

export const isTypeScriptFile = (file: string): boolean => /\.([cm]?ts|tsx)$/.test(file);

/**
 * Parses a module in the form in which its author wrote it. What could be either is read as what its syntax makes it: the program says so in
 * its sourceType, which costs nothing; the parser's own summary of imports and exports is not asked for.
 */
export function parseFile(file: string, manifest: Manifest | undefined, text: string = readFileSync(file, "utf8")): ParsedSource {
  const parse = (sourceType: "module" | "commonjs" | "unambiguous") => parserTool().parseSync(file, text, { lang: languageOf(file), preserveParens: false, sourceType });
  let result = parse(expectedFormat(file, manifest));
  const isExportAssignment = result.program.body.some((s) => s.type === "TSExportAssignment");
  const format = isExportAssignment ? "commonjs" : formatOf(file, result.program.sourceType === "module", manifest);
  // what turned out to be CommonJS is read again as such: return, await and strictness differ
  if (format === "commonjs" && result.program.sourceType !== "commonjs") result = parse("commonjs");
  return { text, program: result.program, comments: result.comments, format, fault: faultOf(result.errors, text) };
}

function expectedFormat(file: string, manifest: Manifest | undefined): "module" | "commonjs" | "unambiguous" {
  switch (extname(file)) {
    case ".mjs": case ".mts": return "module";
    case ".cjs": return "commonjs";
    case ".cts": return "unambiguous";
    default: return manifest?.type === "module" ? "module" : "unambiguous";
  }
}

export function languageOf(file: string): "js" | "jsx" | "ts" | "tsx" {
  const ext = extname(file);
  return ext === ".tsx" ? "tsx" : ext === ".jsx" ? "jsx" : isTypeScriptFile(file) ? "ts" : "js";
}

/**
 * Whether a file runs as an ES module. TypeScript does unless it is written as CommonJS and nothing says otherwise;
 * JavaScript does when Node says so.
 */
export function formatOf(file: string, hasModuleSyntax: boolean, manifest: Manifest | undefined): ModuleFormat {
  switch (extname(file)) {
    case ".mjs": case ".mts": return "module";
    case ".cjs": return "commonjs";
    case ".cts": return hasModuleSyntax ? "module" : "commonjs";
    case ".js": return manifest?.type ?? (hasModuleSyntax ? "module" : "commonjs");
    default: return hasModuleSyntax || manifest?.type === "module" ? "module" : "commonjs";
  }
}

interface Diagnostic {
  readonly severity: string;
  readonly message: string;
  readonly labels: readonly { readonly start: number }[];
}

/** The first error of a parser or compiler, with its place. */
export function faultOf(errors: readonly Diagnostic[], text: string): SyntaxFault | undefined {
  const error = errors.find((e) => e.severity === "Error");
  return error === undefined ? undefined : { message: error.message, ...placeOf(text, error.labels[0]?.start ?? 0) };
}

export function placeOf(text: string, offset: number): Place {
  const before = text.slice(0, offset);
  const lines = before.split(/\r\n|[\n\r\u2028\u2029]/);
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

/** Finds places fast: the starts of lines are found once. */
export function placeFinder(text: string): (offset: number) => Place {
  let starts: number[] | undefined;
  return (offset) => {
    if (starts === undefined) {
      starts = [0];
      for (const match of text.matchAll(/\r\n|[\n\r\u2028\u2029]/g)) starts.push(match.index + match[0].length);
    }
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 };
  };
}
