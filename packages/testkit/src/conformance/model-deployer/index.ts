import type { ConformanceSuite } from "../suite.ts";
import { deployerCallCases } from "./call-cases.ts";
import { deployCases } from "./deploy-cases.ts";
import { inferCases } from "./infer-cases.ts";
import { lifeCases } from "./life-cases.ts";
import { withinDeployer, type ModelDeployerContext, type ModelDeployerSubject } from "./subject.ts";
import type { DeployerNeed } from "./tools.ts";
import { updateCases } from "./update-cases.ts";

const REASONS: Readonly<Record<DeployerNeed, string>> = {
  model: "it serves no predictors, and the test has no models for it (model)", start: "what is stopped is brought back by deploy alone (start)", logs: "its service keeps nothing of what is printed (logs)", crash: "models have no process of their own that could end (crash)", check: "it has no check",
  settings: "the test knows no settings of it", foreign: "the test can't take a name in its service (takeName)", credentials: "the test knows of no credentials (credentialsOf)", denied: "the test has no deployer with wrong credentials", unreachable: "the test has no deployer that can't be reached",
};

function isThere(need: DeployerNeed, { deployer, subject }: ModelDeployerContext): boolean {
  switch (need) {
    case "model": return subject.model !== undefined || deployer.accepts.some((one) => one.kind === "predictor");
    case "start": case "logs": case "check": return deployer[need] !== undefined;
    case "crash": return subject.crash !== false;
    case "settings": return subject.settings !== undefined;
    case "foreign": return subject.takeName !== undefined;
    case "credentials": return subject.credentialsOf !== undefined;
    case "denied": return subject.openDenied !== undefined;
    case "unreachable": return subject.openUnreachable !== undefined;
  }
}

/** model_deployer@1, promise by promise. Each case waits for deployments: give it minutes (`limitMs`), not seconds. */
export const modelDeployerSuite: ConformanceSuite<ModelDeployerSubject, ModelDeployerContext, DeployerNeed> = {
  contract: "model_deployer@1",
  cases: [...deployerCallCases, ...deployCases, ...updateCases, ...lifeCases, ...inferCases],
  core: ["deploy.ready", "infer.answer"],
  within: withinDeployer,
  lacks: (need, context) => (isThere(need, context) ? undefined : REASONS[need]),
};
