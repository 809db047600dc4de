import type { ConformanceSuite } from "../suite.ts";
import { attachCases } from "./attach-cases.ts";
import { callCases } from "./call-cases.ts";
import { cancelCases } from "./cancel-cases.ts";
import { driverCases } from "./driver-cases.ts";
import { endCases } from "./end-cases.ts";
import { graphCases } from "./graph-cases.ts";
import { startCases } from "./start-cases.ts";
import { withinOrchestrator, type OrchestratorContext, type OrchestratorSubject } from "./subject.ts";
import type { OrchestratorNeed } from "./tools.ts";

const REASONS: Readonly<Record<OrchestratorNeed, string>> = {
  launch: "it does not launch steps (launch)", check: "it has no check", process: "steps run in the driver's own process (runsHere)", bundle: "steps are not run by a command in a folder of their own (sees)",
  kill: "steps can only be asked to stop (cancel)", ask: "steps are killed, not asked (cancel)", parallel: "it runs one step at a time (maxParallel)",
  attach: "steps end with the process that started them (attach)", bound: "steps outlive the process that started them (attach)", driver: "it does not run drivers (startDriver)",
  client: "the test has no client in a process of its own", denied: "the test has no orchestrator with wrong credentials", unreachable: "the test has no orchestrator that can't be reached",
};

function isThere(need: OrchestratorNeed, { orchestrator: { launch, check }, subject }: OrchestratorContext): boolean {
  switch (need) {
    case "launch": return launch !== undefined;
    case "check": return check !== undefined;
    case "process": return launch?.runsHere !== true;
    case "bundle": return launch?.sees === "bundle";
    case "kill": return launch?.cancel === "kill";
    case "ask": return launch?.cancel === "ask";
    case "parallel": return (launch?.maxParallel ?? 1) > 1;
    case "attach": return launch?.attach !== undefined;
    case "bound": return launch !== undefined && launch.attach === undefined;
    case "driver": return launch?.startDriver !== undefined;
    case "client": return subject.client !== undefined;
    case "denied": return subject.openDenied !== undefined;
    case "unreachable": return subject.openUnreachable !== undefined;
  }
}

/**
 * orchestrator@1, promise by promise, as far as steps are launched: the test is the driver. Not here: `compile`, which no engine drives yet; what a
 * queue does, whose steps wait for a machine; and the signs of life of a driver, which are the step's own business.
 */
export const orchestratorSuite: ConformanceSuite<OrchestratorSubject, OrchestratorContext, OrchestratorNeed> = {
  contract: "orchestrator@1",
  cases: [...startCases, ...graphCases, ...endCases, ...cancelCases, ...attachCases, ...driverCases, ...callCases],
  core: ["start.handle", "graph.chain"],
  within: withinOrchestrator,
  lacks: (need, context) => (isThere(need, context) ? undefined : REASONS[need]),
};
