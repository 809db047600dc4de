import { predictorDefinitionOf, type Deployer, type ModelDeployer, type StepServable } from "@mlstack/core";
import type { PlanStep } from "@mlstack/pipeline";
import type { ContentSpace } from "../store/content-space.ts";
import { deployFault } from "./deploy-fault.ts";

/** Where a step is that deploys. */
export interface StepPlace {
  /** Digest of the plan. */
  readonly plan: string;
  readonly content: ContentSpace;
  /** Where the step's modules lie: the project, or the folder of a bundle. */
  readonly dir: string;
  /** What the step has said that it serves; undefined where it has not. */
  readonly serves: PlanStep["serves"];
  /** A folder of the attempt. */
  readonly scratch: string;
}

/** The handle of a deployer that a step is given: it names predictors, and what is deployed has their code, as it was when the plan was made. */
export function stepDeployer(deployer: ModelDeployer, place: StepPlace): Deployer {
  return {
    accepts: deployer.accepts,
    infer: (name, request, options) => deployer.infer(name, request, options),
    deploy: async (request, options) => {
      checkSaid(request.servable, place);
      return deployer.deploy({ ...request, servable: await (await import("./plan-servable.ts")).planServable(request, place) }, options);
    },
  };
}

/** What a step has said was compared with the stack before the run: it holds. */
function checkSaid(servable: StepServable, { serves }: StepPlace): void {
  if (serves === undefined) return;
  const kind = predictorDefinitionOf(servable) === undefined ? (servable as { readonly kind?: string } | undefined)?.kind : "predictor";
  const said = [...new Set(Object.values(serves).map((s) => s.kind))];
  if (said.some((k) => k === kind)) return;
  throw deployFault("unsupported", `the step deploys by ${kind ?? "nothing"}, and has said that it serves by ${said.join(" and ")}`, { why: "what it says is compared with the stack before a run", fix: "name in serves what is deployed" });
}
