import { eachChild, isClass, isFunction, withoutTypes, type FunctionNode, type Node } from "../ast.ts";
import type { FindingOf } from "./finding.ts";
import { keysOf, type FoundStep } from "./found-steps.ts";

/** What a step returns that it does not declare, or does not return though it declares it, as far as the source says. */
export function resultFindings({ module, spec, name }: FoundStep): FindingOf[] {
  if (spec?.run === undefined || spec.outputs === undefined || spec.run.generator) return [];
  const { outputs, run } = spec;
  const found: FindingOf[] = [];
  const add = (at: Node, message: string, fix: string) => void found.push({ rule: "undeclared-result", severity: "error", message: `the step "${name}" ${message}`, fix, at: module.at(at.start) });
  const wanted = outputs === "single" ? "a value" : `{ ${outputs.join(", ")} }`;
  const results = resultsOf(run);
  if (results === "none") {
    if (outputs === "single" || outputs.length > 0) add(run, "returns nothing, and declares a result", outputs === "single" ? "return it, or leave output out" : `return ${wanted}`);
    return found;
  }
  for (const result of results) {
    if (outputs === "single") continue;
    if (outputs.length === 0) {
      if (isValue(result) && !isNothing(result)) add(result, "returns a result, and declares no output", "declare output: or outputs:, or return nothing");
      continue;
    }
    if (result.type !== "ObjectExpression") {
      if (isValue(result)) add(result, "returns something else than its outputs", `return ${wanted}`);
      continue;
    }
    const keys = keysOf(result);
    if (keys === undefined) continue;
    const missing = outputs.filter((o) => !keys.includes(o));
    const extra = keys.filter((k) => !outputs.includes(k));
    if (missing.length > 0) add(result, `does not return ${missing.join(", ")}`, `return ${wanted}`);
    if (extra.length > 0) add(result, `returns ${extra.join(", ")}, which it does not declare`, `declare outputs: { ${extra.join(", ")} }, or leave it out`);
  }
  return found;
}

/** The expressions that a function may return; `none` where its end is reached and nothing ever is. */
function resultsOf(run: FunctionNode): readonly Node[] | "none" {
  const { body } = run;
  if (body === null || body === undefined) return [];
  if (body.type !== "BlockStatement") return branches(body);
  const returned: Node[] = [];
  let returns = false;
  const search = (node: Node): void => {
    if (isFunction(node) || isClass(node)) return;
    if (node.type === "ReturnStatement") {
      returns = true;
      if (node.argument !== null) returned.push(...branches(node.argument));
    }
    eachChild(node, search);
  };
  for (const statement of body.body) search(statement);
  return returns || ["ThrowStatement", "WhileStatement", "ForStatement"].includes(body.body.at(-1)?.type ?? "") ? returned : "none";
}

/** `a ? b : c` gives either. */
function branches(expression: Node): Node[] {
  const node = withoutTypes(expression);
  return node.type === "ConditionalExpression" ? [...branches(node.consequent), ...branches(node.alternate)] : [node];
}

/** Whether the source says that it is a value of its own, and not one that comes from elsewhere. */
function isValue(node: Node): boolean {
  return node.type === "ObjectExpression" || node.type === "ArrayExpression" || node.type === "Literal" || node.type === "TemplateLiteral";
}

const isNothing = (node: Node): boolean => node.type === "Literal" && node.value === null;
