import { eachChild, TYPE_FIELDS, type Node } from "./ast.ts";

/** A kind of node that this code does not know: a newer parser knows more syntax than was thought of here. Never guessed at. */
export class UnsupportedSyntax extends Error {
  readonly start: number;
  constructor(node: Node) {
    super(`the syntax ${node.type} is not known to mlstack`);
    this.start = node.start;
  }
}

/**
 * Nodes that bind nothing and whose children are all read in the scope around them. Every other kind is treated by name, so a kind
 * that is on neither list is refused and can't slip through.
 */
const PLAIN: ReadonlySet<string> = new Set([
  "ArrayExpression", "AwaitExpression", "ChainExpression", "ConditionalExpression", "Decorator", "ObjectExpression", "LogicalExpression",
  "SequenceExpression", "SpreadElement", "TemplateLiteral", "TemplateElement", "YieldExpression", "Literal", "Super", "PrivateIdentifier",
  "DebuggerStatement", "DoWhileStatement", "EmptyStatement", "ExpressionStatement", "IfStatement", "ReturnStatement", "ThrowStatement",
  "TryStatement", "WhileStatement", "VariableDeclaration", "ExportDefaultDeclaration", "TSExportAssignment",
  "TSAsExpression", "TSSatisfiesExpression", "TSNonNullExpression", "TSTypeAssertion", "TSInstantiationExpression", "ParenthesizedExpression",
  "JSXElement", "JSXFragment", "JSXOpeningFragment", "JSXClosingFragment", "JSXClosingElement", "JSXExpressionContainer", "JSXEmptyExpression",
  "JSXSpreadAttribute", "JSXSpreadChild", "JSXText", "JSXIdentifier", "JSXNamespacedName", "JSXMemberExpression",
]);

const LEAVES: ReadonlySet<string> = new Set(["JSXClosingElement", "JSXIdentifier", "JSXNamespacedName", "JSXMemberExpression"]);

/** The children of a plain node that are values. */
export function childrenOf(node: Node): Node[] {
  if (!PLAIN.has(node.type)) throw new UnsupportedSyntax(node);
  if (LEAVES.has(node.type)) return [];
  const children: Node[] = [];
  eachChild(node, (child, field) => { if (!TYPE_FIELDS.has(field)) children.push(child); });
  return children;
}
