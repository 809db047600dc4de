import { basename } from "node:path";
import type { TransformOptions } from "oxc-transform";
import { syntaxError } from "./faults.ts";
import type { ModuleFormat } from "./model.ts";
import { parserTool, transformTool } from "./oxc.ts";
import { faultOf, languageOf, placeOf } from "./source.ts";
import { shiftColumns, type SourceMap } from "./source-map.ts";
import type { CompilerSettings } from "./tsconfig.ts";

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
  const code = withRequire(result.code, text, format);
  const mappings = shiftColumns(map?.mappings ?? "", [{ line: 0, column: 0, delta: code.length - result.code.length }]);
  return { code, map: { version: 3, sources: [basename(file)], sourcesContent: [text], names: map?.names ?? [], mappings } };
}

/** `import x = require("y")` is compiled to a call of require, which ES modules do not have. */
function withRequire(code: string, text: string, format: ModuleFormat): string {
  if (format !== "module" || !/\bimport\s+[\w$]+\s*=\s*require\s*\(/.test(text)) return code;
  return `import { createRequire as _createRequire } from "node:module"; const require = _createRequire(import.meta.url); ${code}`;
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
