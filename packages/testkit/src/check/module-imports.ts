import type { PackageFolder } from "./package-folder.ts";

/** A module that shipped code asks for by a fixed name. */
export interface ModuleImport {
  /** As it is written: `acme-sdk/client`, `./store.js`. */
  readonly specifier: string;
  /** The file that names it, a path from the package's folder. */
  readonly from: string;
}

/**
 * What shipped JavaScript imports: static imports and re-exports, `import()` of a literal, and `require` of one, wherever that is Node's own (a CommonJS module, or
 * one made by `createRequire(import.meta.url)`). Types are left out, as is what has a computed name. A file that is no JavaScript shows when it is imported.
 *
 * @param shipped paths from the folder
 */
export async function moduleImports(folder: PackageFolder, shipped: readonly string[]): Promise<readonly ModuleImport[]> {
  const { parseSync, Visitor } = await import("oxc-parser");
  return shipped.filter((path) => /\.[cm]?js$/.test(path)).flatMap((from) => {
    const found = new Set<string>();
    // what Node calls require there
    const requires = new Set(from.endsWith(".cjs") || (from.endsWith(".js") && folder.packageJson["type"] !== "module") ? ["require"] : []);
    const add = (source: unknown): void => {
      const { type, value } = (source ?? {}) as { readonly type?: string; readonly value?: unknown };
      if (type === "Literal" && typeof value === "string") found.add(value);
    };
    const { program } = parseSync(from, folder.read(from) ?? "", { sourceType: "unambiguous" });
    new Visitor({ VariableDeclarator: ({ id, init }) => { if (id.type === "Identifier" && makesRequire(init)) requires.add(id.name); } }).visit(program);
    new Visitor({
      ImportDeclaration: ({ source }) => { add(source); }, ExportNamedDeclaration: ({ source }) => { add(source); }, ExportAllDeclaration: ({ source }) => { add(source); }, ImportExpression: ({ source }) => { add(source); },
      CallExpression({ callee, arguments: [first] }) {
        const called = callee.type === "MemberExpression" && callee.property.type === "Identifier" && callee.property.name === "resolve" ? callee.object : callee;
        if ((called.type === "Identifier" && requires.has(called.name)) || makesRequire(called)) add(first);
      },
    }).visit(program);
    return [...found].map((specifier) => ({ specifier, from }));
  });
}

interface Node { readonly type: string; readonly name?: unknown; readonly callee?: unknown; readonly arguments?: readonly unknown[]; readonly object?: unknown }

/** `createRequire(import.meta.url)`: of another place than this one, it finds what others depend on. */
function makesRequire(node: unknown): boolean {
  const { type, callee, arguments: [first] = [] } = (node ?? {}) as Node;
  const { type: calleeType, name } = (callee ?? {}) as Node;
  const { type: argumentType, object } = (first ?? {}) as Node;
  return type === "CallExpression" && calleeType === "Identifier" && name === "createRequire" && argumentType === "MemberExpression" && (object as Node).type === "MetaProperty";
}
