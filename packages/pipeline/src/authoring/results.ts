import { MlstackError } from "@mlstack/core";
import { describe } from "./arguments.ts";
import type { Graph } from "./graph.ts";
import { outputRefs, refTarget, type RefTarget } from "./refs.ts";
import type { Ref } from "./types.ts";

/** What the body of a map or a branch returned: references by name, one of which may stand alone. */
export interface BodyResult {
  readonly single: boolean;
  readonly targets: Readonly<Record<string, RefTarget>>;
}

/**
 * Reads what a body returned; undefined for nothing. Call it inside of the body.
 *
 * @throws MLS1008 for what is neither a reference nor an object of references
 */
export function bodyResult(graph: Graph, result: unknown, owner: string): BodyResult | undefined {
  if (result === undefined) return undefined;
  const where = `the result of ${owner}`;
  if (refTarget(result) !== undefined) return { single: true, targets: { output: graph.target(result, where) } };
  const isPromise = typeof result === "object" && result !== null && "then" in result && typeof result.then === "function";
  if (typeof result !== "object" || result === null || Array.isArray(result) || isPromise) {
    throw new MlstackError("MLS1008", isPromise ? `${owner} is asynchronous` : `${owner} returned ${describe(result)}`, {
      why: isPromise ? "it only says which steps there are; it does not wait for them" : "expected an output of a step, or an object of outputs",
      fix: isPromise ? "remove async and await, and do the work in a step" : "return what a step call inside of it returned",
    });
  }
  const targets = Object.fromEntries(Object.entries(result).map(([name, ref]) => [name, graph.target(ref, `"${name}" of ${where}`)]));
  // a step without outputs gives an object without references
  return Object.keys(targets).length === 0 ? undefined : { single: false, targets };
}

/** References in the shape in which the body returned them. */
export function shaped(single: boolean, refs: Readonly<Record<string, Ref<unknown>>>, owner: string): unknown {
  return single ? refs["output"] : outputRefs(owner, refs);
}
