import { isFunction, isTypeOnly, staticKey, type Node, type NodeOf } from "./ast.ts";
import type { Checker, Impurity } from "./checker.ts";
import { expression, item } from "./expressions.ts";
import type { ModuleRecord, Unit } from "./model.ts";
import { boundBy, statement } from "./statements.ts";
import { isEffectful, isUnsteady, propertyOf, type Context, type Symbolic } from "./symbolic.ts";
import type { Symbols } from "./symbols.ts";

export interface Purity {
  readonly impurities: readonly Impurity[];
  /** Values that it puts into other objects: code that runs later may call them, though it does not name them. */
  readonly stores: readonly Node[];
  /** Nothing but its own names comes of it: it may be dropped where they are not used. */
  readonly droppable: boolean;
  /** Its value may depend on what ran before it: it reads members, or calls. */
  readonly readsState: boolean;
}

export interface PurityAnalysis {
  of(unit: Unit): Purity;
  /** The units of a module that are kept whenever it is loaded, in their order. */
  effectsOf(module: ModuleRecord): readonly Unit[];
}

export function purityAnalysis(sym: Symbols): PurityAnalysis {
  const known = new WeakMap<Unit, Purity>();
  const effects = new WeakMap<ModuleRecord, readonly Unit[]>();
  const of = (unit: Unit): Purity => {
    let found = known.get(unit);
    if (found === undefined) known.set(unit, found = look(unit, sym));
    return found;
  };
  return {
    of,
    effectsOf(module) {
      let found = effects.get(module);
      if (found === undefined) effects.set(module, found = module.units.filter((u) => !of(u).droppable));
      return found;
    },
  };
}

function look(unit: Unit, sym: Symbols): Purity {
  const ctx: Context = { module: unit.module, locals: new Map() };
  const { checker, found, stores } = recorder(sym);
  unitParts(unit, ctx, checker);
  // the statements of CommonJS share one object of exports: all of them are kept, in their order
  const isFree = unit.module.format === "module" && found.every((i) => !i.effect);
  // what is assigned at the top of a module has another value further down
  const readsAssigned = unit.facts.references.some((r) => unit.module.reassigned.has(r.name));
  return { impurities: found, stores, droppable: isFree, readsState: found.length > 0 || readsAssigned || readsState(unit.node) };
}

function unitParts(unit: Unit, ctx: Context, check: Checker): void {
  switch (unit.kind) {
    case "function": return;
    case "statement": statement(unit.node, ctx, check); return;
    case "variable": case "alias": case "enum": case "namespace": declaration(unit.node, unit.declarationKind, ctx, check); return;
    default: check.expression(unit.node, ctx);
  }
}

function declarator(node: NodeOf<"VariableDeclarator">, ctx: Context, check: Checker): void {
  if (node.init === null) return;
  check.expression(node.init, ctx);
  if (node.id.type !== "Identifier" && !isPlainPattern(node.id, check.symbols.of(node.init, ctx), ctx, check)) check.push(node, isEffectful(check.symbols.of(node.init, ctx)));
}

/** Taking a value apart calls getters and iterators: harmless where it is a literal, a namespace or something of a package. */
function isPlainPattern(pattern: Node, value: Symbolic, ctx: Context, check: Checker): boolean {
  if (pattern.type === "ArrayPattern") return value.kind === "array" && pattern.elements.every((e) => e === null || e.type === "Identifier") && value.node.elements.every((e) => e?.type !== "SpreadElement");
  if (pattern.type !== "ObjectPattern") return true;
  return pattern.properties.every((p) => {
    if (p.type === "RestElement") return false;
    const bound = p.value.type === "AssignmentPattern" ? p.value.left : p.value;
    if (p.value.type === "AssignmentPattern") check.expression(p.value.right, ctx);
    if (bound.type !== "Identifier") return false;
    const key = staticKey(p.key, p.computed);
    if (key === undefined) return false;
    if (value.kind === "object") return propertyOf(value.node, key) !== undefined;
    return value.kind === "own-namespace" || value.kind === "enum" || value.kind === "description" || (value.kind === "import" && !isUnsteady(value)) || (value.kind === "global" && value.name === "Math");
  });
}

function declaration(node: Node, kind: string | undefined, ctx: Context, check: Checker): void {
  switch (node.type) {
    case "VariableDeclarator":
      if (kind?.includes("using") === true) check.push(node, true); // it is disposed of at the end
      else declarator(node, ctx, check);
      return;
    case "TSEnumDeclaration": {
      const own = new Map(ctx.locals);
      for (const m of node.body.members) if (m.id.type === "Identifier") own.set(m.id.name, { init: ZERO, ctx });
      for (const m of node.body.members) if (m.initializer !== null) check.expression(m.initializer, { ...ctx, locals: own });
      return;
    }
    case "TSModuleDeclaration": {
      if (node.body === null) return;
      const names = node.body.body.flatMap((s) => boundBy(s));
      const inner: Context = { ...ctx, locals: new Map([...ctx.locals, ...names.map((n) => [n, undefined] as const)]) };
      for (const s of node.body.body) if (!isTypeOnly(s)) statement(s.type === "ExportNamedDeclaration" && s.declaration !== null ? s.declaration : s, inner, check);
      return;
    }
    case "TSImportEqualsDeclaration": return; // an alias of a namespace's member
    case "ClassDeclaration": check.expression(node, ctx); return;
    default: check.push(node, true);
  }
}

/** Members of an enum are numbers and strings, whatever their values. */
const ZERO: Node = { type: "Literal", value: 0, raw: "0", start: 0, end: 0 };

function recorder(sym: Symbols): { readonly checker: Checker; readonly found: Impurity[]; readonly stores: Node[] } {
  const found: Impurity[] = [];
  const stores: Node[] = [];
  const checker: Checker = {
    symbols: sym,
    expression: (node, ctx) => expression(node, ctx, checker),
    item: (node, ctx) => item(node, ctx, checker),
    declaration: (node, kind, ctx) => declaration(node, kind, ctx, checker),
    push: (node, effect, finding = false) => void found.push({ node, effect, finding, isStore: false }),
    store(target, value) {
      stores.push(value);
      found.push({ node: target, effect: true, finding: false, isStore: true });
    },
    running: [],
    hasEffect(lookInside) {
      const before = found.length;
      lookInside();
      return found.splice(before).some((i) => i.effect);
    },
  };
  return { checker, found, stores };
}

/** Whether a node, functions inside of it left out, reads members or calls: its value may then depend on its place. */
function readsState(node: Node): boolean {
  if (isFunction(node)) return false;
  switch (node.type) {
    case "MemberExpression": case "CallExpression": case "NewExpression": case "SpreadElement": case "TaggedTemplateExpression": case "AwaitExpression":
    case "ObjectPattern": case "ArrayPattern": case "ClassDeclaration": case "ClassExpression": case "TSModuleDeclaration": case "TSImportEqualsDeclaration": case "JSXElement": case "JSXFragment":
      return true;
    default: break;
  }
  return Object.values(node as unknown as Record<string, unknown>).some((v) => (Array.isArray(v) ? v.some((x) => isAnyNode(x) && readsState(x)) : isAnyNode(v) && readsState(v)));
}

const isAnyNode = (value: unknown): value is Node => typeof value === "object" && value !== null && "type" in value && "start" in value;
