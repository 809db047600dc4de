import { isFunction, memberName, staticText, withoutTypes, type Node, type NodeOf } from "./ast.ts";
import type { Bindings, Target } from "./bindings.ts";
import { chainOf, isImportMeta } from "./chains.ts";
import { isFixedInstant, PLAIN_METHODS, ZONELESS } from "./globals.ts";
import type { ModuleRecord, Unit } from "./model.ts";
import { isHarmlessFunction, isPlainData, isPureMaker, propertyOf, type Context, type Symbolic } from "./symbolic.ts";
import { describedCall, importedCall } from "./trust.ts";

const UNKNOWN: Symbolic = { kind: "unknown" };
const PRIMITIVE: Symbolic = { kind: "primitive" };
const READING: Symbolic = { kind: "reading" };
/** Local names may go in circles, and are not remembered. */
const MAX_LOCALS = 12;

export interface Symbols {
  of(node: Node, ctx: Context): Symbolic;
  isPrimitive(node: Node, ctx: Context): boolean;
}

export function symbols(bindings: Bindings): Symbols {
  const known = new WeakMap<ModuleRecord, Map<string, Symbolic>>();
  let locals = 0;

  function of(expression: Node, ctx: Context): Symbolic {
    const node = withoutTypes(expression);
    const next = (inner: Node) => of(inner, ctx);
    /** What comes of primitives is primitive; of those and plain data, plain data. */
    const joined = (nodes: readonly Node[]): Symbolic => {
      const parts = nodes.map((n) => next(n));
      if (parts.every((p) => p.kind === "primitive")) return PRIMITIVE;
      return parts.every((p) => p.kind === "primitive" || isPlainData(p)) ? READING : UNKNOWN;
    };
    switch (node.type) {
      case "Literal": return "regex" in node ? UNKNOWN : PRIMITIVE;
      case "TemplateLiteral": return joined(node.expressions);
      case "UnaryExpression":
        if (node.operator === "typeof" || node.operator === "!" || node.operator === "void") return PRIMITIVE;
        return node.operator === "delete" ? UNKNOWN : joined([node.argument]);
      case "BinaryExpression":
        if (node.operator === "===" || node.operator === "!==") return PRIMITIVE;
        return node.left.type === "PrivateIdentifier" || node.operator === "in" || node.operator === "instanceof" ? UNKNOWN : joined([node.left, node.right]);
      case "LogicalExpression": return joined([node.left, node.right]);
      case "ConditionalExpression": return joined([node.consequent, node.alternate]);
      case "SequenceExpression": return node.expressions.length === 0 ? UNKNOWN : next(node.expressions.at(-1) as Node);
      case "ObjectExpression": return { kind: "object", node, ctx };
      case "ArrayExpression": return { kind: "array", node, ctx };
      case "ClassExpression": case "ClassDeclaration": return { kind: "class", node, ctx };
      case "ChainExpression": return next(node.expression);
      case "AwaitExpression": return next(node.argument).kind === "finding" ? { kind: "finding" } : UNKNOWN;
      case "MetaProperty": return isImportMeta(node) ? { kind: "import-meta" } : UNKNOWN;
      case "Identifier": return ofName(node.name, ctx);
      case "MemberExpression": return ofMember(node, ctx);
      case "CallExpression": return ofCall(node, ctx);
      case "NewExpression": return ofNew(node, ctx);
      default: return isFunction(node) ? { kind: "function", node, ctx } : UNKNOWN;
    }
  }

  function ofName(name: string, ctx: Context): Symbolic {
    if (ctx.locals.has(name)) {
      const local = ctx.locals.get(name);
      if (local === undefined || locals > MAX_LOCALS) return UNKNOWN;
      locals++;
      try { return of(local.init, local.ctx); } finally { locals--; }
    }
    const targets = bindings.ofName(ctx.module, name);
    if (targets.length === 0) return name === "undefined" || name === "NaN" || name === "Infinity" ? PRIMITIVE : { kind: "global", name, path: [] };
    return ofTargets(targets);
  }

  function ofTargets(targets: readonly Target[]): Symbolic {
    const [target] = targets;
    if (targets.length !== 1 || target === undefined) return UNKNOWN;
    switch (target.kind) {
      case "package":
        if (target.trust === "mlstack" && target.imported === "z") return { kind: "import", trust: "zod", builtin: undefined, path: ["z"] };
        return { kind: "import", trust: target.trust, builtin: undefined, path: target.imported === "*" ? [] : [target.imported] };
      case "builtin": return { kind: "import", trust: undefined, builtin: target.name, path: target.imported === "*" || target.imported === "default" ? [] : [target.imported] };
      case "namespace": return target.trust === undefined ? { kind: "own-namespace", module: target.module } : { kind: "import", trust: target.trust, builtin: undefined, path: [] };
      case "unit": return target.trust === undefined ? ofUnits(target.module, target.name) : { kind: "import", trust: target.trust, builtin: undefined, path: [target.name] };
      default: return UNKNOWN;
    }
  }

  function ofUnits(module: ModuleRecord, name: string): Symbolic {
    let names = known.get(module);
    if (names === undefined) known.set(module, names = new Map());
    const before = names.get(name);
    if (before !== undefined) return before;
    names.set(name, UNKNOWN); // the answer for a name that is defined by itself
    const found = ofUnitsNew(module, name);
    names.set(name, found);
    return found;
  }

  function ofUnitsNew(module: ModuleRecord, name: string): Symbolic {
    const units = module.byName.get(name) ?? [];
    const [unit] = units;
    if (unit === undefined || module.reassigned.has(name)) return UNKNOWN;
    const ctx: Context = { module, locals: new Map() };
    if (units.every((u) => u.kind === "enum")) return { kind: "enum" };
    if (units.every((u) => u.kind === "namespace")) return { kind: "ts-namespace" };
    if (units.length > 1) return UNKNOWN;
    switch (unit.kind) {
      case "variable": return ofVariable(unit, ctx);
      case "function": case "class": case "default": return of(unit.node, ctx);
      default: return UNKNOWN;
    }
  }

  function ofVariable(unit: Unit, ctx: Context): Symbolic {
    const { node } = unit;
    if (node.type !== "VariableDeclarator" || unit.declarationKind?.includes("using") === true) return UNKNOWN;
    if (node.id.type !== "Identifier") {
      const whole = node.init === null ? UNKNOWN : of(node.init, ctx);
      return whole.kind === "finding" || whole.kind === "reading" ? whole : UNKNOWN;
    }
    return node.init === null ? PRIMITIVE : of(node.init, ctx);
  }

  function ofMember(node: NodeOf<"MemberExpression">, ctx: Context): Symbolic {
    const object = of(node.object, ctx);
    const name = memberName(node);
    if (object.kind === "enum") return PRIMITIVE;
    if (object.kind === "finding" || object.kind === "reading") return object;
    if (name === undefined) return object.kind === "description" ? { ...object, member: "" } : UNKNOWN;
    switch (object.kind) {
      case "import":
        if (typeof object.trust === "object" && object.path.length === 0 && !object.trust.pure.has(name)) return { ...object, trust: undefined, path: [name] };
        return { ...object, path: [...object.path, name] };
      case "global": return { ...object, path: [...object.path, name] };
      case "description": return { ...object, member: name };
      case "own-namespace": return ofTargets(bindings.ofExport(object.module, name));
      case "object": {
        const value = propertyOf(object.node, name);
        return value === undefined ? UNKNOWN : of(value, object.ctx);
      }
      case "array": {
        if (object.node.elements.some((e) => e?.type === "SpreadElement")) return UNKNOWN;
        const element = /^\d+$/.test(name) ? object.node.elements[Number(name)] : undefined;
        return name === "length" ? PRIMITIVE : element === undefined || element === null ? UNKNOWN : of(element, object.ctx);
      }
      case "primitive": return name === "length" ? PRIMITIVE : UNKNOWN;
      default: return UNKNOWN;
    }
  }

  function ofCall(node: NodeOf<"CallExpression">, ctx: Context): Symbolic {
    const callee = of(node.callee, ctx);
    const plain = node.arguments.every((a) => a.type !== "SpreadElement" && of(a, ctx).kind === "primitive");
    switch (callee.kind) {
      case "import": {
        if (isPureMaker(callee)) return { kind: "description", trust: "node", maker: callee.path[0] ?? "default", member: undefined };
        if (callee.trust === undefined) return isHarmlessFunction(callee) ? READING : UNKNOWN;
        const does = importedCall(callee.trust, callee.path);
        return does === "describe" ? { kind: "description", trust: callee.trust, maker: callee.path.at(-1) ?? "", member: undefined } : does === "act" ? { kind: "finding" } : UNKNOWN;
      }
      case "description": {
        const does = callee.member === undefined ? (callee.trust === "mlstack" ? "act" : "unknown") : describedCall(callee.trust, callee.maker, callee.member);
        // a digest is text, whatever was hashed
        if (callee.trust === "node" && callee.member === "digest") return READING;
        return does === "describe" ? { ...callee, member: undefined } : does === "act" ? { kind: "finding" } : UNKNOWN;
      }
      case "finding": return callee;
      case "reading": return plain ? callee : UNKNOWN; // a method of plain data
      case "global": {
        const [only] = node.arguments;
        if (callee.name === "require" && callee.path.length === 0 && only?.type === "Literal" && typeof only.value === "string") return ofTargets(bindings.ofImport(ctx.module, only.value, "*", node.start, "require"));
        const found = ofGlobalCall(callee.name, callee.path, plain);
        if (found.kind !== "unknown") return found;
        const converts = callee.name === "JSON" ? callee.path[0] === "parse" && node.arguments.length === 1 : /^(Number|String|Boolean|BigInt|parseInt|parseFloat)$/.test(callee.name) && callee.path.length === 0;
        return isHarmlessFunction(callee) || (converts && node.arguments.every((a) => isPlainArgument(a, ctx))) ? READING : UNKNOWN;
      }
      default: return isPlainMethod(node, ctx, plain) ? PRIMITIVE : UNKNOWN;
    }
  }

  function isPlainArgument(node: Node, ctx: Context): boolean {
    if (node.type === "SpreadElement") return false;
    const value = of(node, ctx);
    return value.kind === "primitive" || isPlainData(value);
  }

  function ofGlobalCall(name: string, path: readonly string[], plain: boolean): Symbolic {
    if (name === "Symbol" && plain) return { kind: "symbol" };
    if (!plain) return UNKNOWN;
    if (path.length === 0) return /^(Number|String|Boolean|BigInt|parseInt|parseFloat|isNaN|isFinite)$/.test(name) ? PRIMITIVE : UNKNOWN;
    if (name === "Math" && path.length === 1 && path[0] !== "random") return PRIMITIVE;
    if (name === "Number" && /^(parse|is)/.test(path[0] ?? "")) return PRIMITIVE;
    return name === "Date" && path[0] === "UTC" ? PRIMITIVE : UNKNOWN;
  }

  /** `"a b".trim()`, `START.getTime()`. Arrays come out as new arrays of plain values, whose shape is not followed. */
  function isPlainMethod(node: NodeOf<"CallExpression">, ctx: Context, plain: boolean): boolean {
    const { members } = chainOf(node.callee);
    const last = members.at(-1);
    const method = last === undefined ? undefined : memberName(last);
    if (last === undefined || method === undefined || !plain) return false;
    const object = of(last.object, ctx);
    if (object.kind === "date") return ZONELESS.test(method);
    return object.kind === "primitive" && PLAIN_METHODS.has(method) && method !== "split";
  }

  function ofNew(node: NodeOf<"NewExpression">, ctx: Context): Symbolic {
    const callee = of(node.callee, ctx);
    if (callee.kind === "global" && callee.name === "Date" && callee.path.length === 0) {
      const [only] = node.arguments;
      const value = only?.type === "Literal" ? only.value : only === undefined ? undefined : staticText(only);
      return node.arguments.length === 1 && isFixedInstant(value) ? { kind: "date" } : UNKNOWN;
    }
    return callee.kind === "import" && callee.trust === "mlstack" ? { kind: "finding" } : UNKNOWN;
  }

  return { of, isPrimitive: (node, ctx) => of(node, ctx).kind === "primitive" };
}
