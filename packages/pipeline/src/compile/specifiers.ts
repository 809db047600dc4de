import { eachChild, staticText, type Node } from "./ast.ts";
import type { ModuleFormat } from "./model.ts";
import { parserTool } from "./oxc.ts";
import type { RequestMode } from "./resolve.ts";
import type { LineEdit } from "./source-map.ts";

/** A specifier in JavaScript. */
export interface FoundSpecifier {
  readonly specifier: string;
  readonly mode: RequestMode;
  /** Whether it could be given import attributes where it stands: it has none yet. */
  readonly attributes: "static" | "dynamic" | "given" | "none";
  /** What is imported other than the default export; `*` for the namespace. */
  readonly names: readonly string[];
}

interface Located extends FoundSpecifier {
  readonly start: number;
  readonly end: number;
}

/** Replaces specifiers in JavaScript, and says what that did to its lines. */
export function rewrite(file: string, code: string, format: ModuleFormat, replace: (found: FoundSpecifier) => string | undefined): { readonly code: string; readonly edits: readonly LineEdit[] } {
  const { program } = parserTool().parseSync(file, code, { lang: "js", sourceType: format, preserveParens: false });
  const found: Located[] = [];
  collect(program, found);
  const edits: LineEdit[] = [];
  let out = "";
  let done = 0;
  for (const f of found.toSorted((a, b) => a.start - b.start)) {
    const text = replace(f.names.length > 0 && f.attributes === "static" ? { ...f, attributes: "none" } : f);
    if (text === undefined) continue;
    out += code.slice(done, f.start) + text;
    done = f.end;
    const lineStart = code.lastIndexOf("\n", f.end - 1) + 1;
    edits.push({ line: code.slice(0, lineStart).split("\n").length - 1, column: f.end - lineStart, delta: text.length - (f.end - f.start) });
  }
  return { code: out + code.slice(done), edits };
}

function collect(node: Node, into: Located[]): void {
  switch (node.type) {
    case "ImportDeclaration": {
      const names = node.specifiers.flatMap((s) => (s.type === "ImportNamespaceSpecifier" ? ["*"] : s.type === "ImportSpecifier" && nameOf(s.imported) !== "default" ? [nameOf(s.imported)] : []));
      add(node.source, "import", node.attributes.length > 0 ? "given" : "static", names);
      return;
    }
    case "ExportNamedDeclaration":
      if (node.source !== null) { add(node.source, "import", node.attributes.length > 0 ? "given" : "static", node.specifiers.map((s) => nameOf(s.local)).filter((n) => n !== "default")); return; }
      break;
    case "ExportAllDeclaration": add(node.source, "import", node.attributes.length > 0 ? "given" : "static", ["*"]); return;
    case "ImportExpression": if (staticText(node.source) !== undefined) add(node.source, "import", node.options === null ? "dynamic" : "given", []); break;
    case "CallExpression": {
      const [only] = node.arguments;
      if (node.callee.type === "Identifier" && node.callee.name === "require" && only !== undefined && node.arguments.length === 1 && staticText(only) !== undefined) add(only, "require", "given", []);
      break;
    }
    default: break;
  }
  eachChild(node, (child) => collect(child, into));

  function add(source: Node, mode: RequestMode, attributes: FoundSpecifier["attributes"], names: readonly string[]): void {
    into.push({ specifier: staticText(source) ?? "", mode, attributes, names, start: source.start, end: source.end });
  }
}

const nameOf = (name: Node): string => (name.type === "Literal" ? String(name.value) : name.type === "Identifier" ? name.name : "");
