import { staticKey, withoutTypes, type Node, type NodeOf } from "./ast.ts";
import type { Unit } from "./model.ts";
import { factsOf } from "./references.ts";
import type { Symbols } from "./symbols.ts";

/**
 * What of a step does not change what it computes, or has a part of the key of its own: an edit of it is no edit of the
 * step's code. Everything else that is written in `step({ … })` counts.
 */
const NOT_CODE: ReadonlySet<string> = new Set(["name", "cache", "cacheVersion", "retry", "timeoutMs", "resources", "tags", "settings", "env", "files", "hooks"]);

/** Finds what of a step's declaration is its code. */
export function stepTrimmer(sym: Symbols): (unit: Unit) => Unit | undefined {
  const known = new WeakMap<Unit, { readonly trimmed: Unit | undefined }>();
  return (unit) => {
    let found = known.get(unit);
    if (found === undefined) known.set(unit, found = { trimmed: trim(unit) });
    return found.trimmed;
  };

  function trim(unit: Unit): Unit | undefined {
    const init = unit.node.type === "VariableDeclarator" ? unit.node.init : unit.kind === "default" ? unit.node : null;
    const call = init === null ? undefined : withoutTypes(init);
    if (call?.type !== "CallExpression" || call.arguments.length !== 1) return undefined;
    const callee = sym.of(call.callee, { module: unit.module, locals: new Map() });
    if (callee.kind !== "import" || callee.trust !== "mlstack" || callee.path.at(-1) !== "step") return undefined;
    const spec = withoutTypes(call.arguments[0] as Node);
    if (spec.type !== "ObjectExpression") return undefined;
    const properties = spec.properties.filter((p) => !isOption(p));
    if (properties.length === spec.properties.length) return undefined;
    const node = replaced(unit.node, { ...call, arguments: [{ ...spec, properties }] });
    return { ...unit, node, facts: factsOf(node, { typesAreValues: false, onWrite: () => undefined }) };
  }
}

function isOption(p: NodeOf<"ObjectExpression">["properties"][number]): boolean {
  return p.type === "Property" && !p.method && p.kind === "init" && NOT_CODE.has(staticKey(p.key, p.computed) ?? "");
}

function replaced(node: Node, init: NodeOf<"CallExpression">): Node {
  return node.type === "VariableDeclarator" ? { ...node, init } : init;
}
