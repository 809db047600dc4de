import { MlstackError } from "@mlstack/core";
import { Graph } from "./graph.ts";

const SCOPE = Symbol.for("mlstack.build-scope");
interface Scope { current: Graph | undefined }

// A step that is called inside of a build has to find its graph. A build is synchronous, so one variable with the extent of that call is
// enough; it is shared by all copies of this package, for the pipeline may come from one and its steps from another.
const scope = ((globalThis as { [SCOPE]?: Scope })[SCOPE] ??= { current: undefined });

/** Runs a build function and returns the graph of the steps that it called. */
export function collect<T>(pipelineName: string, build: () => T): { graph: Graph; result: T } {
  const before = scope.current;
  const graph = (scope.current = new Graph());
  try {
    const result = build();
    if (typeof (result as { then?: unknown } | undefined)?.then === "function") {
      throw new MlstackError("MLS1008", `the build function of the pipeline "${pipelineName}" is asynchronous`, { why: "build only says which steps there are; it does not wait for them", fix: "remove async and await from build, and do the work in a step" });
    }
    return { graph, result };
  } finally { scope.current = before; }
}

/**
 * The graph of the build that is going on.
 *
 * @param what is called, such as `the step "train"`
 */
export function currentGraph(what: string): Graph {
  if (scope.current !== undefined) return scope.current;
  throw new MlstackError("MLS1001", `${what} was called outside of a pipeline's build function`, { fix: "call it inside of build: pipeline({ name, build() { … } })" });
}
