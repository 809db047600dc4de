import { basename } from "node:path";
import type { TransformOptions } from "oxc-transform";
import { boundNames, isTypeOnly } from "./ast.ts";
import { syntaxError } from "./faults.ts";
import type { ModuleFormat } from "./model.ts";
import { parserTool, transformTool } from "./oxc.ts";
import { faultOf, languageOf, placeOf } from "./source.ts";
import { shiftColumns, type SourceMap } from "./source-map.ts";
import type { CompilerSettings } from "./tsconfig.ts";
import { isRequire } from "./units.ts";

export interface Compiled {
  readonly code: string;
  readonly map: SourceMap;
}

/**
 * Compiles one module to JavaScript that every supported Node runs. One source gives one result, whatever the machine.
 *
 * @throws MLS1013 when it cannot be compiled
 */
export function compileModule(file: string, text: string, format: ModuleFormat, settings: CompilerSettings): Compiled {
  const result = transformTool().transformSync(file, text, options(file, format, settings));
  const fault = faultOf(result.errors, text);
  if (fault !== undefined) throw syntaxError(file, text, fault);
  if (!settings.experimentalDecorators) refuseDecorators(file, text);
  const map = result.map;
  const code = format === "module" && needsRequire(file, text) ? REQUIRE + result.code : result.code;
  const mappings = shiftColumns(map?.mappings ?? "", [{ line: 0, column: 0, delta: code.length - result.code.length }]);
  return { code, map: { version: 3, sources: [basename(file)], sourcesContent: [text], names: map?.names ?? [], mappings } };
}

const REQUIRE = `import { createRequire as _createRequire } from "node:module"; const require = _createRequire(import.meta.url); `;

/** `import x = require("y")` is compiled to a call of require, which ES modules do not have unless they make one themselves. */
function needsRequire(file: string, text: string): boolean {
  if (!/\bimport\s+[\w$]+\s*=\s*require\s*\(/.test(text)) return false; // it might stand in a comment or a text
  const { body } = parserTool().parseSync(file, text, { lang: languageOf(file) }).program;
  const makesOwn = body.some((s) => (s.type === "VariableDeclaration" && s.declarations.some((d) => boundNames(d.id).includes("require"))) || (s.type === "ImportDeclaration" && s.specifiers.some((x) => x.local.name === "require")));
  return !makesOwn && body.some((s) => isRequire(s.type === "ExportNamedDeclaration" && s.declaration !== null ? s.declaration : s) && !isTypeOnly(s));
}

function options(file: string, format: ModuleFormat, s: CompilerSettings): TransformOptions {
  const lang = languageOf(file);
  const isTyped = lang === "ts" || lang === "tsx";
  return {
    lang, sourceType: format, sourcemap: true, target: "node22",
    typescript: { onlyRemoveTypeImports: s.verbatim, removeClassFieldsWithoutInitializer: !s.defineFields, ...(s.jsxFactory !== undefined && { jsxPragma: s.jsxFactory }) },
    ...(isTyped && !s.defineFields && { assumptions: { setPublicClassFields: true } }),
    decorator: { legacy: isTyped && s.experimentalDecorators, emitDecoratorMetadata: s.emitDecoratorMetadata, strictNullChecks: s.strictNullChecks },
    jsx: s.jsx === "react"
      ? { runtime: "classic", pragma: s.jsxFactory ?? "React.createElement", pragmaFrag: s.jsxFragmentFactory ?? "React.Fragment" }
      : { runtime: "automatic", ...(s.jsxImportSource !== undefined && { importSource: s.jsxImportSource }) },
  };
}

/** No Node runs decorators of the standard kind yet; its own message would be "Invalid or unexpected token". */
function refuseDecorators(file: string, text: string): void {
  if (!/^[\t ]*@[\w$(]/m.test(text) && !/[\s(,]@[\w$]+/.test(text)) return;
  let start: number | undefined;
  const { Visitor, parseSync } = parserTool();
  const { program } = parseSync(file, text, { lang: languageOf(file) });
  new Visitor({ Decorator: (node) => { start ??= node.start; } }).visit(program);
  if (start !== undefined) throw syntaxError(file, text, { ...placeOf(text, start), message: "decorators are not supported by Node" }, `set "experimentalDecorators": true in tsconfig.json`);
}
