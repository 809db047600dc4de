import type { Program } from "oxc-parser";
import { boundNames, isTypeOnly, type Node } from "./ast.ts";
import type { ExportBinding, ImportBinding, ModuleRequest } from "./model.ts";
import { namespaceName } from "./scope.ts";
import { DEFAULT_NAME, isRequire } from "./units.ts";

export interface ModuleInterface {
  readonly imports: ReadonlyMap<string, ImportBinding>;
  readonly exports: ReadonlyMap<string, ExportBinding>;
  readonly stars: readonly { readonly specifier: string; readonly start: number }[];
  readonly requests: readonly ModuleRequest[];
}

/**
 * What a module imports and exports.
 *
 * @param isUsed whether a local name is used as a value; TypeScript drops imports of which nothing is
 */
export function interfaceOf(program: Program, keepsImports: boolean, isUsed: (local: string) => boolean): ModuleInterface {
  const imports = new Map<string, ImportBinding>();
  const exports = new Map<string, ExportBinding>();
  const stars: { specifier: string; start: number }[] = [];
  const requests: ModuleRequest[] = [];
  const request = (source: { readonly value: string; readonly start: number }, bare: boolean, mayBeElided = false, mode?: "require") =>
    requests.push({ specifier: source.value, start: source.start, bare, mayBeElided, mode });
  const locallyExported = new Set<string>();

  for (const s of program.body) {
    if (s.type === "ExportNamedDeclaration" && s.source === null) for (const e of s.specifiers) if (e.exportKind !== "type") locallyExported.add(exportName(e.local));
  }
  for (const statement of program.body) {
    const inner = statement.type === "ExportNamedDeclaration" && statement.declaration !== null ? statement.declaration : statement;
    if (isRequire(inner) && !isTypeOnly(inner)) {
      const source = inner.moduleReference.expression;
      imports.set(inner.id.name, { specifier: source.value, imported: "*", start: source.start, mode: "require" });
      request(source, false, false, "require");
    }
    switch (statement.type) {
      case "ImportDeclaration": {
        if (statement.importKind === "type") break;
        const values = statement.specifiers.filter((x) => x.type !== "ImportSpecifier" || x.importKind !== "type");
        for (const x of values) imports.set(x.local.name, { specifier: statement.source.value, imported: importedName(x), start: statement.source.start });
        const used = values.some((x) => isUsed(x.local.name) || locallyExported.has(x.local.name));
        request(statement.source, statement.specifiers.length === 0, statement.specifiers.length > 0 && !keepsImports && !used);
        break;
      }
      case "ExportNamedDeclaration": {
        if (statement.exportKind === "type") break;
        if (statement.declaration !== null && !isTypeOnly(statement.declaration)) for (const name of declaredNames(statement.declaration)) exports.set(name, { local: name });
        const values = statement.specifiers.filter((x) => x.exportKind !== "type");
        for (const x of values) {
          exports.set(exportName(x.exported), statement.source === null ? { local: exportName(x.local) } : { specifier: statement.source.value, imported: exportName(x.local), start: statement.source.start });
        }
        if (statement.source !== null) request(statement.source, statement.specifiers.length === 0, statement.specifiers.length > 0 && values.length === 0 && !keepsImports);
        break;
      }
      case "ExportDefaultDeclaration":
        if (!isTypeOnly(statement)) exports.set("default", { local: DEFAULT_NAME });
        break;
      case "ExportAllDeclaration":
        if (statement.exportKind === "type") break;
        request(statement.source, false);
        if (statement.exported === null) stars.push({ specifier: statement.source.value, start: statement.source.start });
        else exports.set(exportName(statement.exported), { specifier: statement.source.value, imported: "*", start: statement.source.start });
        break;
      default: break;
    }
  }
  return { imports, exports, stars, requests };
}

function declaredNames(declaration: Node): string[] {
  switch (declaration.type) {
    case "VariableDeclaration": return declaration.declarations.flatMap((d) => boundNames(d.id));
    case "FunctionDeclaration": case "ClassDeclaration": return declaration.id === null ? [] : [declaration.id.name];
    case "TSEnumDeclaration": case "TSImportEqualsDeclaration": return [declaration.id.name];
    case "TSModuleDeclaration": return [namespaceName(declaration)];
    default: return [];
  }
}

function importedName(specifier: Node): string {
  if (specifier.type === "ImportNamespaceSpecifier") return "*";
  return specifier.type === "ImportSpecifier" ? exportName(specifier.imported) : "default";
}

/** Export names may be written as strings: `export { a as "b c" }`. */
const exportName = (name: Node): string => (name.type === "Literal" ? String(name.value) : name.type === "Identifier" ? name.name : "");
