import { MlstackError, type StepDefinition } from "@mlstack/core";
import { everyPlanNode, isStepNode, type GraphNode, type GraphStepNode, type PipelineDefinition } from "@mlstack/pipeline";
import { givenParams } from "../records/given-params.ts";
import type { RunRow } from "../records/schema.ts";
import type { RunReport } from "../run/execute-run.ts";

/** What a pipeline's build function gave for a run: the steps behind its nodes, and the references that it returned. */
export interface BuiltPipeline {
  /** The step that a node calls, also of an item of a map; undefined where the pipeline calls none there. */
  step(node: string): StepDefinition | undefined;
  /** Throws what the build function threw, where the pipeline can't be built for that run any more. */
  readonly outputs: unknown;
}

const withoutItem = (node: string): string => node.split("@", 1)[0]!;

/** A run of this process, which has what it was built from at hand. */
export function builtForReport({ plan, steps, outputs }: Pick<RunReport, "plan" | "steps" | "outputs">): BuiltPipeline {
  const calls = new Map([...everyPlanNode(plan.nodes)].filter(isStepNode).map((n) => [n.id, n.step]));
  return { outputs, step: (node) => steps.get(calls.get(withoutItem(node)) ?? "") };
}

/**
 * Builds a pipeline again with the parameters that a recorded run was given. A pipeline that was changed since may not take them any
 * more: then nothing is known of the types, and only who asks for the outputs hears of it.
 */
export function builtAgain(pipeline: PipelineDefinition, row: RunRow): BuiltPipeline {
  try {
    const { graph, outputs } = pipeline.graph(givenParams(row));
    const calls = new Map([...stepCalls(graph.nodes)].map((n) => [n.id, n.step]));
    return { outputs, step: (node) => calls.get(withoutItem(node)) };
  } catch (cause) {
    if (!MlstackError.is(cause)) throw cause;
    return {
      step: () => undefined,
      get outputs(): never {
        throw new MlstackError(cause.code, `the outputs of the run ${row.id} can't be told: the pipeline "${pipeline.name}" can't be built with its parameters: ${cause.message}`, {
          why: "it was changed since, or was given something that can't be written down", fix: "reach them by step: run.steps.NAME.outputs.NAME", cause,
        });
      },
    };
  }
}

/** The calls of a graph, those in the bodies of maps included. */
function* stepCalls(nodes: readonly GraphNode[]): Generator<GraphStepNode, void, undefined> {
  for (const node of nodes) {
    if (node.kind === "step") yield node;
    else if (node.kind === "map") yield* stepCalls(node.body);
  }
}
