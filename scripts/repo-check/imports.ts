import { parseSync, Visitor } from "oxc-parser";

export interface Import {
  readonly specifier: string;
  readonly line: number;
}

/** Every module that a file names: imports and re-exports, dynamic ones and those inside types included. */
export function importsOf(file: string, text: string): Import[] {
  const found: Import[] = [];
  const add = (source: { readonly type: string; readonly value?: unknown; readonly start: number } | null): void => {
    if (typeof source?.value === "string") found.push({ specifier: source.value, line: text.slice(0, source.start).split("\n").length });
  };
  const visitor = new Visitor({
    ImportDeclaration: (node) => add(node.source),
    ExportNamedDeclaration: (node) => add(node.source),
    ExportAllDeclaration: (node) => add(node.source),
    ImportExpression: (node) => add(node.source),
    TSImportType: (node) => add(node.source),
  });
  visitor.visit(parseSync(file, text).program);
  return found;
}
