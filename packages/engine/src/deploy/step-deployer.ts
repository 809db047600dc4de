import type { Deployer, ModelDeployer } from "@mlstack/core";
import type { ContentSpace } from "../store/content-space.ts";

/** Where a step is that deploys. */
export interface StepPlace {
  /** Digest of the plan. */
  readonly plan: string;
  readonly content: ContentSpace;
  /** Where the step's modules lie: the project, or the folder of a bundle. */
  readonly dir: string;
  /** A folder of the attempt. */
  readonly scratch: string;
}

/** The handle of a deployer that a step is given: it names predictors, and what is deployed has their code, as it was when the plan was made. */
export function stepDeployer(deployer: ModelDeployer, place: StepPlace): Deployer {
  return {
    accepts: deployer.accepts,
    infer: (name, request, options) => deployer.infer(name, request, options),
    deploy: async (request, options) => deployer.deploy({ ...request, servable: await (await import("./plan-servable.ts")).planServable(request, place) }, options),
  };
}
