import { MlstackError, servableMismatch, type ModelDeployer } from "@mlstack/core";
import type { Plan, PlanStepNode } from "@mlstack/pipeline";
import type { StackSpec } from "../stack/stack.ts";

/**
 * Steps that deploy what the stack's deployer does not serve. Of a step that says what it serves, each of it is looked at: its kind, and the format that
 * the model comes in. Of one that does not say, only whether a deployer that serves formats by itself, and nothing else, is given none of them.
 */
export function unservable({ accepts }: Partial<Pick<ModelDeployer, "accepts">>, nodes: readonly PlanStepNode[], plan: Plan, { components }: StackSpec): MlstackError[] {
  // one that does not say what it takes says so when it is asked to deploy
  if (accepts === undefined) return [];
  const { name, flavor } = components["model_deployer"]!;
  const deployer = `the deployer "${name}" (${flavor})`;
  return nodes.flatMap((node) => {
    const { serves, inputs } = plan.steps[node.step]!;
    if (serves === undefined) {
      const formats = accepts.flatMap((a) => (a.kind === "format" ? a.formats : []));
      const offered = [...new Set(Object.values(inputs).flatMap((i) => i.reads))];
      if (accepts.some((a) => a.kind !== "format") || offered.length === 0 || offered.some((format) => formats.includes(format))) return [];
      return [new MlstackError("MLS4004", `the step "${node.id}" may deploy, and ${deployer} serves nothing that it is given`, { why: `it serves ${formats.join(", ") || "no format"}; the step is given ${offered.join(", ")}`, fix: "store the model in a format that it serves, or use another deployer", details: { step: node.id, accepts: formats, given: offered } })];
    }
    return Object.entries(serves).flatMap(([port, { kind, reads }]) => {
      const given = formatsOf(plan, node, port);
      const isRead = (format: string) => reads?.includes(format) !== false;
      if (given.some((format) => isRead(format) && servableMismatch(accepts, kind, format) === undefined)) return [];
      const mismatch = servableMismatch(accepts, kind, given[0] ?? "");
      const details = { step: node.id, input: port, kind, given: [...given] };
      return [mismatch === undefined
        ? new MlstackError("MLS4004", `the step "${node.id}" serves its input "${port}" by a predictor that can't read it`, { why: `the predictor reads ${(reads ?? []).join(", ")}, and the model is ${given.join(", ")}`, fix: "declare the predictor's model as the step's output is declared", details })
        : new MlstackError("MLS4004", `the step "${node.id}" deploys what ${deployer} does not serve`, { why: mismatch, fix: "serve the model in another way, or use another deployer", details })];
    });
  });
}

/** The formats in which an input may come: that of the output that it is wired to, where that is a step's; else all that the step reads. */
function formatsOf(plan: Plan, { step, inputs }: PlanStepNode, port: string): readonly string[] {
  const { reads } = plan.steps[step]!.inputs[port]!;
  const source = inputs[port];
  if (source === undefined || Array.isArray(source)) return reads;
  const made = plan.nodes.find((n) => n.id === source.node);
  const format = made?.kind === "step" ? plan.steps[made.step]?.outputs[source.output]?.format : undefined;
  return format === undefined ? reads : [format];
}
