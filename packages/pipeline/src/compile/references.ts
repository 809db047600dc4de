import { boundNames, isFunction, isTypeOnly, memberName, staticKey, staticText, withoutTypes, type Node, type NodeOf } from "./ast.ts";
import { chainOf, isImportMeta, patternPaths } from "./chains.ts";
import { UNSTEADY_MEMBERS, ZONED_MEMBERS } from "./globals.ts";
import type { DynamicImport, Mutation, Reference, ReferenceUse, UnitFacts } from "./model.ts";
import { mutates, pathAround, visitCall } from "./references-calls.ts";
import { binderOf, lexicalNames, scopeOf, type Scope } from "./scope.ts";
import { childrenOf, UnsupportedSyntax } from "./syntax.ts";
import { visitClass, visitFunction, visitNamespace } from "./references-scopes.ts";

/** Walks over one unit and finds every name that is not bound inside of it. */
export interface Walker {
  visit(node: Node, scope: Scope | undefined): void;
  /** Defaults and computed keys of a pattern that binds names. */
  visitBinding(pattern: Node, scope: Scope | undefined): void;
  /** A chain of member reads: its root is referred to together with the members' names. */
  visitChain(node: Node, scope: Scope | undefined, use: ReferenceUse, call?: CallFacts): void;
  refer(name: string, start: number, scope: Scope | undefined, more?: Partial<Pick<Reference, "path" | "use" | keyof CallFacts>>): void;
  readonly state: WalkState;
}

/** What is known of a call's arguments. */
export type CallFacts = Pick<Reference, "argument" | "count" | "texts">;

export interface WalkState {
  readonly references: Reference[];
  readonly dynamicImports: DynamicImport[];
  readonly mutations: Mutation[];
  readonly evals: number[];
  readonly members: { readonly name: string; readonly start: number }[];
  usesThis: boolean;
  hasJsx: boolean;
  classDepth: number;
  /** In how many functions the walk is. */
  depth: number;
  /** Functions that run where they stand: called at once, or for each item of a list. */
  readonly atOnce: Set<Node>;
  /** The nodes that the walk is in, the outermost first. */
  readonly above: Node[];
  /** With decorators and emitDecoratorMetadata, types become values. */
  readonly typesAreValues: boolean;
  /** Called for each name of the module that is assigned; `""` stands for one inside of a namespace of the unit. */
  readonly onWrite: (name: string, start: number, isLater: boolean) => void;
}

export function factsOf(node: Node, options: Pick<WalkState, "typesAreValues" | "onWrite">): UnitFacts {
  const state: WalkState = { references: [], dynamicImports: [], evals: [], members: [], mutations: [], usesThis: false, hasJsx: false, classDepth: 0, depth: 0, atOnce: new Set(), above: [], ...options };
  walker(state).visit(node, undefined);
  const { references, dynamicImports, mutations, evals, members, usesThis, hasJsx } = state;
  return { references, dynamicImports, mutations, evals, members, usesThis, hasJsx };
}

const NO_CALL: CallFacts = { argument: undefined, count: undefined, texts: [] };

/** `import.meta` with a member, and what CommonJS has in its place. */
const isPlace = (name: string) => name === "import.meta" || name === "__dirname" || name === "__filename";

function walker(state: WalkState): Walker {
  const refer: Walker["refer"] = (name, start, scope, { path = [], use = "value", argument, count, texts = [] } = {}) => {
    const binder = binderOf(name, scope);
    if (use === "write" && path.length === 0 && (binder === undefined || binder.isNamespace)) state.onWrite(binder === undefined ? name : "", start, state.depth > 0);
    if (binder === undefined) state.references.push({ name, start, path, use, argument, count, texts, within: isPlace(name) ? pathAround(state, scope) : undefined, depth: state.depth });
  };
  const self: Walker = { visit, visitBinding, visitChain, refer, state };

  function visitChain(node: Node, scope: Scope | undefined, use: ReferenceUse, call: CallFacts = NO_CALL): void {
    const { root, members } = chainOf(node);
    let path: string[] = [];
    let isStatic = true;
    for (const member of members) {
      const name = memberName(member);
      if (name === undefined || member.property.type === "PrivateIdentifier") isStatic = false;
      else if (isStatic) path = [...path, name];
      if (member.computed && staticText(member.property) === undefined) visit(member.property, scope);
      if (name !== undefined) noteMember(name, member.start);
    }
    // the constructor of a function makes functions from text; `this.constructor` is the class around it
    const last = members.at(-1);
    if (last !== undefined && memberName(last) === "constructor" && (use === "value" || use === "call") && root.type !== "ThisExpression") state.evals.push(node.start);
    const more = { path, use: isStatic ? use : "computed-member" as const, ...(isStatic ? call : NO_CALL) };
    if (root.type === "Identifier") refer(root.name, root.start, scope, more);
    else if (isImportMeta(root)) refer("import.meta", root.start, undefined, more);
    else visit(root, scope);
  }

  function noteMember(name: string, start: number): void {
    if (UNSTEADY_MEMBERS.has(name) || ZONED_MEMBERS.has(name)) state.members.push({ name, start });
  }

  /** `const { env: { HOME } } = process` reads process.env.HOME and nothing else. */
  function visitDestructured(pattern: Node, source: Node, scope: Scope | undefined): void {
    const { root, members } = chainOf(source);
    const names = members.map((m) => (m.property.type === "PrivateIdentifier" ? undefined : memberName(m)));
    const leaves = pattern.type === "ObjectPattern" && names.every((n) => n !== undefined) ? patternPaths(pattern) : undefined;
    if (leaves === undefined || leaves.length === 0 || (root.type !== "Identifier" && !isImportMeta(root))) { visit(source, scope); return; }
    for (const leaf of leaves) {
      const path = [...(names as string[]), ...leaf];
      if (root.type === "Identifier") refer(root.name, root.start, scope, { path });
      else refer("import.meta", root.start, undefined, { path });
    }
  }

  function visitBinding(pattern: Node, scope: Scope | undefined): void {
    switch (pattern.type) {
      case "Identifier": break;
      case "ObjectPattern":
        for (const p of pattern.properties) {
          if (p.type === "RestElement") { visitBinding(p.argument, scope); continue; }
          if (p.computed) visit(p.key, scope);
          noteMember(staticKey(p.key, p.computed) ?? "", p.start);
          visitBinding(p.value, scope);
        }
        break;
      case "ArrayPattern": for (const e of pattern.elements) if (e !== null) visitBinding(e, scope); break;
      case "AssignmentPattern": visitBinding(pattern.left, scope); visitDestructured(pattern.left, pattern.right, scope); break;
      case "RestElement": visitBinding(pattern.argument, scope); break;
      case "TSParameterProperty": visitBinding(pattern.parameter, scope); break;
      default: throw new UnsupportedSyntax(pattern);
    }
  }

  /** What stands on the left of an assignment. */
  function visitTarget(target: Node, scope: Scope | undefined): void {
    const t = withoutTypes(target);
    switch (t.type) {
      case "Identifier": refer(t.name, t.start, scope, { use: "write" }); break;
      case "MemberExpression": mutates(state, t, scope, "write"); visitChain(t, scope, "write"); break;
      case "ObjectPattern":
        for (const p of t.properties) {
          if (p.type === "RestElement") { visitTarget(p.argument, scope); continue; }
          if (p.computed) visit(p.key, scope);
          noteMember(staticKey(p.key, p.computed) ?? "", p.start);
          visitTarget(p.value, scope);
        }
        break;
      case "ArrayPattern": for (const e of t.elements) if (e !== null) visitTarget(e, scope); break;
      case "AssignmentPattern": visitTarget(t.left, scope); visit(t.right, scope); break;
      case "RestElement": visitTarget(t.argument, scope); break;
      default: throw new UnsupportedSyntax(t);
    }
  }

  function visitStatements(statements: readonly Node[], scope: Scope | undefined): void {
    const inner = scopeOf(lexicalNames(statements), scope);
    for (const s of statements) visit(s, inner);
  }

  function visit(node: Node, scope: Scope | undefined): void {
    if (isTypeOnly(node)) return;
    state.above.push(node);
    visitNode(node, scope);
    state.above.pop();
  }

  function visitNode(node: Node, scope: Scope | undefined): void {
    if (isFunction(node)) { visitFunction(self, node, scope); return; }
    switch (node.type) {
      case "Identifier": refer(node.name, node.start, scope); return;
      case "MemberExpression": visitChain(node, scope, "value"); return;
      case "MetaProperty": if (isImportMeta(node)) refer("import.meta", node.start, undefined); return;
      case "ThisExpression": if (state.classDepth === 0) state.usesThis = true; return;
      case "CallExpression": case "NewExpression": visitCall(self, node, scope); return;
      case "TaggedTemplateExpression": visitChain(node.tag, scope, "call"); visit(node.quasi, scope); return;
      case "UnaryExpression":
        if (node.operator === "delete") mutates(state, node.argument, scope, "write");
        visitChain(node.argument, scope, node.operator === "typeof" ? "typeof" : node.operator === "delete" ? "write" : "value");
        return;
      case "BinaryExpression": visitBinary(node, scope); return;
      case "AssignmentExpression":
        visitTarget(node.left, scope);
        if (node.operator === "=") visitDestructured(node.left, node.right, scope); else visit(node.right, scope);
        return;
      case "UpdateExpression": visitTarget(node.argument, scope); return;
      case "VariableDeclarator":
        visitBinding(node.id, scope);
        if (node.init !== null) visitDestructured(node.id, node.init, scope);
        return;
      case "Property": if (node.computed) visit(node.key, scope); visit(node.value, scope); return;
      case "ImportExpression": {
        const specifier = staticText(node.source);
        state.dynamicImports.push({ specifier, start: node.start });
        if (specifier === undefined) visit(node.source, scope);
        if (node.options !== null) visit(node.options, scope);
        return;
      }
      case "ClassDeclaration": case "ClassExpression": visitClass(self, node, scope); return;
      case "BlockStatement": visitStatements(node.body, scope); return;
      case "SwitchStatement":
        visit(node.discriminant, scope);
        visitCases(node.cases, scopeOf(lexicalNames(node.cases.flatMap((c) => c.consequent)), scope));
        return;
      case "ForStatement": case "ForInStatement": case "ForOfStatement": visitLoop(node, scope); return;
      case "CatchClause": {
        const inner = scopeOf(node.param === null ? [] : boundNames(node.param), scope);
        if (node.param !== null) visitBinding(node.param, inner);
        visit(node.body, inner);
        return;
      }
      case "LabeledStatement": visit(node.body, scope); return;
      case "BreakStatement": case "ContinueStatement": return;
      case "WithStatement": state.evals.push(node.start); visit(node.object, scope); visit(node.body, scope); return;
      case "TSEnumDeclaration": {
        const inner = scopeOf(node.body.members.flatMap((m) => (m.id.type === "Identifier" ? [m.id.name] : [])), scope);
        for (const m of node.body.members) if (m.initializer !== null) visit(m.initializer, inner);
        return;
      }
      case "TSModuleDeclaration": visitNamespace(self, node, scope); return;
      case "TSImportEqualsDeclaration": visitImportEquals(node.moduleReference, scope); return;
      case "ExportNamedDeclaration": if (node.declaration !== null) visit(node.declaration, scope); return;
      case "JSXOpeningElement": visitJsxName(node.name, scope); for (const a of node.attributes) visit(a, scope); return;
      case "JSXElement": case "JSXFragment": state.hasJsx = true; break;
      case "JSXAttribute": if (node.value !== null) visit(node.value, scope); return;
      default: break;
    }
    for (const child of childrenOf(node)) visit(child, scope);
  }

  function visitBinary(node: NodeOf<"BinaryExpression">, scope: Scope | undefined): void {
    const compares = /^([!=]==?|instanceof)$/.test(node.operator);
    if (node.left.type !== "PrivateIdentifier") visitChain(node.left, scope, compares ? "compare" : "value");
    const key = node.operator === "in" && node.left.type !== "PrivateIdentifier" ? staticText(node.left) : undefined;
    const { root, members } = chainOf(node.right);
    const names = members.map((m) => memberName(m));
    if (key !== undefined && names.every((n) => n !== undefined) && (root.type === "Identifier" || isImportMeta(root))) {
      // "X" in process.env reads one name of it
      refer(root.type === "Identifier" ? root.name : "import.meta", root.start, root.type === "Identifier" ? scope : undefined, { path: [...names, key] });
    } else visitChain(node.right, scope, compares ? "compare" : "value");
  }

  function visitCases(cases: readonly NodeOf<"SwitchCase">[], scope: Scope): void {
    for (const c of cases) {
      if (c.test !== null) visit(c.test, scope);
      for (const s of c.consequent) visit(s, scope);
    }
  }

  function visitLoop(node: NodeOf<"ForStatement" | "ForInStatement" | "ForOfStatement">, scope: Scope | undefined): void {
    const head = node.type === "ForStatement" ? node.init : node.left;
    const inner = scopeOf(head?.type === "VariableDeclaration" ? lexicalNames([head]) : [], scope);
    if (node.type === "ForStatement") {
      for (const part of [node.init, node.test, node.update]) if (part !== null) visit(part, inner);
    } else {
      if (node.left.type === "VariableDeclaration") visit(node.left, inner); else visitTarget(node.left, inner);
      visit(node.right, scope); // the loop's own names are not alive there yet
    }
    visit(node.body, inner);
  }

  function visitImportEquals(target: Node, scope: Scope | undefined): void {
    if (target.type === "TSExternalModuleReference") { refer("require", target.start, undefined, { use: "call", argument: target.expression.value }); return; }
    const path: string[] = [];
    let root = target;
    while (root.type === "TSQualifiedName") { path.unshift(root.right.name); root = root.left; }
    if (root.type === "Identifier") refer(root.name, root.start, scope, { path });
  }

  function visitJsxName(name: Node, scope: Scope | undefined): void {
    if (name.type === "JSXMemberExpression") {
      let root: Node = name;
      while (root.type === "JSXMemberExpression") root = root.object;
      if (root.type === "JSXIdentifier") refer(root.name, root.start, scope);
    } else if (name.type === "JSXIdentifier" && !/^[a-z]|-/.test(name.name)) refer(name.name, name.start, scope);
  }
  return self;
}
