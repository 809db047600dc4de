import { staticKey, type ClassNode, type FunctionNode, type Node, type NodeOf } from "./ast.ts";
import { HARMLESS_BUILTINS, HARMLESS_READS, PURE_MAKERS, UNSTEADY_BUILTINS } from "./globals.ts";
import type { ModuleRecord } from "./model.ts";
import type { Trust } from "./resolve.ts";
import type { Maker } from "./trust.ts";

/** Names bound inside of a statement, with the initialiser of those that are constant. They hide names of the module. */
export type Locals = ReadonlyMap<string, { readonly init: Node; readonly ctx: Context } | undefined>;

/** Where an expression stands. */
export interface Context {
  readonly module: ModuleRecord;
  readonly locals: Locals;
}

/** What is known of an expression's value without running anything. */
export type Symbolic =
  | { readonly kind: "primitive" }
  /** An object or array literal, and the place of its parts. */
  | { readonly kind: "object"; readonly node: NodeOf<"ObjectExpression">; readonly ctx: Context }
  | { readonly kind: "array"; readonly node: NodeOf<"ArrayExpression">; readonly ctx: Context }
  | { readonly kind: "function"; readonly node: FunctionNode; readonly ctx: Context }
  | { readonly kind: "class"; readonly node: ClassNode; readonly ctx: Context }
  /** A fixed instant. */
  | { readonly kind: "date" }
  | { readonly kind: "symbol" }
  | { readonly kind: "enum" } | { readonly kind: "ts-namespace" }
  | { readonly kind: "own-namespace"; readonly module: ModuleRecord }
  /** Something of a package, or of Node (`builtin`), and the members read of it. */
  | { readonly kind: "import"; readonly trust: Trust | undefined; readonly builtin: string | undefined; readonly path: readonly string[] }
  /** What a describing call of a trusted package gave, or a member of it. */
  | { readonly kind: "description"; readonly trust: Maker; readonly maker: string; readonly member: string | undefined }
  /** What mlstack found outside: a run, a client, a loaded result. */
  | { readonly kind: "finding" }
  /** What a harmless function of Node or JavaScript gave, perhaps from outside: text, numbers or plain data. */
  | { readonly kind: "reading" }
  | { readonly kind: "global"; readonly name: string; readonly path: readonly string[] }
  | { readonly kind: "import-meta" }
  | { readonly kind: "unknown" };

/** Text, numbers or data from outside: turning it into text or a number runs no code of the project. */
export function isPlainData(value: Symbolic): boolean {
  return value.kind === "reading" || value.kind === "date" || value.kind === "import-meta" || (value.kind === "global" && value.path.length > 0);
}

/** A function that changes nothing, whatever it gives. */
export function isHarmlessFunction(callee: Symbolic): boolean {
  if (callee.kind === "global") {
    const members = HARMLESS_READS[callee.name];
    return members === "all" || (members !== undefined && members.has(callee.path[0] ?? ""));
  }
  if (callee.kind !== "import" || callee.builtin === undefined) return false;
  const functions = HARMLESS_BUILTINS[callee.builtin];
  return functions === "all" || (functions !== undefined && functions.has(callee.path[0] ?? ""));
}

/** A function or class of Node that makes something of its arguments alone: `promisify`, `EventEmitter`. */
export function isPureMaker(callee: Symbolic): boolean {
  return callee.kind === "import" && callee.builtin !== undefined && callee.path.length <= 1 && PURE_MAKERS[callee.builtin]?.has(callee.path[0] ?? "default") === true;
}

/** The value of a property of a literal that is plain: all keys are written out, and this one is no getter. */
export function propertyOf(object: NodeOf<"ObjectExpression">, name: string): Node | undefined {
  let found: Node | undefined;
  for (const p of object.properties) {
    if (p.type !== "Property") return undefined;
    const key = staticKey(p.key, p.computed);
    if (key === undefined || key === "__proto__") return undefined;
    if (key === name) found = p.kind === "init" ? p.value : undefined;
    if (key === name && p.kind !== "init") return undefined;
  }
  return found;
}

/** Whether taking a value apart or turning it into text may run code of the project. */
export const isEffectful = (value: Symbolic): boolean => value.kind !== "finding" && !isPlainData(value);

/** An export of Node that is a value of this process, and no function. */
export const isUnsteady = (value: Extract<Symbolic, { kind: "import" }>): boolean => value.builtin !== undefined && UNSTEADY_BUILTINS.has(value.builtin);
