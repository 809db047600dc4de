import { parseSync, Visitor, type Expression } from "oxc-parser";

const TESTS = new Set(["test", "it"]);

/**
 * The tests of a file, each as its titles from the outermost `describe` inwards, joined by ` › `, as they stand in the source: `%s` is not filled in, and a title that
 * is put together is its text with `${…}` for what is put in. Tests that are switched off are none.
 */
export function testTitlesOf(file: string, text: string): string[] {
  const found: string[] = [];
  const around: (string | undefined)[] = [];
  const visitor = new Visitor({
    CallExpression(node) {
      const kind = kindOf(node.callee);
      const title = kind === undefined ? undefined : titleOf(node.arguments[0], text);
      if (kind === undefined || title === undefined) return;
      if (kind.name === "describe") around.push(kind.isOff ? undefined : title);
      else if (!kind.isOff && !around.includes(undefined)) found.push([...around, title].join(" › "));
    },
    "CallExpression:exit"(node) {
      if (kindOf(node.callee)?.name === "describe" && titleOf(node.arguments[0], text) !== undefined) around.pop();
    },
  });
  visitor.visit(parseSync(file, text).program);
  return found;
}

/** What is called by `test`, `it.each(…)`, `describe.skipIf(…)` and the like; undefined for all else. */
function kindOf(callee: Expression): { readonly name: "test" | "describe"; readonly isOff: boolean } | undefined {
  let isOff = false;
  let inner: Expression = callee;
  while (inner.type !== "Identifier") {
    if (inner.type === "MemberExpression" && inner.property.type === "Identifier") {
      isOff ||= ["skip", "todo"].includes(inner.property.name);
      inner = inner.object;
    } else if (inner.type === "CallExpression") inner = inner.callee;
    else if (inner.type === "TaggedTemplateExpression") inner = inner.tag;
    else return undefined;
  }
  if (TESTS.has(inner.name)) return { name: "test", isOff };
  return inner.name === "describe" ? { name: "describe", isOff } : undefined;
}

function titleOf(node: { readonly type: string; readonly start: number; readonly end: number } | undefined, text: string): string | undefined {
  if (node === undefined) return undefined;
  if (node.type === "Literal" && "value" in node && typeof node.value === "string") return node.value;
  return node.type === "TemplateLiteral" ? text.slice(node.start + 1, node.end - 1).replaceAll(/\$\{[^}]*\}/g, "${…}") : undefined;
}
