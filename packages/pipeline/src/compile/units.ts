import { boundNames, isTypeOnly, type Node, type NodeOf } from "./ast.ts";
import type { UnitKind } from "./model.ts";
import { namespaceName, varNames } from "./scope.ts";

/** A unit before it is walked over. */
export interface RawUnit {
  readonly kind: UnitKind;
  readonly names: readonly string[];
  readonly node: Node;
  readonly declarationKind: string | undefined;
}

/** The name under which the value of `export default …` is known inside of its module. No identifier can be called so. */
export const DEFAULT_NAME = "*default*";

/** The units that a top-level statement consists of; none for imports, re-exports and types. */
export function unitsOf(statement: Node): RawUnit[] {
  if (isTypeOnly(statement)) return [];
  switch (statement.type) {
    case "ImportDeclaration": case "ExportAllDeclaration": case "EmptyStatement": return [];
    case "ExportNamedDeclaration": return statement.declaration === null ? [] : unitsOf(statement.declaration);
    case "ExportDefaultDeclaration": return [defaultUnit(statement.declaration)];
    case "VariableDeclaration":
      return statement.declarations.map((node) => ({ kind: "variable", names: boundNames(node.id), node, declarationKind: statement.kind }));
    case "FunctionDeclaration": return [named("function", statement, statement.id?.name)];
    case "ClassDeclaration": return [named("class", statement, statement.id?.name)];
    case "TSEnumDeclaration": return [named("enum", statement, statement.id.name)];
    case "TSModuleDeclaration": return [named("namespace", statement, namespaceName(statement))];
    case "TSImportEqualsDeclaration": return isRequire(statement) ? [] : [named("alias", statement, statement.id.name)];
    default: return [{ kind: "statement", names: [...new Set(varNames(statement))], node: statement, declarationKind: undefined }];
  }
}

/** `import x = require("./y")` binds a module, as an import does. */
export const isRequire = (node: Node): node is NodeOf<"TSImportEqualsDeclaration"> & { readonly moduleReference: NodeOf<"TSExternalModuleReference"> } =>
  node.type === "TSImportEqualsDeclaration" && node.moduleReference.type === "TSExternalModuleReference";

const named = (kind: UnitKind, node: Node, name: string | undefined): RawUnit => ({ kind, names: name === undefined ? [] : [name], node, declarationKind: undefined });

function defaultUnit(declaration: Node): RawUnit {
  const name = declaration.type === "FunctionDeclaration" || declaration.type === "ClassDeclaration" ? declaration.id?.name : undefined;
  return { kind: "default", names: name === undefined ? [DEFAULT_NAME] : [name, DEFAULT_NAME], node: declaration, declarationKind: undefined };
}
