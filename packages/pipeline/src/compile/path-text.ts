import { pathToFileURL, fileURLToPath } from "node:url";
import { dirname, join, normalize, resolve } from "node:path";
import { memberName, staticText, withoutTypes, type Node } from "./ast.ts";
import type { Bindings } from "./bindings.ts";
import { chainOf, isImportMeta } from "./chains.ts";
import type { ModuleRecord } from "./model.ts";

/** An expression that gives a path or text and says so where it stands: literals, what they are joined by, and where the module lies. */
export type PathText =
  | { readonly kind: "text"; readonly text: string }
  /** `import.meta.url`, `__dirname` and their like. */
  | { readonly kind: "place"; readonly of: "url" | "dirname" | "filename" }
  /** A name of the module, or a member of one. */
  | { readonly kind: "name"; readonly name: string; readonly path: readonly string[] }
  /** Only of the functions that are known by these names; whether it is one of them, the binding of its name says. */
  | { readonly kind: "call"; readonly name: string; readonly path: readonly string[]; readonly args: readonly PathText[] }
  | { readonly kind: "joined"; readonly parts: readonly PathText[] };

const PATH_FUNCTIONS = new Set(["join", "resolve", "normalize", "dirname", "fileURLToPath", "pathToFileURL", "URL"]);

/** @param isLocal whether a name is bound by what is around the expression, so that its value is not known */
export function pathText(expression: Node, isLocal: (name: string) => boolean): PathText | undefined {
  const node = withoutTypes(expression);
  const all = (nodes: readonly Node[]): readonly PathText[] | undefined => {
    const found = nodes.map((n) => (n.type === "SpreadElement" ? undefined : pathText(n, isLocal)));
    return found.every((f) => f !== undefined) ? found : undefined;
  };
  const text = staticText(node);
  if (text !== undefined) return { kind: "text", text };
  switch (node.type) {
    case "TemplateLiteral": {
      const parts = all(node.expressions);
      if (parts === undefined) return undefined;
      const texts = node.quasis.map((q): PathText => ({ kind: "text", text: q.value.cooked ?? "" }));
      return { kind: "joined", parts: texts.flatMap((t, i) => (parts[i] === undefined ? [t] : [t, parts[i]])) };
    }
    case "BinaryExpression": {
      const parts = node.operator === "+" ? all([node.left, node.right]) : undefined;
      return parts === undefined ? undefined : { kind: "joined", parts };
    }
    case "CallExpression": case "NewExpression": {
      const callee = chain(node.callee, isLocal);
      if (callee?.kind !== "name" || !PATH_FUNCTIONS.has(callee.path.at(-1) ?? callee.name)) return undefined;
      const args = all(node.arguments);
      return args === undefined ? undefined : { kind: "call", name: callee.name, path: callee.path, args };
    }
    default: return chain(node, isLocal);
  }
}

/** `import.meta.url`, `__dirname`, `NAME.member`. */
function chain(expression: Node, isLocal: (name: string) => boolean): PathText | undefined {
  const { root, members } = chainOf(expression);
  const path = members.map((m) => memberName(m));
  if (!path.every((name) => name !== undefined)) return undefined;
  if (isImportMeta(root)) return path.length === 1 && (path[0] === "url" || path[0] === "dirname" || path[0] === "filename") ? { kind: "place", of: path[0] } : undefined;
  if (root.type !== "Identifier" || isLocal(root.name)) return undefined;
  if (path.length === 0 && (root.name === "__dirname" || root.name === "__filename")) return { kind: "place", of: root.name === "__dirname" ? "dirname" : "filename" };
  return { kind: "name", name: root.name, path };
}

/** Whether where the module lies is part of it. */
export function namesPlace(text: PathText): boolean {
  if (text.kind === "call") return text.args.some((a) => namesPlace(a));
  return text.kind === "place" || (text.kind === "joined" && text.parts.some((p) => namesPlace(p)));
}

/** Evaluates paths that are written in modules. */
export interface PathValues {
  /** The text; a `file:` URL where it is one. Undefined where what it is made of is not known. */
  of(text: PathText, module: ModuleRecord): string | undefined;
}

/** Constants lead to constants, and could lead back. */
const MAX_DEPTH = 8;

export function pathValues(bindings: Bindings): PathValues {
  const of = (text: PathText, module: ModuleRecord, depth: number): string | undefined => {
    if (depth > MAX_DEPTH) return undefined;
    switch (text.kind) {
      case "text": return text.text;
      case "place": return text.of === "url" ? pathToFileURL(module.file).href : text.of === "dirname" ? dirname(module.file) : module.file;
      case "joined": {
        const parts = text.parts.map((p) => of(p, module, depth + 1));
        return parts.every((p) => p !== undefined) ? parts.join("") : undefined;
      }
      case "name": return constant(text.name, text.path, module, depth);
      case "call": {
        const args = text.args.map((a) => of(a, module, depth + 1));
        return args.every((a) => a !== undefined) ? called(functionOf(text.name, text.path, module), args) : undefined;
      }
    }
  };

  /** A constant of the project's own code, wherever it was imported from. */
  function constant(name: string, path: readonly string[], module: ModuleRecord, depth: number): string | undefined {
    const [target, ...others] = bindings.ofName(module, name);
    if (target?.kind !== "unit" || others.length > 0 || path.length > 0 || target.module.reassigned.has(target.name)) return undefined;
    const [unit, ...more] = target.module.byName.get(target.name) ?? [];
    if (unit?.node.type !== "VariableDeclarator" || more.length > 0 || unit.node.id.type !== "Identifier" || unit.node.init === null) return undefined;
    const text = pathText(unit.node.init, () => false);
    return text === undefined ? undefined : of(text, target.module, depth + 1);
  }

  /** `join` of node:path, by whatever name; the global `URL`. */
  function functionOf(name: string, path: readonly string[], module: ModuleRecord): string | undefined {
    const [target, ...others] = bindings.ofName(module, name);
    if (target === undefined) return name === "URL" && path.length === 0 ? "URL" : undefined;
    if (target.kind !== "builtin" || others.length > 0 || !/^node:(path|path\/posix|url)$/.test(target.name)) return undefined;
    const full = [target.imported, ...path].filter((n) => n !== "*" && n !== "default" && n !== "posix");
    return full.length === 1 ? full[0] : undefined;
  }
  return { of: (text, module) => of(text, module, 0) };
}

function called(name: string | undefined, args: readonly string[]): string | undefined {
  const [first, second] = args;
  if (first === undefined) return undefined;
  try {
    switch (name) {
      case "join": return join(...args);
      case "normalize": return normalize(first);
      case "dirname": return dirname(first);
      case "fileURLToPath": return fileURLToPath(first);
      case "pathToFileURL": return pathToFileURL(first).href;
      case "URL": return new URL(first, second).href;
      // from where the process runs: the project
      case "resolve": return args.some((a) => a.startsWith("/")) ? resolve(...args) : join(...args);
      default: return undefined;
    }
  } catch { return undefined; }
}
