import { boundNames, eachChild, isClass, isFunction, isTypeOnly, type Node } from "./ast.ts";

/** Names that a stretch of code binds. Names outside of all scopes of a unit belong to the module or are global. */
export interface Scope {
  readonly names: ReadonlySet<string>;
  readonly parent: Scope | undefined;
  /** Bindings of a TypeScript namespace are state of the module, as its own are. */
  readonly isNamespace: boolean;
}

export function scopeOf(names: Iterable<string>, parent: Scope | undefined, isNamespace = false): Scope {
  return { names: new Set(names), parent, isNamespace };
}

/** The scope that binds a name; undefined for a name of the module or a global one. */
export function binderOf(name: string, scope: Scope | undefined): Scope | undefined {
  for (let s = scope; s !== undefined; s = s.parent) if (s.names.has(name)) return s;
  return undefined;
}

/** Names that `let`, `const`, `class`, `function`, `enum`, `namespace` and `import =` bind directly in a list of statements. */
export function lexicalNames(statements: readonly Node[]): string[] {
  return statements.flatMap((statement) => {
    const s = statement.type === "ExportNamedDeclaration" && statement.declaration !== null ? statement.declaration : statement;
    if (isTypeOnly(s)) return [];
    switch (s.type) {
      case "VariableDeclaration": return s.kind === "var" ? [] : s.declarations.flatMap((d) => boundNames(d.id));
      case "FunctionDeclaration": case "ClassDeclaration": return s.id === null ? [] : [s.id.name];
      case "TSEnumDeclaration": case "TSImportEqualsDeclaration": return [s.id.name];
      case "TSModuleDeclaration": return [namespaceName(s)];
      default: return [];
    }
  });
}

/** Names that `var` binds anywhere in code, functions inside of it left out. */
export function varNames(node: Node, into: string[] = []): string[] {
  if (isFunction(node) || isClass(node) || node.type === "TSModuleDeclaration" || isTypeOnly(node)) return into;
  if (node.type === "VariableDeclaration" && node.kind === "var") for (const d of node.declarations) boundNames(d.id, into);
  // only statements hold declarations: expressions need not be searched
  if (isStatement(node)) eachChild(node, (child) => varNames(child, into));
  return into;
}

const isStatement = (node: Node) => /Statement$|^VariableDeclaration$|^SwitchCase$|^CatchClause$|^ExportNamedDeclaration$/.test(node.type);

/** `A` of `namespace A.B.C {}`. */
export function namespaceName(node: Extract<Node, { type: "TSModuleDeclaration" }>): string {
  let id: Node = node.id;
  while (id.type === "TSQualifiedName") id = id.left;
  return id.type === "Identifier" ? id.name : id.type === "Literal" ? String(id.value) : "";
}
